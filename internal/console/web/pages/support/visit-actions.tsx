import { useState } from "preact/hooks";
import { Problem, call } from "../../api/call";
import { now } from "../../api/clock";
import {
	cancelConsultation,
	listFreeSlots,
	readCancellationTerms,
	rescheduleConsultation,
	type Consultation,
} from "../../api/operations";
import { Field, Select, TextArea } from "../../parts/form";
import { Show, useLoad, type Loaded } from "../../parts/load";
import { currentDay, fullTime } from "../../parts/time";
import { money } from "../../parts/value";
import { Ask, beginOfDay } from "./shared";
import { text } from "./text";

/** What comes back when the visit is cancelled now. */
function Terms({ id }: { id: string }) {
	const loaded = useLoad(readCancellationTerms, { id });
	return (
		<Show loaded={loaded}>
			{(terms) => (
				<p class={terms.allowed ? "note" : "warning"}>
					{!terms.allowed
						? text.cannotCancel
						: Number(terms.refund.amount) > 0
							? text.comesBack(money(terms.refund.amount, terms.refund.currency))
							: text.nothingBack}
				</p>
			)}
		</Show>
	);
}

/** The free times of the doctor from a day on. */
function FreeTimes({ doctorId }: { doctorId: string }) {
	const [from, setFrom] = useState(currentDay());
	const since = from > currentDay() ? beginOfDay(from) : "";
	const loaded = useLoad(listFreeSlots, { doctorId, limit: 100, ...(since && { from: since }) });
	return (
		<>
			<Field
				name="day"
				label={text.fromDay}
				type="date"
				required
				initial={from}
				min={currentDay()}
				onInput={(event) => setFrom((event.currentTarget as HTMLInputElement).value)}
			/>
			<Show loaded={loaded}>
				{(slots) =>
					slots.items.length === 0 ? (
						<p class="empty">{text.noneFree}</p>
					) : (
						<Select
							name="slotId"
							label={text.newTime}
							required
							options={slots.items.map((s) => [`${s.id} ${s.startTime}`, fullTime(s.startTime)])}
						/>
					)
				}
			</Show>
		</>
	);
}

/** Cancel and move, as long as the visit allows it. */
export function VisitActions({ visit, loaded }: { visit: Consultation; loaded: Loaded<Consultation> }) {
	const { id } = visit;
	const hasBegun = Date.parse(visit.startTime) <= now();
	const isOpen = visit.status === "REQUESTED" || visit.status === "CONFIRMED";
	const isRunning = visit.status === "IN_PROGRESS";
	return (
		<div class="actions">
			{isOpen && !hasBegun && (
				<Ask
					button={text.move}
					done={text.moved}
					focus="visit"

					submit={async (values, key) => {
						const [slotId = "", startTime = ""] = values.text("slotId").split(" ");
						if (!slotId) throw new Problem("no-time", 0, "", "", [], 0, {});
						loaded.set(
							await call(rescheduleConsultation, { id }, { slotId, startTime }, { idempotencyKey: key }),
						);
					}}
				>
					<p>{text.moveHint}</p>
					<FreeTimes doctorId={visit.doctorId} />
				</Ask>
			)}
			{((isOpen && !hasBegun) || isRunning) && (
				<Ask
					button={text.cancelVisit}
					done={text.visitCancelled}
					danger
					focus="visit"

					submit={async (values, key) => {
						const reason = values.optional("reason");
						await call(cancelConsultation, { id }, reason ? { reason } : {}, { idempotencyKey: key });
						loaded.reload();
					}}
				>
					<Terms id={id} />
					<TextArea
						name="reason"
						label={text.reason}
						hint={text.reasonOfParties}
						required={isRunning}
						maxLength={2000}
					/>
				</Ask>
			)}
		</div>
	);
}
