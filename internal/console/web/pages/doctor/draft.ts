// Notes that aren't saved yet, kept in this tab until they are: a reload or a crash loses no word.

import { currentUser } from "../../session";

export interface Draft {
	text: string;
	/** The stored notes that it was typed over. */
	base: string;
}

const prefix = "notes:";

function keyOf(consultation: string): string {
	return `${prefix}${currentUser()?.id ?? ""}:${consultation}`;
}

/** Returns the draft of this user for a consultation, or null. What another user of this tab left is removed. */
export function readDraft(consultation: string): Draft | null {
	try {
		const own = `${prefix}${currentUser()?.id ?? ""}:`;
		for (const key of Object.keys(sessionStorage)) {
			if (key.startsWith(prefix) && !key.startsWith(own)) sessionStorage.removeItem(key);
		}
		const draft: unknown = JSON.parse(sessionStorage.getItem(keyOf(consultation)) ?? "null");
		if (typeof draft !== "object" || draft === null) return null;
		const { text, base } = draft as Partial<Draft>;
		return typeof text === "string" && typeof base === "string" ? { text, base } : null;
	} catch {
		return null;
	}
}

export function keepDraft(consultation: string, draft: Draft | null): void {
	try {
		if (draft) sessionStorage.setItem(keyOf(consultation), JSON.stringify(draft));
		else sessionStorage.removeItem(keyOf(consultation));
	} catch {
		// Without storage the text is still in the field.
	}
}
