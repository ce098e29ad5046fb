import { useState } from "preact/hooks";
import { Problem, call } from "../../api/call";
import { now } from "../../api/clock";
import {
	cancelConsultation,
	readCancellationTerms,
	rescheduleConsultation,
	type Consultation,
	type FreeSlot,
} from "../../api/operations";
import { TextArea } from "../../parts/form";
import { FreeDays, TimesOfDay } from "../../parts/free-times";
import { Show, useLoad, type Loaded } from "../../parts/load";
import { SlotButtons } from "../../parts/slot-buttons";
import { currentDay, dayName } from "../../parts/time";
import { money } from "../../parts/value";
import { Ask } from "./shared";
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

/** The free days and times of the doctor. The form gets the chosen one as "slotId". */
function FreeTimes({ visit }: { visit: Consultation }) {
	const [month, setMonth] = useState(currentDay().slice(0, 7));
	const [day, setDay] = useState("");
	const [slot, setSlot] = useState<FreeSlot | null>(null);
	const whose = { doctorId: visit.doctorId, dependantId: visit.dependantId ?? undefined };
	const choose = (next: string): void => {
		setDay(next);
		setSlot(null);
	};
	return (
		<>
			<FreeDays
				{...whose}
				month={month}
				monthsAhead={12}
				day={day}
				show={(next) => {
					setMonth(next);
					choose("");
				}}
				select={choose}
				none={text.noneFree}
			/>
			{day && (
				<TimesOfDay isChosen {...whose} day={day} title={text.timesOf(dayName(day))} empty={text.noTimes}>
					{(slots) => <SlotButtons slots={slots} chosen={slot} choose={setSlot} />}
				</TimesOfDay>
			)}
			{slot && <input type="hidden" name="slotId" value={`${slot.id} ${slot.startTime}`} />}
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
						if (!slotId) throw new Problem("no-time");
						loaded.set(
							await call(rescheduleConsultation, { id }, { slotId, startTime }, { idempotencyKey: key }),
						);
					}}
				>
					<p>{text.moveHint}</p>
					<FreeTimes visit={visit} />
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
