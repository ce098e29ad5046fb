import { useEffect, useRef, useState } from "preact/hooks";
import { Title } from "../../app";
import { isProblem, read } from "../../api/call";
import { now } from "../../api/clock";
import {
	listConsents,
	listDependants,
	listFreeSlots,
	listOwnConsultations,
	readDoctor,
	type Consultation,
	type DependantPage,
	type Doctor,
	type FreeSlot,
	type NoticeList,
} from "../../api/operations";
import { Loading, Show, useLoad, useReconnect, type Loaded } from "../../parts/load";
import { Refusal } from "../../parts/refusal";
import { ZoneNote } from "../../parts/time";
import { navigate } from "../../router";
import { language } from "../../text/language";
import type { PageProps } from "../index";
import { BookForm } from "./book-form";
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
	const query = useOwnAddress().searchParams;
	const doctorId = query.get("doctor") ?? "";
	const own = useLoad(
		listOwnConsultations,
		{ status: ["REQUESTED", "CONFIRMED"], sort: "earliest", limit: 100 },
		(change) =>
			change.type === "consultation.changed" || change.type === "payment.changed" || change.type === "reset",
	);
	// All at once, also what isn't needed when a seat is held: that is rare, and waiting in turn is slow.
	const choice: ChoiceProps = {
		doctor: useLoad(readDoctor, doctorId ? { id: doctorId } : null),
		slot: useFreeSlot(doctorId, slotId, query.get("at") ?? ""),
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
						choice={doctorId ? choice : null}
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
	/** What was chosen; null if the address doesn't say it. */
	choice: ChoiceProps | null;
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
		else if (wasHeld) choice?.slot.retry(); // as long as the seat was held, the time wasn't free
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
	return (
		<>
			{wasHeld && <Over />}
			{!wasHeld && mine[0] && (
				<p class="note">
					{text.alreadyBooked} <a href={"/visits/" + mine[0].id}>{text.toVisit}</a>
				</p>
			)}
			{choice && <Choice {...choice} isBooked={mine.length > 0} booked={booked} />}
			{!choice && mine.length === 0 && <Incomplete />}
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
	slot: Slot;
	dependants: Loaded<DependantPage>;
	consents: Loaded<NoticeList>;
}

interface OpenProps extends ChoiceProps {
	/** The patient has a visit at this time: then only another free place of it is offered. */
	isBooked: boolean;
	booked: (visit: Consultation) => void;
}

/** The time that was chosen, if it is still free, or else others. */
function Choice({ doctor, slot, dependants, consents, isBooked, booked }: OpenProps) {
	if (isProblem(doctor.error, "not-found", "validation-failed")) return <Incomplete />;
	return (
		<Show loaded={doctor}>
			{(data) => {
				if (slot.error !== undefined) return <Refusal error={slot.error} retry={slot.retry} />;
				if (slot.found === undefined) return <Loading />;
				if (slot.found === null) return isBooked ? null : <Gone doctor={data} />;
				return (
					<>
						<ZoneNote />
						<Summary
							doctor={data}
							startTime={slot.found.startTime}
							endTime={slot.found.visitEndTime}
							fee={data.consultationFee}
							currency={data.currency}
						/>
						<BookForm
							key={slot.found.startTime}
							doctor={data}
							slot={slot.found}
							dependants={dependants}
							consents={consents}
							booked={booked}
						/>
					</>
				);
			}}
		</Show>
	);
}

function Gone({ doctor }: { doctor: Doctor }) {
	return (
		<>
			<p class="warning">{text.gone}</p>
			<ZoneNote />
			<OtherTimes doctorId={doctor.id} doctorName={doctor.fullName} />
		</>
	);
}

/** Looks for a free slot: where the address says that it begins, and then everywhere. null means that it isn't free. */
async function findSlot(doctorId: string, slotId: string, at: string, signal: AbortSignal): Promise<FreeSlot | null> {
	const start = Date.parse(at);
	if (start) {
		const period = { from: new Date(start).toISOString(), to: new Date(start + 60_000).toISOString() };
		const { data } = await read(listFreeSlots, { doctorId, ...period }, { signal });
		const found = data.items.find((s) => s.id === slotId);
		if (found) return found;
	}
	// The API reads 92 days at once.
	const to = new Date(now() + 91 * 86_400_000).toISOString();
	let cursor: string | undefined;
	do {
		const params = { doctorId, to, limit: 100, cursor };
		const { data } = await read(listFreeSlots, params, { signal });
		const found = data.items.find((s) => s.id === slotId);
		if (found) return found;
		cursor = data.nextCursor;
	} while (cursor);
	return null;
}

interface Slot {
	/** Undefined while it is looked for; null if it isn't free. */
	found: FreeSlot | null | undefined;
	error: unknown;
	retry: () => void;
}

function useFreeSlot(doctorId: string, slotId: string, at: string): Slot {
	const [state, setState] = useState<{ found?: FreeSlot | null; error?: unknown }>({});
	const [round, setRound] = useState(0);
	useEffect(() => {
		if (!doctorId) return;
		const abort = new AbortController();
		setState({});
		findSlot(doctorId, slotId, at, abort.signal).then(
			(found) => setState({ found }),
			(error: unknown) => abort.signal.aborted || setState({ error }),
		);
		return () => abort.abort();
	}, [doctorId, slotId, at, round]);
	const retry = (): void => setRound(round + 1);
	useReconnect(state.error, retry);
	return { found: state.found, error: state.error, retry };
}
