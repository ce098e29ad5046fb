// How long something is left, by the server's clock.

import { useEffect, useRef } from "preact/hooks";
import { useServerNow } from "./server-clock";

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
	const now = useServerNow(1000);
	const seconds = now === null ? null : Math.max(0, Math.ceil((Date.parse(until) - now) / 1000));
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
