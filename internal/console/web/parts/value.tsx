// Small values that many pages show alike.

import type { ConsultationStatus } from "../api/operations";
import { t } from "../text";
import { numberFormat } from "./intl";

/** Returns an amount as the language writes it: "₹500.00". */
export function money(amount: string, currency: string): string {
	return numberFormat({ style: "currency", currency }).format(Number(amount));
}

/** A person's name, in any script and direction. */
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
