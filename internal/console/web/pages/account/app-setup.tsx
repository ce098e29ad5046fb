import { useState } from "preact/hooks";
import { call, isProblem } from "../../api/call";
import { confirmMfa, enableMfa, type AuthenticatorSetup } from "../../api/operations";
import { ActionButton, Field, Form } from "../../parts/form";
import { text as entry } from "../entry/text";
import { Arrival } from "../../parts/focus";
import { CopyButton } from "../../parts/copy";
import { text } from "./text";

interface AppSetupProps {
	/** Called with the recovery codes. */
	done: (codes: string[]) => Promise<void> | void;
	/** Called when it turns out that there is an app. */
	isSet?: () => void;
	class?: string;
}

/** Sets up an authenticator app: a picture to scan, and its first code. */
export function AppSetup({ done, isSet, class: className }: AppSetupProps) {
	const own = text.app;
	const refusals = {
		"mfa-enabled": own.alreadySet,
		"mfa-not-enabled": own.beginAgain,
		"invalid-code": entry.wrongCode,
		"too-many-attempts": text.tooManyAttempts,
	};
	const [setup, setSetup] = useState<AuthenticatorSetup | null>(null);
	if (!setup) {
		return (
			<ActionButton
				text={own.setUp}
				class={className ?? ""}
				own={refusals}
				run={async () => {
					try {
						setSetup((await call(enableMfa, {})).data);
					} catch (error) {
						if (!isSet || !isProblem(error, "mfa-enabled")) throw error;
						isSet();
					}
				}}
			/>
		);
	}
	return (
		<Arrival>
			<ol>
				<li>{own.install}</li>
				<li>
					{own.scan}
					<p>
						<img
							class="qr"
							src={"data:image/png;base64," + setup.qrCodePng}
							alt={own.picture(setup.secret)}
							width="220"
							height="220"
						/>
					</p>
					<p>
						{own.orType} <code>{setup.secret.replace(/(.{4})(?=.)/g, "$1 ")}</code>{" "}
						<CopyButton value={setup.secret} label={own.copySecret} failed={text.copyByHand} />
					</p>
					<p>
						<a href={setup.otpauthUrl}>{own.openApp}</a>
					</p>
				</li>
				<li>{own.thenCode}</li>
			</ol>
			<Form
				action={own.confirm}
				own={refusals}
				submit={async (values) => {
					const otp = values.text("otp").replace(/\s/g, "");
					await done((await call(confirmMfa, {}, { otp })).data.recoveryCodes);
				}}
				aside={
					<button type="button" class="quiet" onClick={() => setSetup(null)}>
						{own.notNow}
					</button>
				}
			>
				<Field
					name="otp"
					label={entry.code}
					hint={entry.codeHint}
					inputMode="numeric"
					autocomplete="one-time-code"
					required
				/>
			</Form>
		</Arrival>
	);
}
