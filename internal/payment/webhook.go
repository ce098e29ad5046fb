package payment

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"amrutam/internal/httpapi"
	"amrutam/internal/money"
	"amrutam/internal/problem"
)

// webhookValues that a provider's message may hold; a dozen are read.
const webhookValues = 1000

// WebhookIn is a provider's message as it came; the signature covers its raw bytes.
type WebhookIn struct {
	Provider  string `path:"provider" doc:"Who sends it: stub" example:"stub"`
	ID        string `header:"Webhook-Id" text:"opaque" doc:"The message's id; one id has one effect" example:"msg_2f9c"`
	Timestamp string `header:"Webhook-Timestamp" text:"opaque" doc:"When it was sent, in seconds since 1970" example:"1795428000"`
	Signature string `header:"Webhook-Signature" text:"opaque" doc:"v1,<base64 HMAC-SHA256 of id.timestamp.body>; several, at most five, separated by spaces, during a rotation" example:"v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="`
	RawBody   []byte
}

// WebhookBody documents what the stub sends. A provider may add members and types: they are kept, and change nothing.
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

// maxText of a provider: why something failed, or its name of it; in characters.
const maxText = 200

// Verify checks that a provider signed the message, before anything is opened for it. Errors: problem.NotFound (no
// such provider), ErrSignature.
func (s *Service) Verify(r *http.Request, body []byte) error {
	if r.PathValue("provider") != providerStub {
		return problem.NotFound
	}
	return s.Stub.Verify(r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp"),
		r.Header.Get("Webhook-Signature"), body)
}

// Parse reads a message that Verify has let pass. Errors: 400, 422.
func (s *Service) Parse(in WebhookIn) (Event, error) {
	if err := httpapi.CheckJSON(in.RawBody, webhookValues); err != nil {
		return Event{}, err
	}
	e := Event{Provider: in.Provider, WebhookID: in.ID}
	var (
		data     json.RawMessage
		amount   *money.Input
		currency *string
	)
	wrong := exact("body", in.RawBody, map[string]any{"type": &e.Type, "data": &data})
	if wrong == "" {
		wrong = exact("body.data", data, map[string]any{"transactionReference": &e.Reference, "amount": &amount,
			"currency": &currency, "failureReason": &e.FailureReason, "refundId": &e.RefundID})
	}
	switch {
	case wrong == "body.data.amount":
		return Event{}, problem.InvalidField(wrong, money.Form)
	case wrong == "body" || wrong == "body.data":
		return Event{}, problem.InvalidField(wrong, "expected an object")
	case wrong != "":
		return Event{}, problem.InvalidField(wrong, "expected a string")
	case e.Type == "" || utf8.RuneCountInString(e.Type) > 100 || httpapi.TextFault(e.Type, httpapi.Line) != "":
		return Event{}, problem.InvalidField("body.type", "expected an event type in plain characters")
	case e.Reference == "" || utf8.RuneCountInString(e.Reference) > maxText ||
		httpapi.TextFault(e.Reference, httpapi.Line) != "":
		return Event{}, problem.InvalidField("body.data.transactionReference", "expected 1 to 200 plain characters")
	case e.RefundID != nil && utf8.RuneCountInString(*e.RefundID) > maxText:
		return Event{}, problem.InvalidField("body.data.refundId", "must have at most 200 characters")
	}
	e.FailureReason = httpapi.Readable(e.FailureReason, maxText)
	e.Amount = (*money.Amount)(amount)
	if currency != nil {
		e.Currency = currencyCode(*currency)
	}
	return e, nil
}

// currencyCode is an ISO 4217 code in any case; nil when it is none.
func currencyCode(text string) *string {
	code := strings.ToUpper(text)
	if len(text) != 3 || len(code) != 3 || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return nil
	}
	return &code
}

// exact reads the members of the object at a place that to names, and returns the place of one that has another form.
// Others are the provider's to add; encoding/json alone would also take a name in another case.
func exact(at string, object []byte, to map[string]any) (wrong string) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(object, &members); err != nil || members == nil {
		return at
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if place, known := to[name]; known && json.Unmarshal(members[name], place) != nil {
			return at + "." + name
		}
	}
	return ""
}
