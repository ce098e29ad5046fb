// What is added to the notes after the visit: dated, signed, never changed.

import { useEffect, useRef, useState } from "preact/hooks";
import { call } from "../../api/call";
import { listAddenda, releaseAddendum, writeAddendum, type Addendum } from "../../api/operations";
import { ActionButton, Checkbox, Form, TextArea } from "../../parts/form";
import { Show, useLoad } from "../../parts/load";
import { shortDate, Time } from "../../parts/time";
import { Name } from "../../parts/value";
import { text } from "./text";
import { useUnsaved } from "./unsaved";

/** Text for a new addendum that comes from elsewhere; the number changes with each. */
export interface Handed {
	text: string;
	n: number;
}

interface AddendaProps {
	id: string;
	handed: Handed;
	/** What was handed is sent. */
	handedIsSent: () => void;
}

export function Addenda({ id, handed, handedIsSent }: AddendaProps) {
	const addenda = useLoad(listAddenda, { id });
	const heading = useRef<HTMLHeadingElement>(null);
	const [round, setRound] = useState(0);
	/** The number of the handed text that was sent: it fills the form until then. */
	const [sent, setSent] = useState(0);
	const typed = useRef("");
	useUnsaved("addendum", () => typed.current.trim() !== "");
	const form = useRef<HTMLDivElement>(null);
	useEffect(() => {
		if (!handed.n) return;
		typed.current = handed.text;
		form.current?.querySelector("textarea")?.focus();
	}, [handed.n]);
	return (
		<section aria-labelledby="addenda">
			<h2 id="addenda" ref={heading} tabIndex={-1}>
				{text.addenda.title}
			</h2>
			<p class="hint">{text.addenda.hint}</p>
			<Show loaded={addenda}>
				{(data) =>
					data.items.length === 0 ? (
						<p class="empty">{text.addenda.none}</p>
					) : (
						<ol class="list">
							{data.items.map((addendum) => (
								<Item key={addendum.id} addendum={addendum} reload={addenda.reload} />
							))}
						</ol>
					)
				}
			</Show>
			<div
				ref={form}
				onInput={(e) => e.target instanceof HTMLTextAreaElement && (typed.current = e.target.value)}
			>
				<Form
					key={`${round}/${handed.n}`}
					action={text.addenda.write}
					done={text.addenda.written}
					own={{
						"illegal-transition": text.addenda.notYet,
						"too-many-addenda": text.addenda.tooMany,
					}}
					submit={async (values, key) => {
						const body = { text: values.text("text"), release: values.checked("release") };
						await call(writeAddendum, { id }, body, { idempotencyKey: key });
						typed.current = "";
						if (handed.n > sent) handedIsSent();
						setRound(round + 1);
						setSent(handed.n);
						addenda.reload();
						heading.current?.focus();
					}}
				>
					<TextArea
						name="text"
						label={text.addenda.label}
						initial={sent === handed.n ? undefined : handed.text}
						maxLength={20000}
						required
					/>
					<Checkbox name="release" label={text.addenda.release} />
				</Form>
			</div>
		</section>
	);
}

function Item({ addendum, reload }: { addendum: Addendum; reload: () => void }) {
	const released = useRef<HTMLParagraphElement>(null);
	const wasPressed = useRef(false);
	useEffect(() => {
		// The button that was pressed gives way to this line.
		if (wasPressed.current) released.current?.focus();
	}, [addendum.releasedAt]);
	return (
		<li class="card">
			<p class="small">
				<Time at={addendum.createdAt} /> · <Name>{addendum.authorName ?? text.addenda.unknown}</Name>
			</p>
			<p class="text">{addendum.text ?? text.addenda.unreadable}</p>
			{addendum.releasedAt ? (
				<p class="small" ref={released} tabIndex={-1}>
					{text.addenda.releasedAt} <Time at={addendum.releasedAt} />
				</p>
			) : (
				<ActionButton
					text={text.addenda.releaseNow}
					label={text.addenda.releaseThis(shortDate(addendum.createdAt))}
					done={text.addenda.releasedNow}
					run={async (key) => {
						await call(releaseAddendum, { id: addendum.id }, undefined, { idempotencyKey: key });
						wasPressed.current = true;
						reload();
					}}
				/>
			)}
		</li>
	);
}
