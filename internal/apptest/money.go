package apptest

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/payment"
)

// Webhook sends body to the stub provider's address, signed now with the clinic's secret. body is marshalled unless it
// is []byte.
func (c *Clinic) Webhook(id string, body any) *Answer {
	c.t.Helper()
	return c.WebhookAt(id, body, c.Clock.Now())
}

// WebhookAt is Webhook, signed at another instant.
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

// Sign gives the header Webhook-Signature that the stub provider would send.
func (c *Clinic) Sign(id string, at time.Time, body []byte) string {
	c.t.Helper()
	secrets, err := c.App.Config.StubSecrets()
	must(c.t, err)
	return (&payment.Stub{Secrets: secrets}).Sign(id, at, body)
}

// Report sends one event of an attempt in INR, under an id of its own.
func (c *Clinic) Report(event, reference, amount string) *Answer {
	c.t.Helper()
	return c.Webhook(uuid.NewString(), Event(event, reference, amount, "INR"))
}

// Event is the body of a webhook.
func Event(event, reference, amount, currency string) map[string]any {
	return map[string]any{"type": event, "data": map[string]any{"transactionReference": reference, "amount": amount,
		"currency": currency}}
}

// Initiate begins to pay for a consultation and gives the attempt's reference.
func (c *Clinic) Initiate(patient User, consultation string) string {
	c.t.Helper()
	return c.Post(patient, "payments/initiate", map[string]any{"consultationId": consultation}).Want(201).
		Text("attempt", "transactionReference")
}

// Book books a slot and gives the consultation's id.
func (c *Clinic) Book(patient User, slot uuid.UUID) string {
	c.t.Helper()
	return c.Post(patient, "consultations", map[string]any{"slotId": slot, "reason": "Back pain for two weeks"}).
		Want(201).Text("id")
}

// Paid books a slot, pays its fee and gives the consultation's id with the attempt's reference.
func (c *Clinic) Paid(patient User, slot uuid.UUID, fee string) (consultation, reference string) {
	c.t.Helper()
	consultation = c.Book(patient, slot)
	reference = c.Initiate(patient, consultation)
	if out := c.Report("payment.succeeded", reference, fee).Want(200).Text("outcome"); out != "captured" {
		c.t.Fatalf("the payment came as %s", out)
	}
	return consultation, reference
}
