import { Problem } from "../../api/call";

/** Refuses what a form would send, beside its fields, as the server would. */
export function refuse(faults: Array<[field: string, message: string]>): void {
	if (faults.length === 0) return;
	const errors = faults.map(([field, message]) => ({ location: "body." + field, message }));
	throw new Problem("validation-failed", 422, "", errors);
}

/** Returns a refusal of the whole form, in words. */
export function refusal(message: string): Problem {
	return new Problem("refused", 422, message);
}
