// What a patient has typed for a booking. It moves along when another time is chosen, and is in memory only: why
// somebody sees a doctor doesn't belong on the device.

import { currentUser } from "../../session";

export interface Draft {
	reason: string;
	dependantId: string;
}

let draft: Draft & { of: string } = { of: "", reason: "", dependantId: "" };

function owner(): string {
	return currentUser()?.id ?? "";
}

export function readDraft(): Draft {
	return draft.of === owner() ? draft : { reason: "", dependantId: "" };
}

export function saveDraft(changes: Partial<Draft>): void {
	draft = { ...readDraft(), ...changes, of: owner() };
}

export function clearDraft(): void {
	draft = { of: "", reason: "", dependantId: "" };
}
