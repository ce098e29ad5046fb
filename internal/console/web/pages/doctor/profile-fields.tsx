// What a doctor says of themselves, in the application and in the profile.

import { isProblem, Problem } from "../../api/call";
import type { Doctor } from "../../api/operations";
import { Checkbox, Field, TextArea, type Values } from "../../parts/form";
import { languageName } from "../../parts/intl";
import { NumberField } from "../../parts/number-field";
import { text } from "./text";

/** The languages that are offered by name; others are written. */
const offered = ["hi", "en", "bn", "mr", "te", "ta", "gu", "ur", "kn", "or", "ml", "pa", "as", "sa"];

interface ProfileValues {
	specialization: string;
	yearsOfExperience: number;
	registrationNumber: string;
	clinicName: string | null;
	consultationFee: string;
	currency: string;
	languagesSpoken: string[];
	bio: string | null;
}

export function valuesOf(values: Values): ProfileValues {
	const others = values.text("otherLanguages").split(/[\s,;]+/);
	return {
		specialization: values.text("specialization"),
		yearsOfExperience: values.number("yearsOfExperience"),
		registrationNumber: values.text("registrationNumber"),
		clinicName: values.nullable("clinicName"),
		consultationFee: values.text("consultationFee"),
		currency: values.text("currency").toUpperCase(),
		languagesSpoken: [...new Set([...values.all("languagesSpoken"), ...others.filter(Boolean)])],
		bio: values.nullable("bio"),
	};
}

/** Names faults of the languages beside the field where they are written. */
export async function withLanguageFaults<T>(answer: Promise<T>): Promise<T> {
	try {
		return await answer;
	} catch (error) {
		if (!isProblem(error, "validation-failed")) throw error;
		const errors = error.errors.map((fault) =>
			fault.location.startsWith("body.languagesSpoken") ? { ...fault, location: "body.otherLanguages" } : fault,
		);
		throw new Problem(error.slug, error.status, error.title, errors, error.retryAfter, error.body);
	}
}

export function ProfileFields({ doctor }: { doctor?: Doctor | undefined }) {
	const spoken = doctor?.languagesSpoken ?? [];
	const others = spoken.filter((tag) => !offered.includes(tag));
	return (
		<>
			<Field
				name="specialization"
				label={text.profile.specialization}
				hint={text.profile.specializationHint}
				initial={doctor?.specialization}
				maxLength={200}
				required
			/>
			<Field
				name="registrationNumber"
				label={text.profile.registrationNumber}
				hint={doctor?.isApproved ? text.profile.registrationFixed : text.profile.registrationHint}
				initial={doctor?.registrationNumber}
				readOnly={doctor?.isApproved ?? false}
				maxLength={100}
				required
			/>
			<NumberField
				name="yearsOfExperience"
				label={text.profile.years}
				min={0}
				max={80}
				initial={doctor?.yearsOfExperience}
				required
			/>
			<Field name="clinicName" label={text.profile.clinic} initial={doctor?.clinicName ?? ""} maxLength={200} />
			<div class="row">
				<Field
					name="consultationFee"
					label={text.profile.fee}
					hint={text.profile.feeHint}
					inputMode="decimal"
					initial={doctor?.consultationFee}
					maxLength={13}
					required
				/>
				<Field
					name="currency"
					label={text.profile.currency}
					hint={text.profile.currencyHint}
					initial={doctor?.currency ?? "INR"}
					maxLength={3}
					required
				/>
			</div>
			<fieldset>
				<legend>{text.profile.languages}</legend>
				<div class="row">
					{offered.map((tag) => (
						<Checkbox
							key={tag}
							name="languagesSpoken"
							value={tag}
							label={languageName(tag)}
							initial={spoken.includes(tag)}
						/>
					))}
				</div>
				<Field
					name="otherLanguages"
					label={text.profile.otherLanguages}
					hint={text.profile.otherLanguagesHint}
					initial={others.join(", ")}
					maxLength={720} // 20 languages of 35 characters
				/>
			</fieldset>
			<TextArea
				name="bio"
				label={text.profile.bio}
				hint={text.profile.bioHint}
				initial={doctor?.bio ?? ""}
				maxLength={5000}
				rows={6}
			/>
		</>
	);
}
