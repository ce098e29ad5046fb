import { useEffect, useRef, useState } from "preact/hooks";
import { call, isProblem } from "../../api/call";
import { readDoctor, rescheduleConsultation, type Consultation, type FreeSlot } from "../../api/operations";
import { focusTitle } from "../../parts/focus";
import { ActionButton } from "../../parts/form";
import { FreeDays, TimesOfDay } from "../../parts/free-times";
import { useLoad } from "../../parts/load";
import { SlotButtons } from "../../parts/slot-buttons";
import { Time, currentDay, dayName, fullTime } from "../../parts/time";
import { money } from "../../parts/value";
import { text } from "./text";

/** How many months ahead the calendar goes. */
const monthsAhead = 6;

interface MoveProps {
	visit: Consultation;
	done: () => void;
}

/** The doctor's free days and times, and the step to one of them. */
export function Move({ visit, done }: MoveProps) {
	const [month, setMonth] = useState(currentDay().slice(0, 7));
	const [day, setDay] = useState("");
	const [slot, setSlot] = useState<FreeSlot | null>(null);
	const heading = useRef<HTMLHeadingElement>(null);
	useEffect(() => heading.current?.focus(), []);
	// After a refusal the free times are looked at again.
	const [round, setRound] = useState(0);
	const whose = { doctorId: visit.doctorId, dependantId: visit.dependantId ?? undefined };
	const choose = (next: string): void => {
		setDay(next);
		setSlot(null);
	};
	return (
		<section aria-labelledby="move">
			<h3 id="move" ref={heading} tabIndex={-1}>
				{text.chooseDay}
			</h3>
			<p class="small">{text.moveRules}</p>
			{visit.rescheduleCount > 0 && <p class="small">{text.movedTimes(visit.rescheduleCount)}</p>}
			<div class="columns">
				<div>
					<FreeDays
						{...whose}
						month={month}
						monthsAhead={monthsAhead}
						day={day}
						show={(next) => {
							setMonth(next);
							choose("");
						}}
						select={choose}
						round={round}
						none={text.noDays}
					/>
				</div>
				<div>
					{day && (
						<TimesOfDay
							isChosen
							{...whose}
							day={day}
							title={text.timesOf(dayName(day))}
							empty={text.noTimes}
							round={round}
						>
							{(slots) => <SlotButtons slots={slots} chosen={slot} choose={setSlot} />}
						</TimesOfDay>
					)}
					{slot && (
						<Confirm
							key={slot.id}
							visit={visit}
							slot={slot}
							lookAgain={() => setRound(round + 1)}
							done={done}
						/>
					)}
				</div>
			</div>
		</section>
	);
}

interface ConfirmProps {
	visit: Consultation;
	slot: FreeSlot;
	lookAgain: () => void;
	done: () => void;
}

/** What the move means, before it is done. */
function Confirm({ visit, slot, lookAgain, done }: ConfirmProps) {
	const doctor = useLoad(readDoctor, { id: visit.doctorId });
	const box = useRef<HTMLHeadingElement>(null);
	useEffect(() => box.current?.focus(), []);
	const move = async (key: string): Promise<void> => {
		const body = { slotId: slot.id, startTime: slot.startTime };
		try {
			await call(rescheduleConsultation, { id: visit.id }, body, { idempotencyKey: key });
		} catch (error) {
			if (isProblem(error, "slot-taken", "slot-not-bookable", "slot-moved")) lookAgain();
			throw error;
		}
		done();
		focusTitle();
	};
	return (
		<div class="card">
			<h4 ref={box} tabIndex={-1}>
				{text.confirmMove}
			</h4>
			<dl>
				<dt>{text.oldTime}</dt>
				<dd>
					<Time at={visit.startTime} />
				</dd>
				<dt>{text.newTime}</dt>
				<dd>
					<Time at={slot.startTime} />
				</dd>
			</dl>
			{/* Its place is kept: the button below must not move away from under a finger. */}
			<p>{doctor.data ? feeText(visit, doctor.data.consultationFee, doctor.data.currency) : "\u00a0"}</p>
			<p>
				<ActionButton
					class="primary"
					run={move}
					text={text.moveConfirm}
					label={`${text.moveConfirm}: ${fullTime(slot.startTime)}`}
					done={text.moved}
					own={text.problems}
				/>
			</p>
		</div>
	);
}

function feeText(visit: Consultation, fee: string, currency: string): string {
	const difference = Math.round((Number(fee) - Number(visit.fee)) * 100) / 100;
	if (difference === 0 || currency !== visit.currency) return text.sameFee;
	const amount = money(String(Math.abs(difference)), currency);
	return difference < 0 ? text.lowerFee(money(fee, currency), amount) : text.higherFee(money(fee, currency), amount);
}
