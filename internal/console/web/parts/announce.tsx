// What screen readers hear and everybody sees for a moment: "Saved.".

import { useEffect, useState } from "preact/hooks";

let show: (text: string) => void = () => undefined;

/** Says that something is done. */
export function announce(text: string): void {
	show(text);
}

export function Announcer() {
	const [text, setText] = useState("");
	useEffect(() => {
		let timer = 0;
		show = (next) => {
			setText("");
			clearTimeout(timer);
			// A change from empty is heard also when the same is said again.
			requestAnimationFrame(() => setText(next));
			timer = setTimeout(() => setText(""), 8000);
		};
		return () => clearTimeout(timer);
	}, []);
	return (
		<div class={text ? "announcement" : "announcement empty"} role="status" aria-live="polite">
			{text}
		</div>
	);
}
