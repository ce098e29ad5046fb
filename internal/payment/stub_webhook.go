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

const (
	// maxWebhookValues of a message; the stub's have about ten.
	maxWebhookValues = 1000
	// maxWebhookText is the length of a provider's texts and names, in characters.
	maxWebhookText = 200
	// maxWebhookType is the length of an event's type, in characters.
	maxWebhookType = 100
)

// ParseWebhook reads a message of the shape of WebhookBody.
func (s *Stub) ParseWebhook(header http.Header, body []byte) (Event, error) {
	if err := httpapi.CheckJSON(body, maxWebhookValues); err != nil {
		return Event{}, err
	}
	e := Event{WebhookID: httpapi.Normalize(header.Get("Webhook-Id"), httpapi.Opaque)}
	var (
		data     json.RawMessage
		amount   *money.Input
		currency *string
	)
	wrong := decodeMembers("body", body, map[string]any{"type": &e.Type, "data": &data})
	if wrong == "" {
		wrong = decodeMembers("body.data", data, map[string]any{"transactionReference": &e.Reference,
			"amount": &amount, "currency": &currency, "failureReason": &e.FailureReason, "refundId": &e.RefundID})
	}
	switch {
	case wrong == "body.data.amount":
		return Event{}, problem.InvalidField(wrong, problem.NotAmount)
	case wrong == "body" || wrong == "body.data":
		return Event{}, problem.InvalidField(wrong, problem.NotObject)
	case wrong != "":
		return Event{}, problem.InvalidField(wrong, problem.NotText)
	case e.Type == "" || utf8.RuneCountInString(e.Type) > maxWebhookType ||
		httpapi.TextFault(e.Type, httpapi.Line) != nil:
		return Event{}, problem.InvalidField("body.type", faultEventType)
	case e.Reference == "" || utf8.RuneCountInString(e.Reference) > maxWebhookText ||
		httpapi.TextFault(e.Reference, httpapi.Line) != nil:
		return Event{}, problem.InvalidField("body.data.transactionReference", faultReference)
	case e.RefundID != nil && utf8.RuneCountInString(*e.RefundID) > maxWebhookText:
		return Event{}, problem.InvalidField("body.data.refundId", problem.MaxLength.With("limit", 200))
	}
	e.FailureReason = httpapi.CleanText(e.FailureReason, maxWebhookText)
	e.Amount = (*money.Amount)(amount)
	if currency != nil {
		e.Currency = currencyCode(*currency)
	}
	return e, nil
}

// currencyCode returns an ISO 4217 code in upper case, nil if the text is none.
func currencyCode(text string) *string {
	code := strings.ToUpper(text)
	if len(text) != 3 || len(code) != 3 || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return nil
	}
	return &code
}

// decodeMembers reads the members of a JSON object that to names, ignores others, and returns the place of the first
// whose value has another type. encoding/json alone would also accept names in another case.
func decodeMembers(at string, object []byte, to map[string]any) (wrong string) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(object, &members); err != nil || members == nil {
		return at
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if value, known := to[name]; known && json.Unmarshal(members[name], value) != nil {
			return at + "." + name
		}
	}
	return ""
}
