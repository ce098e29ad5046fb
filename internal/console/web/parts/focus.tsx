// Where the focus goes when what had it is gone.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** What takes the place of a button or a form that was used: the focus goes there. */
export function Arrival({ class: className, children }: { class?: string; children: ComponentChildren }) {
	const box = useRef<HTMLDivElement>(null);
	useEffect(() => box.current?.focus(), []);
	return (
		<div ref={box} tabIndex={-1} class={className}>
			{children}
		</div>
	);
}

/** Runs something after a while, once no dialog is open: one that closes gives the focus back first. */
function afterDialogs(run: () => void, wait: number): void {
	setTimeout(() => (document.querySelector("dialog[open]") ? afterDialogs(run, wait) : run()), wait);
}

/** Moves the focus to the heading of the page, when what had it is gone. */
export function focusTitle(): void {
	// After the list is drawn anew.
	afterDialogs(() => document.querySelector("h1")?.focus(), 50);
}

/** Moves the focus to the heading of a part, when what had it is gone. */
export function focusOn(id: string): void {
	afterDialogs(() => document.getElementById(id)?.focus(), 100);
}
