// Forms: what is typed stays whatever happens, a double click sends once, and faults are named beside their fields.

import { createContext, type ComponentChildren } from "preact";
import { useContext, useEffect, useId, useRef, useState } from "preact/hooks";
import { isFinal, isProblem, newKey, Problem, type Explanations } from "../api/call";
import { t } from "../text";
import { announce } from "./announce";
import { Refusal, explain, fieldOf } from "./refusal";

/** The fields of a form by name, as text; missing and empty fields are "". */
export class Values {
	constructor(private readonly data: FormData) {}

	text(name: string): string {
		return this.raw(name).trim();
	}

	/** A text exactly as it was typed, like a password. */
	raw(name: string): string {
		const value = this.data.get(name);
		return typeof value === "string" ? value : "";
	}

	/** The text, or undefined when it is empty. */
	optional(name: string): string | undefined {
		return this.text(name) || undefined;
	}

	/** The text, or null when it is empty, which clears a value. */
	nullable(name: string): string | null {
		return this.text(name) || null;
	}

	number(name: string): number {
		return Number(this.text(name));
	}

	checked(name: string): boolean {
		return this.data.get(name) !== null;
	}

	all(name: string): string[] {
		return this.data.getAll(name).map(String);
	}
}

/** Returns the message for a field, by the last part of its location. */
const Errors = createContext<(name: string) => string | undefined>(() => undefined);

interface FormProps {
	/**
	 * Sends the form. The key stays the same until what is typed changes, so that a retry isn't carried out twice. What
	 * it throws is shown.
	 */
	submit: (values: Values, key: string) => Promise<void>;
	/** The text of the button. */
	action: string;
	/** Said when it is done; nothing if it is empty. */
	done?: string;
	own?: Explanations;
	/** Shown with a refusal, like what else can be chosen. clear takes the refusal away. */
	onRefusal?: (error: unknown, clear: () => void) => ComponentChildren;
	children: ComponentChildren;
	/** Beside the button. */
	aside?: ComponentChildren;
	danger?: boolean;
	class?: string;
}

export function Form({
	submit,
	action,
	done,
	own = {},
	onRefusal,
	children,
	aside,
	danger,
	class: className,
}: FormProps) {
	const form = useRef<HTMLFormElement>(null);
	const { isBusy, error, send, renew, clear, sentAt } = useSending(done);

	const clearRefusal = (): void => {
		clear();
		// What had the focus goes away with it.
		form.current?.querySelector<HTMLElement>("[type=submit]")?.focus();
	};
	const faults = isProblem(error) ? error.errors : [];
	const faultOf = (name: string): string | undefined => faults.find((f) => fieldOf(f.location) === name)?.message;
	return (
		<form
			ref={form}
			class={className}
			onInput={renew}
			onSubmit={(event) => {
				event.preventDefault();
				// A second Enter means the first one, however quick the answer was.
				if (performance.now() < sentAt.current + 500) return;
				const element = event.currentTarget;
				void send((key) => {
					checkLengths(element);
					return submit(new Values(new FormData(element)), key);
				});
			}}
		>
			<Errors.Provider value={faultOf}>
				{children}
				{error !== null && (
					<Faults error={error} own={own} form={form.current} extra={onRefusal?.(error, clearRefusal)} />
				)}
				<div class="actions">
					<button
						type="submit"
						class={danger ? "danger" : "primary"}
						aria-disabled={isBusy}
						onClick={(event) => isSecond(event) && event.preventDefault()}
					>
						{isBusy ? t.sending : action}
					</button>
					{aside}
				</div>
			</Errors.Provider>
		</form>
	);
}

interface Sending {
	isBusy: boolean;
	/** What the last attempt threw, or null. */
	error: unknown;
	/** Runs what sends, unless it runs already. */
	send: (run: (key: string) => Promise<void>) => Promise<void>;
	/** Makes the next attempt another intention. */
	renew: () => void;
	/** Forgets what the last attempt threw. */
	clear: () => void;
	/** When it was last sent well, in milliseconds of performance.now(), unless something was typed since. */
	sentAt: { current: number };
}

/** Reports whether a click is the second of a double click: the first one may have put another button here. */
export function isSecond(event: MouseEvent): boolean {
	return event.detail > 1;
}

