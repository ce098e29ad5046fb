// The medicines of a prescription, in words.

import type { Medication, Prescription } from "../../api/operations";
import { Joined } from "../../parts/joined";
import { Name } from "../../parts/value";
import { t } from "../../text";
import { text } from "./text";

/** One medicine and how it is taken, on a line. */
export function MedicationLine({ medication: m }: { medication: Medication }) {
	const days = m.durationDays ? text.rx.forDays(t.days(m.durationDays)) : "";
	return (
		<>
			<strong>
				<Name>{m.name}</Name>
			</strong>
			: <Joined of={[m.dosage, m.frequency, days, m.route, m.instructions]} by=" · " />
		</>
	);
}

export function MedicationList({ prescription }: { prescription: Prescription }) {
	return (
		<>
			<ul>
				{prescription.medications.map((m, i) => (
					<li key={i}>
						<MedicationLine medication={m} />
					</li>
				))}
			</ul>
			{prescription.advice && (
				<>
					<p>{text.rx.advice}:</p>
					<p class="text">{prescription.advice}</p>
				</>
			)}
		</>
	);
}
