// The steps of a booking, which several journeys take.

import type { Person } from "./stage";
import { care, holding, like, t, visits } from "./texts";

export const reason = "Back pain for two weeks, mostly in the morning";

/** A link to a free time. */
export function freeTimes(patient: Person) {
	return patient.link(new RegExp(`, ${holding(t.places(1)).source}$`));
}

/** Fills in what a booking asks for. The consents are only asked for the first time. */
export async function fillIn(patient: Person): Promise<void> {
	await patient.isAt(care.bookTitle);
	await patient.fill(care.reason, reason);
	for (const consent of await patient.page.getByRole("checkbox").all()) await consent.check();
}

/** Pays for the place that is held, and comes back to the visit. */
export async function pay(patient: Person): Promise<void> {
	await patient.isAt(care.held);
	await patient.page
		.getByRole("timer")
		.filter({ hasText: /\b1?\d:\d\d$/ })
		.waitFor();
	await patient.press(like(care.pay("§")));
	await patient.press("Pay");
	await patient.isAt(like(visits.visitWith("§")));
	await patient.sees(t.status.CONFIRMED);
}
