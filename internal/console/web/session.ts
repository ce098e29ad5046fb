// Who is signed in. The session itself is a cookie that no script sees.

import { useEffect, useState } from "preact/hooks";
import { call, caller, isProblem, newKey } from "./api/call";
import { readOwnUser, signOut as signOutOperation, type Profile } from "./api/operations";

/** The user of this tab; null when nobody is signed in. */
let me: Profile | null = null;
const watchers = new Set<() => void>();

/** Tells the other tabs that another user may be signed in. */
const tabs = new BroadcastChannel("session");

export function currentUser(): Profile | null {
	return me;
}

/** Returns the user, and draws the component again when that changes. */
export function useUser(): Profile | null {
	const [, redraw] = useState(0);
	useEffect(() => {
		const watch = (): void => redraw((n) => n + 1);
		watchers.add(watch);
		return () => void watchers.delete(watch);
	}, []);
	return me;
}

export function setUser(user: Profile | null): void {
	me = user;
	caller.id = user?.id ?? "";
	for (const watch of watchers) watch();
}

async function readUser(): Promise<Profile | null> {
	try {
		return (await call(readOwnUser, {}, undefined, { quiet: true })).data;
	} catch (error) {
		if (isProblem(error, "unauthenticated")) return null;
		throw error;
	}
}

/** Why it isn't known who is signed in; null when it is. */
let doubt: unknown = null;

/** Returns why it isn't known who is signed in, or null. Draws the component again like useUser, which it goes with. */
export function userDoubt(): unknown {
	return doubt;
}

/** Reads who is signed in, if the server saw a cookie. As long as that isn't known, it tries again by itself. */
export async function loadUser(): Promise<void> {
	if (!document.documentElement.dataset["session"]) return;
	try {
		const user = await readUser();
		doubt = null;
		setUser(user);
	} catch (error) {
		doubt = error;
		setUser(null);
		setTimeout(() => doubt && void loadUser(), Math.max(5, isProblem(error) ? error.retryAfter : 0) * 1000);
	}
}

/** Reads who is signed in after a sign-in, and tells the other tabs. */
export async function signedIn(): Promise<Profile | null> {
	const user = await readUser();
	doubt = null;
	document.documentElement.dataset["session"] = "yes";
	setUser(user);
	tabs.postMessage("changed");
	return user;
}

/**
 * Ends the session, and loads the sign-in anew, so that nothing of the user stays in memory. It leads on to next, an
 * address of the console.
 */
export async function signOut(next?: string): Promise<void> {
	try {
		await call(signOutOperation, {}, undefined, { quiet: true, idempotencyKey: newKey() });
	} catch (error) {
		if (!isProblem(error, "unauthenticated")) throw error;
	}
	tabs.postMessage("out");
	leave(next);
}

function leave(next?: string): void {
	sessionStorage.clear(); // what was typed and not sent
	location.replace("/sign-in?out" + (next ? "&next=" + encodeURIComponent(next) : ""));
}

/**
 * Leaves the page when another tab signed out, and loads it anew when another tab signed somebody else in, or when an
 * old page comes back. Call it once.
 */
export function watchSession(): void {
	const check = async (): Promise<void> => {
		const before = me?.id;
		try {
			const user = await readUser();
			// An ended session keeps the page, with what is typed: the next call asks for a sign-in.
			if (user && before && user.id !== before) location.reload();
			else if (user && !before) setUser(user);
		} catch {
			// Without a connection nothing is known.
		}
	};
	tabs.addEventListener("message", ({ data }) => (data === "out" && me ? leave() : void check()));
	addEventListener("pageshow", (event) => {
		if (!event.persisted) return;
		document.body.hidden = true; // what another user may have seen
		location.reload();
	});
	document.addEventListener("visibilitychange", () => {
		if (document.visibilityState === "visible" && me) void check();
	});
}
