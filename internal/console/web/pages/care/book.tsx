import { useEffect, useRef, useState } from "preact/hooks";
import { Title } from "../../app";
import { isProblem } from "../../api/call";
import {
	listConsents,
	listDependants,
	listOwnConsultations,
	readDoctor,
	readSlot,
	type Consultation,
	type DependantPage,
	type Doctor,
	type FreeSlot,
	type NoticeList,
} from "../../api/operations";
import { Loading, Show, useLoad, type Loaded } from "../../parts/load";
import { ZoneNote } from "../../parts/time";
import { navigate } from "../../router";
import { language } from "../../text/language";
import type { PageProps } from "../index";
import { BookForm } from "./book-form";
import { readDraft } from "./draft";
import { OtherTimes } from "./other-times";
import { useOwnAddress } from "./own-address";
import { Pay } from "./pay";
import { Summary } from "./summary";
import { text } from "./text";

/**
 * Books a time and pays for it. Whether the patient holds a seat already decides what is shown, so that a reload or
 * Back leads to the payment instead of to a second booking.
 */
export function Book({ params }: PageProps) {
	const slotId = params["slotId"] ?? "";
	const slot = useLoad(readSlot, { id: slotId });
	// The address names the doctor too: then nothing waits for the slot, and others of its times can be shown.
	const named = useOwnAddress().searchParams.get("doctor");
	const doctorId = slot.data?.doctorId ?? named;
	const own = useLoad(
		listOwnConsultations,
		{ status: ["REQUESTED", "CONFIRMED"], sort: "earliest", limit: 100 },
		(change) =>
			change.type === "consultation.changed" || change.type === "payment.changed" || change.type === "reset",
	);
	// All at once, also what isn't needed when a seat is held: that is rare, and waiting in turn is slow.
	const choice: ChoiceProps = {
		doctor: useLoad(readDoctor, doctorId ? { id: doctorId } : null),
		slot,
		dependants: useLoad(listDependants, { limit: 100 }),
		consents: useLoad(listConsents, { language }),
	};
	return (
		<>
			<Title text={text.bookTitle} />
			<Show loaded={own}>
				{({ items }) => (
					<Steps
						mine={items.filter((c) => c.slotId === slotId)}
						choice={choice}
						reload={own.reload}
						add={(booked) =>
							own.set({
								data: { items: [...items.filter((c) => c.id !== booked.id), booked] },
								etag: "",
							})
						}
					/>
				)}
			</Show>
		</>
	);
}

interface StepsProps {
	/** The patient's own visits at this time. */
	mine: Consultation[];
	/** What was chosen. */
	choice: ChoiceProps;
	reload: () => void;
	add: (booked: Consultation) => void;
}

function Steps({ mine, choice, reload, add }: StepsProps) {
	const held = mine.find((c) => c.status === "REQUESTED");
	const [wasHeld, setWasHeld] = useState("");
	const [isNew, setNew] = useState(false);
	const paid = mine.find((c) => c.status === "CONFIRMED" && c.id === wasHeld);
	useEffect(() => {
		if (held) setWasHeld(held.id);
		else if (wasHeld) choice.slot.reload();
	}, [held?.id]);
	useEffect(() => {
		if (paid) navigate("/visits/" + paid.id, { replace: true });
	}, [paid?.id]);
	if (paid) return <Loading />;
	if (held) return <Pay visit={held} isNew={isNew} reload={reload} />;
	const booked = (visit: Consultation): void => {
		setNew(true);
		add(visit);
	};
	const refused = (): void => {
		setNew(true);
		reload();
	};
	return (
		<>
			{wasHeld && <Over />}
			{!wasHeld && mine[0] && (
				<p class="note">
					{text.alreadyBooked} <a href={"/visits/" + mine[0].id}>{text.toVisit}</a>
				</p>
			)}
			<Choice {...choice} isBooked={mine.length > 0} booked={booked} refused={refused} />
		</>
	);
}

function Over() {
	const box = useRef<HTMLParagraphElement>(null);
	useEffect(() => box.current?.focus(), []);
	return (
		<p class="warning" ref={box} tabIndex={-1}>
			{text.over}
		</p>
	);
}

function Incomplete() {
	return (
		<p class="warning">
			{text.incomplete} <a href="/doctors">{text.backToSearch}</a>
		</p>
	);
}

interface ChoiceProps {
	doctor: Loaded<Doctor>;
	slot: Loaded<FreeSlot>;
	dependants: Loaded<DependantPage>;
	consents: Loaded<NoticeList>;
}

interface OpenProps extends ChoiceProps {
	/** The patient has a visit at this time: then only another free place of it is offered. */
	isBooked: boolean;
	booked: (visit: Consultation) => void;
	refused: () => void;
}

/** The time that was chosen, if it is still free, or else others. */
function Choice({ doctor, slot, dependants, consents, isBooked, booked, refused }: OpenProps) {
	const [chosen, setDependant] = useState(readDraft().dependantId);
	const dependantId = dependants.data?.items.some(({ id }) => id === chosen) ? chosen : "";
	// How long a visit takes depends on who comes.
	const theirs = useLoad(readSlot, dependantId && slot.data ? { id: slot.data.id, dependantId } : null);
	if (slot.isBusy) return <Loading />; // as long as the seat was held, the time wasn't free
	if (isProblem(slot.error, "not-found")) return isBooked ? null : <Gone doctor={doctor} />;
	if (isProblem(slot.error, "validation-failed")) return <Incomplete />;
	return (
		<Show loaded={slot}>
			{(time) => (
				<Show loaded={doctor}>
					{(data) => (
						<>
							<ZoneNote />
							<Summary
								doctor={data}
								startTime={time.startTime}
								endTime={dependantId ? theirs.data?.visitEndTime : time.visitEndTime}
								fee={data.consultationFee}
								currency={data.currency}
							/>
							<BookForm
								key={time.startTime}
								doctor={data}
								slot={time}
								dependants={dependants}
								consents={consents}
								dependantId={dependantId}
								choose={setDependant}
								booked={booked}
								refused={refused}
							/>
						</>
					)}
				</Show>
			)}
		</Show>
	);
}

/** The time isn't free: others of the same doctor, if the address says which one. */
function Gone({ doctor: { data } }: { doctor: Loaded<Doctor> }) {
	return (
		<>
			<p class="warning">
				{text.gone} {!data && <a href="/doctors">{text.backToSearch}</a>}
			</p>
			{data && (
				<>
					<ZoneNote />
					<OtherTimes doctorId={data.id} doctorName={data.fullName} />
				</>
			)}
		</>
	);
}
