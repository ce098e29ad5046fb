import { now } from "../../api/clock";
import { listFreeSlots } from "../../api/operations";
import { useLoad, Show } from "../../parts/load";
import { SlotLink } from "./free-times";
import { text } from "./text";

interface OtherTimesProps {
	doctorId: string;
	doctorName: string;
	dependantId?: string | undefined;
}

/** The next free times of a doctor, for when the chosen one is gone. */
export function OtherTimes({ doctorId, doctorName, dependantId }: OtherTimesProps) {
	const loaded = useLoad(listFreeSlots, {
		doctorId,
		to: new Date(Math.floor(now() / 86_400_000 + 60) * 86_400_000).toISOString(),
		limit: 6,
		dependantId,
	});
	return (
		<section aria-label={text.others}>
			<h2>{text.others}</h2>
			<Show loaded={loaded}>
				{({ items }) =>
					items.length === 0 ? (
						<p>{text.noOthers}</p>
					) : (
						<>
							<p class="hint">{text.othersHint}</p>
							<ul class="slots">
								{items.map((slot) => (
									<li key={slot.id}>
										<SlotLink slot={slot} withDay />
									</li>
								))}
							</ul>
						</>
					)
				}
			</Show>
			<p>
				<a href={`/doctors/${doctorId}`}>{text.allTimesOf(doctorName)}</a>
			</p>
		</section>
	);
}
