package payment

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"amrutam/internal/money"
	"amrutam/internal/problem"
)

// WebhookRequest is a provider's message as it came. The tags document the headers of the stub; the provider itself
// reads header and RawBody, whose bytes are signed.
type WebhookRequest struct {
	Provider  string `path:"provider" doc:"Who sends it: stub" example:"stub"`
	ID        string `header:"Webhook-Id" text:"opaque" doc:"The message's id; one id has one effect" example:"msg_2f9c"`
	Timestamp string `header:"Webhook-Timestamp" text:"opaque" doc:"When it was sent, in seconds since 1970" example:"1795428000"`
	Signature string `header:"Webhook-Signature" text:"opaque" doc:"v1,<base64 HMAC-SHA256 of id.timestamp.body>; several, at most five, separated by spaces, during a rotation" example:"v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="`
	RawBody   []byte

	header http.Header
}

// Resolve copies the request's headers, because each provider has its own.
func (w *WebhookRequest) Resolve(ctx huma.Context) []error {
	w.header = http.Header{}
	ctx.EachHeader(w.header.Add)
	return nil
}

// WebhookBody documents what the stub sends. Members and types that a provider adds are ignored.
type WebhookBody struct {
	_ struct{} `additionalProperties:"true" doc:"What a provider reports"`

	Type string      `json:"type" minLength:"1" maxLength:"100" doc:"What happened: payment.succeeded, payment.failed, refund.succeeded or refund.failed" example:"payment.succeeded"`
	Data WebhookData `json:"data" doc:"To which attempt"`
}

// WebhookData names the attempt and the money.
type WebhookData struct {
	_ struct{} `additionalProperties:"true" doc:"Which attempt, and the money that moved"`

	TransactionReference string      `json:"transactionReference" maxLength:"200" doc:"The attempt's transactionReference" example:"stub_7QK2M"`
	Amount               money.Input `json:"amount,omitempty" doc:"The money that moved"`
	Currency             string      `json:"currency,omitempty" doc:"ISO 4217 currency code, in any case" example:"INR"`
	RefundID             string      `json:"refundId,omitempty" maxLength:"200" doc:"Which refund: the id that we sent ours with, or the provider's own of one made there. Reported again it is the same one" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
	FailureReason        string      `json:"failureReason,omitempty" doc:"Why it failed" example:"card declined"`
}

// Verify checks that the provider of the request's address signed the message, before anything is opened for it.
// Returns problem.NotFound if there is no such provider, ErrSignature if it didn't sign.
func (s *Service) Verify(r *http.Request, body []byte) error {
	provider, known := s.Providers[r.PathValue("provider")]
	if !known {
		return problem.NotFound
	}
	return provider.VerifyWebhook(r.Header, body)
}

// Parse reads a message that Verify accepted. Returns a problem with status 400 or 422 if it can't be read.
func (s *Service) Parse(in WebhookRequest) (Event, error) {
	provider, known := s.Providers[in.Provider]
	if !known {
		return Event{}, problem.NotFound
	}
	e, err := provider.ParseWebhook(in.header, in.RawBody)
	if err != nil {
		return Event{}, err
	}
	e.Provider = in.Provider
	return e, nil
}
