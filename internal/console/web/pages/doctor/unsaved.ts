// Whether something of the page isn't saved: then leaving asks first.

import { useEffect } from "preact/hooks";
import { guardLeaving } from "../../router";
import { text } from "./text";

const parts = new Map<string, () => boolean>();

/** Says whether a part of the page has something unsaved, as long as it is drawn. */
export function useUnsaved(part: string, isUnsaved: () => boolean): void {
	useEffect(() => {
		parts.set(part, isUnsaved);
		return () => {
			if (parts.get(part) === isUnsaved) parts.delete(part);
		};
	});
}

function hasUnsaved(): boolean {
	return [...parts.values()].some((isUnsaved) => isUnsaved());
}

/** Asks before the page is left, or the window closed, while something is unsaved. Once a page. */
export function useLeaveGuard(): void {
	useEffect(() => {
		const own = location.href;
		const end = guardLeaving(() => !hasUnsaved() || confirm(text.leave));
		// The browser has moved already when it tells: staying goes to the address anew, before the page is drawn.
		const moved = (event: PopStateEvent): void => {
			if (location.href === own || !hasUnsaved() || confirm(text.leave)) return;
			event.stopImmediatePropagation();
			history.pushState(null, "", own);
		};
		const before = (event: BeforeUnloadEvent): void => {
			if (hasUnsaved()) event.preventDefault();
		};
		addEventListener("beforeunload", before);
		addEventListener("popstate", moved, { capture: true });
		return () => {
			end();
			removeEventListener("beforeunload", before);
			removeEventListener("popstate", moved, { capture: true });
		};
	}, []);
}
