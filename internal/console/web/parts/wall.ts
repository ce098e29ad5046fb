// What the clocks of a zone show, and the instants at which they show it. Twice a year a clock is set forward, and skips
// times, or back, and shows times twice.

import { dateFormat } from "./intl";

const hour = 3_600_000;

/** What the clocks of a zone show at an instant, in milliseconds as if it were UTC. */
function shown(at: number, timeZone: string): number {
	// Swedish dates are those of ISO 8601.
	const format = dateFormat(timeZone, { dateStyle: "short", timeStyle: "medium" }, "sv-SE");
	return Date.parse(format.format(at).replace(" ", "T") + "Z");
}

function offset(at: number, timeZone: string): number {
	const seconds = Math.floor(at / 1000) * 1000;
	return shown(seconds, timeZone) - seconds;
}

/** Returns the first instant after the clocks changed, which they did between two instants. */
function changeBetween(before: number, after: number, timeZone: string): number {
	const old = offset(before, timeZone);
	while (after - before > 1000) {
		const middle = Math.floor((before + after) / 2000) * 1000;
		if (offset(middle, timeZone) === old) before = middle;
		else after = middle;
	}
	return after;
}

export interface Instant {
	/** The instant, for the API. */
	at: string;
	/** The clocks skip the time: at is when they do. */
	isSkipped: boolean;
}

/**
 * Returns when the clocks of a zone show a time like "09:30" on a day like "2026-03-03". When they show it twice, it is
 * the first time, or the first one after another instant.
 */
export function instantOf(day: string, time: string, timeZone: string, after = ""): Instant {
	const wall = Date.parse(`${day}T${time}:00Z`);
	const [old, next] = [wall - 24 * hour, wall + 24 * hour];
	const found = [wall - offset(old, timeZone), wall - offset(next, timeZone)]
		.filter((at) => shown(at, timeZone) === wall)
		.sort((a, b) => a - b);
	const at = found.find((a) => !after || a > Date.parse(after)) ?? found[0];
	if (at !== undefined) return { at: new Date(at).toISOString(), isSkipped: false };
	return { at: new Date(changeBetween(old, next, timeZone)).toISOString(), isSkipped: true };
}

/** Returns when a day begins in a zone. */
export function beginOf(day: string, timeZone: string): string {
	return instantOf(day, "00:00", timeZone).at;
}

/** Returns what the clocks of a zone show at an instant, in text or in milliseconds. */
export function wallOf(at: string | number, timeZone: string): { day: string; time: string } {
	const text = new Date(shown(+new Date(at), timeZone)).toISOString();
	return { day: text.slice(0, 10), time: text.slice(11, 16) };
}
