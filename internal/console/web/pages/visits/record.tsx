// What a visit left behind: notes that the doctor shared, and prescriptions.

import { listAddenda, listConsultationPrescriptions, type Consultation } from "../../api/operations";
import { Joined } from "../../parts/joined";
import { Show, useLoad } from "../../parts/load";
import { Time, clock, shortDate } from "../../parts/time";
import { about } from "./shared";
import { text } from "./text";

export function NotesPart({ visit }: { visit: Consultation }) {
	const addenda = useLoad(listAddenda, { id: visit.id }, about(visit.id));
	return (
		<section aria-labelledby="notes">
			<h2 id="notes">{text.notes}</h2>
			{visit.notes && <p class="text card">{visit.notes}</p>}
			<Show loaded={addenda}>
				{(data) => (
					<>
						{!visit.notes && data.items.length === 0 && <p class="empty">{text.noNotes}</p>}
						<div class="list">
							{data.items.map((addendum) => (
								<article key={addendum.id} class="card">
									<h3>
										{text.addendum(addendum.authorName ?? "")}, <Time at={addendum.createdAt} />
									</h3>
									<p class="text">{addendum.text}</p>
								</article>
							))}
						</div>
					</>
				)}
			</Show>
		</section>
	);
}

export function PrescriptionsPart({ visit }: { visit: Consultation }) {
	const list = useLoad(listConsultationPrescriptions, { consultationId: visit.id }, about(visit.id));
	return (
		<section aria-labelledby="prescriptions">
			<h2 id="prescriptions">{text.prescriptions}</h2>
			<Show loaded={list}>
				{(data) =>
					data.items.length === 0 ? (
						<p class="empty">{text.noPrescriptionHere}</p>
					) : (
						<ul class="list">
							{data.items.map((p) => (
								<li key={p.id}>
									<a href={"/prescriptions/" + p.id}>
										{text.prescriptionOf(`${shortDate(p.createdAt)}, ${clock(p.createdAt)}`)}
									</a>
									: <Joined of={p.medications.map((m) => m.name)} by=", " />{" "}
									{p.supersededBy && <span class="chip">{text.superseded}</span>}
								</li>
							))}
						</ul>
					)
				}
			</Show>
		</section>
	);
}
