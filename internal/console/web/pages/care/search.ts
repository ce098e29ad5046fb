// What is looked for: the query of the address, and the parameters of the search that follow from it.

import type { DoctorFacets, DoctorSort } from "../../api/operations";
import { addDays, isDay, plainDate, zone } from "../../parts/time";
import { beginOf } from "../../parts/wall";
import { languageName } from "../../parts/intl";
import { text } from "./text";

export interface Search {
	q: string;
	specialization: string;
	language: string;
	maxFee: string;
	currency: string;
	minRating: string;
	minExperience: string;
	from: string;
	to: string;
	sort: DoctorSort;
}

export const ratings = [3, 4, 4.5];
export const years = [3, 5, 10, 20];

/** Returns what the address asks for, without what the search would refuse. */
export function readSearch(query: URLSearchParams): Search {
	const get = (name: string, isGood: (value: string) => boolean): string => {
		const value = (query.get(name) ?? "").trim();
		return isGood(value) ? value : "";
	};
	return {
		q: get("q", (v) => [...v].length <= 200),
		specialization: get("specialization", (v) => v.length <= 200),
		language: get("language", (v) => v.length <= 35),
		maxFee: get("maxFee", (v) => /^\d{1,10}(\.\d{1,2})?$/.test(v)),
		currency: get("currency", (v) => /^[A-Z]{3}$/.test(v)),
		minRating: get("minRating", (v) => ratings.map(String).includes(v)),
		minExperience: get("minExperience", (v) => years.map(String).includes(v)),
		from: get("from", isDay),
		to: get("to", isDay),
		sort: (get("sort", (v) => Object.hasOwn(text.sorts, v)) || "earliest") as DoctorSort,
	};
}

/**
 * Returns the parameters of the search, of which empty ones aren't sent; those of the default one are exactly what
 * routes.json preloads.
 */
export function searchParams(s: Search) {
	return {
		sort: s.sort,
		q: s.q,
		specialization: s.specialization,
		language: s.language,
		maxFee: s.maxFee,
		currency: s.currency,
		...(s.minRating && { minRating: Number(s.minRating) }),
		...(s.minExperience && { minExperience: Number(s.minExperience) }),
		availableFrom: s.from && beginOf(s.from, zone()),
		availableTo: s.to && beginOf(addDays(s.to, 1), zone()),
	};
}

/** Returns the filters that are set, with what to call them. */
export function filtersOf(s: Search, facets: DoctorFacets | undefined): Array<[name: keyof Search, label: string]> {
	const currency = s.currency || facets?.currencies[0]?.value || "";
	const all: Array<[keyof Search, string]> = [
		["q", `“${s.q}”`],
		["specialization", s.specialization],
		["language", s.language && languageName(s.language)],
		["maxFee", `${text.maxFeeShort} ${s.maxFee} ${currency}`],
		["currency", s.currency],
		["minRating", text.ratingFrom(Number(s.minRating))],
		["minExperience", text.experienceFrom(Number(s.minExperience))],
		["from", `${text.freeFrom} ${s.from && plainDate(s.from)}`],
		["to", `${text.freeTo} ${s.to && plainDate(s.to)}`],
	];
	return all.filter(([name]) => s[name]);
}

/** Returns the address of a search without some of its filters. */
export function without(query: URLSearchParams, names: string[]): string {
	const rest = new URLSearchParams(query);
	for (const name of names) rest.delete(name);
	const left = rest.toString();
	return "/doctors" + (left && "?" + left);
}
