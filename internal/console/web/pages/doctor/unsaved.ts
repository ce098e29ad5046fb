// Whether something of the page isn't saved: then leaving asks first.

import { useEffect, useRef } from "preact/hooks";
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
		const end = guardLeaving(() => !hasUnsaved() || confirm(text.leave));
		const before = (event: BeforeUnloadEvent): void => {
			if (hasUnsaved()) event.preventDefault();
		};
		addEventListener("beforeunload", before);
		return () => {
			end();
			removeEventListener("beforeunload", before);
		};
	}, []);
}

/** Watches what is typed within an element with this onInput; saved is called when it is sent. */
export function useTyped(part: string): { onInput: () => void; saved: () => void } {
	const isTyped = useRef(false);
	useUnsaved(part, () => isTyped.current);
	return {
		onInput: () => void (isTyped.current = true),
		saved: () => void (isTyped.current = false),
	};
}
