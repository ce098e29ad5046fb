import { call } from "../../api/call";
import { changePassword } from "../../api/operations";
import { Field, Form } from "../../parts/form";
import { useUser } from "../../session";
import { text } from "./text";

/** Changes the password, which signs out everywhere. */
export function PasswordChange() {
	const own = text.password;
	return (
		<section aria-labelledby="password">
			<h2 id="password">{own.title}</h2>
			<p>{own.what}</p>
			<Form
				action={own.change}
				own={{ "invalid-credentials": text.wrongPassword, "too-many-attempts": text.tooManyAttempts }}
				submit={async (values) => {
					await call(
						changePassword,
						{},
						{ currentPassword: values.raw("currentPassword"), newPassword: values.raw("newPassword") },
					);
					location.replace("/sign-in?done=password&next=/account/security");
				}}
			>
				{/* Password managers need to know whose password it is. */}
				<input type="hidden" name="username" autocomplete="username" value={useUser()?.email} />
				<Field
					name="currentPassword"
					label={text.currentPassword}
					type="password"
					autocomplete="current-password"
					required
				/>
				<Field
					name="newPassword"
					label={own.newPassword}
					hint={own.hint}
					type="password"
					autocomplete="new-password"
					required
				/>
			</Form>
		</section>
	);
}
