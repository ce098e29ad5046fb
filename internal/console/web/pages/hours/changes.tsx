import { useEffect, useRef } from "preact/hooks";
import type { ComponentChildren } from "preact";
import type { SlotChanges } from "../../api/operations";
import { clock, fullTime, zone } from "../../parts/time";
import { text } from "./text";

interface ChangesProps {
	/** What was done, like "Your hours are saved." */
	title: string;
	slots: SlotChanges;
	/** What it means that visits are in times that are closed. */
	outside?: ((n: number) => string) | undefined;
	/** Said when no time was opened or closed. */
	nothing?: string | undefined;
	children?: ComponentChildren;
}

/** What a change did to the times that patients can book. The focus goes there. */
export function Changes({ title, slots, outside = text.outside, nothing = text.noChange, children }: ChangesProps) {
	const box = useRef<HTMLDivElement>(null);
	useEffect(() => box.current?.focus(), [slots]);
	const done = [
		slots.made > 0 && text.made(slots.made),
		slots.removed > 0 && text.removed(slots.removed),
		slots.made === 0 && slots.removed === 0 && nothing,
	].filter(Boolean);
	return (
		<div ref={box} tabIndex={-1} class="result">
			<div class="note">
				<p>
					<strong>{title}</strong> {done.join(" ")}
				</p>
				{children}
			</div>
			{slots.outside.length > 0 && (
				<div class="warning">
					<p>{outside(slots.outside.length)}</p>
					<ul>
						{slots.outside.map((visit) => (
							<li key={visit.consultationId}>
								<a href={"/consultations/" + visit.consultationId}>
									{text.visitAt(fullTime(visit.startTime))}
								</a>
							</li>
						))}
					</ul>
				</div>
			)}
			{slots.leftOut.length > 0 && (
				<details class="warning">
					<summary>{text.leftOut(slots.leftOut.length)}</summary>
					<ul>
						{slots.leftOut.map((times) => (
							<li key={times.startTime}>
								{fullTime(times.startTime)} – {clock(times.endTime, zone())}
							</li>
						))}
					</ul>
				</details>
			)}
		</div>
	);
}
