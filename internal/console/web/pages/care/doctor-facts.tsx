// What the pages say of a doctor alike.

import type { CancellationStep, Doctor } from "../../api/operations";
import { t } from "../../text";
import { decimal, languageName, listFormat } from "../../parts/intl";
import { money, Stars } from "../../parts/value";
import { text } from "./text";

export function languageNames(tags: string[]): string {
	return listFormat("conjunction").format(tags.map(languageName));
}

export function isFree(amount: string): boolean {
	return Number(amount) === 0;
}

export function feeText(amount: string, currency: string): string {
	return isFree(amount) ? text.free : money(amount, currency);
}

export function RatingLine({ doctor }: { doctor: Doctor }) {
	if (doctor.rating === null || doctor.ratingCount === 0) return <>{text.noRating}</>;
	const shown = decimal(doctor.rating);
	return (
		<>
			<span aria-hidden="true">
				<Stars rating={doctor.rating} />
			</span>{" "}
			{text.rating(shown, doctor.ratingCount)}
		</>
	);
}

/** What comes back when a visit is cancelled, in words. */
export function Policy({ steps }: { steps: CancellationStep[] }) {
	if (steps.length === 0) return <>{text.policyNone}</>;
	const sorted = [...steps].sort((a, b) => b.hoursBefore - a.hoursBefore);
	return (
		<>
			{sorted.map((step) => text.policyStep(step.refundPercent, t.hours(step.hoursBefore))).join(" ")}{" "}
			{text.policyRest}
		</>
	);
}

/** Returns the address at which a time is booked. Its doctor is named for when the time isn't free any more. */
export function bookAddress(doctorId: string, slotId: string): string {
	return `/book/${slotId}?doctor=${doctorId}`;
}
