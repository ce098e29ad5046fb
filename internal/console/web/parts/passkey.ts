// Passkeys (WebAuthn): the browser's objects as the API's JSON.

import type {
	PasskeyAssertion,
	PasskeyAttestation,
	PublicKeyCredentialCreationOptions as CreationJSON,
	PublicKeyCredentialRequestOptions as RequestJSON,
} from "../api/operations";

function decode(text: string): ArrayBuffer {
	const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
	return Uint8Array.from(plain, (c) => c.charCodeAt(0)).buffer;
}

function encode(buffer: ArrayBuffer): string {
	const plain = String.fromCharCode(...new Uint8Array(buffer));
	return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

export function hasPasskeys(): boolean {
	return typeof PublicKeyCredential !== "undefined";
}

interface Described {
	id: string;
	type: string;
}

const known = (all: Described[] | undefined): PublicKeyCredentialDescriptor[] =>
	(all ?? []).map((c) => ({ id: decode(c.id), type: "public-key" }));

/** Asks for a passkey. Returns null if the user declines. */
export async function provePasskey(options: RequestJSON): Promise<PasskeyAssertion | null> {
	const { challenge, allowCredentials, rpId, timeout, userVerification } = options as RequestJSON & {
		allowCredentials?: Described[];
	};
	const credential = await orNull(
		navigator.credentials.get({
			publicKey: {
				challenge: decode(challenge),
				allowCredentials: known(allowCredentials),
				rpId,
				timeout,
				userVerification,
			} as PublicKeyCredentialRequestOptions,
		}),
	);
	if (!(credential instanceof PublicKeyCredential)) return null;
	const response = credential.response as AuthenticatorAssertionResponse;
	return {
		id: credential.id,
		rawId: encode(credential.rawId),
		type: "public-key",
		response: {
			authenticatorData: encode(response.authenticatorData),
			clientDataJSON: encode(response.clientDataJSON),
			signature: encode(response.signature),
			userHandle: response.userHandle ? encode(response.userHandle) : null,
		},
	};
}

/** Makes a passkey. Returns null if the user declines. */
export async function makePasskey(options: CreationJSON): Promise<PasskeyAttestation | null> {
	const { challenge, user, excludeCredentials, ...rest } = options as CreationJSON & {
		excludeCredentials?: Described[];
	};
	const credential = await orNull(
		navigator.credentials.create({
			publicKey: {
				...rest,
				challenge: decode(challenge),
				user: { ...user, id: decode(user.id) },
				excludeCredentials: known(excludeCredentials),
			} as PublicKeyCredentialCreationOptions,
		}),
	);
	if (!(credential instanceof PublicKeyCredential)) return null;
	const response = credential.response as AuthenticatorAttestationResponse;
	return {
		id: credential.id,
		rawId: encode(credential.rawId),
		type: "public-key",
		response: {
			attestationObject: encode(response.attestationObject),
			clientDataJSON: encode(response.clientDataJSON),
		},
	};
}

async function orNull(asked: Promise<Credential | null>): Promise<Credential | null> {
	try {
		return await asked;
	} catch (error) {
		// The user closed the browser's dialog, or waited too long.
		if (error instanceof DOMException && (error.name === "NotAllowedError" || error.name === "AbortError"))
			return null;
		throw error;
	}
}
