// The pages of each area, which are loaded when the first one of them is opened.

import type { ComponentType } from "preact";
import type { Menu } from "../menu";
import { loadPart } from "../api/call";
import type { PageArea } from "../text";

/** What a page is given: the values of its address. */
export interface PageProps {
	params: Record<string, string>;
}

export type Page = ComponentType<PageProps>;

interface AreaModule {
	/** Loads the texts of the area. */
	load: () => Promise<void>;
	pages: Record<string, Page>;
}

const areas: Record<PageArea, () => Promise<AreaModule>> = {
	home: () => import("./home"),
	entry: () => import("./entry"),
	links: () => import("./links"),
	support: () => import("./support"),
	hours: () => import("./hours"),
	care: () => import("./care"),
	waitlist: () => import("./waitlist"),
	account: () => import("./account"),
	admin: () => import("./admin"),
	figures: () => import("./figures"),
	doctor: () => import("./doctor"),
	visits: () => import("./visits"),
};

/** Loads a page with its texts. Throws Problem "not-loaded" without its files, an error if the page doesn't exist. */
export async function loadPage(area: PageArea, name: string): Promise<Page> {
	const page = (await loadPart(areas[area])).pages[name];
	if (!page) throw new Error(`no page ${name}`);
	return page;
}

/** Loads the menu of staff with its texts. Throws Problem "not-loaded" without its files. */
export async function loadMenu(): Promise<typeof Menu> {
	return (await loadPart(() => import("../menu"))).Menu;
}
