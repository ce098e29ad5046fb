import { call, Problem, type Explanations } from "../../api/call";
import { createPasskeySignInOptions, type PasskeyAssertion } from "../../api/operations";
import { provePasskey } from "../../parts/passkey";
import { text } from "./text";

/** What to do when a proof of identity was refused. */
export function refusals(): Explanations {
	return {
		"invalid-credentials": text.wrongPassword,
		"invalid-code": text.wrongCode,
		"invalid-ticket": text.ticketOver,
		"invalid-passkey": text.wrongPasskey,
		"passkey-declined": text.passkeyDeclined,
		"passkey-unusable": text.passkeyUnusable,
		"too-many-attempts": text.tooManyAttempts,
		"restore-mode": text.restoreMode,
		"no-cookie": text.noCookie,
	};
}

/** Asks for a passkey. Throws Problem, of this page too, so that each reason has its text. */
export async function askPasskey(): Promise<PasskeyAssertion> {
	const { data } = await call(createPasskeySignInOptions, {}, undefined, { quiet: true });
	let passkey: PasskeyAssertion | null = null;
	try {
		passkey = await provePasskey(data.publicKey);
	} catch (error) {
		// The address isn't that of the passkeys, or the browser can't use them.
		if (error instanceof DOMException) throw new Problem("passkey-unusable");
		throw error;
	}
	if (!passkey) throw new Problem("passkey-declined");
	return passkey;
}
