import { useEffect, useRef, useState } from "preact/hooks";
import { call, type Explanations } from "../../api/call";
import { verifyMfa, type PasskeyAssertion, type SecondFactorMethod, type SignInResult } from "../../api/operations";
import { ActionButton, Field, Form } from "../../parts/form";
import { hasPasskeys } from "../../parts/passkey";
import { askPasskey, refusals } from "./refusals";
import { text } from "./text";

/** What proves a second factor. */
export interface Proof {
	otp?: string;
	recoveryCode?: string;
	passkey?: PasskeyAssertion;
}

interface FactorFormProps {
	methods: SecondFactorMethod[];
	send: (proof: Proof) => Promise<void>;
	/** The text of the button; "Confirm" unless said otherwise. */
	action?: string;
	own?: Explanations;
}

/** Asks for one of the second factors that a user has. */
export function FactorForm({ methods, send, action = text.confirm, own: more }: FactorFormProps) {
	const usable = methods.filter((m) => m !== "passkey" || hasPasskeys());
	const [method, setMethod] = useState(usable[0] ?? "recovery-code");
	const own = { ...refusals(), ...more };
	const names: Record<SecondFactorMethod, string> = {
		passkey: text.usePasskey,
		totp: text.useCode,
		"recovery-code": text.useRecovery,
	};
	return (
		<>
			{method === "passkey" ? (
				<ActionButton
					class="primary wide"
					text={text.usePasskey}
					own={own}
					run={async () => send({ passkey: await askPasskey() })}
				/>
			) : (
				<Form
					key={method}
					action={action}
					own={own}
					submit={(values) =>
						send(
							method === "totp"
								? { otp: values.text("otp").replace(/\s/g, "") }
								: { recoveryCode: values.text("recoveryCode") },
						)
					}
				>
					{method === "totp" ? (
						<Field
							name="otp"
							label={text.code}
							hint={text.codeHint}
							inputMode="numeric"
							autocomplete="one-time-code"
							required
						/>
					) : (
						<Field
							name="recoveryCode"
							label={text.recoveryCode}
							hint={text.recoveryHint}
							autocomplete="off"
							required
						/>
					)}
				</Form>
			)}
			{usable
				.filter((m) => m !== method)
				.map((m) => (
					<button key={m} type="button" class="quiet" onClick={() => setMethod(m)}>
						{names[m]}
					</button>
				))}
		</>
	);
}

/** The second step of a sign-in. */
export function SecondFactor({
	begun,
	done,
	again,
}: {
	begun: SignInResult;
	done: () => Promise<void>;
	again: () => void;
}) {
	const heading = useRef<HTMLHeadingElement>(null);
	useEffect(() => heading.current?.focus(), []);
	return (
		<>
			<h2 ref={heading} tabIndex={-1}>
				{text.secondFactor}
			</h2>
			<p>{text.secondFactorHint}</p>
			<FactorForm
				methods={begun.methods ?? ["totp", "recovery-code"]}
				send={async (proof) => {
					await call(
						verifyMfa,
						{},
						{ mfaToken: begun.mfaToken ?? "", session: "COOKIE", ...proof },
						{ quiet: true },
					);
					await done();
				}}
			/>
			<button type="button" class="quiet" onClick={again}>
				{text.again}
			</button>
		</>
	);
}
