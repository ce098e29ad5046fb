// Rows of a table that compares a period with the one before: the figure, its number, and with the period before also
// that one's and the change.

import { count, percent } from "../../parts/numbers";
import { money } from "../../parts/value";

/** Returns the change against the period before, like "+12 %". */
function change(now: number, before: number): string {
	if (before === 0) return "–";
	const share = now / before - 1;
	return (share > 0 ? "+" : "") + percent(share);
}

/** Returns the row of a number. before is that of the period before, if it is compared. */
export function numberRow(label: string, now: number, before: number | undefined): string[] {
	const row = [label, count(now)];
	return before === undefined ? row : [...row, count(before), change(now, before)];
}

/** Returns the row of what has no change worth telling, like a share. */
export function shownRow(label: string, now: string, before: string | undefined): string[] {
	return before === undefined ? [label, now] : [label, now, before, ""];
}

interface Money {
	currency: string;
}

/** Returns the rows of amounts: of each currency that one of the periods has, one for each name. */
export function moneyRows<Name extends string>(
	names: Record<Name, (currency: string) => string>,
	now: (Money & Record<NoInfer<Name>, string>)[],
	before: (Money & Record<NoInfer<Name>, string>)[] | undefined,
): string[][] {
	const currencies = new Set([...now, ...(before ?? [])].map((m) => m.currency));
	return [...currencies].flatMap((currency) => {
		const a = now.find((m) => m.currency === currency);
		const b = before?.find((m) => m.currency === currency);
		return (Object.keys(names) as Name[]).map((name) => {
			const [is, was] = [a?.[name] ?? "0", b?.[name] ?? "0"];
			const row = [names[name](currency), money(is, currency)];
			return before ? [...row, money(was, currency), change(Number(is), Number(was))] : row;
		});
	});
}
