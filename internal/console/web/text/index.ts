// The texts of the pages. Each area has its own file in each language, and only those of the reader's language are
// loaded. A name within a text that pages show stands between U+2068 and U+2069, so that one from the right to the left
// turns nothing around.

import type { common } from "./en/common";
import { language } from "./language";

/** The texts that every page may use, after loadText("common"). */
export const t = {} as typeof common;

const files = {
	en: {
		common: () => import("./en/common"),
		call: () => import("./en/call"),
		menu: () => import("./en/menu"),
		home: () => import("./en/home"),
		entry: () => import("./en/entry"),
		links: () => import("./en/links"),
		support: () => import("./en/support"),
		hours: () => import("./en/hours"),
		care: () => import("./en/care"),
		waitlist: () => import("./en/waitlist"),
		account: () => import("./en/account"),
		admin: () => import("./en/admin"),
		figures: () => import("./en/figures"),
		doctor: () => import("./en/doctor"),
		visits: () => import("./en/visits"),
	},
	hi: {
		common: () => import("./hi/common"),
		call: () => import("./hi/call"),
		menu: () => import("./hi/menu"),
		home: () => import("./hi/home"),
		entry: () => import("./hi/entry"),
		links: () => import("./hi/links"),
		support: () => import("./hi/support"),
		hours: () => import("./hi/hours"),
		care: () => import("./hi/care"),
		waitlist: () => import("./hi/waitlist"),
		account: () => import("./hi/account"),
		admin: () => import("./hi/admin"),
		figures: () => import("./hi/figures"),
		doctor: () => import("./hi/doctor"),
		visits: () => import("./hi/visits"),
	},
};

export type Area = keyof typeof files.en;

/** The areas that have pages. */
export type PageArea = Exclude<Area, "common" | "menu" | "call">;

/** Loads the texts of an area into its object, like loadText("care", text). */
export async function loadText(area: Area, into: object): Promise<void> {
	const module: Record<string, object> = await files[language][area]();
	Object.assign(into, module[area]);
}
