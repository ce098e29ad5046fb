package payment_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"amrutam/internal/apptest"
	"amrutam/internal/payment"
)

type object = map[string]any

var provider apptest.User // nobody who is signed in

// unpaid returns a booking of 500.00 with an open attempt.
func unpaid(c *apptest.Clinic) (patient apptest.User, consultation, reference string) {
	patient = c.Patient()
	consultation = c.Book(patient, c.Slot(c.Doctor("500.00"), 5*time.Hour, 1))
	return patient, consultation, c.Initiate(patient, consultation)
}

// captured returns a consultation of 500.00 that is paid, its payment's id and its attempt's reference.
func captured(t *testing.T, c *apptest.Clinic) (patient apptest.User, consultation, id, reference string) {
	t.Helper()
	patient, consultation, reference = unpaid(c)
	wantOutcome(t, c.Report("payment.succeeded", reference, "500.00"), 200, payment.Captured)
	return patient, consultation, paymentOf(c, patient, consultation), reference
}

func paymentOf(c *apptest.Clinic, user apptest.User, consultation string) string {
	return c.Get(user, "payments/consultation/"+consultation).Want(200).Text("id")
}

func send(c *apptest.Clinic, body []byte, id string, at time.Time, signature string) *apptest.Answer {
	return c.Do(provider, "POST", "payments/webhook/stub", body, "Webhook-Id", id, "Webhook-Timestamp",
		fmt.Sprint(at.Unix()), "Webhook-Signature", signature)
}

func succeeded(reference string) []byte {
	return []byte(`{"type":"payment.succeeded","data":{"transactionReference":"` + reference +
		`","amount":"500.00","currency":"INR"}}`)
}

func wantState(t *testing.T, c *apptest.Clinic, patient apptest.User, consultation, status, paymentStatus string) {
	t.Helper()
	a := c.Get(patient, "consultations/"+consultation).Want(200)
	if a.Text("status") != status || a.Text("paymentStatus") != paymentStatus {
		t.Fatalf("the consultation is %s, %s; want %s, %s", a.Text("status"), a.Text("paymentStatus"), status,
			paymentStatus)
	}
}

func wantOutcome(t *testing.T, a *apptest.Answer, status int, outcome payment.Outcome) {
	t.Helper()
	if a.Want(status); a.Text("outcome") != string(outcome) {
		t.Fatalf("outcome %s, want %s", a.Body, outcome)
	}
}

// eventually waits until done returns true, for what a job does.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	again, late := time.NewTicker(20*time.Millisecond), time.After(time.Minute)
	defer again.Stop()
	for !done() {
		select {
		case <-again.C:
		case <-late:
			t.Fatalf("never %s", what)
		}
	}
}

// wantRefunds waits until n refunds of the consultation are SUCCEEDED, and checks that there are no others.
func wantRefunds(t *testing.T, c *apptest.Clinic, consultation string, n int) {
	t.Helper()
	const sql = `SELECT count(*) FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE p.consultation_id = $1`
	eventually(t, "refunded as often",
		func() bool { return c.Count(sql+" AND r.status = 'SUCCEEDED'", consultation) == n })
	if all := c.Count(sql, consultation); all != n {
		t.Fatalf("%d refunds, want %d", all, n)
	}
}

// concurrently sends n requests at once and returns their answers. It repeats those that a busy server refused.
func concurrently(n int, do func(i int) *apptest.Answer) []*apptest.Answer {
	return apptest.Concurrently(n, func(i int) *apptest.Answer {
		for {
			if a := do(i); a.Status != 503 {
				return a
			}
		}
	})
}

func statuses(answers []*apptest.Answer) map[int]int {
	all := map[int]int{}
	for _, a := range answers {
		all[a.Status]++
	}
	return all
}

// openWithoutJobs opens a clinic whose jobs are stopped, so that refunds stay PENDING until the test reports them.
func openWithoutJobs(t *testing.T) *apptest.Clinic {
	t.Helper()
	c := apptest.Open(t)
	if err := c.App.Queue.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	return c
}

func wantEqual(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %q, want %q", what, got, want)
	}
}

func cancel(c *apptest.Clinic, user apptest.User, consultation string) *apptest.Answer {
	return c.Do(user, "POST", "consultations/"+consultation+"/cancel", object{"reason": "travelling"})
}