/** Sends one thing at a time, with the same key until it is answered. done is said afterwards. */
function useSending(done: string | undefined): Sending {
	const key = useRef(newKey());
	const busy = useRef(false);
	const [isBusy, setBusy] = useState(false);
	const sentAt = useRef(-Infinity);
	const [error, setError] = useState<unknown>(null);
	const renew = (): void => {
		key.current = newKey();
		sentAt.current = -Infinity;
	};
	const send = async (run: (key: string) => Promise<void>): Promise<void> => {
		if (busy.current) return;
		busy.current = true;
		setBusy(true);
		setError(null);
		try {
			await run(key.current);
			renew();
			sentAt.current = performance.now();
			if (done) announce(done);
		} catch (e) {
			if (isFinal(e)) renew();
			setError(e);
		} finally {
			busy.current = false;
			setBusy(false);
		}
	};
	return { isBusy, error, send, renew, clear: () => setError(null), sentAt };
}

/**
 * Throws Problem if texts are too long, counted as the server counts: by characters in their composed form. The
 * attribute maxlength would count emoji twice, and cut off the end of what is pasted.
 */
function checkLengths(form: HTMLFormElement): void {
	const errors = [];
	for (const { name, value, dataset } of form.elements as Iterable<HTMLInputElement>) {
		const max = Number(dataset["max"]);
		const length = max && [...value.trim().normalize()].length;
		if (length > max) errors.push({ location: name, message: t.tooLong(length, max) });
	}
	if (errors[0]) throw new Problem("validation-failed", 422, "", errors);
}

/** The refusal of a form. Faults of fields are named with links to them. */
function Faults({
	error,
	own,
	form,
	extra,
}: {
	error: unknown;
	own: Explanations;
	form: HTMLFormElement | null;
	extra?: ComponentChildren;
}) {
	const box = useRef<HTMLDivElement>(null);
	useEffect(() => box.current?.focus(), [error]);
	const faults = isProblem(error, "validation-failed") ? error.errors : [];
	if (faults.length === 0) {
		return (
			<div ref={box} tabIndex={-1}>
				<Refusal error={error} own={own}>
					{extra}
				</Refusal>
			</div>
		);
	}
	return (
		<div ref={box} tabIndex={-1} class="refusal" role="alert">
			<p>{t.fieldsWrong(faults.length)}</p>
			<ul>
				{faults.map((f) => {
					const name = fieldOf(f.location);
					const field = form?.elements.namedItem(name) as HTMLInputElement | null | undefined;
					const label = field?.labels?.[0]?.dataset["name"];
					return (
						<li key={f.location}>
							{label ? (
								<a
									href={"#" + name}
									onClick={(event) => {
										event.preventDefault();
										field?.focus();
									}}
								>
									{label}
								</a>
							) : (
								name
							)}
							: {f.message}
						</li>
					);
				})}
			</ul>
			{extra}
		</div>
	);
}

interface FieldProps {
	name: string;
	label: string;
	hint?: ComponentChildren;
	required?: boolean | undefined;
}

interface Described {
	id: string;
	"aria-describedby": string | undefined;
	"aria-invalid": boolean | undefined;
}

/** A label, its field, a hint, and the fault that the server found. */
function Labelled({
	name,
	label,
	hint,
	required,
	isCheck,
	children,
}: FieldProps & { isCheck?: boolean; children: (described: Described) => ComponentChildren }) {
	const id = useId();
	const fault = useContext(Errors)(name);
	const field = children({
		id,
		"aria-describedby": [hint && id + "-hint", fault && id + "-fault"].filter(Boolean).join(" ") || undefined,
		"aria-invalid": !!fault || undefined,
	});
	return (
		<div class={isCheck ? "field check" : "field"}>
			{isCheck && field}
			<label for={id} data-name={label}>
				{label}
				{!required && !isCheck && <span class="optional"> ({t.optional})</span>}
			</label>
			{hint && (
				<p class="hint" id={id + "-hint"}>
					{hint}
				</p>
			)}
			{!isCheck && field}
			{fault && (
				<p class="fault" id={id + "-fault"}>
					{fault}
				</p>
			)}
		</div>
	);
}

