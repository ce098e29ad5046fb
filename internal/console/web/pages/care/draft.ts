// What a patient has typed for a booking. It moves along when another time is chosen, and is kept in this tab until it
// is booked or its user signs out: phones drop pages that aren't in front, and load them anew.

import { currentUser } from "../../session";

export interface Draft {
	reason: string;
	dependantId: string;
}

const key = "booking";
const none = { of: "", reason: "", dependantId: "" };
let draft = stored();

function stored(): typeof none {
	try {
		return { ...none, ...JSON.parse(sessionStorage.getItem(key) ?? "{}") };
	} catch {
		return none;
	}
}

function store(changed: typeof none): void {
	draft = changed;
	try {
		sessionStorage.setItem(key, JSON.stringify(draft));
	} catch {
		// Without storage it is kept as long as the page.
	}
}

/** Returns the draft of this user. What another user of this tab left is removed. */
export function readDraft(): Draft {
	if (draft.of !== currentUser()?.id) clearDraft();
	return draft;
}

export function saveDraft(changes: Partial<Draft>): void {
	store({ ...readDraft(), ...changes, of: currentUser()?.id ?? "" });
}

export function clearDraft(): void {
	store(none);
}
