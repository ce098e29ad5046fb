// The live stream of changes (Server-Sent Events). One connection serves the whole tab.

import type { Event as Change } from "./operations";

export type { Change };

/** Accepts what may change a list of visits. */
export function isAboutVisits(change: Change): boolean {
	return change.type === "consultation.changed" || change.type === "reset";
}

const listeners = new Set<(change: Change) => void>();
let source: EventSource | null = null;
let lastHeard = 0;

const everything: Change = { type: "reset", at: "" };

function tell(change: Change): void {
	lastHeard = Date.now();
	for (const listen of listeners) listen(change);
}

/** How long to wait before the next attempt after a refusal, in milliseconds: twice as long each time. */
const shortest = 5_000;
const longest = 80_000;
let wait = shortest;

function connect(opened?: () => void): void {
	source = new EventSource("/api/v1/events");
	source.onopen = () => {
		wait = shortest;
		opened?.();
	};
	for (const type of [
		"consultation.changed",
		"payment.changed",
		"refund.changed",
		"offer.changed",
		"call.changed",
		"reset",
	] as const) {
		source.addEventListener(type, (event) =>
			tell({ ...(JSON.parse((event as MessageEvent<string>).data) as Change), type }),
		);
	}
	source.addEventListener("error", () => {
		// The browser tries again by itself, unless the server refused.
		if (source?.readyState === EventSource.CLOSED) {
			source = null;
			// A stream that begins anew doesn't tell what was missed.
			setTimeout(() => listeners.size > 0 && !source && connect(() => tell(everything)), wait);
			wait = Math.min(2 * wait, longest);
		}
	});
}

/**
 * Calls listen after each change of what the user may see, and with type "reset" when changes may have been missed, as
 * after a tab slept. Returns a function that ends this.
 */
export function onEvent(listen: (change: Change) => void): () => void {
	listeners.add(listen);
	if (!source) connect();
	return () => {
		listeners.delete(listen);
		// A page that follows at once uses the same connection.
		setTimeout(() => {
			if (listeners.size === 0) {
				source?.close();
				source = null;
			}
		}, 1000);
	};
}

document.addEventListener("visibilitychange", () => {
	if (document.visibilityState === "visible" && listeners.size > 0 && Date.now() - lastHeard > 20_000) {
		source?.close();
		connect();
		tell(everything);
	}
});
