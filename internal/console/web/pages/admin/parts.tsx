// Small parts that the pages of administrators share.

import type { ComponentChildren } from "preact";
import { announce } from "../../parts/announce";
import { findPlace } from "../../router";
import { t } from "../../text";
import { locale } from "../../text/language";
import { text } from "./text";

/** A link to a page, or only its text where the console has no such page. */
export function Link({ to, children }: { to: string; children: ComponentChildren }) {
	return findPlace(to) ? <a href={to}>{children}</a> : <>{children}</>;
}

/** Returns an integer as the language writes it. */
export function count(n: number): string {
	return new Intl.NumberFormat(locale).format(n);
}

/** Returns a share of 1 as percents; a dash if there is none. */
export function percent(share: number | null | undefined): string {
	if (share === null || share === undefined) return "–";
	return new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 }).format(share);
}

/** Returns a duration in its largest useful unit. */
export function duration(seconds: number | null): string {
	if (seconds === null) return "–";
	const minutes = Math.round(seconds / 60);
	if (minutes < 120) return t.minutes(minutes);
	const hours = Math.round(minutes / 60);
	return hours < 72 ? t.hours(hours) : t.days(Math.round(hours / 24));
}

/** Moves the focus to the heading of the page, when what was pressed has gone. */
export function focusTitle(): void {
	// After the list is drawn anew, and after a dialog has given the focus back.
	setTimeout(() => document.querySelector("h1")?.focus(), 50);
}

/** A button that copies a text. */
export function Copy({ value, label }: { value: string; label: string }) {
	const copy = async (): Promise<void> => {
		try {
			await navigator.clipboard.writeText(value);
			announce(t.copied);
		} catch {
			announce(text.notCopied);
		}
	};
	return (
		<button type="button" aria-label={label} onClick={() => void copy()}>
			{t.copy}
		</button>
	);
}

const offsets = new Map<string, Intl.DateTimeFormat>();

/** Returns the instant of a local time like "2026-03-03T14:30" in a zone, in RFC 3339. */
export function instantOf(local: string, timeZone: string): string {
	let format = offsets.get(timeZone);
	if (!format) {
		format = new Intl.DateTimeFormat("en-CA", {
			timeZone,
			hourCycle: "h23",
			year: "numeric",
			month: "2-digit",
			day: "2-digit",
			hour: "2-digit",
			minute: "2-digit",
			second: "2-digit",
		});
		offsets.set(timeZone, format);
	}
	const wanted = Date.parse(local + "Z");
	if (Number.isNaN(wanted)) return "";
	let at = wanted;
	// Twice, because the first guess can lie on the other side of a change of the clocks.
	for (let i = 0; i < 2; i++) {
		const shown = format.format(at).replace(", ", "T");
		at += wanted - Date.parse(shown + "Z");
	}
	return new Date(at).toISOString();
}
