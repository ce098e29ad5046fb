import { call, isProblem, newKey, type CallOptions } from "../api/call";
import { startPayment } from "../api/operations";

/**
 * Begins the payment of a visit and opens its page, which leads back to an address of the console. Returns false when
 * the provider has no page. Throws Problem.
 */
export async function payVisit(consultationId: string, back: string, key: string): Promise<boolean> {
	const begin = (returnUrl: string | undefined, options: CallOptions) =>
		call(startPayment, {}, { consultationId, returnUrl }, options);
	const { data } = await begin(location.origin + back, { idempotencyKey: key }).catch((error: unknown) => {
		// A server that doesn't know this address leads back by itself.
		if (!isProblem(error, "validation-failed")) throw error;
		return begin(undefined, { idempotencyKey: newKey() });
	});
	if (data.attempt.checkout) location.assign(data.attempt.checkout.url);
	return data.attempt.checkout !== null;
}
