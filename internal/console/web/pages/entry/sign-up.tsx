import { useState } from "preact/hooks";
import { Title } from "../../app";
import { call } from "../../api/call";
import { resendVerification, signUp, type Gender } from "../../api/operations";
import { ActionButton, Field, Form, Select } from "../../parts/form";
import { EmailField } from "./email-field";
import { useAddress } from "../../router";
import { t } from "../../text";
import { language } from "../../text/language";
import { rememberNext, withNext } from "./next";
import { refusals } from "./refusals";
import { text } from "./text";

/** Makes an account. Whether the address had one before is not said. */
export function SignUp() {
	const [sentTo, setSentTo] = useState("");
	const next = useAddress().searchParams.get("next");
	if (sentTo) {
		return (
			<div class="narrow">
				<Title key="sent" text={text.checkMail} />
				<p>{text.checkMailHint(sentTo)}</p>
				<ActionButton
					text={text.resend}
					done={text.resent}
					own={refusals()}
					run={async (key) => {
						await call(resendVerification, {}, { email: sentTo }, { quiet: true, idempotencyKey: key });
					}}
				/>
				<p>
					<a href={withNext("/sign-in", next)}>{text.signIn}</a>
				</p>
			</div>
		);
	}
	return (
		<div class="narrow">
			<Title text={text.signUp} />
			<Form
				action={text.signUp}
				own={refusals()}
				submit={async (values, key) => {
					const phone = values.optional("phone");
					const gender = values.optional("gender") as Gender | undefined;
					await call(
						signUp,
						{},
						{
							role: values.text("role") as "PATIENT" | "DOCTOR",
							fullName: values.text("fullName"),
							email: values.text("email"),
							password: values.raw("password"),
							language,
							...(phone && { phone }),
							...(gender && { gender }),
						},
						{ quiet: true, idempotencyKey: key },
					);
					rememberNext(next);
					setSentTo(values.text("email"));
				}}
			>
				<Select
					name="role"
					label={text.signUpAs}
					required
					initial="PATIENT"
					options={[
						["PATIENT", text.asPatient],
						["DOCTOR", text.asDoctor],
					]}
				/>
				<Field name="fullName" label={text.fullName} autocomplete="name" maxLength={200} required />
				<EmailField />
				<Field
					name="password"
					label={text.password}
					hint={text.passwordHint}
					type="password"
					autocomplete="new-password"
					required
				/>
				<Field
					name="phone"
					label={text.phone}
					hint={text.phoneHint}
					type="tel"
					autocomplete="tel"
					maxLength={40}
				/>
				<Select name="gender" label={text.gender} options={Object.entries(t.genders)} />
			</Form>
			<p>
				{text.haveAccount} <a href={withNext("/sign-in", next)}>{text.signIn}</a>
			</p>
		</div>
	);
}
