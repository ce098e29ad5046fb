// The form for a prescription: a row for each medicine.

import { useEffect, useRef, useState } from "preact/hooks";
import { call } from "../../api/call";
import { writePrescription, type Medication, type Prescription } from "../../api/operations";
import { announce } from "../../parts/announce";
import { Field, Form, TextArea, type Values } from "../../parts/form";
import { NumberField } from "../../parts/number-field";
import { CopyRows } from "./copy-rows";
import { text } from "./text";
import { useUnsaved } from "./unsaved";

interface Row {
	/** Stays the same while rows before it come and go. */
	key: number;
	initial: Partial<Medication>;
}

interface WriterProps {
	consultationId: string;
	corrects: Prescription | null;
	patientId: string;
	close: () => void;
	done: (made: Prescription) => void;
}

const most = 50;

export function Writer({ consultationId, patientId, corrects, close, done }: WriterProps) {
	const box = useRef<HTMLDivElement>(null);
	const count = useRef(0);
	const isTyped = useRef(false);
	const focus = useRef<number | null>(0);
	const row = (initial: Partial<Medication>): Row => ({ key: count.current++, initial });
	const [rows, setRows] = useState<Row[]>(() => (corrects?.medications ?? [{}]).map(row));
	useUnsaved("prescription", () => isTyped.current);
	useEffect(() => {
		if (focus.current === null) return;
		box.current?.querySelectorAll<HTMLElement>("fieldset")[focus.current]?.querySelector("input")?.focus();
		focus.current = null;
	});
	const change = (next: Row[], focused: number): void => {
		focus.current = focused;
		setRows(next);
		// The form takes this as typing: what is sent isn't the same as before.
		box.current?.querySelector("form:not([role])")?.dispatchEvent(new Event("input", { bubbles: true }));
	};
	const add = (medications: Array<Partial<Medication>>): void => {
		// An empty first row gives way to what is copied.
		const fields = [...(box.current?.querySelectorAll<HTMLInputElement>("fieldset input") ?? [])];
		const isEmpty = rows.length === 1 && fields.every((field) => !field.value.trim());
		const kept = isEmpty && medications[0]?.name ? [] : rows;
		const added = medications.slice(0, most - kept.length).map(row);
		change([...kept, ...added], kept.length);
	};
	const remove = (i: number): void => {
		change(
			rows.filter((_, n) => n !== i),
			Math.min(i, rows.length - 2),
		);
		announce(text.rx.removed(i + 1));
	};
	const leave = (): void => {
		if (isTyped.current && !confirm(text.rx.closeSure)) return;
		close();
	};
	return (
		<div ref={box} class="card" onInput={() => void (isTyped.current = true)}>
			<h3>{corrects ? text.rx.correction : text.rx.new}</h3>
			{corrects && <p class="hint">{text.rx.correctionHint}</p>}
			<CopyRows patientId={patientId} add={add} />
			<Form
				action={text.rx.write}
				own={{
					"prescription-not-possible": text.rx.tooLate,
					"already-superseded": text.rx.alreadyCorrected,
					"doctor-not-approved": text.steps.notApproved,
				}}
				aside={
					<button type="button" onClick={leave}>
						{text.rx.close}
					</button>
				}
				submit={async (values, key) => {
					const advice = values.optional("advice");
					const { data } = await call(
						writePrescription,
						{},
						{
							consultationId,
							medications: rows.map((_, i) => medicationOf(values, i)),
							...(advice && { advice }),
							...(corrects && { supersedes: corrects.id }),
						},
						{ idempotencyKey: key },
					);
					isTyped.current = false;
					done(data);
				}}
			>
				{rows.map((one, i) => (
					<MedicationRow
						key={one.key}
						i={i}
						initial={one.initial}
						remove={rows.length > 1 ? remove : null}
					/>
				))}
				{rows.length < most ? (
					<button type="button" onClick={() => add([{}])}>
						{text.rx.add}
					</button>
				) : (
					<p>{text.rx.most(most)}</p>
				)}
				<TextArea
					name="advice"
					label={text.rx.advice}
					hint={text.rx.adviceHint}
					initial={corrects?.advice ?? undefined}
					maxLength={5000}
				/>
			</Form>
		</div>
	);
}

function medicationOf(values: Values, i: number): Medication {
	const field = (name: string): string => values.text(`medications[${i}].${name}`);
	const route = field("route");
	const instructions = field("instructions");
	return {
		name: field("name"),
		dosage: field("dosage"),
		frequency: field("frequency"),
		...(field("durationDays") && { durationDays: Number(field("durationDays")) }),
		...(route && { route }),
		...(instructions && { instructions }),
	};
}

interface RowProps {
	i: number;
	initial: Partial<Medication>;
	remove: ((i: number) => void) | null;
}

function MedicationRow({ i, initial, remove }: RowProps) {
	const name = (field: string): string => `medications[${i}].${field}`;
	return (
		<fieldset>
			<legend>{text.rx.row(i + 1)}</legend>
			<div class="row">
				<Field name={name("name")} label={text.rx.name} initial={initial.name} maxLength={200} required />
				<Field
					name={name("dosage")}
					label={text.rx.dosage}
					hint={text.rx.dosageHint}
					initial={initial.dosage}
					maxLength={200}
					required
				/>
				<Field
					name={name("frequency")}
					label={text.rx.frequency}
					hint={text.rx.frequencyHint}
					initial={initial.frequency}
					maxLength={200}
					required
				/>
				<NumberField
					name={name("durationDays")}
					label={text.rx.days}
					min={1}
					max={730}
					initial={initial.durationDays}
				/>
				<Field name={name("route")} label={text.rx.route} initial={initial.route} maxLength={200} />
			</div>
			<Field
				name={name("instructions")}
				label={text.rx.instructions}
				initial={initial.instructions}
				maxLength={2000}
			/>
			{remove && (
				<button type="button" aria-label={text.rx.removeRow(i + 1)} onClick={() => remove(i)}>
					{text.rx.remove}
				</button>
			)}
		</fieldset>
	);
}
