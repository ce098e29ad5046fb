import { Problem } from "../../api/call";
import { text } from "./text";

/** Throws the refusal of a new password, with its faults in the reader's language. */
export function explainFaults(error: unknown): never {
	if (error instanceof Problem) {
		for (const fault of error.errors) {
			const number = /\d+/.exec(fault.message)?.[0] ?? "";
			const words = text.passwordFaults[fault.message.replace(/\d+/, "#")];
			if (words) fault.message = words.replace("#", number);
		}
	}
	throw error;
}
