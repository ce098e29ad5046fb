// Free times as buttons, for a form that takes one of them.

import type { FreeSlot } from "../api/operations";
import { clock, fullTime } from "./time";

interface SlotButtonsProps {
	slots: FreeSlot[];
	chosen: FreeSlot | null;
	choose: (slot: FreeSlot) => void;
}

/** Times as buttons, one of which is pressed. */
export function SlotButtons({ slots, chosen, choose }: SlotButtonsProps) {
	return (
		<ul class="slots">
			{slots.map((slot) => (
				<li key={slot.id}>
					<button
						type="button"
						aria-pressed={slot.id === chosen?.id}
						aria-label={fullTime(slot.startTime)}
						onClick={(event) => {
							choose(slot);
							// Another time is another intention of the form around.
							event.currentTarget.form?.dispatchEvent(new Event("input"));
						}}
					>
						{clock(slot.startTime)}
					</button>
				</li>
			))}
		</ul>
	);
}
