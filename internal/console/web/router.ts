// The router: routes.json says which page has which address, and who may open it. The server answers the same routes.

import { useEffect, useState } from "preact/hooks";
import type { Role } from "./api/operations";
import lines from "./routes.json";
import type { PageArea } from "./text";

export interface Route {
	path: string;
	area: PageArea;
	page: string;
	/** Who may open the page; everybody when there are none. */
	roles: Role[];
}

// scripts/bundle makes a line of each route: its path, area, page and roles.
const routes = (lines as unknown as string).split("\n").map((line): Route => {
	const [path = "", area, page = "", ...roles] = line.split(" ");
	return { path, area: area as PageArea, page, roles: roles as Role[] };
});

export interface Place {
	route: Route;
	/** The values of the address, like the id of /doctors/{id}. */
	params: Record<string, string>;
}

/** Returns the page at an address, or null. */
export function findPlace(pathname: string): Place | null {
	const parts = pathname.split("/");
	for (const route of routes) {
		const pattern = route.path.split("/");
		if (pattern.length !== parts.length) continue;
		const params: Record<string, string> = {};
		const matches = pattern.every((part, i) => {
			if (!part.startsWith("{")) return part === parts[i];
			try {
				params[part.slice(1, -1)] = decodeURIComponent(parts[i] ?? "");
			} catch {
				return false;
			}
			return parts[i] !== "";
		});
		if (matches) return { route, params };
	}
	return null;
}

const changed = new EventTarget();

/** Asked before the page is left: returns false to stay. */
let mayLeave: () => boolean = () => true;

/** While check is set, leaving the page asks it. Returns a function that ends this. */
export function guardLeaving(check: () => boolean): () => void {
	mayLeave = check;
	return () => {
		if (mayLeave === check) mayLeave = () => true;
	};
}

/** Opens an address of the console without loading the page anew. */
export function navigate(to: string, options: { replace?: boolean } = {}): void {
	if (!mayLeave()) return;
	// As browsers do: a link to this page is no step that Back has to take.
	if (options.replace || new URL(to, location.href).href === location.href) history.replaceState(null, "", to);
	else history.pushState(null, "", to);
	tell();
}

/** The address of what is drawn. */
let shown = new URL(location.href);

function tell(): void {
	shown = new URL(location.href);
	changed.dispatchEvent(new Event("change"));
}

addEventListener("popstate", () => {
	// The browser has moved already when it tells: staying goes to the old address anew.
	if (location.pathname !== shown.pathname && !mayLeave()) history.pushState(null, "", shown);
	else tell();
});

/** Returns the address in use, and draws the component again when it changes. */
export function useAddress(): URL {
	const [url, setURL] = useState(() => new URL(location.href));
	useEffect(() => {
		const update = (): void => setURL(new URL(location.href));
		changed.addEventListener("change", update);
		return () => changed.removeEventListener("change", update);
	}, []);
	return url;
}

/** Changes the query of the address in use, so that a reload and a link show the same. Empty values are left out. */
export function setQuery(values: Record<string, string>): void {
	const query = new URLSearchParams(location.search);
	for (const [name, value] of Object.entries(values)) {
		if (value) query.set(name, value);
		else query.delete(name);
	}
	const text = query.toString();
	navigate(location.pathname + (text && "?" + text), { replace: true });
}

/** Follows the links of the console without loading pages anew. Call it once. */
export function followLinks(): void {
	document.addEventListener("click", (event) => {
		const link = event.target instanceof Element ? event.target.closest("a") : null;
		if (
			!link ||
			event.defaultPrevented ||
			event.button !== 0 ||
			event.metaKey ||
			event.ctrlKey ||
			event.shiftKey ||
			event.altKey
		)
			return;
		if (
			link.origin !== location.origin ||
			link.target ||
			link.hasAttribute("download") ||
			link.getAttribute("href")?.startsWith("#")
		)
			return;
		if (!findPlace(link.pathname)) return;
		event.preventDefault();
		navigate(link.pathname + link.search + link.hash);
	});
}

/**
 * Returns an address of this console that a query names, or the alternative: never one of another server, nor one that
 * itself leads on.
 */
export function safeNext(next: string | null, alternative: string): string {
	if (!next || !next.startsWith("/") || next.startsWith("//") || next.includes("\\")) return alternative;
	const url = new URL(next, location.origin);
	const area = url.origin === location.origin && findPlace(url.pathname)?.route.area;
	return area && area !== "entry" ? url.pathname + url.search : alternative;
}
