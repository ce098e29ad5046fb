// The language's formatters. A cheap phone takes milliseconds to make one, so each is made once.

import { locale } from "../text/language";

function once<A extends unknown[], F>(make: (...args: A) => F): (...args: A) => F {
	const made = new Map<string, F>();
	return (...args) => {
		const key = JSON.stringify(args);
		const known = made.get(key) ?? make(...args);
		made.set(key, known);
		return known;
	};
}

export const dateFormat = once(
	(timeZone: string, options: Intl.DateTimeFormatOptions, language: string = locale) =>
		new Intl.DateTimeFormat(language, { ...options, timeZone }),
);

export const numberFormat = once((options: Intl.NumberFormatOptions) => new Intl.NumberFormat(locale, options));

/** Returns a number with one decimal at most, like a mean rating. */
export function decimal(n: number): string {
	return numberFormat({ maximumFractionDigits: 1 }).format(n);
}

export const listFormat = once((type: Intl.ListFormatType) => new Intl.ListFormat(locale, { type }));

const languageNames = once(() => new Intl.DisplayNames(locale, { type: "language" }));

/** Returns the name of a language like "hi"; the tag itself if it has none. */
export function languageName(tag: string): string {
	try {
		return languageNames().of(tag) ?? tag;
	} catch {
		return tag;
	}
}

/**
 * The time zone of the device. The first formatter takes ten times as long as all others; made here, that passes while
 * the first answer is on its way.
 */
export const deviceZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** What places are called today whose old names browsers still have in those of zones. */
const renamed: Record<string, string> = {
	Calcutta: "Kolkata",
	Katmandu: "Kathmandu",
	Kiev: "Kyiv",
	Rangoon: "Yangon",
	Saigon: "Ho_Chi_Minh",
};

/** Returns what IANA calls a zone today, to show it: an older browser may know its old name only. */
export function currentZone(name: string): string {
	return name.replace(/\w+$/, (place) => renamed[place] ?? place);
}
