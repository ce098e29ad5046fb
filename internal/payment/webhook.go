package payment

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"amrutam/internal/money"
	"amrutam/internal/problem"
)

// WebhookIn is a provider's message as it came; the signature covers its raw bytes.
type WebhookIn struct {
	Provider  string `path:"provider" enum:"stub" doc:"Who sends it"`
	ID        string `header:"Webhook-Id" doc:"The message's id; one id has one effect" example:"msg_2f9c"`
	Timestamp string `header:"Webhook-Timestamp" doc:"When it was sent, in seconds since 1970" example:"1795428000"`
	Signature string `header:"Webhook-Signature" doc:"v1,<base64 HMAC-SHA256 of id.timestamp.body>; several, separated by spaces, during a rotation" example:"v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="`
	RawBody   []byte
}

// WebhookBody documents what the stub sends.
type WebhookBody struct {
	Type string      `json:"type" enum:"payment.succeeded,payment.failed,refund.succeeded,refund.failed" doc:"What happened"`
	Data WebhookData `json:"data" doc:"To which attempt"`
}

// WebhookData names the attempt and the money.
type WebhookData struct {
	TransactionReference string      `json:"transactionReference" maxLength:"200" doc:"The attempt's transactionReference" example:"stub_7QK2M"`
	Amount               money.Input `json:"amount,omitempty" doc:"The money that moved"`
	Currency             string      `json:"currency,omitempty" maxLength:"3" doc:"ISO 4217 currency code" example:"INR"`
	FailureReason        string      `json:"failureReason,omitempty" doc:"Why it failed" example:"card declined"`
}

// maxReason of what a provider says of a failure, in characters.
const maxReason = 200

// Parse checks the signature, then reads the message. Errors: ErrSignature, 400, 422.
func (s *Service) Parse(in WebhookIn) (Event, error) {
	if err := s.Stub.Verify(in.ID, in.Timestamp, in.Signature, in.RawBody); err != nil {
		return Event{}, err
	}
	var body struct {
		Type string `json:"type"`
		Data struct {
			TransactionReference string       `json:"transactionReference"`
			Amount               *money.Input `json:"amount"`
			Currency             *string      `json:"currency"`
			FailureReason        string       `json:"failureReason"`
		} `json:"data"`
	}
	// Unknown fields are the provider's to add.
	if !utf8.Valid(in.RawBody) || !json.Valid(in.RawBody) {
		return Event{}, problem.Malformed.With("The body isn't well-formed JSON.")
	}
	if err := json.NewDecoder(bytes.NewReader(in.RawBody)).Decode(&body); err != nil {
		return Event{}, problem.Wrong("body", "has a field of the wrong form")
	}
	reference := body.Data.TransactionReference
	if body.Type == "" || len(body.Type) > 100 || strings.ContainsRune(body.Type, 0) {
		return Event{}, problem.Wrong("body.type", "expected an event type")
	}
	if reference == "" || len(reference) > maxReason || strings.ContainsRune(reference, 0) {
		return Event{}, problem.Wrong("body.data.transactionReference", "expected 1 to 200 characters without NUL")
	}
	e := Event{Provider: in.Provider, WebhookID: in.ID, Type: body.Type, Reference: reference,
		FailureReason: clip(strings.ReplaceAll(body.Data.FailureReason, "\x00", ""))}
	if body.Data.Amount != nil {
		e.Amount = (*money.Amount)(body.Data.Amount)
	}
	if c := body.Data.Currency; c != nil && len(*c) <= 3 && !strings.ContainsRune(*c, 0) {
		e.Currency = c
	}
	return e, nil
}

func clip(s string) string {
	if r := []rune(s); len(r) > maxReason {
		return string(r[:maxReason])
	}
	return s
}
