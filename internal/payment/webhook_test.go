package payment_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
	"amrutam/internal/payment"
)

func TestWebhookSignatures(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, consultation, reference := unpaid(c)
	body, now := succeeded(reference), c.Clock.Now()
	forger := payment.Stub{Secrets: [][]byte{bytes.Repeat([]byte("f"), 32)}}
	for name, try := range map[string]func() *apptest.Answer{
		"unsigned":        func() *apptest.Answer { return c.Do(provider, "POST", "payments/webhook/stub", body) },
		"no signature":    func() *apptest.Answer { return send(c, body, "a", now, "") },
		"not a signature": func() *apptest.Answer { return send(c, body, "a", now, "v1,AAAA v1 , v1,%%%") },
		"another version": func() *apptest.Answer {
			return send(c, body, "a", now, "v2"+c.Sign("a", now, body)[2:])
		},
		"another secret": func() *apptest.Answer { return send(c, body, "a", now, forger.Sign("a", now, body)) },
		"of another body": func() *apptest.Answer {
			return send(c, body, "a", now, c.Sign("a", now, append([]byte(" "), body...)))
		},
		"of another id": func() *apptest.Answer { return send(c, body, "a", now, c.Sign("b", now, body)) },
		"of another time": func() *apptest.Answer {
			return send(c, body, "a", now, c.Sign("a", now.Add(time.Second), body))
		},
		"stale": func() *apptest.Answer {
			return c.WebhookAt("a", body, now.Add(-5*time.Minute-2*time.Second))
		},
		"of the future":     func() *apptest.Answer { return c.WebhookAt("a", body, now.Add(6*time.Minute)) },
		"of the far future": func() *apptest.Answer { return c.WebhookAt("a", body, time.Unix(1<<61, 0)) },
		"without an id":     func() *apptest.Answer { return c.Webhook("", body) },
		"with a long id":    func() *apptest.Answer { return c.Webhook(strings.Repeat("x", 256), body) },
		"with a broken id":  func() *apptest.Answer { return c.Webhook("\xff\xfe", body) },
		"of no instant": func() *apptest.Answer {
			return c.Do(provider, "POST", "payments/webhook/stub", body, "Webhook-Id", "a", "Webhook-Timestamp",
				"today", "Webhook-Signature", c.Sign("a", now, body))
		},
		"the right one among too many": func() *apptest.Answer {
			return send(c, body, "a", now, strings.Repeat("v1,AAAA ", 5)+c.Sign("a", now, body))
		},
		"unsigned and malformed": func() *apptest.Answer {
			return c.Do(provider, "POST", "payments/webhook/stub", []byte("{"))
		},
	} {
		if a := try(); a.Status != 401 || a.Text("type") != "/problems/invalid-signature" {
			t.Errorf("%s: status %d: %s", name, a.Status, a.Body)
		}
	}
	if n := c.Count("SELECT count(*) FROM payment_webhooks"); n != 0 {
		t.Errorf("%d refused webhooks are kept", n)
	}
	wantState(t, c, patient, consultation, "REQUESTED", "PENDING")
	// Just inside the tolerance, one right signature among wrong ones is enough.
	at := now.Add(-4*time.Minute - 30*time.Second)
	wantOutcome(t, send(c, body, "a", at, "v1a,xyz v1,AAAA v1,AAAA "+forger.Sign("a", at, body)+" "+c.Sign("a", at,
		body)), 200, payment.Captured)
	wantState(t, c, patient, consultation, "CONFIRMED", "PAID")
	c.CheckInvariants()
}

// TestUnsignedWebhooksUseNoConnection checks that an unsigned message is refused without a database connection, and
// that an address that sends many of them is limited.
func TestUnsignedWebhooksUseNoConnection(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t, func(cfg *config.Config) {
		cfg.RateLimit, cfg.TrustedProxies = "on", []string{"127.0.0.0/8"}
	})
	_, _, reference := unpaid(c)
	body, now := succeeded(reference), c.Clock.Now()
	from := func(address, id, signature string) *apptest.Answer {
		return c.Do(provider, "POST", "payments/webhook/stub", body, "X-Forwarded-For", address,
			"Webhook-Id", id, "Webhook-Timestamp", fmt.Sprint(now.Unix()), "Webhook-Signature", signature)
	}
	taken := c.TakeConnections()
	for i := range 20 {
		from("203.0.113.7", "a", "v1,"+strings.Repeat("A", 43)+"=").Want(401, "invalid-signature")
		from("2001:db8::"+fmt.Sprint(i), "a", "").Want(401, "invalid-signature")
	}
	taken()
	for _, address := range []string{"203.0.113.7", "2001:db8::ffff"} {
		if a := from(address, "b", c.Sign("b", now, body)).Want(429,
			"too-many-requests"); a.Header.Get("Retry-After") == "" {
			t.Error("it isn't told when to come back")
		}
	}
	// Signed messages and other addresses are not limited.
	for i := range 30 {
		from("203.0.113.8", fmt.Sprint(i), c.Sign(fmt.Sprint(i), now, body)).Want(200)
	}
	c.Clock.Advance(4 * time.Second)
	wantOutcome(t, from("203.0.113.7", "c", c.Sign("c", now, body)), 200, payment.Unchanged)
}

