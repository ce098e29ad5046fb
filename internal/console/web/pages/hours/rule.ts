// Rules as a form shows them: the days of the week, and every how many weeks.

import type { Rule, RuleRequest } from "../../api/operations";
import { clock, currentDay, plainDate, zone } from "../../parts/time";
import { t } from "../../text";
import { currentZone, dateFormat, listFormat } from "../../parts/intl";
import { text } from "./text";

/** The days of the week as an RRULE names them, Monday first. */
export const weekdays = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

/** The days of a rule. */
export interface Days {
	days: string[];
	/** Every how many weeks. */
	interval: number;
}

/** Returns the name of a day of the week. */
export function weekdayName(day: string): string {
	// 5 January 2026 was a Monday.
	return dateFormat("UTC", { weekday: "long" }).format(new Date(Date.UTC(2026, 0, 5 + weekdays.indexOf(day), 12)));
}

/** Returns the days of a rule, or null if they are others than days of the week. */
export function daysOf(rule: Pick<Rule, "rrule" | "validFrom">): Days | null {
	const parts = new Map(
		rule.rrule
			.replace(/^RRULE:/, "")
			.split(";")
			.map((part) => part.split("=") as [string, string]),
	);
	const freq = parts.get("FREQ");
	const interval = Number(parts.get("INTERVAL") ?? 1);
	const byDay = parts.get("BYDAY")?.split(",");
	const isWeekly = freq === "WEEKLY" || (freq === "DAILY" && interval === 1);
	const knows = [...parts.keys()].every((name) => ["FREQ", "INTERVAL", "BYDAY", "WKST"].includes(name));
	const beginsMonday = interval === 1 || (parts.get("WKST") ?? "MO") === "MO";
	if (!isWeekly || !knows || !beginsMonday || byDay?.some((day) => !weekdays.includes(day))) return null;
	const firstDay = (new Date(rule.validFrom + "T12:00:00Z").getUTCDay() + 6) % 7;
	const alone = freq === "DAILY" ? weekdays : [weekdays[firstDay] ?? "MO"];
	return { days: weekdays.filter((day) => (byDay ?? alone).includes(day)), interval };
}

/** Returns the RRULE of some days. */
export function rruleOf({ days, interval }: Days): string {
	return `FREQ=WEEKLY${interval > 1 ? `;INTERVAL=${interval}` : ""};BYDAY=${days.join(",")}`;
}

/** Returns a time of a day like "09:00" or "24:00" as the language writes it. */
export function wallClock(time: string): string {
	return time === "24:00" ? text.midnight : clock(`2026-01-01T${time}:00Z`, "UTC");
}

/** Returns some days in words, like "Every Monday and Wednesday". */
export function daysInWords({ days, interval }: Days): string {
	const all = days.map(weekdayName);
	const first = weekdays.indexOf(days[0] ?? "");
	const isRow = days.length > 2 && days.every((day, i) => weekdays.indexOf(day) === first + i);
	const named = isRow ? text.range(all[0] ?? "", all[all.length - 1] ?? "") : listFormat("conjunction").format(all);
	if (interval > 1) return text.everyWeeks(interval, days.length === 7 ? text.allDays : named);
	if (days.length === 7) return text.everyDay;
	return isRow ? named : text.every(named);
}

/** Returns a rule in words, like "Every Monday and Wednesday, 9:00 am – 1:00 pm, 30 minutes each". */
export function inWords(rule: Rule): string {
	const days = daysOf(rule);
	const times = `${wallClock(rule.startTime)} – ${wallClock(rule.endTime)}`;
	return [days ? daysInWords(days) : text.specialDays, times, text.each(t.minutes(rule.slotMinutes))].join(", ");
}

/** Returns what else a rule says, like its break. */
export function moreInWords(rule: Rule): string[] {
	return [
		rule.validFrom > currentDay(rule.timezone) ? text.since(plainDate(rule.validFrom)) : "",
		rule.validTo ? text.until(plainDate(rule.validTo)) : "",
		rule.bufferMinutes > 0 ? text.withBreak(t.minutes(rule.bufferMinutes)) : "",
		rule.maxPatients > 1 ? text.forPatients(rule.maxPatients) : "",
		rule.timezone === zone() ? "" : text.inZone(currentZone(rule.timezone)),
	].filter(Boolean);
}

/** Returns what would make a rule again. */
export function requestOf(rule: Rule): RuleRequest {
	const { rrule, startTime, endTime, timezone, slotMinutes, bufferMinutes, maxPatients, validFrom, validTo } = rule;
	const required = { rrule, startTime, endTime, timezone, slotMinutes, bufferMinutes, maxPatients, validFrom };
	return validTo ? { ...required, validTo } : required;
}

/** Reports whether the last day of a rule is over. */
export function isOver(rule: Rule): boolean {
	return !!rule.validTo && rule.validTo < currentDay(rule.timezone);
}

/** Returns what is wrong with a rule, with the names of the fields. */
export function faultsOf(rule: RuleRequest): Array<[field: string, message: string]> {
	const minute = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
	const length = minute(rule.endTime) - minute(rule.startTime);
	const faults: Array<[string, string]> = [];
	if (length <= 0) faults.push(["endTime", text.endsBefore]);
	else if (rule.slotMinutes > length) faults.push(["slotMinutes", text.slotTooLong]);
	if ((rule.bufferMinutes ?? 0) > rule.slotMinutes) faults.push(["bufferMinutes", text.breakTooLong]);
	if (rule.validTo && rule.validTo < rule.validFrom) faults.push(["validTo", text.lastBeforeFirst]);
	return faults;
}
