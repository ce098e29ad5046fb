import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { call, isProblem, loadPart, newKey, Problem } from "../../api/call";
import { readOwnUser, resendVerification, signIn, signInWithPasskey, type SignInResult } from "../../api/operations";
import { ActionButton, Field, Form } from "../../parts/form";
import { EmailField } from "./email-field";
import { hasPasskeys } from "../../parts/passkey";
import { currentUser, signedIn, signOut } from "../../session";
import { askPasskey, refusals } from "./refusals";
import { text } from "./text";
import { SecondFactor } from "./second-factor";

interface SignInFormProps {
	/** Called when somebody is signed in. */
	done: () => void;
	/** The address of the user whose session ended: nobody else may go on with the page. */
	expected?: string | undefined;
}

type Enrolment = ComponentType<{ done: () => Promise<void> }>;

async function loadEnrolment(): Promise<Enrolment> {
	return (await loadPart(() => import("../account"))).Enrol;
}

/** Reports whether the session that the browser has can do nothing before there is a second factor. */
async function mustEnrol(): Promise<boolean> {
	if (!document.documentElement.dataset["session"] || currentUser()) return false;
	return call(readOwnUser, {}, undefined, { quiet: true }).then(
		() => false,
		(error: unknown) => isProblem(error, "mfa-required"),
	);
}

/** Signs in by passkey, or by password and a second factor. Staff without a second factor sets one up. */
export function SignInForm({ done, expected }: SignInFormProps) {
	const [begun, setBegun] = useState<SignInResult | null>(null);
	const [enrolment, setEnrolment] = useState<{ Shown: Enrolment } | null>(null);
	const [email, setEmail] = useState(expected ?? "");
	const finish = async (): Promise<void> => {
		const user = await signedIn();
		if (!user) throw new Problem("no-cookie");
		if (expected && user.email !== expected) {
			location.assign("/");
			return;
		}
		done();
	};
	const enrol = async (): Promise<void> => setEnrolment({ Shown: await loadEnrolment() });
	useEffect(() => {
		// If it can't be found out, the sign-in does.
		mustEnrol()
			.then((must) => (must ? enrol() : undefined))
			.catch(() => undefined);
	}, []);
	const byPasskey = async (): Promise<void> => {
		const credential = await askPasskey();
		await call(signInWithPasskey, {}, { credential, session: "COOKIE" }, { quiet: true });
		await finish();
	};
	if (enrolment) {
		return (
			<>
				<enrolment.Shown done={finish} />
				<ActionButton class="quiet" text={text.otherAccount} run={signOut} />
			</>
		);
	}
	if (begun) return <SecondFactor begun={begun} done={finish} again={() => setBegun(null)} />;
	return (
		<>
			{hasPasskeys() && (
				<>
					<ActionButton class="wide" run={byPasskey} text={text.withPasskey} own={refusals()} />
					<p class="or">{text.or}</p>
				</>
			)}
			<Form
				action={text.signIn}
				own={{
					...refusals(),
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
					else if (data.mfaEnrollmentRequired) await enrol();
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
				<EmailField initial={email} readOnly={!!expected} />
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