// During a rotation both secrets are accepted.
func TestWebhookSecretsRotate(t *testing.T) {
	t.Parallel()
	old, latest := bytes.Repeat([]byte("o"), 32), bytes.Repeat([]byte("n"), 32)
	whsec := func(key []byte) string { return "whsec_" + base64.StdEncoding.EncodeToString(key) }
	c := apptest.Open(t, func(cfg *config.Config) { cfg.StubWebhookSecret = whsec(latest) + ", " + whsec(old) })
	for name, secrets := range map[string][][]byte{"old": {old}, "new": {latest}} {
		_, _, reference := unpaid(c)
		body, now, id := succeeded(reference), c.Clock.Now(), uuid.NewString()
		t.Log(name)
		wantOutcome(t, send(c, body, id, now, (&payment.Stub{Secrets: secrets}).Sign(id, now, body)), 200,
			payment.Captured)
	}
}

func TestWebhookBodies(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, consultation, reference := unpaid(c)
	whole := string(succeeded(reference))
	change := func(from, to string) []byte { return []byte(strings.Replace(whole, from, to, 1)) }
	for _, bad := range []struct {
		name   string
		body   []byte
		status int
	}{
		{"empty", []byte{}, 400}, {"not JSON", []byte("paid"), 400}, {"half", []byte(whole[:40]), 400},
		{"two values", []byte(whole + whole), 400},
		{"not UTF-8", change("INR", "\xff\xfe"), 400}, {"too deep", []byte(strings.Repeat("[", 50000)), 400},
		{"too large", append([]byte(whole), bytes.Repeat([]byte(" "), 64<<10)...), 413},
		{"null", []byte("null"), 422}, {"a list", []byte("[]"), 422},
		{"no data", []byte(`{"type":"payment.succeeded"}`), 422},
		{"no type", change(`"type":"payment.succeeded",`, ""), 422},
		{"type is a number", change(`"payment.succeeded"`, "1"), 422},
		{"a long type", change("payment.succeeded", strings.Repeat("x", 101)), 422},
		{"NUL in the type", change("payment.succeeded", `a\u0000`), 422},
		{"a long name of a refund", change(`"amount"`, `"refundId":"`+strings.Repeat("x", 201)+`","amount"`), 422},
		{"no reference", change(reference, ""), 422}, {"a long reference", change(reference, strings.Repeat("x", 201)),
			422}, {"NUL in the reference", change(reference, `a\u0000`), 422},
		{"a reference that turns the line around", change(reference, `a\u202e`), 422},
		{"three decimals", change("500.00", "500.001"), 422}, {"negative", change("500.00", "-500.00"), 422},
		{"exponent", change(`"500.00"`, "5e2"), 422}, {"beyond numeric(12,2)", change("500.00", "50000000000.00"),
			422}, {"the type twice", change("{", `{"type":"payment.failed",`), 422},
		{"the amount twice", change(`"amount"`, `"amount":"1.00","amount"`), 422},
		{"NUL in the reason", change(`"amount"`, `"failureReason":"a\u0000","amount"`), 422},
	} {
		if a := c.Webhook(uuid.NewString(), bad.body); a.Status != bad.status {
			t.Errorf("%s: status %d, want %d: %s", bad.name, a.Status, bad.status, a.Body)
		}
	}
	for place, bad := range map[string][]byte{
		"body": []byte("[]"), "body.type": change(`"payment.succeeded"`, "1"),
		"body.data":        []byte(`{"type":"payment.succeeded","data":"paid"}`),
		"body.data.amount": change("500.00", "500.001"), "body.data.currency": change(`"INR"`, "356"),
		"body.data.refundId": change(`"amount"`, `"refundId":7,"amount"`),
	} {
		if a := c.Webhook(uuid.NewString(), bad).Want(422); !bytes.Contains(a.Body, []byte(`"location":"`+place+`"`)) {
			t.Errorf("of %s it says %s", place, a.Body)
		}
	}
	wantState(t, c, patient, consultation, "REQUESTED", "PENDING")
	if n := c.Count("SELECT count(*) FROM payment_webhooks"); n != 0 {
		t.Errorf("%d refused webhooks are kept", n)
	}
	// Added members and the Content-Type of a signed body are ignored.
	more := change("{", `{"id":"evt_1","created":1795428000,"data2":{"a":[1,2]},`)
	more = bytes.Replace(more, []byte(`"currency"`), []byte(`"method":"upi","Amount":"1.00","currency"`), 1)
	at := c.Clock.Now()
	wantOutcome(t, c.Do(provider, "POST", "payments/webhook/stub", more, "Content-Type", "text/plain", "Webhook-Id",
		"more", "Webhook-Timestamp", fmt.Sprint(at.Unix()), "Webhook-Signature", c.Sign("more", at, more)), 200,
		payment.Captured)
	wantState(t, c, patient, consultation, "CONFIRMED", "PAID")

	_, _, other := unpaid(c)
	hidden := bytes.Replace(succeeded(other), []byte("payment.succeeded"), []byte("payment.failed"), 1)
	hidden = bytes.Replace(hidden, []byte(`"amount"`), []byte(`"failureReason":"card\u202e declined\u200b","amount"`),
		1)
	wantOutcome(t, c.Webhook(uuid.NewString(), hidden), 200, payment.Failed)
	if n := c.Count("SELECT count(*) FROM payment_attempts WHERE failure_reason = 'card declined'"); n != 1 {
		t.Errorf("%d attempts failed for a readable reason", n)
	}
}

