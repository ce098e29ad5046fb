import { useRef } from "preact/hooks";
import { Title } from "../../app";
import { isAboutVisits } from "../../api/events";
import { listDoctorConsultations, type Exception, type Slot } from "../../api/operations";
import { Month } from "../../parts/calendar";
import { useLoad } from "../../parts/load";
import { Refusal } from "../../parts/refusal";
import { addDays, currentDay, dayName, dayOf, isDay, zone, ZoneNote } from "../../parts/time";
import { setQuery, useAddress } from "../../router";
import { beginOf } from "../../parts/wall";
import { useMonthSlots } from "./month-slots";
import { AddSlot } from "./slot-forms";
import { SlotRow, hasVisits } from "./slot-row";
import { Tabs } from "./tabs";
import { text } from "./text";

/** Single times that patients can book: a month, and the times of a day. */
export function Slots() {
	const today = currentDay();
	const query = useAddress().searchParams;
	const last = addDays(today, 365);
	const asked = query.get("day") ?? "";
	const day = isDay(asked) && asked >= today && asked <= last ? asked : today;
	const askedMonth = query.get("month") ?? "";
	const isMonth = isDay(askedMonth + "-01") && askedMonth >= today.slice(0, 7) && askedMonth <= last.slice(0, 7);
	const month = isMonth ? askedMonth : day.slice(0, 7);
	const loaded = useMonthSlots(month);
	const ofDay = new Map<string, Slot[]>();
	for (const slot of loaded.slots) {
		const key = dayOf(slot.startTime);
		const same = ofDay.get(key);
		if (same) same.push(slot);
		else ofDay.set(key, [slot]);
	}
	const leavesOn = (at: string): Exception[] => loaded.leaves.filter((leave) => isOn(leave, at));
	const describe = (at: string): string => {
		if (at < today || at > last) return "";
		const slots = ofDay.get(at) ?? [];
		const taken = slots.filter(hasVisits).length;
		const parts = [slots.length > 0 ? text.times(slots.length, taken) : text.noTimes];
		if (leavesOn(at).length > 0) parts.push(text.away);
		return parts.join(", ");
	};
	const mark = (at: string): string => {
		if (leavesOn(at).length > 0) return text.awayShort;
		const n = ofDay.get(at)?.length ?? 0;
		return n > 0 ? String(n) : "";
	};
	return (
		<>
			<Title text={text.slotsTitle} />
			<Tabs at="/hours/slots" />
			<p>{text.slotsHint}</p>
			<ZoneNote />
			{loaded.error !== undefined && <Refusal error={loaded.error} retry={loaded.reload} />}
			<div class="columns calendar">
				<Month
					month={month}
					describe={describe}
					mark={mark}
					selected={day}
					select={(at) => setQuery({ day: at, month: "" })}
					show={(next) => setQuery({ month: next })}
					hasBefore={month > today.slice(0, 7)}
					hasAfter={month < last.slice(0, 7)}
				/>
				{day.startsWith(month) ? (
					<Day
						key={day}
						day={day}
						slots={ofDay.get(day) ?? []}
						leaves={leavesOn(day)}
						empty={loaded.isWhole ? text.noTimesOn : loaded.error === undefined ? text.reading : ""}
						put={loaded.put}
						drop={loaded.drop}
					/>
				) : (
					<p class="empty">{text.chooseDay}</p>
				)}
			</div>
		</>
	);
}

function isOn(leave: Exception, day: string): boolean {
	const [begin, end] = [day, addDays(day, 1)].map((d) => Date.parse(beginOf(d, zone()))) as [number, number];
	return Date.parse(leave.from) < end && Date.parse(leave.to) > begin;
}

function isDuring(leave: Exception, slot: Slot): boolean {
	return Date.parse(leave.from) < Date.parse(slot.endTime) && Date.parse(leave.to) > Date.parse(slot.startTime);
}

interface DayProps {
	day: string;
	slots: Slot[];
	leaves: Exception[];
	/** What is said when there are no times. */
	empty: string;
	put: (slot: Slot) => void;
	drop: (id: string) => void;
}

/** The times of a day, and a form for one more. */
function Day({ day, slots, leaves, empty, put, drop }: DayProps) {
	const heading = useRef<HTMLHeadingElement>(null);
	// Slots that a leave closed keep their visits until the patients have answered.
	const mayHaveVisits = slots.some(hasVisits) || (leaves.length > 0 && slots.length > 0);
	const visits = useLoad(listDoctorConsultations, mayHaveVisits ? { date: day } : null, isAboutVisits);
	const deleted = (id: string): void => {
		drop(id);
		// After the dialog has given the focus back to a button that is gone.
		setTimeout(() => heading.current?.focus(), 50);
	};
	return (
		<section aria-labelledby="day">
			<h2 id="day" ref={heading} tabIndex={-1}>
				{dayName(day)}
			</h2>
			{leaves.map((leave) => (
				<p key={leave.id} class="warning">
					{text.awayThen} <a href="/hours/leave">{text.toLeave}</a>
				</p>
			))}
			{slots.length === 0 ? (
				<p class="empty">{empty}</p>
			) : (
				<ul class="list" aria-label={text.timesOf(dayName(day))}>
					{slots.map((slot) => (
						<SlotRow
							key={slot.id}
							slot={slot}
							visits={visits.data?.items.filter(({ slotId }) => slotId === slot.id) ?? []}
							isAway={leaves.some((leave) => isDuring(leave, slot))}
							put={put}
							deleted={() => deleted(slot.id)}
						/>
					))}
				</ul>
			)}
			<AddSlot day={day} after={slots[slots.length - 1]} added={put} />
			{leaves.length === 0 && (
				<p>
					<a href={"/hours/leave?day=" + day}>{text.awayAllDay}</a>
				</p>
			)}
		</section>
	);
}
