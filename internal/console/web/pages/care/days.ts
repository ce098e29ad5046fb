// Days of a zone as instants: the API takes instants where the pages speak of days.

import { addDays, zone } from "../../parts/time";

/** Returns what a clock in the zone shows at an instant, in milliseconds as if that were UTC. */
function shown(at: number, timeZone: string): number {
	const format = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium", timeZone });
	return Date.parse(format.format(at).replace(" ", "T") + "Z");
}

/** Returns the instant at which a day like "2026-03-03" begins in the zone. */
export function startOf(day: string, timeZone: string = zone()): string {
	const midnight = Date.parse(day + "T00:00:00Z");
	const near = midnight - (shown(midnight, timeZone) - midnight);
	// The offset may change in between, as when summer time begins.
	return new Date(midnight - (shown(near, timeZone) - near)).toISOString();
}

/** Returns the instant at which a day ends. */
export function endOf(day: string): string {
	return startOf(addDays(day, 1));
}

/** Reports whether a text is a day like "2026-03-03", as an address may name any. */
export function isDay(text: string): boolean {
	const at = Date.parse(text + "T12:00:00Z");
	return /^20\d\d-\d\d-\d\d$/.test(text) && !!at && new Date(at).toISOString().startsWith(text);
}

export function minutesBetween(from: string, to: string): number {
	return Math.round((Date.parse(to) - Date.parse(from)) / 60_000);
}