/** What a field of text may be told besides. initial is its value until somebody types. */
interface TextProps extends FieldProps {
	initial?: string | undefined;
	autocomplete?: AutoFill;
	/** The most characters that the server takes; more are kept, and named when the form is sent. */
	maxLength?: number;
	readOnly?: boolean;
	spellcheck?: boolean;
	onInput?: (event: InputEvent) => void;
}

/** The values of autocomplete that the console uses (HTML, "Autofill"). */
type AutoFill =
	| "off"
	| "name"
	| "username"
	| "current-password"
	| "new-password"
	| "one-time-code"
	| "tel"
	| "bday"
	| "street-address";

interface InputProps extends TextProps {
	type?: "text" | "email" | "password" | "tel" | "number" | "date" | "time" | "datetime-local" | "search" | "file";
	inputMode?: "numeric" | "decimal" | "text";
	min?: string | number;
	max?: string | number;
	step?: string | number;
	/** The id of a datalist with suggestions. */
	list?: string;
}

/** A field of one line. */
export function Field({ name, label, hint, required, initial, maxLength, type = "text", ...rest }: InputProps) {
	return (
		<Labelled name={name} label={label} hint={hint} required={required}>
			{(described) => (
				<input
					{...described}
					{...(rest as object)}
					type={type as "text"}
					name={name}
					required={required}
					defaultValue={initial}
					data-max={maxLength}
				/>
			)}
		</Labelled>
	);
}

/** A field of several lines. */
export function TextArea({
	name,
	label,
	hint,
	required,
	initial,
	maxLength,
	rows = 4,
	...rest
}: TextProps & { rows?: number }) {
	return (
		<Labelled name={name} label={label} hint={hint} required={required}>
			{(described) => (
				<textarea
					{...described}
					{...(rest as object)}
					rows={rows}
					name={name}
					required={required}
					defaultValue={initial}
					data-max={maxLength}
				/>
			)}
		</Labelled>
	);
}

interface SelectProps extends FieldProps {
	/** The values with their texts. */
	options: Array<[value: string, text: string]>;
	initial?: string | undefined;
	onChange?: (value: string) => void;
}

/** A choice among some values. Unless it is required and has a value, "Choose…" stands for none. */
export function Select({ name, label, hint, required, options, initial, onChange }: SelectProps) {
	return (
		<Labelled name={name} label={label} hint={hint} required={required}>
			{(described) => (
				<select
					{...described}
					name={name}
					required={required}
					onChange={(event) => onChange?.(event.currentTarget.value)}
				>
					{(!required || !initial) && <option value="">{t.choose}</option>}
					{options.map(([option, text]) => (
						<option key={option} value={option} selected={option === initial}>
							{text}
						</option>
					))}
				</select>
			)}
		</Labelled>
	);
}

interface CheckboxProps extends FieldProps {
	value?: string;
	initial?: boolean;
	onChange?: (isChecked: boolean) => void;
}

export function Checkbox({ name, label, hint, required, value, initial, onChange }: CheckboxProps) {
	return (
		<Labelled name={name} label={label} hint={hint} required={required} isCheck>
			{(described) => (
				<input
					{...described}
					type="checkbox"
					name={name}
					value={value}
					required={required}
					defaultChecked={initial}
					onChange={(event) => onChange?.(event.currentTarget.checked)}
				/>
			)}
		</Labelled>
	);
}

interface ActionProps {
	/** Does it, with a key for one intention. What it throws is shown beside the button. */
	run: (key: string) => Promise<void>;
	text: string;
	done?: string;
	own?: Explanations;
	class?: string;
	/** Says more than the text does, like "Cancel the visit of Tuesday". */
	label?: string;
}

/** A button that does one thing, once however often it is pressed. */
export function ActionButton({ run, text, done, own = {}, class: className, label }: ActionProps) {
	const { isBusy, error, send } = useSending(done);
	return (
		<>
			<button
				type="button"
				class={className}
				aria-label={label}
				aria-disabled={isBusy}
				onClick={(event) => isSecond(event) || void send(run)}
			>
				{isBusy ? t.sending : text}
			</button>
			{error !== null && (
				<span class="refusal inline" role="alert">
					{explain(error, own)}
				</span>
			)}
		</>
	);
}
