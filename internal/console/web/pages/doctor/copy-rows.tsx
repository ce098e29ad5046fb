// Medicines of the doctor's earlier prescriptions, found by words, to be copied into a new one.

import { useId, useState } from "preact/hooks";
import { listWrittenPrescriptions, type Medication, type Prescription } from "../../api/operations";
import { announce } from "../../parts/announce";
import { List } from "../../parts/load";
import { shortDate, Time } from "../../parts/time";
import { t } from "../../text";
import { MedicationLine } from "./medications";
import { text } from "./text";

interface CopyProps {
	patientId: string;
	add: (medications: Medication[]) => void;
}

export function CopyRows({ patientId, add }: CopyProps) {
	const id = useId();
	const [isOpen, setOpen] = useState(false);
	const [asked, setAsked] = useState({ q: "", everybody: false });
	const copy = (rows: Medication[]): void => {
		add(rows);
		announce(text.copy.done(rows.length));
	};
	return (
		<details onToggle={(event) => setOpen(event.currentTarget.open)}>
			<summary>{text.copy.title}</summary>
			<form
				role="search"
				class="row"
				// What is looked for is nothing that leaving the page could lose.
				onInput={(event) => event.stopPropagation()}
				onSubmit={(event) => {
					event.preventDefault();
					const values = new FormData(event.currentTarget);
					setAsked({
						q: String(values.get("q") ?? "").trim(),
						everybody: values.get("whose") === "everybody",
					});
				}}
			>
				<div class="field">
					<label for={id + "q"}>{text.copy.search}</label>
					<input id={id + "q"} name="q" type="search" defaultValue="" />
				</div>
				<div class="field">
					<label for={id + "whose"}>{text.copy.whose}</label>
					<select id={id + "whose"} name="whose">
						<option value="patient">{text.copy.thisPatient}</option>
						<option value="everybody">{text.copy.everybody}</option>
					</select>
				</div>
				<button type="submit">{t.search}</button>
			</form>
			{isOpen && (
				<List
					op={listWrittenPrescriptions}
					params={{
						limit: 10,
						...(asked.q && { q: asked.q }),
						...(!asked.everybody && { patientId }),
					}}
					own={{ "validation-failed": `${text.copy.search}: ${t.tooLong([...asked.q].length, 200)}` }}
					empty={text.copy.none}
				>
					{(found) =>
						found.length === 0 ? (
							<p class="empty">{text.copy.further}</p>
						) : (
							<div aria-live="polite">
								{found.map((one) => (
									<Found key={one.id} prescription={one} copy={copy} />
								))}
							</div>
						)
					}
				</List>
			)}
		</details>
	);
}

/** One prescription, without the patient's name: to copy it, nobody needs to know whose it was. */
function Found({ prescription, copy }: { prescription: Prescription; copy: (rows: Medication[]) => void }) {
	const rows = prescription.medications;
	const date = shortDate(prescription.createdAt);
	return (
		<section aria-label={text.earlier.prescription(date)}>
			<h4>
				<Time at={prescription.createdAt} show="date" />
			</h4>
			<ul class="list">
				{rows.map((m, i) => (
					<li key={i}>
						<MedicationLine medication={m} />{" "}
						<button type="button" aria-label={text.copy.copyThis(m.name)} onClick={() => copy([m])}>
							{text.copy.copy}
						</button>
					</li>
				))}
			</ul>
			{rows.length > 1 && (
				<button type="button" aria-label={text.copy.copyAllOf(date)} onClick={() => copy(rows)}>
					{text.copy.copyAll}
				</button>
			)}
		</section>
	);
}
