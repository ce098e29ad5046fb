package payment

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"amrutam/internal/money"
	"amrutam/internal/problem"
)

// ErrSignature refuses a webhook that its provider did not sign, or not just now.
var ErrSignature = problem.Define(http.StatusUnauthorized, "invalid-signature", "The signature is wrong",
	"The webhook's signature is missing or wrong, there are more than five, or its timestamp is too old or too far "+
		"ahead.",
	"Sign id.timestamp.body with the shared secret (Standard Webhooks) and send it within 5 minutes.")

// Provider takes patients' money and gives it back. The Service finds a provider by the name that payments, attempts
// and the address of webhooks carry. Methods are called by several goroutines at once.
//
// The provider first hears of an attempt when the patient opens its checkout address, never while a transaction is
// open. That address can be a page of this server, which the provider mounts: it asks the provider for the checkout
// by the attempt's reference, then redirects there or shows the provider's form. The reference is the idempotency
// key, so opening the page again, also after a crash, finds the same checkout. Razorpay: an order's receipt or a
// payment link's reference_id, and notes. Stripe: the Idempotency-Key of a Checkout Session or PaymentIntent, and
// metadata.
type Provider interface {
	// BeginAttempt returns the reference of a new attempt, which no other attempt has and nobody can guess, and the
	// address where the patient pays; nil when the provider has no page. It runs inside the transaction that stores
	// the attempt, so it must not use the network. The reference is at most 200 plain characters (Razorpay: 40).
	BeginAttempt() (reference string, checkoutURL *string)

	// Refund asks the provider to give money back that came under a reference. It runs outside a transaction, and
	// again with the same id until it returns nil: the provider must make one refund of it, however often it is
	// asked. Razorpay: the id in notes and as idempotency key. Stripe: the id in metadata and as Idempotency-Key; keys
	// expire, so a refund with the id is looked for first. nil means that the provider accepted it; a webhook reports
	// whether the money went back. Returns an error if the provider refused or it is unknown whether it accepted.
	Refund(ctx context.Context, id uuid.UUID, reference string, amount money.Money) error

	// VerifyWebhook returns ErrSignature unless the provider signed exactly these bytes, recently where the scheme
	// has a timestamp (Stripe-Signature: t=, v1=; X-Razorpay-Signature has none). It runs before anything is opened
	// for the caller, so it uses neither database nor network and may cost one hash for each configured secret.
	VerifyWebhook(header http.Header, body []byte) error

	// ParseWebhook reads a message that VerifyWebhook accepted; Event says what each field must hold. Provider is
	// filled in by the caller. Returns a problem with status 400 or 422 if the message can't be read.
	ParseWebhook(header http.Header, body []byte) (Event, error)
}
