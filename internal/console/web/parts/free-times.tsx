// Choosing a free day of a doctor in a calendar, and a time of that day.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { listFreeDays, listFreeSlots, type FreeSlot } from "../api/operations";
import { addMonths, Month } from "./calendar";
import { List, Show, useLoad } from "./load";
import { addDays, currentDay, dayOf, zone } from "./time";
import { beginOf } from "./wall";
import { t } from "../text";

/** Whose times are chosen from, and for whom: the length of a visit depends on both. */
interface Whose {
	doctorId: string;
	dependantId?: string | undefined;
}

interface FreeDaysProps extends Whose {
	month: string;
	/** How many months ahead the calendar goes. */
	monthsAhead: number;
	day: string;
	show: (month: string) => void;
	select: (day: string) => void;
	/** Counts up to look again: free times change under one's hands. */
	round?: number;
	/** Said of a month without a free day. */
	none: ComponentChildren;
	/** Said of a month with one. */
	children?: ComponentChildren;
}

/** A month with the free days of a doctor. */
export function FreeDays({
	doctorId,
	dependantId,
	month,
	monthsAhead,
	day,
	show,
	select,
	round,
	none,
	children,
}: FreeDaysProps) {
	const today = currentDay();
	const first = month + "-01";
	const loaded = useLoad(listFreeDays, {
		doctorId,
		from: first < today ? today : first,
		to: addDays(addMonths(month, 1) + "-01", -1),
		timezone: zone(),
		dependantId,
	});
	useEffect(() => {
		if (round) loaded.reload();
	}, [round]);
	const free = new Map(loaded.data?.items.map((d) => [d.day, d.freeSeats]));
	return (
		<>
			<Month
				month={month}
				describe={(d) => (free.get(d) ? t.places(free.get(d) ?? 0) : "")}
				mark={(d) => String(free.get(d) ?? "")}
				selected={day}
				select={select}
				show={show}
				hasBefore={month > today.slice(0, 7)}
				hasAfter={month < addMonths(today.slice(0, 7), monthsAhead)}
			/>
			<Show loaded={loaded}>
				{(data) => (data.items.some((d) => d.freeSeats > 0) ? children : <p role="status">{none}</p>)}
			</Show>
		</>
	);
}

interface TimesProps extends Whose {
	day: string;
	title: string;
	empty: string;
	round?: number;
	/** The first day was chosen by hand too: its heading gets the focus. */
	isChosen?: boolean;
	children: (slots: FreeSlot[]) => ComponentChildren;
}

/** The free times of a day. The heading has the focus after another day was chosen. */
export function TimesOfDay({ doctorId, dependantId, day, title, empty, round, isChosen, children }: TimesProps) {
	const heading = useRef<HTMLHeadingElement>(null);
	const shown = useRef(isChosen ? "" : day);
	useEffect(() => {
		if (shown.current !== day) heading.current?.focus();
		shown.current = day;
	}, [day]);
	return (
		<>
			<h3 ref={heading} tabIndex={-1}>
				{title}
			</h3>
			<List
				key={round}
				op={listFreeSlots}
				params={{
					doctorId,
					from: beginOf(day, zone()),
					to: beginOf(addDays(day, 1), zone()),
					limit: 100,
					dependantId,
				}}
				empty={empty}
			>
				{(slots) => children(slots.filter((s) => dayOf(s.startTime) === day))}
			</List>
		</>
	);
}
