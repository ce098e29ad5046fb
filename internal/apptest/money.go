package apptest

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/payment"
)

// Webhook sends a webhook of the stub provider, signed with the clinic's secret. body is marshalled unless it is
// []byte.
func (c *Clinic) Webhook(id string, body any) *Answer {
	c.t.Helper()
	return c.WebhookAt(id, body, c.Clock.Now())
}

// WebhookAt is Webhook with the time of the signature.
func (c *Clinic) WebhookAt(id string, body any, at time.Time) *Answer {
	c.t.Helper()
	text, ok := body.([]byte)
	if !ok {
		var err error
		text, err = json.Marshal(body)
		must(c.t, err)
	}
	return c.Do(User{}, "POST", "payments/webhook/stub", text, "Webhook-Id", id,
		"Webhook-Timestamp", strconv.FormatInt(at.Unix(), 10), "Webhook-Signature", c.Sign(id, at, text))
}

// Sign returns the Webhook-Signature header of the stub provider.
func (c *Clinic) Sign(id string, at time.Time, body []byte) string {
	c.t.Helper()
	secrets, err := c.App.Config.StubSecrets()
	must(c.t, err)
	return (&payment.Stub{Secrets: secrets}).Sign(id, at, body)
}

// Report sends a webhook with an event of an attempt in INR, under a new id.
func (c *Clinic) Report(event, reference, amount string) *Answer {
	c.t.Helper()
	return c.Webhook(uuid.NewString(), Event(event, reference, amount, "INR"))
}

// Event returns the body of a webhook.
func Event(event, reference, amount, currency string) map[string]any {
	return map[string]any{"type": event, "data": map[string]any{"transactionReference": reference, "amount": amount,
		"currency": currency}}
}

// Initiate starts a payment attempt for a consultation and returns the attempt's reference.
func (c *Clinic) Initiate(patient User, consultation string) string {
	c.t.Helper()
	return c.Post(patient, "payments/initiate", map[string]any{"consultationId": consultation}).Want(201).
		Text("attempt", "transactionReference")
}

// Book books a slot and returns the consultation's id.
func (c *Clinic) Book(patient User, slot uuid.UUID) string {
	c.t.Helper()
	return c.Post(patient, "consultations", map[string]any{"slotId": slot, "reason": "Back pain for two weeks"}).
		Want(201).Text("id")
}

// BookAndPay books a slot and pays its fee. It returns the consultation's id and the attempt's reference.
func (c *Clinic) BookAndPay(patient User, slot uuid.UUID, fee string) (consultation, reference string) {
	c.t.Helper()
	consultation = c.Book(patient, slot)
	reference = c.Initiate(patient, consultation)
	outcome := c.Report("payment.succeeded", reference, fee).Want(200).Text("outcome")
	if outcome != "captured" {
		c.t.Fatalf("the outcome of the payment is %s", outcome)
	}
	return consultation, reference
}
