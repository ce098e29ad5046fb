import { useEffect, useState } from "preact/hooks";
import { now } from "../api/clock";

/** Returns the server's time in milliseconds, and draws the component again as it passes. */
export function useNow(every: number): number {
	const [at, setAt] = useState(now);
	useEffect(() => {
		const timer = setInterval(() => setAt(now()), every);
		return () => clearInterval(timer);
	}, [every]);
	return at;
}
