import { useEffect, useState } from "preact/hooks";

/** Returns the time in milliseconds, and draws the component again as it passes. */
export function useNow(every: number): number {
	const [now, setNow] = useState(Date.now);
	useEffect(() => {
		const timer = setInterval(() => setNow(Date.now()), every);
		return () => clearInterval(timer);
	}, [every]);
	return now;
}
