import { useState } from "preact/hooks";
import { call, isProblem, newKey } from "../../api/call";
import {
	createPasskeySignInOptions,
	resendVerification,
	signIn,
	signInWithPasskey,
	type SignInResult,
} from "../../api/operations";
import { ActionButton, Field, Form } from "../../parts/form";
import { hasPasskeys, provePasskey } from "../../parts/passkey";
import { signedIn } from "../../session";
import { text } from "./text";
import { SecondFactor } from "./second-factor";

interface SignInFormProps {
	/** Called when somebody is signed in. */
	done: () => void;
	/** The address of the user whose session ended: nobody else may go on with the page. */
	expected?: string | undefined;
}

/** Signs in by passkey, or by password and a second factor. */
export function SignInForm({ done, expected }: SignInFormProps) {
	const [begun, setBegun] = useState<SignInResult | null>(null);
	const [note, setNote] = useState("");
	const [email, setEmail] = useState(expected ?? "");
	const finish = async (): Promise<void> => {
		const user = await signedIn();
		if (expected && user?.email !== expected) {
			location.assign("/");
			return;
		}
		done();
	};
	const byPasskey = async (): Promise<void> => {
		const { data } = await call(createPasskeySignInOptions, {}, undefined, { quiet: true });
		const credential = await provePasskey(data.publicKey);
		if (!credential) return setNote(text.passkeyDeclined);
		await call(signInWithPasskey, {}, { credential, session: "COOKIE" }, { quiet: true });
		await finish();
	};
	if (begun) return <SecondFactor begun={begun} done={finish} again={() => setBegun(null)} />;
	return (
		<>
			{hasPasskeys() && (
				<>
					<ActionButton class="wide" run={byPasskey} text={text.withPasskey} />
					{note && <p role="status">{note}</p>}
					<p class="or">{text.or}</p>
				</>
			)}
			<Form
				action={text.signIn}
				own={{
					"invalid-credentials": text.wrongPassword,
					unauthenticated: text.wrongPassword,
					"email-not-verified": text.notVerified,
				}}
				submit={async (values) => {
					setEmail(values.text("email"));
					const body = {
						email: values.text("email"),
						password: values.raw("password"),
						session: "COOKIE" as const,
					};
					const { data } = await call(signIn, {}, body, { quiet: true });
					if (data.mfaRequired) setBegun(data);
					else await finish();
				}}
				onRefusal={(error) =>
					isProblem(error, "email-not-verified") && (
						<ActionButton
							text={text.resend}
							done={text.resent}
							run={async () => {
								await call(
									resendVerification,
									{},
									{ email },
									{ quiet: true, idempotencyKey: newKey() },
								);
							}}
						/>
					)
				}
			>
				<Field
					name="email"
					label={text.email}
					type="email"
					autocomplete="username"
					required
					initial={email}
					readOnly={!!expected}
				/>
				<Field
					name="password"
					label={text.password}
					type="password"
					autocomplete="current-password"
					required
				/>
			</Form>
		</>
	);
}
