// The pages of each area, which are loaded when the first one of them is opened.

import type { ComponentType } from "preact";
import type { Menu } from "../menu";
import { loadFiles } from "../api/call";
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
	const module = await loadFiles(async () => {
		const loaded = await areas[area]();
		await loaded.load();
		return loaded;
	});
	const page = module.pages[name];
	if (!page) throw new Error(`no page ${name}`);
	return page;
}

/** Loads the menu of staff with its texts. Throws an error if the network is away. */
export async function loadMenu(): Promise<typeof Menu> {
	const module = await import("../menu");
	await module.load();
	return module.Menu;
}
