// How long something is left, by the server's clock.

import { useEffect, useRef, useState } from "preact/hooks";
import { hear, now } from "../api/clock";

/** Asks the server for its time. */
async function synchronize(): Promise<void> {
	try {
		hear(await fetch("/health/live", { cache: "no-store" }));
	} catch {
		// Offline: what was known before goes on.
	}
}

function secondsUntil(at: string): number {
	// The clock may be a second behind: rather too little is left than too much.
	return Math.max(0, Math.floor((Date.parse(at) - now()) / 1000));
}

/** Returns the seconds that are left. */
function useSeconds(until: string): number {
	const [seconds, setSeconds] = useState(() => secondsUntil(until));
	useEffect(() => {
		const tick = (): void => setSeconds(secondsUntil(until));
		// While a device sleeps, its monotonic clock may stand still.
		const wake = (): void => void (document.visibilityState === "visible" && synchronize().then(tick));
		const timer = setInterval(tick, 1000);
		document.addEventListener("visibilitychange", wake);
		return () => {
			clearInterval(timer);
			document.removeEventListener("visibilitychange", wake);
		};
	}, [until]);
	return seconds;
}

/** Returns "12:05". */
function minutesAndSeconds(seconds: number): string {
	return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

interface CountdownProps {
	until: string;
	/** The line that is shown, with what is left. */
	line: (left: string) => string;
	/** What screen readers hear at ten, five, two and one minutes. */
	say: (minutes: number) => string;
	/** Called once when nothing is left. */
	onOver: () => void;
}

/** A line that changes each second, and is heard only a few times. */
export function Countdown({ until, line, say, onOver }: CountdownProps) {
	const seconds = useSeconds(until);
	const isOver = seconds === 0;
	const over = useRef(onOver);
	over.current = onOver;
	useEffect(() => {
		if (isOver) over.current();
	}, [isOver]);
	const mark = [1, 2, 5, 10].find((minutes) => seconds <= minutes * 60);
	return (
		<>
			<p class="countdown" role="timer" aria-live="off">
				{line(minutesAndSeconds(seconds))}
			</p>
			<p class="hidden" role="status">
				{mark && !isOver ? say(mark) : ""}
			</p>
		</>
	);
}
