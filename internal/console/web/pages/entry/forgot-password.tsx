import { useState } from "preact/hooks";
import { Title } from "../../app";
import { call } from "../../api/call";
import { requestPasswordReset } from "../../api/operations";
import { Arrival } from "../../parts/focus";
import { Form } from "../../parts/form";
import { EmailField } from "./email-field";
import { useAddress } from "../../router";
import { rememberNext, withNext } from "./next";
import { refusals } from "./refusals";
import { text } from "./text";

/** Asks for a mail with a link to choose a new password. */
export function ForgotPassword() {
	const [isSent, setSent] = useState(false);
	const next = useAddress().searchParams.get("next");
	return (
		<div class="narrow">
			<Title text={text.forgotTitle} />
			{isSent ? (
				<Arrival class="note">
					<p>{text.linkSent}</p>
				</Arrival>
			) : (
				<>
					<p>{text.forgotHint}</p>
					<Form
						action={text.sendLink}
						own={refusals()}
						submit={async (values, key) => {
							await call(
								requestPasswordReset,
								{},
								{ email: values.text("email") },
								{ quiet: true, idempotencyKey: key },
							);
							rememberNext(next);
							setSent(true);
						}}
					>
						<EmailField />
					</Form>
				</>
			)}
			<p>
				<a href={withNext("/sign-in", next)}>{text.signIn}</a>
			</p>
		</div>
	);
}
