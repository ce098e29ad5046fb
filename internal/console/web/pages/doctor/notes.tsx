// The notes of a visit: they are saved while the doctor types.

import { useEffect, useId, useRef, useState } from "preact/hooks";
import { call, isProblem } from "../../api/call";
import { saveNotes, type Consultation } from "../../api/operations";
import { ActionButton } from "../../parts/form";
import { explain } from "../../parts/refusal";
import { clock } from "../../parts/time";
import type { NotesSaver } from "./notes-saver";
import { text } from "./text";

interface NotesProps {
	saver: NotesSaver;
	visit: Consultation;
	/** Reads the visit again. */
	reload: () => void;
	/** Hands over a text that can't be saved as notes any more. */
	toAddendum: (text: string) => void;
}

export function Notes({ saver, visit, reload, toAddendum }: NotesProps) {
	const [, redraw] = useState(0);
	const heading = useRef<HTMLHeadingElement>(null);
	useEffect(() => {
		saver.changed = () => redraw((n) => n + 1);
		const hidden = (): void => {
			if (document.visibilityState === "hidden") void saver.saveNow();
		};
		const online = (): void => void saver.saveNow();
		document.addEventListener("visibilitychange", hidden);
		addEventListener("online", online);
		return () => {
			document.removeEventListener("visibilitychange", hidden);
			removeEventListener("online", online);
		};
	}, [saver]);
	if (visit.status === "IN_PROGRESS") return <Editor saver={saver} visit={visit} reload={reload} />;
	return (
		<section aria-labelledby="notes">
			<h2 id="notes" ref={heading} tabIndex={-1}>
				{text.notes.title}
			</h2>
			{saver.text !== saver.stored && (
				<LeftOver
					saver={saver}
					visit={visit}
					toAddendum={toAddendum}
					dropped={() => heading.current?.focus()}
				/>
			)}
			{visit.notes ? (
				<>
					<p class="text">{visit.notes}</p>
					{visit.status === "COMPLETED" && <Release visit={visit} reload={reload} saver={saver} />}
				</>
			) : (
				<p class="empty">{visit.status === "CONFIRMED" ? text.notes.later : text.notes.none}</p>
			)}
		</section>
	);
}

/** Text that was typed too late to be saved: the doctor keeps it in another way. */
function LeftOver({ saver, visit, toAddendum, dropped }: Omit<NotesProps, "reload"> & { dropped: () => void }) {
	const box = useRef<HTMLDivElement>(null);
	useEffect(() => {
		// The field that was typed in is gone.
		if (document.activeElement === document.body) box.current?.focus();
	}, []);
	return (
		<div class="warning" ref={box} tabIndex={-1}>
			<p>{visit.status === "COMPLETED" ? text.notes.leftOver : text.notes.leftOverEnded}</p>
			<p class="text">{saver.text}</p>
			<div class="actions">
				{visit.status === "COMPLETED" && (
					<button
						type="button"
						class="primary"
						onClick={() => {
							toAddendum(saver.text);
							saver.handOver();
						}}
					>
						{text.notes.asAddendum}
					</button>
				)}
				<button
					type="button"
					onClick={() => {
						if (!confirm(text.notes.discardSure)) return;
						saver.discard();
						dropped();
					}}
				>
					{text.notes.discard}
				</button>
			</div>
		</div>
	);
}

function Editor({ saver, visit, reload }: Omit<NotesProps, "toAddendum">) {
	const field = useRef<HTMLTextAreaElement>(null);
	const id = useId();
	useEffect(() => {
		saver.show = (next) => void (field.current && (field.current.value = next));
		return () => void (saver.show = () => undefined);
	}, [saver]);
	return (
		<section aria-labelledby="notes">
			<h2 id="notes">{text.notes.title}</h2>
			{saver.wasRestored && saver.state.kind !== "conflict" && (
				<div class="note">
					<p>{text.notes.restored}</p>
					<button
						type="button"
						onClick={() => {
							if (!confirm(text.notes.discardSure)) return;
							saver.discard();
							field.current?.focus();
						}}
					>
						{text.notes.useStored}
					</button>
				</div>
			)}
			<Conflict saver={saver} field={() => field.current} />
			<div class="field">
				<label for={id}>{text.notes.label}</label>
				<p class="hint" id={id + "-hint"}>
					{text.notes.hint}
				</p>
				<textarea
					ref={field}
					id={id}
					rows={12}
					aria-describedby={id + "-hint"}
					defaultValue={saver.text}
					onInput={(event) => saver.type(event.currentTarget.value)}
				/>
			</div>
			<State saver={saver} focus={() => field.current?.focus()} />
			<Release visit={visit} reload={reload} saver={saver} />
		</section>
	);
}

