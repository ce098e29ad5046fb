// The server's time. The clock of the device may be wrong by days, so that pages never ask it.

/** The server's time at the start of the device's monotonic clock. */
let origin = shellOrigin();

/** Returns it by the time that the server wrote into the page, just before the page began to arrive. */
function shellOrigin(): number {
	const at = Date.parse(document.documentElement.dataset["now"] ?? "") || Date.now();
	const [page] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
	return at - (page?.responseStart || performance.now());
}

/** Returns the server's time in milliseconds. */
export function now(): number {
	return origin + performance.now();
}

/**
 * Sets the clock by an answer, because the monotonic clock of a device may stand still while it sleeps. The time of an
 * answer is older than its arrival, by days if it comes from a cache: the latest one is the right one.
 */
export function hear(response: Response): void {
	const at = Date.parse(response.headers.get("Date") ?? "");
	if (at) origin = Math.max(origin, at - performance.now());
}
