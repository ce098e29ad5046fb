// Medicines of this patient's earlier prescriptions, found by a word, to be copied into a new one.

import { useId, useState } from "preact/hooks";
import type { Medication, Prescription } from "../../api/operations";
import { announce } from "../../parts/announce";
import { shortDate, Time } from "../../parts/time";
import { describe } from "./medications";
import { text } from "./text";

interface CopyProps {
	earlier: Prescription[];
	add: (medications: Medication[]) => void;
}

function matches(m: Medication, words: string[]): boolean {
	const all = `${m.name} ${describe(m)}`.toLocaleLowerCase();
	return words.every((word) => all.includes(word));
}

export function CopyRows({ earlier, add }: CopyProps) {
	const id = useId();
	const [query, setQuery] = useState("");
	if (earlier.length === 0) return <p class="hint">{text.copy.none}</p>;
	const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
	const found = earlier
		.map((prescription) => ({ prescription, rows: prescription.medications.filter((m) => matches(m, words)) }))
		.filter(({ rows }) => rows.length > 0);
	const copy = (rows: Medication[]): void => {
		add(rows);
		announce(text.copy.done(rows.length));
	};
	return (
		<details>
			<summary>{text.copy.title}</summary>
			<div class="field" onInput={(event) => event.stopPropagation()}>
				<label for={id}>{text.copy.search}</label>
				<input
					id={id}
					type="search"
					defaultValue=""
					onInput={(event) => setQuery(event.currentTarget.value)}
				/>
			</div>
			<p class="small" role="status">
				{text.copy.found(found.reduce((n, { rows }) => n + rows.length, 0))}
			</p>
			{found.map(({ prescription, rows }) => (
				<section
					key={prescription.id}
					aria-label={text.earlier.prescription(shortDate(prescription.createdAt))}
				>
					<h4>
						<Time at={prescription.createdAt} show="date" />
					</h4>
					<ul class="list">
						{rows.map((m, i) => (
							<li key={i}>
								<strong>{m.name}</strong>: {describe(m)}{" "}
								<button
									type="button"
									aria-label={text.copy.copyThis(m.name)}
									onClick={() => copy([m])}
								>
									{text.copy.copy}
								</button>
							</li>
						))}
					</ul>
					{rows.length > 1 && (
						<button
							type="button"
							aria-label={text.copy.copyAllOf(shortDate(prescription.createdAt))}
							onClick={() => copy(rows)}
						>
							{text.copy.copyAll}
						</button>
					)}
				</section>
			))}
		</details>
	);
}
