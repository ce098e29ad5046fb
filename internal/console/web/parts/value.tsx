// Small values that many pages show alike.

import type { ConsultationStatus } from "../api/operations";
import { t } from "../text";
import { numberFormat } from "./intl";

/** Returns an amount as the language writes it: "₹500.00". */
export function money(amount: string, currency: string): string {
	return numberFormat({ style: "currency", currency }).format(Number(amount));
}

/** A name, or what else people wrote, beside other text: in any script, and its direction turns nothing around. */
export function Name({ children }: { children: string }) {
	return <bdi>{children}</bdi>;
}

export function Status({ status }: { status: ConsultationStatus }) {
	return <span class={"status " + status.toLowerCase()}>{t.status[status]}</span>;
}

/** A rating, as stars to look at and in words to hear. */
export function Stars({ rating }: { rating: number }) {
	const full = Math.round(rating);
	return (
		<span class="stars" role="img" aria-label={t.stars(rating)}>
			{"★".repeat(full)}
			{"☆".repeat(5 - full)}
		</span>
	);
}
