import { useEffect, useRef, useState } from "preact/hooks";
import { listFreeDays, listFreeSlots, type Doctor, type FreeDay, type FreeSlot } from "../../api/operations";
import { addMonths, Month, monthName } from "../../parts/calendar";
import { List, Loading, useLoad } from "../../parts/load";
import { Refusal } from "../../parts/refusal";
import {
	addDays,
	clock,
	currentDay,
	dayName,
	dayOf,
	fullTime,
	isDay,
	minutesBetween,
	zone,
	ZoneNote,
} from "../../parts/time";
import { beginOf } from "../../parts/wall";
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
	if (!next && !isAsked) return <p class="note">{text.noneAtAll}</p>;
	return (
		<>
			<p>{text.chooseDay}</p>
			<ZoneNote />
			<Days
				doctor={doctor}
				month={month}
				latest={latest}
				day={day}
				show={setMonth}
				select={(chosen) => {
					setMonth(chosen.slice(0, 7));
					setQuery({ day: chosen });
				}}
			/>
			{day && <Times doctor={doctor} day={day} />}
		</>
	);
}

interface DaysProps {
	doctor: Doctor;
	month: string;
	/** The last month that can be shown. */
	latest: string;
	day: string;
	show: (month: string) => void;
	select: (day: string) => void;
}

function Days({ doctor, month, latest, day, show, select }: DaysProps) {
	const today = currentDay();
	const first = month + "-01";
	const from = first < today ? today : first;
	const to = addDays(addMonths(month, 1) + "-01", -1);
	const loaded = useLoad(listFreeDays, { doctorId: doctor.id, from, to, timezone: zone() });
	const free = new Map(
		(loaded.data?.items ?? []).filter((d) => d.freeSlots > 0).map((d): [string, FreeDay] => [d.day, d]),
	);
	const next = doctor.nextFreeSlot;
	return (
		<>
			<Month
				month={month}
				describe={(d) => (free.has(d) ? t.places(free.get(d)?.freeSeats ?? 0) : "")}
				mark={(d) => String(free.get(d)?.freeSeats ?? "")}
				selected={day}
				select={select}
				show={show}
				hasBefore={month > today.slice(0, 7)}
				hasAfter={month < latest}
			/>
			{loaded.error !== undefined && <Refusal error={loaded.error} retry={loaded.reload} />}
			{!loaded.data && loaded.error === undefined && <Loading />}
			{loaded.data && free.size === 0 && (
				<p role="status">
					{text.noneInMonth(monthName(month))}{" "}
					{next && dayOf(next.startTime).slice(0, 7) !== month && (
						<button type="button" class="quiet" onClick={() => select(dayOf(next.startTime))}>
							{text.goToNext(fullTime(next.startTime))}
						</button>
					)}
				</p>
			)}
		</>
	);
}

function Times({ doctor, day }: { doctor: Doctor; day: string }) {
	const heading = useRef<HTMLHeadingElement>(null);
	const shown = useRef(day);
	useEffect(() => {
		if (shown.current !== day) heading.current?.focus();
		shown.current = day;
	}, [day]);
	return (
		<>
			<h3 ref={heading} tabIndex={-1}>
				{text.timesOf(dayName(day))}
			</h3>
			<List
				op={listFreeSlots}
				params={{
					doctorId: doctor.id,
					from: beginOf(day, zone()),
					to: beginOf(addDays(day, 1), zone()),
					limit: 100,
				}}
				empty={text.noTimes}
			>
				{(slots) => <Slots slots={slots.filter((s) => dayOf(s.startTime) === day)} />}
			</List>
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
			href={bookAddress(slot.doctorId, slot.id, slot.startTime)}
			aria-label={`${fullTime(slot.startTime)}, ${places}`}
		>
			{withDay ? fullTime(slot.startTime) : clock(slot.startTime)}
			{slot.maxPatients > 1 && <small> · {places}</small>}
		</a>
	);
}
