import { useState } from "preact/hooks";
import { call } from "../../api/call";
import { changeEmail } from "../../api/operations";
import { Field, Form } from "../../parts/form";
import { Arrival } from "../../parts/focus";
import { text } from "./text";

/** Changes the address that signs in, by a mail to the new one. */
export function EmailChange({ email }: { email: string }) {
	const [sentTo, setSentTo] = useState("");
	const own = text.email;
	return (
		<section aria-labelledby="email">
			<h2 id="email">{own.title}</h2>
			<p>
				{own.present} <strong>{email}</strong>
			</p>
			{sentTo ? (
				<>
					<Arrival class="note">
						<p>{own.sent(sentTo)}</p>
					</Arrival>
					<button type="button" onClick={() => setSentTo("")}>
						{own.again}
					</button>
				</>
			) : (
				<>
					<p>{own.how}</p>
					<Form
						action={own.send}
						own={{
							"invalid-credentials": text.wrongPassword,
							"too-many-attempts": text.tooManyAttempts,
							"restore-mode": text.restoreMode,
						}}
						submit={async (values) => {
							const newEmail = values.text("newEmail");
							await call(changeEmail, {}, { newEmail, currentPassword: values.raw("currentPassword") });
							setSentTo(newEmail);
						}}
					>
						<Field
							name="newEmail"
							label={own.newEmail}
							type="email"
							autocomplete="off"
							maxLength={320}
							required
						/>
						<Field
							name="currentPassword"
							label={text.currentPassword}
							type="password"
							autocomplete="current-password"
							required
						/>
					</Form>
				</>
			)}
		</section>
	);
}
