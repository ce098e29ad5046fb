// Dates and times: one time zone for the whole journey, which is named beside them.

import { now } from "../api/clock";
import { currentUser } from "../session";
import { t } from "../text";
import { currentZone, dateFormat, deviceZone } from "./intl";
import { wallOf } from "./wall";

/** Returns the user's time zone; that of the device for visitors. */
export function zone(): string {
	return currentUser()?.timezone || deviceZone;
}

function format(at: string | Date, timeZone: string, options: Intl.DateTimeFormatOptions): string {
	return dateFormat(timeZone, options).format(new Date(at));
}

/** Returns the name of a zone, like "India Standard Time", that fits in summer and in winter. */
export function zoneName(timeZone: string = zone()): string {
	const parts = dateFormat(timeZone, { timeZoneName: "longGeneric" }).formatToParts(new Date(now()));
	return parts.find((p) => p.type === "timeZoneName")?.value ?? timeZone;
}

/** Returns "Tuesday, 3 March 2026". */
export function fullDate(at: string | Date, timeZone: string = zone()): string {
	return format(at, timeZone, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
}

/** Returns "3 Mar 2026". */
export function shortDate(at: string | Date, timeZone: string = zone()): string {
	return format(at, timeZone, { day: "numeric", month: "short", year: "numeric" });
}

/** Returns "9:30 am". */
export function clock(at: string | Date, timeZone: string = zone()): string {
	return format(at, timeZone, { hour: "numeric", minute: "2-digit" });
}

/** Returns "Tuesday, 3 March 2026, 9:30 am". */
export function fullTime(at: string | Date, timeZone: string = zone()): string {
	return `${fullDate(at, timeZone)}, ${clock(at, timeZone)}`;
}

/** Returns the day of an instant in a zone, like "2026-03-03". */
export function dayOf(at: string | Date, timeZone: string = zone()): string {
	return wallOf(+new Date(at), timeZone).day;
}

/** Returns the day that it is now. */
export function currentDay(timeZone: string = zone()): string {
	return dayOf(new Date(now()), timeZone);
}

/** Returns the name of a day like "2026-03-03", whatever the zone: "Tuesday, 3 March 2026". */
export function dayName(day: string): string {
	return fullDate(day + "T12:00:00Z", "UTC");
}

/** Returns a date without a time, like a birth date: "3 Mar 2026". */
export function plainDate(day: string): string {
	return shortDate(day + "T12:00:00Z", "UTC");
}

/** Returns the day that is so many days after another one. */
export function addDays(day: string, n: number): string {
	const at = new Date(day + "T12:00:00Z");
	at.setUTCDate(at.getUTCDate() + n);
	return at.toISOString().slice(0, 10);
}

/** Returns the minutes from one instant to another. */
export function minutesBetween(from: string, to: string): number {
	return Math.round((Date.parse(to) - Date.parse(from)) / 60_000);
}

/** Reports whether a text is a day like "2026-03-03": an address may name anything. */
export function isDay(text: string | null): text is string {
	return !!text && /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)) && addDays(text, 0) === text;
}

interface TimeProps {
	at: string;
	/** What is shown: the time with its date unless said otherwise. */
	show?: "full" | "date" | "clock";
	/** The zone of the other side, which is shown too when its time differs. */
	otherZone?: string | undefined;
}

/** An instant in the zone of the journey. */
export function Time({ at, show = "full", otherZone }: TimeProps) {
	const text = show === "full" ? fullTime(at) : show === "date" ? shortDate(at) : clock(at);
	const other = otherZone && show !== "date" && clock(at, otherZone) !== clock(at) ? otherZone : "";
	return (
		<>
			<time dateTime={at}>{text}</time>
			{other && <span class="other-zone"> {t.timeAt(fullTime(at, other), zoneName(other))}</span>}
		</>
	);
}

/** The line that names the zone of all times of a page. */
export function ZoneNote({ of = zone() }: { of?: string }) {
	return <p class="zone">{t.times(`${zoneName(of)} (${currentZone(of)})`)}</p>;
}
