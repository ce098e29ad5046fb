// Saves notes while they are typed, and never drops a text that isn't stored.

import { call, isProblem, Problem, read } from "../../api/call";
import { now } from "../../api/clock";
import { readConsultation, saveNotes, type Consultation } from "../../api/operations";
import { keepDraft, readDraft } from "./draft";

export type NotesState =
	| { kind: "clean" }
	| { kind: "typing" }
	| { kind: "saving" }
	| { kind: "saved"; at: string }
	/** It will be tried again by itself. */
	| { kind: "waiting"; error: unknown }
	/** It will not. */
	| { kind: "refused"; error: unknown }
	/** Other notes were stored meanwhile: the doctor chooses. */
	| { kind: "conflict"; theirs: string };

const typingPause = 1000;
const retryPause = 5000;

export class NotesSaver {
	text: string;
	state: NotesState = { kind: "clean" };
	/** The text of a draft was put back, in place of what is stored. */
	wasRestored = false;
	/** Draws the state. */
	changed: () => void = () => undefined;
	/** Puts a text into the field. */
	show: (text: string) => void = () => undefined;
	private base: string;
	/** What the typed text was based on before the stored notes turned out to be others: the base of a conflict's draft. */
	private typedOver: string;
	private version: string;
	private timer = 0;
	private running: Promise<void> | null = null;

	constructor(
		private readonly id: string,
		stored: Consultation,
		private etag: string,
	) {
		this.base = this.typedOver = this.text = stored.notes ?? "";
		this.version = stored.updatedAt;
		const draft = readDraft(id);
		if (!draft) return;
		if (draft.text === this.base) {
			keepDraft(id, null);
			return;
		}
		this.text = draft.text;
		this.wasRestored = true;
		this.typedOver = draft.base;
		if (draft.base === this.base) this.state = { kind: "typing" };
		else this.state = { kind: "conflict", theirs: this.base };
	}

	/** Begins to save what a draft put back; ended by stop. */
	start(): void {
		if (this.state.kind === "typing") this.plan(typingPause);
	}

	/** Tries once more to save, and ends. The draft stays if that fails. */
	stop(): void {
		clearTimeout(this.timer);
		this.changed = this.show = () => undefined;
		if (this.isUnsaved && this.state.kind !== "conflict" && this.state.kind !== "refused") void this.save();
	}

	get isUnsaved(): boolean {
		return this.text !== this.base || this.running !== null || this.state.kind === "conflict";
	}

	get stored(): string {
		return this.base;
	}

	type(text: string): void {
		this.text = text;
		if (this.state.kind === "conflict") {
			// Without a choice a reload must ask again.
			keepDraft(this.id, { text, base: this.typedOver });
			return this.changed();
		}
		keepDraft(this.id, text === this.base && !this.running ? null : { text, base: this.base });
		this.become(text === this.base && !this.running ? { kind: "clean" } : { kind: "typing" });
		this.plan(typingPause);
	}

	/** Takes what was read of the consultation, as after an event. */
	adopt(stored: Consultation, etag: string): void {
		if (this.running || Date.parse(stored.updatedAt) < Date.parse(this.version)) return;
		const notes = stored.notes ?? "";
		if (notes === this.base) {
			this.take(notes, etag, stored.updatedAt);
		} else if (this.text === this.base) {
			this.take(notes, etag, stored.updatedAt);
			this.text = notes;
			this.show(notes);
			this.changed();
		} else if (this.state.kind === "conflict") {
			this.take(notes, etag, stored.updatedAt);
			this.become({ kind: "conflict", theirs: notes });
		}
		// Otherwise the next save meets the other text, and asks.
	}

	/** Stores what is typed now, and waits for it. Afterwards isUnsaved tells whether that worked. */
	async saveNow(): Promise<void> {
		clearTimeout(this.timer);
		await this.save();
		if (this.isUnsaved && this.state.kind === "typing") await this.save();
	}

	/** Stores everything and returns the version that holds it. Throws the problem "notes-unsaved" if that fails. */
	async settled(): Promise<string> {
		await this.saveNow();
		if (this.isUnsaved) throw new Problem("notes-unsaved", 409);
		return this.etag;
	}

	/** Takes the version after a release. */
	released(etag: string, version: string): void {
		this.take(this.base, etag, version);
		this.changed();
	}

	/** Ends a conflict with a text, based on what is stored now. */
	choose(text: string): void {
		this.text = text;
		this.state = { kind: "typing" };
		this.show(text);
		this.type(text);
		void this.saveNow();
	}

	/** Drops what is typed for what is stored. */
	discard(): void {
		keepDraft(this.id, null);
		this.handOver();
	}

	/** Leaves what is typed to somebody else. The draft stays until it is dropped: it is back after a reload. */
	handOver(): void {
		clearTimeout(this.timer);
		this.text = this.base;
		this.wasRestored = false;
		this.show(this.base);
		this.become({ kind: "clean" });
	}

	private become(state: NotesState): void {
		this.state = state;
		this.changed();
	}

	private plan(pause: number): void {
		clearTimeout(this.timer);
		this.timer = setTimeout(() => void this.save(), pause);
	}

	private take(notes: string, etag: string, version: string): void {
		this.base = notes;
		this.etag = etag;
		this.version = version;
	}

	private save(): Promise<void> {
		if (!this.running && this.text === this.base) return Promise.resolve();
		this.running ??= this.saveOnce().finally(() => {
			this.running = null;
			// What was typed back to the stored text meanwhile needs no draft.
			if (this.text === this.base && this.state.kind !== "conflict") keepDraft(this.id, null);
			this.changed();
		});
		return this.running;
	}

	private async saveOnce(): Promise<void> {
		if (this.text === this.base || this.state.kind === "conflict") return;
		this.become({ kind: "saving" });
		const sent = this.text;
		try {
			for (let attempt = 1; ; attempt++) {
				try {
					const { data, etag } = await call(
						saveNotes,
						{ id: this.id },
						{ notes: sent },
						{ ifMatch: this.etag },
					);
					this.take(sent, etag, data.updatedAt);
					break;
				} catch (error) {
					if (!isProblem(error, "notes-changed") || attempt === 3) throw error;
					if (await this.isStored(sent)) break;
				}
			}
			this.done();
		} catch (error) {
			if (error instanceof Conflict) return this.become({ kind: "conflict", theirs: error.theirs });
			const isPassing = isProblem(error) && (error.status === 0 || error.status === 429 || error.status >= 500);
			this.become({ kind: isPassing ? "waiting" : "refused", error });
			if (isPassing) this.plan(retryPause);
		}
	}

	/**
	 * Finds out why the version differs. Anything of the visit may have changed, not only the notes; and a save whose
	 * answer got lost was stored. Throws Conflict if somebody else wrote.
	 */
	private async isStored(sent: string): Promise<boolean> {
		const { data, etag } = await read(readConsultation, { id: this.id });
		const notes = data.notes ?? "";
		const isOurs = notes === sent;
		const isOther = !isOurs && notes !== this.base;
		this.typedOver = this.base;
		this.take(notes, etag, data.updatedAt);
		if (isOther) throw new Conflict(notes);
		return isOurs;
	}

	private done(): void {
		this.wasRestored = false;
		if (this.text === this.base) {
			keepDraft(this.id, null);
			this.become({ kind: "saved", at: new Date(now()).toISOString() });
		} else {
			keepDraft(this.id, { text: this.text, base: this.base });
			this.become({ kind: "typing" });
			this.plan(typingPause);
		}
	}
}

class Conflict extends Error {
	constructor(readonly theirs: string) {
		super();
	}
}
