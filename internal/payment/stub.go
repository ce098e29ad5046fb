package payment

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"amrutam/internal/money"
	"amrutam/internal/problem"
)

const (
	// tolerance of a webhook's timestamp (Standard Webhooks).
	tolerance = 5 * time.Minute
	// maxSignatures of a webhook: a provider sends one for each secret of a rotation and each version of the scheme.
	maxSignatures = 5
)

// ErrSignature refuses a webhook that its provider did not sign, or not just now.
var ErrSignature = problem.Define(http.StatusUnauthorized, "invalid-signature", "The signature is wrong",
	"The webhook's signature is missing or wrong, there are more than five, or its timestamp is too old or too far "+
		"ahead.",
	"Sign id.timestamp.body with the shared secret (Standard Webhooks) and send it within 5 minutes.")

// Stub is a payment provider without money: it signs and sends real webhooks, so that the whole flow works with
// nothing to sign up for.
type Stub struct {
	// Secrets that are taken; the first one signs.
	Secrets [][]byte
	// Self is where this server listens, "" while it doesn't.
	Self func() string
	// Pages is the address the checkout page is reached at; "" in production, where there is none.
	Pages string
	Clock func() time.Time
	HTTP  *http.Client
}

type stubData struct {
	TransactionReference string       `json:"transactionReference"`
	Amount               money.Amount `json:"amount"`
	Currency             string       `json:"currency"`
	FailureReason        string       `json:"failureReason,omitempty"`
	RefundID             *uuid.UUID   `json:"refundId,omitempty"`
}

func (s *Stub) checkoutURL(reference string) *string {
	if s.Pages == "" {
		return nil
	}
	url := s.Pages + checkoutPath + reference
	return &url
}

// Sign gives the signature header of a webhook.
func (s *Stub) Sign(id string, at time.Time, body []byte) string {
	return "v1," + base64.StdEncoding.EncodeToString(mac(s.Secrets[0], id, strconv.FormatInt(at.Unix(), 10), body))
}

func mac(secret []byte, id, timestamp string, body []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(id + "." + timestamp + "."))
	h.Write(body)
	return h.Sum(nil)
}

// Verify checks a webhook's signature and age, hashing its body once for each secret. Error: ErrSignature.
func (s *Stub) Verify(id, timestamp, signatures string, body []byte) error {
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || id == "" || len(id) > 255 || !utf8.ValidString(id) {
		return ErrSignature
	}
	age := s.Clock().Sub(time.Unix(seconds, 0))
	given := readSignatures(signatures)
	if age > tolerance || age < -tolerance || len(given) == 0 {
		return ErrSignature
	}
	for _, secret := range s.Secrets {
		right := mac(secret, id, timestamp, body)
		for _, one := range given {
			if hmac.Equal(one, right) {
				return nil
			}
		}
	}
	return ErrSignature
}

// readSignatures gives the ones of version 1, or none when the header holds more than a provider sends.
func readSignatures(header string) (all [][]byte) {
	fields := strings.Fields(header)
	if len(fields) > maxSignatures {
		return nil
	}
	for _, field := range fields {
		version, text, _ := strings.Cut(field, ",")
		if one, err := base64.StdEncoding.DecodeString(text); version == "v1" && err == nil &&
			len(one) == sha256.Size {
			all = append(all, one)
		}
	}
	return all
}

func (s *Stub) refund(ctx context.Context, refundID uuid.UUID, reference string, amount money.Money) error {
	return s.send(ctx, "refund-"+refundID.String(), EventRefundSucceeded,
		stubData{TransactionReference: reference, Amount: amount.Amount, Currency: amount.Currency,
			RefundID: &refundID})
}

// send delivers a signed webhook to this server, over HTTP like any provider's.
func (s *Stub) send(ctx context.Context, id, event string, data stubData) error {
	self := s.Self()
	if self == "" {
		return fmt.Errorf("the stub provider can't deliver: the server doesn't listen yet")
	}
	body, err := json.Marshal(struct {
		Type string   `json:"type"`
		Data stubData `json:"data"`
	}{event, data})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, self+"/api/v1/payments/webhook/stub",
		bytes.NewReader(body))
	if err != nil {
		return err
	}
	now := s.Clock()
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Webhook-Id", id)
	r.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	r.Header.Set("Webhook-Signature", s.Sign(id, now, body))
	response, err := s.HTTP.Do(r)
	if err != nil {
		return fmt.Errorf("deliver a stub webhook: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, response.Body)
	if response.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("deliver a stub webhook: status %d", response.StatusCode)
	}
	return nil
}
