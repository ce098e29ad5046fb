// What several pages of support share: links to people and visits, and questions before an action.

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { read, type Explanations } from "../../api/call";
import { readUser, type Consultation } from "../../api/operations";
import { Dialog } from "../../parts/dialog";
import { focusOn } from "../../parts/focus";
import { Form, Select, type Values } from "../../parts/form";
import { isId } from "../../parts/id";
import { PersonLink as NamedPerson } from "../../parts/person";
import { isDay, zone } from "../../parts/time";
import { Name } from "../../parts/value";
import { beginOf } from "../../parts/wall";
import { setQuery } from "../../router";
import { currentUser } from "../../session";
import { t } from "../../text";
import { text } from "./text";

export function isAdmin(): boolean {
	return currentUser()?.role === "ADMIN";
}

/** Returns an id that an address names; "" when it can't be one. */
export function idOf(value: string | null): string {
	return value && isId(value) ? value : "";
}

/** Returns the instant at which a day begins in the user's zone; "" for none. */
export function beginOfDay(day: string): string {
	return isDay(day) ? beginOf(day, zone()) : "";
}

// Every reading is audited: a name that is shown in many rows is read once.
const names = new Map<string, Promise<string>>();

/** A link to a person, with their name. One that isn't given is read; null is that of a deleted account. */
export function PersonLink({ id, name }: { id: string; name?: string | null }) {
	return name === undefined ? <UnnamedPerson id={id} /> : <NamedPerson id={id} name={name} />;
}

function UnnamedPerson({ id }: { id: string }) {
	const [name, setName] = useState("");
	useEffect(() => {
		let isWanted = true;
		const user = currentUser();
		if (user?.id === id) return setName(user.fullName);
		let asked = names.get(id);
		if (!asked) {
			asked = read(readUser, { id }).then(({ data }) => data.fullName);
			asked.catch(() => names.delete(id));
			names.set(id, asked);
		}
		asked.then(
			(n) => isWanted && setName(n),
			() => undefined,
		);
		return () => void (isWanted = false);
	}, [id]);
	return name ? <NamedPerson id={id} name={name} /> : <a href={"/people/" + id}>{text.openPerson}</a>;
}

/** The patient of a visit. A dependant has no account to open: whoever booked has one. */
export function PatientLink({ visit }: { visit: Consultation }) {
	if (visit.dependantId) return <Name>{visit.patientName ?? text.patient}</Name>;
	return <PersonLink id={visit.patientId} name={visit.patientName} />;
}

interface AskProps {
	/** The button that opens the dialog, and the one that does it. */
	button: string;
	/** Says which one, when there are several such buttons. */
	label?: string;
	/** Of the dialog, unless it is what the button says. */
	title?: string;
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
export function Ask({ button, label, title, submit, focus, danger, own, children, ...form }: AskProps) {
	const [isOpen, setOpen] = useState(false);
	return (
		<>
			<button type="button" aria-label={label} onClick={() => setOpen(true)}>
				{button}
			</button>
			{isOpen && (
				<Dialog title={title ?? label ?? button} close={() => setOpen(false)}>
					<Form
						{...form}
						action={button}
						own={own ?? text.refusals}
						danger={danger ?? false}
						submit={async (values, key) => {
							await submit(values, key);
							setOpen(false);
							focusOn(focus);
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
			focusOn("state-" + item.id);
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
