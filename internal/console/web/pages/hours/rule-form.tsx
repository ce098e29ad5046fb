// The form of a rule, in plain words, beside its preview.

import { useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { isProblem } from "../../api/call";
import type { Rule, RuleRequest } from "../../api/operations";
import { Checkbox, Field, Form, Select, Values } from "../../parts/form";
import { NumberField } from "../../parts/number-field";
import { addDays, currentDay, plainDate, zone } from "../../parts/time";
import { knownZone, zoneNames, zoneOptions } from "../../parts/zones";
import { refusal, refuse } from "./fault";
import { Preview } from "./preview";
import { daysInWords, daysOf, faultsOf, inWords, rruleOf, wallClock, weekdayName, weekdays } from "./rule";
import { text } from "./text";

/** Returns what the form begins with when a doctor writes new hours. */
export function newRule(): RuleRequest {
	return {
		rrule: "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
		startTime: "09:00",
		endTime: "13:00",
		slotMinutes: 30,
		bufferMinutes: 0,
		maxPatients: 1,
		validFrom: currentDay(),
		timezone: zone(),
	};
}

/** Times that many doctors have. */
const presets: Array<Pick<RuleRequest, "rrule" | "startTime" | "endTime">> = [
	["MO,TU,WE,TH,FR", "09:00", "13:00"],
	["MO,TU,WE,TH,FR", "09:00", "17:00"],
	["MO,TU,WE,TH,FR,SA", "10:00", "14:00"],
	["MO,TU,WE,TH,FR", "17:00", "20:00"],
].map(([days, startTime = "", endTime = ""]) => ({ rrule: "FREQ=WEEKLY;BYDAY=" + days, startTime, endTime }));

function ruleOf(values: Values): RuleRequest {
	const days = values.all("day");
	const validTo = values.optional("validTo");
	const endTime = values.text("endTime");
	return {
		rrule: rruleOf({ days, interval: values.number("interval") }),
		startTime: values.text("startTime"),
		endTime: endTime === "00:00" ? "24:00" : endTime,
		slotMinutes: values.number("slotMinutes"),
		bufferMinutes: values.number("bufferMinutes"),
		maxPatients: values.number("maxPatients") || 1,
		validFrom: values.text("validFrom"),
		timezone: values.text("timezone"),
		...(validTo && { validTo }),
	};
}

/** Says in words which hours a rule overlaps; the server names them by their id. */
function explainOverlap(error: unknown, rules: Rule[]): unknown {
	const fault = isProblem(error) && error.errors.find((f) => f.location === "body.rrule");
	if (!fault) return error;
	const [, id, day] = /overlaps your rule (\S+) on (\d{4}-\d\d-\d\d)/.exec(fault.message) ?? [];
	const other = rules.find((rule) => rule.id === id);
	if (!day) return refusal(fault.message);
	return refusal(other ? text.overlaps(inWords(other), plainDate(day)) : text.overlapsOther(plainDate(day)));
}

interface RuleFormProps {
	initial: RuleRequest;
	/** The doctor's rules, which the new one may overlap. */
	rules: Rule[];
	action: string;
	save: (rule: RuleRequest, key: string) => Promise<void>;
	aside?: ComponentChildren;
	/** Loads the rule anew after somebody else changed it. */
	changed?: () => void;
}

export function RuleForm({ initial, rules, action, save, aside, changed }: RuleFormProps) {
	const box = useRef<HTMLDivElement>(null);
	const [rule, setRule] = useState(initial);
	// A preset begins the form anew with what is typed and its own days and times.
	const [start, setStart] = useState({ rule: initial, round: 0 });
	const typed = (): RuleRequest => {
		const form = box.current?.querySelector("form");
		return form ? ruleOf(new Values(new FormData(form))) : rule;
	};
	const apply = (preset: Partial<RuleRequest>): void => {
		const next = { ...typed(), ...preset };
		setStart({ rule: next, round: start.round + 1 });
		setRule(next);
	};
	const submit = async (values: Values, key: string): Promise<void> => {
		const next = ruleOf(values);
		if (values.all("day").length === 0) throw refusal(text.noDays);
		refuse(faultsOf(next));
		try {
			await save(next, key);
		} catch (error) {
			throw explainOverlap(error, rules);
		}
	};
	return (
		<div class="columns">
			<div ref={box} onInput={() => setRule(typed())}>
				<div role="group" aria-label={text.presets} class="presets">
					<p class="hint">{text.presets}</p>
					{presets.map((preset) => (
						<button
							key={preset.rrule + preset.startTime + preset.endTime}
							type="button"
							onClick={() => apply(preset)}
						>
							{presetName(preset)}
						</button>
					))}
				</div>
				<Form
					key={start.round}
					action={action}
					submit={submit}
					own={{
						"too-many-rules": text.tooManyRules,
						"doctor-not-approved": text.applyFirst,
					}}
					aside={
						<>
							{aside}
							<a class="below" href="#preview">
								{text.seePreview}
							</a>
						</>
					}
					onRefusal={(error) =>
						changed &&
						isProblem(error, "precondition-failed") && (
							<button type="button" onClick={changed}>
								{text.loadAnew}
							</button>
						)
					}
				>
					<RuleFields rule={start.rule} />
				</Form>
			</div>
			<Preview rule={rule} />
		</div>
	);
}

function presetName(preset: Pick<RuleRequest, "rrule" | "startTime" | "endTime">): string {
	const days = daysOf({ ...preset, validFrom: "2026-01-05" });
	return `${days ? daysInWords(days) : ""}, ${wallClock(preset.startTime)} – ${wallClock(preset.endTime)}`;
}

function RuleFields({ rule }: { rule: RuleRequest }) {
	const { days, interval } = daysOf(rule) ?? { days: [], interval: 1 };
	const chosen = rule.rrule.endsWith("BYDAY=") ? [] : days;
	const intervals = [...new Set([1, 2, 3, 4, interval])].sort((a, b) => a - b);
	const lastDay = addDays(currentDay(), 365);
	return (
		<>
			<fieldset>
				<legend>{text.onDays}</legend>
				<div class="days">
					{weekdays.map((day) => (
						<Checkbox
							key={day}
							name="day"
							value={day}
							label={weekdayName(day)}
							initial={chosen.includes(day)}
						/>
					))}
				</div>
				<Select
					name="interval"
					label={text.repeats}
					required
					initial={String(interval)}
					options={intervals.map((n) => [String(n), text.everyNWeeks(n)])}
				/>
			</fieldset>
			<fieldset>
				<legend>{text.atTimes}</legend>
				<div class="row">
					<Field name="startTime" label={text.startTime} type="time" required initial={rule.startTime} />
					<Field
						name="endTime"
						label={text.endTime}
						type="time"
						required
						initial={rule.endTime === "24:00" ? "00:00" : rule.endTime}
					/>
				</div>
				<SlotFields
					slotMinutes={rule.slotMinutes}
					bufferMinutes={rule.bufferMinutes}
					maxPatients={rule.maxPatients}
				/>
			</fieldset>
			<fieldset>
				<legend>{text.period}</legend>
				<div class="row">
					<Field
						name="validFrom"
						label={text.validFrom}
						type="date"
						required
						initial={rule.validFrom}
						min="2000-01-01"
						max={lastDay}
					/>
					<Field
						name="validTo"
						label={text.validTo}
						type="date"
						initial={rule.validTo ?? undefined}
						max={addDays(currentDay(), 3650)}
					/>
				</div>
				<Select
					name="timezone"
					label={text.timezone}
					hint={text.timezoneHint}
					required
					initial={knownZone(rule.timezone)}
					options={zoneOptions(zoneNames(zone(), rule.timezone, "UTC"))}
				/>
			</fieldset>
		</>
	);
}

interface SlotFieldsProps {
	slotMinutes?: number | undefined;
	bufferMinutes?: number | undefined;
	maxPatients?: number | undefined;
}

/** How hours are cut into times that patients can book. */
export function SlotFields({ slotMinutes = 30, bufferMinutes = 0, maxPatients = 1 }: SlotFieldsProps) {
	return (
		<div class="row">
			<NumberField
				name="slotMinutes"
				label={text.slotMinutes}
				min={5}
				max={480}
				required
				initial={slotMinutes}
			/>
			<NumberField
				name="bufferMinutes"
				label={text.bufferMinutes}
				min={0}
				max={480}
				required
				initial={bufferMinutes}
			/>
			<NumberField
				name="maxPatients"
				label={text.maxPatients}
				min={1}
				max={100}
				required
				initial={maxPatients}
			/>
		</div>
	);
}
