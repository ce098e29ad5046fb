// What several pages of support share: links to people and visits, and questions before an action.

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { isProblem, read } from "../../api/call";
import { readConsultation, readUser, type Consultation } from "../../api/operations";
import { Dialog } from "../../parts/dialog";
import { Form, Select, type Values } from "../../parts/form";
import type { Loaded } from "../../parts/load";
import { Refusal, type Explanations } from "../../parts/refusal";
import { addDays, dayOf, zone } from "../../parts/time";
import { Name } from "../../parts/value";
import { setQuery } from "../../router";
import { currentUser } from "../../session";
import { t } from "../../text";
import { text } from "./text";

export function isAdmin(): boolean {
	return currentUser()?.role === "ADMIN";
}

/** Returns an id that an address names; "" when it can't be one. */
export function idOf(value: string | null): string {
	return value && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value) ? value : "";
}

/** Returns the instant at which a day begins in the user's zone; "" for none. */
export function beginOf(day: string): string {
	if (!/^\d{4}-\d\d-\d\d$/.test(day) || Number.isNaN(Date.parse(day)) || addDays(day, 0) !== day) return "";
	// The offset of a zone is a multiple of a quarter of an hour between -12 and +14 hours.
	const midnight = Date.parse(day + "T00:00:00Z");
	for (let quarter = -56; quarter <= 48; quarter++) {
		const at = new Date(midnight + quarter * 900_000);
		if (dayOf(at, zone()) === day) return at.toISOString();
	}
	return "";
}

interface MissingProps<Out> {
	loaded: Loaded<Out>;
	/** What is said when there is no such thing, and where to look for it. */
	text: string;
	href: string;
	link: string;
	children: ComponentChildren;
}

/** Shows what was read, unless there is no such thing: then trying again is of no use. */
export function OrMissing<Out>({ loaded, text: missing, href, link, children }: MissingProps<Out>) {
	if (loaded.data !== undefined || !isProblem(loaded.error, "validation-failed", "not-found"))
		return <>{children}</>;
	return (
		<Refusal error={loaded.error} own={{ "validation-failed": missing, "not-found": missing }}>
			<a href={href}>{link}</a>
		</Refusal>
	);
}

/** Moves the focus to an element after a dialog has closed, which gives it back to its button first. */
export function focusSoon(id: string): void {
	setTimeout(() => document.getElementById(id)?.focus(), 100);
}

// Every reading is audited: a name that is shown in many rows is read once.
const names = new Map<string, Promise<string>>();

/** A link to a person, with their name when it can be read. */
export function PersonLink({ id, name }: { id: string; name?: string | undefined }) {
	const [found, setFound] = useState(name ?? "");
	useEffect(() => {
		if (name) return setFound(name);
		let isWanted = true;
		const user = currentUser();
		if (user?.id === id) return setFound(user.fullName);
		let asked = names.get(id);
		if (!asked) {
			asked = read(readUser, { id }).then(({ data }) => data.fullName);
			asked.catch(() => names.delete(id));
			names.set(id, asked);
		}
		asked.then(
			(n) => isWanted && setFound(n),
			() => undefined,
		);
		return () => void (isWanted = false);
	}, [id, name]);
	return <a href={"/people/" + id}>{found ? <Name>{found}</Name> : text.openPerson}</a>;
}

/** Reads a visit for a row of a list; null until it is there, or when it can't be read. */
export function useVisit(id: string): Consultation | null {
	const [visit, setVisit] = useState<Consultation | null>(null);
	useEffect(() => {
		const abort = new AbortController();
		read(readConsultation, { id }, { signal: abort.signal }).then(
			({ data }) => setVisit(data),
			() => undefined,
		);
		return () => abort.abort();
	}, [id]);
	return visit;
}

interface AskProps {
	button: string;
	/** Says which one, when there are several such buttons. */
	label?: string;
	title: string;
	action: string;
	done: string;
	own?: Explanations;
	danger?: boolean;
	submit: (values: Values, key: string) => Promise<void>;
	onRefusal?: (error: unknown) => ComponentChildren;
	/** The id of the element that has the focus afterwards. */
	focus: string;
	children: ComponentChildren;
}

/** A button that asks in a dialog before it does something. */
export function Ask({ button, label, title, submit, focus, danger, children, ...form }: AskProps) {
	const [isOpen, setOpen] = useState(false);
	return (
		<>
			<button type="button" aria-label={label} onClick={() => setOpen(true)}>
				{button}
			</button>
			{isOpen && (
				<Dialog title={title} close={() => setOpen(false)}>
					<Form
						{...form}
						danger={danger ?? false}
						submit={async (values, key) => {
							await submit(values, key);
							setOpen(false);
							focusSoon(focus);
						}}
						aside={
							<button type="button" onClick={() => setOpen(false)}>
								{t.back}
							</button>
						}
					>
						{children}
					</Form>
				</Dialog>
			)}
		</>
	);
}

/** Keeps what was changed in a list, so that its row stays and shows the new state. */
export function useChanged<Item extends { id: string }>(): [(item: Item) => Item, (item: Item) => void] {
	const [changed, setChanged] = useState<Record<string, Item>>({});
	return [
		(item) => changed[item.id] ?? item,
		(item) => {
			setChanged((all) => ({ ...all, [item.id]: item }));
			focusSoon("state-" + item.id);
		},
	];
}

/** The state of an item, which has the focus after a change. */
export function State({ id, children }: { id: string; children: ComponentChildren }) {
	return (
		<span class="chip" id={"state-" + id} tabIndex={-1}>
			{children}
		</span>
	);
}

/** A choice that is kept in the address. */
export function Filter(props: { label: string; name: string; value: string; options: Array<[string, string]> }) {
	const { label, name, value, options } = props;
	return (
		<Select
			name={name}
			label={label}
			required
			initial={value}
			options={options}
			onChange={(next) => setQuery({ [name]: next })}
		/>
	);
}
