// The pages behind the links in mails. Opening one changes nothing, because programs that look for bad mail open links
// too: the button does.

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Title } from "../../app";
import { call } from "../../api/call";
import { confirmEmail, resetPassword, verifyEmail } from "../../api/operations";
import { ActionButton, Field, Form } from "../../parts/form";
import { Loading } from "../../parts/load";
import { navigate } from "../../router";
import { currentUser, loadUser } from "../../session";
import { useLink } from "./link";
import { recallNext, withNext } from "../entry/next";
import { refusals } from "../entry/refusals";
import { text as entry } from "../entry/text";
import { text } from "./text";

/** What is said instead of the question, with the way on. */
function Said({ title, children, to, way }: { title: string; children: string; to: string; way: string }) {
	return (
		<div class="narrow">
			<Title key={title} text={title} />
			<p>{children}</p>
			<p>
				<a class="button primary" href={to}>
					{way}
				</a>
			</p>
		</div>
	);
}

function Incomplete() {
	return (
		<div class="narrow">
			<Title key="incomplete" text={text.incomplete} />
			<p>{text.incompleteHint}</p>
		</div>
	);
}

function Question({ title, hint, children }: { title: string; hint: string; children: ComponentChildren }) {
	return (
		<div class="narrow">
			<Title text={title} />
			<p>{hint}</p>
			{children}
		</div>
	);
}

/** Confirms the address that somebody signed up with. */
export function VerifyEmail() {
	const { token, end, use } = useLink();
	const signIn = withNext("/sign-in", recallNext());
	if (end === "incomplete") return <Incomplete />;
	if (end === "spent") {
		return (
			<Said title={text.spent} to={signIn} way={entry.signIn}>
				{text.verifySpent}
			</Said>
		);
	}
	if (end === "done") {
		return (
			<Said title={text.verified} to={signIn} way={entry.signIn}>
				{text.verifiedHint}
			</Said>
		);
	}
	return (
		<Question title={text.verify} hint={text.verifyHint}>
			<ActionButton
				class="primary"
				text={entry.confirm}
				own={refusals()}
				run={() => use(() => call(verifyEmail, {}, { token }, { quiet: true }))}
			/>
		</Question>
	);
}

/** Confirms the new address of an account. */
export function ConfirmEmail() {
	const { token, end, use } = useLink();
	if (end === "incomplete") return <Incomplete />;
	if (end) {
		const isDone = end === "done";
		return (
			<Said title={isDone ? text.newAddress : text.spent} to="/account" way={text.toAccount}>
				{isDone ? text.newAddressHint : text.confirmSpent}
			</Said>
		);
	}
	return (
		<Question title={text.confirmNew} hint={text.confirmNewHint}>
			<ActionButton
				class="primary"
				text={entry.confirm}
				own={{ ...refusals(), "address-taken": text.addressTaken }}
				run={() =>
					use(async () => {
						await call(confirmEmail, {}, { token }, { quiet: true });
						await loadUser().catch(() => undefined); // the address of who is signed in is another one
					})
				}
			/>
		</Question>
	);
}

/** Chooses a password: a new one, or the first of an invited user. */
export function ResetPassword() {
	const { token, end, use } = useLink();
	if (end === "incomplete") return <Incomplete />;
	if (end === "spent") {
		return (
			<Said title={text.spent} to={withNext("/forgot-password", recallNext())} way={text.askAgain}>
				{text.resetSpent}
			</Said>
		);
	}
	if (end === "done") return <PasswordSet />;
	return (
		<Question title={entry.forgotTitle} hint={text.resetHint}>
			<Form
				action={text.setPassword}
				own={refusals()}
				submit={async (values) => {
					const body = { token, newPassword: values.raw("newPassword") };
					await use(() => call(resetPassword, {}, body, { quiet: true }));
				}}
			>
				<Field
					name="newPassword"
					label={text.newPassword}
					hint={entry.passwordHint}
					type="password"
					autocomplete="new-password"
					required
				/>
			</Form>
		</Question>
	);
}

/** Leads on to the sign-in, unless another user is signed in here. */
function PasswordSet() {
	const [isOther, setOther] = useState(false);
	useEffect(() => {
		const goOn = (): void => {
			if (currentUser()) setOther(true);
			else navigate(withNext("/sign-in?done=password", recallNext()), { replace: true });
		};
		// The session of this browser may be over.
		loadUser().then(goOn, goOn);
	}, []);
	if (!isOther) return <Loading />;
	return (
		<Said title={text.passwordSet} to="/" way={text.goOn}>
			{text.passwordSetHint}
		</Said>
	);
}
