import { safeNext } from "../../router";

/** Returns the address of a page that leads on to another one after the sign-in. */
export function withNext(path: string, next: string | null): string {
	if (!next) return path;
	return path + (path.includes("?") ? "&" : "?") + "next=" + encodeURIComponent(next);
}

const place = "next";

/** How long a mail is waited for, in milliseconds: its link works for a day at most. */
const patience = 24 * 60 * 60 * 1000;

/** Remembers where somebody was who is sent a mail: its link opens in another window of the same browser. */
export function rememberNext(next: string | null): void {
	try {
		if (next) localStorage.setItem(place, JSON.stringify({ next, at: Date.now() }));
		else localStorage.removeItem(place);
	} catch {
		// The browser stores nothing: the sign-in leads to the first page.
	}
}

/** Returns the address that was remembered in the last day, or null. */
export function recallNext(): string | null {
	try {
		const { next, at } = JSON.parse(localStorage.getItem(place) ?? "{}") as { next?: string; at?: number };
		return typeof next === "string" && Date.now() - Number(at) < patience ? safeNext(next, "") || null : null;
	} catch {
		return null;
	}
}
