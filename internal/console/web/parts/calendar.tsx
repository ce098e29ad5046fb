// A month as a table of days, for days of which some can be chosen.

import { useEffect, useRef } from "preact/hooks";
import { t } from "../text";
import { dateFormat } from "./intl";
import { addDays, currentDay, dayName } from "./time";

interface MonthProps {
	/** The month, like "2026-03". */
	month: string;
	/** What a day says beside its number, like "3 places"; "" when it can't be chosen. */
	describe: (day: string) => string;
	/** The short form of it under the number. */
	mark: (day: string) => string;
	selected: string;
	select: (day: string) => void;
	/** Shows another month; null when there is none on that side. */
	show: (month: string) => void;
	hasBefore: boolean;
	hasAfter: boolean;
}

/** Returns the month that is so many months after another one. */
export function addMonths(month: string, n: number): string {
	const at = new Date(month + "-15T12:00:00Z");
	at.setUTCMonth(at.getUTCMonth() + n);
	return at.toISOString().slice(0, 7);
}

/** Returns "March 2026". */
export function monthName(month: string): string {
	return dateFormat("UTC", { month: "long", year: "numeric" }).format(new Date(month + "-15T12:00:00Z"));
}

/** Returns the weeks of a month, Monday first; days of other months are "". */
function weeksOf(month: string): string[][] {
	const first = month + "-01";
	const offset = (new Date(first + "T12:00:00Z").getUTCDay() + 6) % 7;
	const weeks: string[][] = [];
	for (let day = addDays(first, -offset); day < addMonths(month, 1) + "-01"; day = addDays(day, 7)) {
		weeks.push(Array.from({ length: 7 }, (_, i) => addDays(day, i)).map((d) => (d.startsWith(month) ? d : "")));
	}
	return weeks;
}

function weekday(i: number, style: "short" | "long"): string {
	// 5 January 2026 was a Monday.
	return dateFormat("UTC", { weekday: style }).format(new Date(Date.UTC(2026, 0, 5 + i, 12)));
}

export function Month({ month, describe, mark, selected, select, show, hasBefore, hasAfter }: MonthProps) {
	const table = useRef<HTMLTableElement>(null);
	const focusNext = useRef("");
	const today = currentDay();
	useEffect(() => {
		if (!focusNext.current) return;
		table.current?.querySelector<HTMLElement>(`[data-day="${focusNext.current}"]`)?.focus();
		focusNext.current = "";
	});
	const move = (event: KeyboardEvent, day: string): void => {
		const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }[event.key];
		if (!step) return;
		event.preventDefault();
		for (let next = addDays(day, step); next.startsWith(month); next = addDays(next, step)) {
			const button = table.current?.querySelector<HTMLElement>(`[data-day="${next}"]`);
			if (button) return button.focus();
		}
	};
	return (
		<div class="month">
			<div class="month-head">
				<button
					type="button"
					class="quiet"
					disabled={!hasBefore}
					aria-label={t.calendar.previousMonth}
					onClick={() => show(addMonths(month, -1))}
				>
					‹
				</button>
				<strong aria-live="polite">{monthName(month)}</strong>
				<button
					type="button"
					class="quiet"
					disabled={!hasAfter}
					aria-label={t.calendar.nextMonth}
					onClick={() => show(addMonths(month, 1))}
				>
					›
				</button>
			</div>
			<table ref={table}>
				<thead>
					<tr>
						{[0, 1, 2, 3, 4, 5, 6].map((i) => (
							<th key={i} scope="col" abbr={weekday(i, "long")}>
								{weekday(i, "short")}
							</th>
						))}
					</tr>
				</thead>
				<tbody>
					{weeksOf(month).map((week, i) => (
						<tr key={i}>
							{week.map((day, j) => (
								<td key={j}>
									{day && (
										<Day
											day={day}
											says={describe(day)}
											mark={mark(day)}
											isToday={day === today}
											isSelected={day === selected}
											select={select}
											move={move}
										/>
									)}
								</td>
							))}
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}

interface DayProps {
	day: string;
	says: string;
	mark: string;
	isToday: boolean;
	isSelected: boolean;
	select: (day: string) => void;
	move: (event: KeyboardEvent, day: string) => void;
}

function Day({ day, says, mark, isToday, isSelected, select, move }: DayProps) {
	const number = Number(day.slice(8));
	const full = dayName(day) + (isToday ? `, ${t.calendar.today}` : "");
	if (!says) {
		return (
			<span class="day none">
				<span aria-hidden="true">{number}</span>
				<span class="hidden">
					{full}, {t.calendar.noneFree}
				</span>
			</span>
		);
	}
	return (
		<button
			type="button"
			class="day"
			data-day={day}
			aria-pressed={isSelected}
			onClick={() => select(day)}
			onKeyDown={(event) => move(event, day)}
		>
			<span aria-hidden="true">
				{number}
				<small>{mark}</small>
			</span>
			<span class="hidden">
				{full}, {says}
			</span>
		</button>
	);
}
