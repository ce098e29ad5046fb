// Numbers, shares and durations as the language writes them.

import { t } from "../text";
import { numberFormat } from "./intl";

/** Returns an integer as the language writes it. */
export function count(n: number): string {
	return numberFormat({}).format(n);
}

/** Returns a share of 1 as percents; a dash if there is none. */
export function percent(share: number | null | undefined): string {
	if (share === null || share === undefined) return "–";
	return numberFormat({ style: "percent", maximumFractionDigits: 1 }).format(share);
}

/** Returns a duration in its largest useful unit. */
export function duration(seconds: number | null): string {
	if (seconds === null) return "–";
	const minutes = Math.round(seconds / 60);
	if (minutes < 120) return t.minutes(minutes);
	const hours = Math.round(minutes / 60);
	return hours < 72 ? t.hours(hours) : t.days(Math.round(hours / 24));
}

/** Returns the size of a file in kilobytes or megabytes. */
export function fileSize(bytes: number): string {
	const isSmall = bytes < 1e6;
	return numberFormat({ style: "unit", unit: isSmall ? "kilobyte" : "megabyte", maximumFractionDigits: 1 }).format(
		bytes / (isSmall ? 1e3 : 1e6),
	);
}
