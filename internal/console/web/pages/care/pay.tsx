import { useEffect, useRef, useState } from "preact/hooks";
import { call, isProblem } from "../../api/call";
import { cancelConsultation, listDependants, readDoctor, type Consultation } from "../../api/operations";
import { payVisit } from "../../parts/checkout";
import { Countdown } from "../../parts/countdown";
import { ActionButton } from "../../parts/form";
import { Show, useLoad } from "../../parts/load";
import { ZoneNote } from "../../parts/time";
import { money, Name } from "../../parts/value";
import { navigate } from "../../router";
import { t } from "../../text";
import { clearDraft } from "./draft";
import { Summary } from "./summary";
import { text } from "./text";

interface PayProps {
	/** The visit that waits for its payment. */
	visit: Consultation;
	/** It takes the place of the form, from which the focus moves on. */
	isNew: boolean;
	reload: () => void;
}

/** The seat is held: how long, and the way to the payment. */
export function Pay({ visit, isNew, reload }: PayProps) {
	const heading = useRef<HTMLHeadingElement>(null);
	const [isOver, setOver] = useState(false);
	useEffect(() => {
		if (isNew) heading.current?.focus();
	}, []);
	useEffect(() => {
		if (!isOver) return;
		// The server ends an unpaid booking a little later, and then says so; this is for when that isn't heard.
		const timer = setInterval(reload, 10_000);
		return () => clearInterval(timer);
	}, [isOver]);
	return (
		<>
			<h2 ref={heading} tabIndex={-1}>
				{text.held}
			</h2>
			{visit.paymentDueAt && !isOver && (
				<div class="note">
					<Countdown
						until={visit.paymentDueAt}
						line={text.heldLeft}
						say={(minutes) => text.heldSay(t.minutes(minutes))}
						onOver={() => setOver(true)}
					/>
					<p>{text.heldHint}</p>
				</div>
			)}
			{isOver ? (
				<p class="warning" role="status">
					{text.ending}
				</p>
			) : (
				<Buttons visit={visit} reload={reload} />
			)}
			<ZoneNote />
			<What visit={visit} />
		</>
	);
}

function Buttons({ visit, reload }: { visit: Consultation; reload: () => void }) {
	const [note, setNote] = useState("");
	const pay = async (key: string): Promise<void> => {
		try {
			if (!(await payVisit(visit.id, "/visits/" + visit.id, key))) setNote(text.noCheckout);
			clearDraft();
		} catch (error) {
			if (isProblem(error, "already-paid")) return navigate("/visits/" + visit.id, { replace: true });
			if (isProblem(error, "illegal-transition", "not-found")) reload();
			throw error;
		}
	};
	return (
		<>
			<p class="actions">
				<ActionButton
					class="primary"
					text={text.pay(money(visit.fee, visit.currency))}
					own={text.problems}
					run={pay}
				/>
				<ActionButton
					class="quiet"
					text={text.giveBack}
					own={text.problems}
					done={text.givenBack}
					run={async (key) => {
						await call(cancelConsultation, { id: visit.id }, {}, { idempotencyKey: key });
						navigate(`/doctors/${visit.doctorId}`, { replace: true });
					}}
				/>
			</p>
			<p class="hint">{text.payHint}</p>
			{note && (
				<p class="note" role="status">
					{note}
				</p>
			)}
		</>
	);
}

function What({ visit }: { visit: Consultation }) {
	const doctor = useLoad(readDoctor, { id: visit.doctorId });
	const dependants = useLoad(listDependants, visit.dependantId ? { limit: 100 } : null);
	const dependant = dependants.data?.items.find((d) => d.id === visit.dependantId);
	return (
		<Show loaded={doctor}>
			{(data) => (
				<>
					<Summary
						doctor={data}
						startTime={visit.startTime}
						endTime={visit.endTime}
						fee={visit.fee}
						currency={visit.currency}
					/>
					{dependant && (
						<p>
							{text.whose}: <Name>{dependant.fullName}</Name>
						</p>
					)}
				</>
			)}
		</Show>
	);
}