func TestWebhookUnknownReferences(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	_, _, reference := unpaid(c)
	body, at := succeeded(reference), c.Clock.Now()
	c.Do(provider, "POST", "payments/webhook/acme", body, "Webhook-Id", "x", "Webhook-Timestamp",
		fmt.Sprint(at.Unix()), "Webhook-Signature", c.Sign("x", at, body)).Want(404, "not-found")
	wantOutcome(t, c.Report("payment.succeeded", "stub_nobody", "500.00"), 202, payment.UnknownReference)
	wantOutcome(t, c.Report("payment.disputed", reference, "500.00"), 202, payment.UnknownType)
	wantOutcome(t, c.Report("payment.disputed", "stub_nobody", "500.00"), 202, payment.UnknownReference)
	for outcome, n := range map[string]int{"unknown-reference": 2, "unknown-type": 1} {
		if got := c.Count("SELECT count(*) FROM payment_webhooks WHERE outcome = $1", outcome); got != n {
			t.Errorf("%d are kept as %s, want %d", got, outcome, n)
		}
	}
}

func TestWebhookMismatchedMoney(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, consultation, reference := unpaid(c)
	for i, data := range []object{
		{"amount": "499.99", "currency": "INR"}, {"amount": "500.01", "currency": "INR"},
		{"amount": 0, "currency": "INR"},
		{"amount": "500.00", "currency": "USD"}, {"amount": "500.00", "currency": "INRX"},
		{"amount": "500.00"}, {"currency": "INR"}, {"amount": nil, "currency": nil},
	} {
		data["transactionReference"] = reference
		wantOutcome(t, c.Webhook(fmt.Sprint("wrong-", i), object{"type": "payment.succeeded", "data": data}), 202,
			payment.AmountMismatch)
		if n := c.Count("SELECT count(*) FROM payment_webhooks WHERE webhook_id = $1 AND outcome = "+
			"'amount-mismatch'", fmt.Sprint("wrong-", i)); n != 1 {
			t.Errorf("%v is not flagged", data)
		}
		wantState(t, c, patient, consultation, "REQUESTED", "PENDING")
	}
	wantOutcome(t, c.Webhook("right",
		object{"type": "payment.succeeded", "data": object{"transactionReference": reference, "amount": 500,
			"currency": "iNr"}}), 200, payment.Captured)
	c.CheckInvariants()
}

func TestRepeatedWebhook(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, consultation, reference := unpaid(c)
	body := succeeded(reference)
	answers := make([]*apptest.Answer, 30)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			for answers[i] == nil || answers[i].Status == 503 { // busy: a provider tries again
				answers[i] = c.Webhook("one", body)
			}
		})
	}
	all.Wait()
	captured := 0
	for _, a := range answers {
		if a.Want(200).Text("outcome") == "captured" {
			captured++
		} else {
			wantOutcome(t, a, 200, payment.Duplicate)
		}
	}
	if captured != 1 {
		t.Errorf("%d copies had an effect", captured)
	}
	// A webhook id has one effect, whatever the body of a second message says.
	wantOutcome(t, c.Webhook("one", apptest.Event("payment.failed", reference, "500.00", "INR")), 200,
		payment.Duplicate)
	wantOutcome(t, c.Report("payment.succeeded", reference, "500.00"), 200, payment.Unchanged)
	wantState(t, c, patient, consultation, "CONFIRMED", "PAID")
	if n := c.Count("SELECT count(*) FROM audit_logs WHERE action = 'consultation.confirm' AND entity_id = $1",
		consultation); n != 1 {
		t.Errorf("confirmed %d times", n)
	}
	c.CheckInvariants()
}
