// The server's time: the clock of the device may be wrong by days.

import { useEffect, useState } from "preact/hooks";

/** The server's time at the start of the device's monotonic clock, or null as long as it isn't known. */
let origin: number | null = null;

/** Asks the server for its time. Without an answer, the clock of the device stands in. */
async function ask(): Promise<void> {
	try {
		const response = await fetch("/health/live", { cache: "no-store" });
		const date = Date.parse(response.headers.get("Date") ?? "");
		// The header leaves out what is below a second: rather too little is left than too much.
		if (date) origin = date + 1000 - performance.now();
	} catch {
		// Offline: what was known before goes on.
	}
	origin ??= Date.now() - performance.now();
}

function serverNow(): number | null {
	return origin === null ? null : origin + performance.now();
}

/**
 * Returns the server's time in milliseconds, and draws the component again as it passes; null as long as it isn't
 * known.
 */
export function useServerNow(every: number): number | null {
	const [now, setNow] = useState(serverNow);
	useEffect(() => {
		const tick = (): void => setNow(serverNow());
		const again = (): void => void ask().then(tick);
		// While a device sleeps, its monotonic clock may stand still.
		const wake = (): void => void (document.visibilityState === "visible" && again());
		const timer = setInterval(tick, every);
		document.addEventListener("visibilitychange", wake);
		again();
		return () => {
			clearInterval(timer);
			document.removeEventListener("visibilitychange", wake);
		};
	}, [every]);
	return now;
}
