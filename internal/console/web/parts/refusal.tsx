// What went wrong, and what to do next.

import type { ComponentChildren } from "preact";
import { isProblem, type Explanations } from "../api/call";
import { t } from "../text";

/** Returns the name of a field from a location like "body.medications[0].name" or "query.language". */
export function fieldOf(location: string): string {
	return location.replace(/^(body|query)\.?/, "");
}

/** Returns what to tell the user of an error. */
export function explain(error: unknown, own: Explanations = {}): string {
	if (!isProblem(error)) return t.problems["unknown"] ?? "";
	const known = own[error.slug] ?? t.problems[error.slug];
	if (known) return known;
	if (error.status >= 500) return t.problems["unavailable"] ?? "";
	const faults = error.errors.map((f) => fieldOf(f.location) + ": " + f.message);
	return [error.title || t.problems["unknown"], ...faults].join(" – ");
}

interface RefusalProps {
	error: unknown;
	own?: Explanations;
	retry?: (() => void) | undefined;
	/** It is tried again already. */
	isBusy?: boolean;
	children?: ComponentChildren;
}

/** Shows an error as an alert, with what the user can do. */
export function Refusal({ error, own = {}, retry, isBusy, children }: RefusalProps) {
	const request = isProblem(error) && error.status >= 500 ? String(error.body["requestId"] ?? "") : "";
	return (
		<div class="refusal" role="alert">
			<p>{explain(error, own)}</p>
			{request && <p class="small">{t.requestNumber(request)}</p>}
			{children}
			{retry && (
				<button type="button" onClick={() => isBusy || retry()} aria-disabled={isBusy}>
					{isBusy ? t.loading : t.retry}
				</button>
			)}
		</div>
	);
}
