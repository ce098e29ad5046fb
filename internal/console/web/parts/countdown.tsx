// How long something is left, by the server's clock: that of the device may be wrong by days.

import { useEffect, useRef, useState } from "preact/hooks";

/** The server's time at the start of the device's monotonic clock, or null as long as it isn't known. */
let origin: number | null = null;

/** Asks the server for its time. Without an answer, the clock of the device stands in. */
async function synchronize(): Promise<void> {
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

function secondsUntil(at: string): number | null {
	return origin === null ? null : Math.max(0, Math.ceil((Date.parse(at) - origin - performance.now()) / 1000));
}

/** Returns the seconds that are left, or null as long as the server's time isn't known. */
function useSeconds(until: string): number | null {
	const [seconds, setSeconds] = useState(() => secondsUntil(until));
	useEffect(() => {
		const tick = (): void => setSeconds(secondsUntil(until));
		const again = (): void => void synchronize().then(tick);
		// While a device sleeps, its monotonic clock may stand still.
		const wake = (): void => void (document.visibilityState === "visible" && again());
		const timer = setInterval(tick, 1000);
		document.addEventListener("visibilitychange", wake);
		again();
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
	const mark = seconds === null ? undefined : [1, 2, 5, 10].find((minutes) => seconds <= minutes * 60);
	return (
		<>
			<p class="countdown" role="timer" aria-live="off">
				{seconds === null ? line("…") : line(minutesAndSeconds(seconds))}
			</p>
			<p class="hidden" role="status">
				{mark && !isOver ? say(mark) : ""}
			</p>
		</>
	);
}
