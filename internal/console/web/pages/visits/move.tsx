import { useEffect, useRef, useState } from "preact/hooks";
import { call, isProblem } from "../../api/call";
import { now } from "../../api/clock";
import {
	listFreeDays,
	listFreeSlots,
	readDoctor,
	rescheduleConsultation,
	type Consultation,
	type FreeSlot,
} from "../../api/operations";
import { focusTitle } from "../../parts/focus";
import { Month, addMonths } from "../../parts/calendar";
import { ActionButton } from "../../parts/form";
import { List, Show, useLoad } from "../../parts/load";
import { addDays, clock, currentDay, dayName, fullTime, Time, zone } from "../../parts/time";
import { money } from "../../parts/value";
import { beginOf } from "../../parts/wall";
import { t } from "../../text";
import { text } from "./text";

/** How many months ahead the calendar goes. */
const monthsAhead = 6;

interface MoveProps {
	visit: Consultation;
	done: () => void;
}

/** The doctor's free days and times, and the step to one of them. */
export function Move({ visit, done }: MoveProps) {
	const today = currentDay();
	const thisMonth = today.slice(0, 7);
	const [month, setMonth] = useState(thisMonth);
	const [day, setDay] = useState("");
	const [slot, setSlot] = useState<FreeSlot | null>(null);
	const heading = useRef<HTMLHeadingElement>(null);
	useEffect(() => heading.current?.focus(), []);
	const dependant = visit.dependantId ? { dependantId: visit.dependantId } : {};
	const first = month + "-01";
	const days = useLoad(listFreeDays, {
		doctorId: visit.doctorId,
		from: first < today ? today : first,
		to: addDays(addMonths(month, 1) + "-01", -1),
		timezone: zone(),
		...dependant,
	});
	const free = new Map(days.data?.items.map((d) => [d.day, d.freeSeats]));
	// Free times change under one's hands: after a refusal they are looked at again.
	const [round, setRound] = useState(0);
	const lookAgain = (): void => {
		days.reload();
		setRound((n) => n + 1);
	};
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
					<Month
						month={month}
						describe={(d) => (free.get(d) ? t.places(free.get(d) ?? 0) : "")}
						mark={(d) => String(free.get(d) ?? "")}
						selected={day}
						select={choose}
						show={(next) => {
							setMonth(next);
							choose("");
						}}
						hasBefore={month > thisMonth}
						hasAfter={month < addMonths(thisMonth, monthsAhead)}
					/>
					<Show loaded={days} own={text.problems}>
						{(data) => (data.items.some((d) => d.freeSeats > 0) ? null : <p>{text.noDays}</p>)}
					</Show>
				</div>
				<div>
					{day && <Times round={round} visit={visit} day={day} chosen={slot} choose={setSlot} />}
					{slot && <Confirm key={slot.id} visit={visit} slot={slot} lookAgain={lookAgain} done={done} />}
				</div>
			</div>
		</section>
	);
}

interface TimesProps {
	visit: Consultation;
	day: string;
	/** Counts up to look again. */
	round: number;
	chosen: FreeSlot | null;
	choose: (slot: FreeSlot) => void;
}

function Times({ visit, day, round, chosen, choose }: TimesProps) {
	const params = {
		doctorId: visit.doctorId,
		from: [beginOf(day, zone()), new Date(now()).toISOString()].sort()[1] ?? "",
		to: beginOf(addDays(day, 1), zone()),
		limit: 50,
		...(visit.dependantId ? { dependantId: visit.dependantId } : {}),
	};
	// The time at which it was asked stays the same, or it would be asked without end.
	const asked = useRef({ day, params });
	if (asked.current.day !== day) asked.current = { day, params };
	const heading = useRef<HTMLHeadingElement>(null);
	useEffect(() => heading.current?.focus(), [day]);
	return (
		<>
			<h4 ref={heading} tabIndex={-1}>
				{text.timesOf(dayName(day))}
			</h4>
			<List key={round} op={listFreeSlots} params={asked.current.params} empty={text.noTimes}>
				{(slots) => (
					<ul class="slots">
						{slots.map((slot) => (
							<li key={slot.id}>
								<button
									type="button"
									aria-pressed={slot.id === chosen?.id}
									onClick={() => choose(slot)}
								>
									{clock(slot.startTime)}
								</button>
							</li>
						))}
					</ul>
				)}
			</List>
		</>
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