function State({ saver, focus }: { saver: NotesSaver; focus: () => void }) {
	const state = saver.state;
	const isFailed = state.kind === "waiting" || state.kind === "refused";
	return (
		<div class="actions">
			<span role="status" class={isFailed ? "fault" : "small"}>
				{stateText(saver)}
			</span>
			{isFailed && (
				<button
					type="button"
					onClick={() => {
						// The button goes away once the text is saved.
						focus();
						void saver.saveNow();
					}}
				>
					{text.notes.saveNow}
				</button>
			)}
		</div>
	);
}

function stateText({ state }: NotesSaver): string {
	switch (state.kind) {
		case "clean":
			return text.notes.clean;
		case "typing":
			return text.notes.typing;
		case "saving":
			return text.notes.saving;
		case "saved":
			return text.notes.savedAt(clock(state.at));
		case "conflict":
			return text.notes.notSavedConflict;
		case "waiting":
			return isProblem(state.error, "offline") ? text.notes.offline : text.notes.busy;
		case "refused":
			return text.notes.notSaved(
				explain(state.error, {
					...(isProblem(state.error, "validation-failed") && {
						"validation-failed": `${text.notes.label}: ${state.error.errors[0]?.message}`,
					}),
					"illegal-transition": text.notes.ended,
					unauthenticated: text.notes.signedOut,
				}),
			);
	}
}

/** Both texts, when other notes were stored meanwhile. */
function Conflict({ saver, field }: { saver: NotesSaver; field: () => HTMLTextAreaElement | null }) {
	const box = useRef<HTMLDivElement>(null);
	const state = saver.state;
	const isOpen = state.kind === "conflict";
	useEffect(() => {
		// Whoever is typing goes on: the line below the field says it.
		if (isOpen && document.activeElement !== field()) box.current?.focus();
	}, [isOpen]);
	const focus = (): void => field()?.focus();
	if (!isOpen) return null;
	const theirs = state.theirs;
	const choose = (chosen: string): void => {
		saver.choose(chosen);
		focus();
	};
	return (
		<div class="warning" ref={box} tabIndex={-1} role="group" aria-label={text.notes.conflict}>
			<p>{text.notes.conflict}</p>
			<div class="columns">
				<div>
					<h3>{text.notes.theirs}</h3>
					<p class="text">{theirs || text.notes.emptyText}</p>
				</div>
				<div>
					<h3>{text.notes.mine}</h3>
					<p class="text">{saver.text || text.notes.emptyText}</p>
				</div>
			</div>
			<div class="actions">
				<button type="button" class="primary" onClick={() => choose(`${theirs}\n\n${saver.text}`)}>
					{text.notes.join}
				</button>
				<button type="button" onClick={() => choose(saver.text)}>
					{text.notes.keepMine}
				</button>
				<button
					type="button"
					onClick={() => {
						saver.discard();
						focus();
					}}
				>
					{text.notes.keepTheirs}
				</button>
			</div>
		</div>
	);
}

/** Shows the notes to the patient. */
function Release({ visit, reload, saver }: Omit<NotesProps, "toAddendum">) {
	const isSeen = visit.notesReleased && saver.text === (visit.notes ?? "");
	const seen = useRef<HTMLParagraphElement>(null);
	const wasPressed = useRef(false);
	useEffect(() => {
		// The button that was pressed gives way to this line.
		if (isSeen && wasPressed.current) seen.current?.focus();
		if (isSeen) wasPressed.current = false;
	}, [isSeen]);
	if (isSeen) {
		return (
			<p class="note" ref={seen} tabIndex={-1}>
				{text.notes.released}
			</p>
		);
	}
	if (!visit.notes && !saver.text) return null;
	return (
		<div class="actions">
			<ActionButton
				text={text.notes.release}
				done={text.notes.released}
				own={{
					"notes-changed": text.notes.changedBeforeRelease,
					"notes-unsaved": text.notes.unsavedBefore,
					"illegal-transition": text.notes.notNow,
				}}
				run={async () => {
					const etag = await saver.settled();
					const answer = await call(saveNotes, { id: visit.id }, { release: true }, { ifMatch: etag });
					saver.released(answer.etag, answer.data.updatedAt);
					wasPressed.current = true;
					reload();
				}}
			/>
			<span class="small">{text.notes.releaseHint}</span>
		</div>
	);
}
