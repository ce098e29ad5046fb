import { useRef, useState } from "preact/hooks";
import type { Doctor, FreeSlot } from "../../api/operations";
import { addMonths, monthName } from "../../parts/calendar";
import { FreeDays, TimesOfDay } from "../../parts/free-times";
import { clock, currentDay, dayName, dayOf, fullTime, isDay, minutesBetween, ZoneNote } from "../../parts/time";
import { setQuery } from "../../router";
import { useUser } from "../../session";
import { t } from "../../text";
import { bookAddress } from "./doctor-facts";
import { useOwnAddress } from "./own-address";
import { text } from "./text";

/** How many months ahead the calendar goes. */
const monthsAhead = 12;

/** The free days of a month, and the times of the chosen one. The day is in the address, so that Back shows it again. */
export function FreeTimes({ doctor }: { doctor: Doctor }) {
	const url = useOwnAddress();
	const today = currentDay();
	const next = doctor.nextFreeSlot;
	const asked = url.searchParams.get("day") ?? "";
	const latest = addMonths(today.slice(0, 7), monthsAhead);
	const isAsked = isDay(asked) && asked >= today && asked.slice(0, 7) <= latest;
	const day = isAsked ? asked : next ? dayOf(next.startTime) : "";
	const [month, setMonth] = useState((day || today).slice(0, 7));
	const isChosen = useRef(false);
	const select = (chosen: string): void => {
		isChosen.current = true;
		setMonth(chosen.slice(0, 7));
		setQuery({ day: chosen });
	};
	// The times below the calendar are those of a day in it.
	const isShown = day && day.startsWith(month);
	if (!next && !isAsked) return <p class="note">{text.noneAtAll}</p>;
	return (
		<>
			<p>{text.chooseDay}</p>
			<ZoneNote />
			<FreeDays
				doctorId={doctor.id}
				month={month}
				monthsAhead={monthsAhead}
				day={day}
				show={setMonth}
				select={select}
				none={
					<>
						{text.noneInMonth(monthName(month))}{" "}
						{next && dayOf(next.startTime).slice(0, 7) !== month && (
							<button type="button" class="quiet" onClick={() => select(dayOf(next.startTime))}>
								{text.goToNext(fullTime(next.startTime))}
							</button>
						)}
					</>
				}
			>
				{!isShown && <p class="empty">{text.chooseDay}</p>}
			</FreeDays>
			{isShown && (
				<TimesOfDay
					doctorId={doctor.id}
					day={day}
					title={text.timesOf(dayName(day))}
					empty={text.noTimes}
					isChosen={isChosen.current}
				>
					{(slots) => <Slots slots={slots} />}
				</TimesOfDay>
			)}
		</>
	);
}

/** Times as links to their booking, each of which says all of it. */
function Slots({ slots }: { slots: FreeSlot[] }) {
	const user = useUser();
	const mayBook = !user || user.role === "PATIENT";
	const lengths = new Set(slots.map((s) => minutesBetween(s.startTime, s.visitEndTime)));
	const [only] = lengths.size === 1 ? lengths : [];
	return (
		<>
			{only !== undefined && <p class="hint">{text.visitTakes(t.minutes(only))}</p>}
			<ul class="slots">
				{slots.map((slot) => (
					<li key={slot.id}>
						{mayBook ? <SlotLink slot={slot} /> : <span class="chip">{clock(slot.startTime)}</span>}
					</li>
				))}
			</ul>
			{!user && <p class="hint">{text.signInHint}</p>}
			{!mayBook && <p class="hint">{text.onlyPatients}</p>}
		</>
	);
}

export function SlotLink({ slot, withDay }: { slot: FreeSlot; withDay?: boolean }) {
	const places = t.places(slot.seatsFree);
	return (
		<a
			class="button"
			href={bookAddress(slot.doctorId, slot.id)}
			aria-label={`${fullTime(slot.startTime)}, ${places}`}
		>
			{withDay ? fullTime(slot.startTime) : clock(slot.startTime)}
			{slot.maxPatients > 1 && <small> · {places}</small>}
		</a>
	);
}
