package payment

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"amrutam/internal/httpapi"
	"amrutam/internal/money"
)

// StubName is the stub's name in Service.Providers.
const StubName = "stub"

const (
	// signatureTolerance is the greatest age of a webhook's timestamp, either way (Standard Webhooks).
	signatureTolerance = 5 * time.Minute
	// maxSignatures of a webhook: a provider sends one for each secret of a rotation and each version of the scheme.
	maxSignatures = 5
	// maxWebhookID is in bytes.
	maxWebhookID = 255
)

// Stub is a provider that moves no money. It signs its webhooks as Standard Webhooks say, and sends them over HTTP, so
// that everything works without an account at a provider. It stores nothing: a checkout is the page of its reference.
type Stub struct {
	// Secrets that are accepted; the first one signs.
	Secrets [][]byte
	// Self returns the address that this server listens at; "" while it doesn't.
	Self func() string
	// Pages is the address of this server for browsers; "" in production, where the stub has no checkout page.
	Pages string
	Clock func() time.Time
	HTTP  *http.Client
	Log   *slog.Logger
}

// BeginAttempt returns a random reference and the address of its checkout page.
func (s *Stub) BeginAttempt() (reference string, checkoutURL *string) {
	random := make([]byte, 20)
	_, _ = rand.Read(random) // never fails
	reference = StubName + "_" + base32.StdEncoding.EncodeToString(random)
	if s.Pages == "" {
		return reference, nil
	}
	return reference, new(s.Pages + checkoutPath + reference)
}

// Refund reports the refund as succeeded. The webhook's id is the refund's, so a second report has no effect.
func (s *Stub) Refund(ctx context.Context, id uuid.UUID, reference string, amount money.Money) error {
	return s.send(ctx, "refund-"+id.String(), EventRefundSucceeded, stubData{TransactionReference: reference,
		Amount: amount.Amount, Currency: amount.Currency, RefundID: &id})
}

// Sign returns the header Webhook-Signature of a webhook.
func (s *Stub) Sign(id string, at time.Time, body []byte) string {
	return "v1," + base64.StdEncoding.EncodeToString(mac(s.Secrets[0], id, strconv.FormatInt(at.Unix(), 10), body))
}

func mac(secret []byte, id, timestamp string, body []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(id + "." + timestamp + "."))
	h.Write(body)
	return h.Sum(nil)
}

// VerifyWebhook checks a webhook's signature and age, hashing its body once for each secret. Returns ErrSignature if
// one of them is wrong.
func (s *Stub) VerifyWebhook(header http.Header, body []byte) error {
	id, timestamp := header.Get("Webhook-Id"), header.Get("Webhook-Timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || id == "" || len(id) > maxWebhookID || !utf8.ValidString(id) {
		return ErrSignature
	}
	age := s.Clock().Sub(time.Unix(seconds, 0))
	signatures := readSignatures(header.Get("Webhook-Signature"))
	if age > signatureTolerance || age < -signatureTolerance || len(signatures) == 0 {
		return ErrSignature
	}
	for _, secret := range s.Secrets {
		right := mac(secret, id, timestamp, body)
		for _, one := range signatures {
			if hmac.Equal(one, right) {
				return nil
			}
		}
	}
	return ErrSignature
}

// readSignatures returns the signatures of version 1, none if the header has more than a provider sends.
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

var errNotListening = errors.New("payment: the stub can't deliver a webhook, because the server doesn't listen yet")

// stubData is the data of a webhook that the stub sends.
type stubData struct {
	TransactionReference string       `json:"transactionReference"`
	Amount               money.Amount `json:"amount"`
	Currency             string       `json:"currency"`
	FailureReason        string       `json:"failureReason,omitempty"`
	RefundID             *uuid.UUID   `json:"refundId,omitempty"`
}

// Captured returns the webhook that reports an attempt as paid.
func (s *Stub) Captured(reference string, amount money.Amount, currency string) (WebhookRequest, error) {
	header, body, err := s.message("paid-"+reference, EventSucceeded,
		stubData{TransactionReference: reference, Amount: amount, Currency: currency})
	return WebhookRequest{Provider: StubName, RawBody: body, header: header}, err
}

// message returns a signed webhook.
func (s *Stub) message(id, event string, data stubData) (http.Header, []byte, error) {
	body, err := json.Marshal(struct {
		Type string   `json:"type"`
		Data stubData `json:"data"`
	}{event, data})
	now := s.Clock()
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set("Webhook-Id", id)
	header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	header.Set("Webhook-Signature", s.Sign(id, now, body))
	return header, body, err
}

// send delivers a signed webhook to this server over HTTP, as any provider would.
func (s *Stub) send(ctx context.Context, id, event string, data stubData) error {
	self := s.Self()
	if self == "" {
		return errNotListening
	}
	header, body, err := s.message(id, event, data)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, self+httpapi.Base+"/payments/webhook/"+StubName,
		bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header = header
	response, err := s.HTTP.Do(r)
	if err != nil {
		return fmt.Errorf("deliver a webhook of the stub: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, response.Body)
	if response.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("deliver a webhook of the stub: status %d", response.StatusCode)
	}
	return nil
}
