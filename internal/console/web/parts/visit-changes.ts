import { useEffect, useRef } from "preact/hooks";
import { isAboutVisits, onEvent } from "../api/events";

/** Runs something after visits have changed: once after several changes that follow each other, as after a leave. */
export function useVisitChanges(run: () => void): void {
	const latest = useRef(run);
	latest.current = run;
	useEffect(() => {
		let timer = 0;
		const end = onEvent((change) => {
			if (!isAboutVisits(change)) return;
			clearTimeout(timer);
			timer = setTimeout(() => latest.current(), 500);
		});
		return () => {
			clearTimeout(timer);
			end();
		};
	}, []);
}
