// The medicines of a prescription, in words.

import type { Medication, Prescription } from "../../api/operations";
import { t } from "../../text";
import { text } from "./text";

export function describe(m: Medication): string {
	const days = m.durationDays ? text.rx.forDays(t.days(m.durationDays)) : "";
	return [m.dosage, m.frequency, days, m.route, m.instructions].filter(Boolean).join(" · ");
}

export function MedicationList({ prescription }: { prescription: Prescription }) {
	return (
		<>
			<ul>
				{prescription.medications.map((m, i) => (
					<li key={i}>
						<strong>{m.name}</strong>: {describe(m)}
					</li>
				))}
			</ul>
			{prescription.advice && (
				<p class="text">
					{text.rx.advice}: {prescription.advice}
				</p>
			)}
		</>
	);
}
