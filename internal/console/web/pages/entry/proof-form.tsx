import { useEffect, useState } from "preact/hooks";
import { call } from "../../api/call";
import { listPasskeys, reauthenticate, type SecondFactorMethod } from "../../api/operations";
import { Field, Form } from "../../parts/form";
import { Loading } from "../../parts/load";
import { currentUser } from "../../session";
import { refusals } from "./refusals";
import { FactorForm } from "./second-factor";
import { text } from "./text";

/** Proves the user's identity anew: by a second factor, or by the password where there is none. */
export function ProofForm({ done }: { done: () => void }) {
	const [methods, setMethods] = useState<SecondFactorMethod[] | null>(null);
	useEffect(() => {
		if (!currentUser()?.mfaEnabled) return setMethods([]);
		call(listPasskeys, {}, undefined).then(
			({ data }) =>
				setMethods(data.items.length > 0 ? ["passkey", "totp", "recovery-code"] : ["totp", "recovery-code"]),
			() => setMethods(["totp", "recovery-code"]),
		);
	}, []);
	if (!methods) return <Loading />;
	if (methods.length > 0) {
		return (
			<FactorForm
				methods={methods}
				send={async (proof) => {
					await call(reauthenticate, {}, proof);
					done();
				}}
			/>
		);
	}
	return (
		<Form
			action={text.confirm}
			own={{ ...refusals(), "invalid-credentials": text.notPassword }}
			submit={async (values) => {
				await call(reauthenticate, {}, { currentPassword: values.raw("currentPassword") });
				done();
			}}
		>
			<Field
				name="currentPassword"
				label={text.password}
				type="password"
				autocomplete="current-password"
				required
			/>
		</Form>
	);
}
