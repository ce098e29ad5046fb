import { Problem } from "../../api/call";
import type { Values } from "../../parts/form";
import { text } from "./text";

/** Refuses a last day before the first one, as the server would. */
export function checkDays(values: Values): void {
	const to = values.text("to");
	if (to && to < values.text("from"))
		throw new Problem("validation-failed", 422, "", [{ location: "to", message: text.lastBeforeFirst }]);
}
