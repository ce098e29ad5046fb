// Who comes to a visit, and what this doctor did for them before.

import type { ComingPatient, EarlierVisit } from "../../api/operations";
import { Show, type Loaded } from "../../parts/load";
import { shortDate, Time } from "../../parts/time";
import { Name, Status } from "../../parts/value";
import { t } from "../../text";
import { MedicationList } from "./medications";
import { text } from "./text";

export function Patient({ loaded }: { loaded: Loaded<ComingPatient> }) {
	return (
		<section aria-labelledby="patient">
			<h2 id="patient">{text.who.title}</h2>
			<Show loaded={loaded} own={{ "consent-required": text.who.noConsent, "not-found": text.who.over }}>
				{(patient) => (
					<dl>
						<dt>{text.who.name}</dt>
						<dd>
							<Name>{patient.fullName}</Name>
						</dd>
						<dt>{text.who.age}</dt>
						<dd>{patient.age === null ? text.who.unknown : text.who.years(patient.age)}</dd>
						<dt>{text.who.gender}</dt>
						<dd>{patient.gender ? t.genders[patient.gender] : text.who.unknown}</dd>
						<dt>{text.who.language}</dt>
						<dd>{text.who.languages[patient.language]}</dd>
						{patient.bookedBy && (
							<>
								<dt>{text.who.bookedBy}</dt>
								<dd>
									<Name>{patient.bookedBy.fullName}</Name> ({text.who.isA[patient.bookedBy.relation]}
									{patient.bookedBy.isGuardian && ", " + text.who.guardian})
								</dd>
							</>
						)}
						<dt>{text.who.kind}</dt>
						<dd>
							{patient.visits.some((v) => v.status === "COMPLETED") ? text.who.followUp : text.who.first}
						</dd>
					</dl>
				)}
			</Show>
		</section>
	);
}

export function EarlierVisits({ visits }: { visits: EarlierVisit[] }) {
	return (
		<section aria-labelledby="earlier">
			<h2 id="earlier">{text.earlier.title}</h2>
			{visits.length === 0 && <p class="empty">{text.earlier.none}</p>}
			{visits.map((visit) => (
				<details key={visit.consultationId} class="card">
					<summary>
						<Time at={visit.startTime} /> <Status status={visit.status} />
					</summary>
					<h3>{text.notes.title}</h3>
					<p class={visit.notes ? "text" : "empty"}>{visit.notes || text.notes.none}</p>
					{visit.prescriptions.map((prescription) => (
						<div key={prescription.id}>
							<h3>{text.earlier.prescription(shortDate(prescription.createdAt))}</h3>
							{prescription.supersededBy && <p class="small">{text.rx.superseded}</p>}
							<MedicationList prescription={prescription} />
							<p>
								<a href={"/prescriptions/" + prescription.id}>
									{text.rx.open(shortDate(prescription.createdAt))}
								</a>
							</p>
						</div>
					))}
					<p>
						<a href={"/consultations/" + visit.consultationId}>
							{text.earlier.open(shortDate(visit.startTime))}
						</a>
					</p>
				</details>
			))}
		</section>
	);
}
