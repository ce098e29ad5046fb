package consultation_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

type object = map[string]any

const fee = "500.00"

// advanceTo advances the clock to an instant.
func advanceTo(t *testing.T, c *apptest.Clinic, instant time.Time) {
	t.Helper()
	ahead := instant.Sub(c.DB.Now())
	if ahead < 0 {
		t.Fatalf("%s is past", instant)
	}
	c.Clock.Advance(ahead)
}

// startOf returns when a consultation is scheduled to start and to end.
func startOf(t *testing.T, c *apptest.Clinic, id string) (start, end time.Time) {
	t.Helper()
	if err := c.DB.Pool.QueryRow(context.Background(),
		"SELECT scheduled_start, scheduled_end FROM consultations WHERE id = $1", id).Scan(&start, &end); err != nil {
		t.Fatal(err)
	}
	return start, end
}

// eventually polls until a job has done its work. The interval leaves the machine to the job.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	timeout := time.After(time.Minute)
	for !done() {
		select {
		case <-poll.C:
		case <-timeout:
			t.Fatalf("never %s", what)
		}
	}
}

// waitForRefund waits until one refund of the amount has succeeded.
func waitForRefund(t *testing.T, c *apptest.Clinic, id, amount string) {
	t.Helper()
	eventually(t, "refunded", func() bool {
		return c.Count(`SELECT count(*) FROM refunds r JOIN payments p ON p.id = r.payment_id
			WHERE p.consultation_id = $1 AND r.status = 'SUCCEEDED' AND r.amount = $2::text::numeric`, id, amount) == 1
	})
}

func postBooking(c *apptest.Clinic, patient apptest.User, slot uuid.UUID) *apptest.Answer {
	return c.Post(patient, "consultations", object{"slotId": slot, "reason": "Cough"})
}

// retry repeats a request that a busy server refused.
func retry(send func() *apptest.Answer) *apptest.Answer {
	for {
		if a := send(); a.Status != 503 {
			return a
		}
	}
}

func cancel(c *apptest.Clinic, actor apptest.User, id, reason string) *apptest.Answer {
	return c.Do(actor, "POST", "consultations/"+id+"/cancel", object{"reason": reason})
}

func updateStatus(c *apptest.Clinic, actor apptest.User, id, to string) *apptest.Answer {
	return c.Patch(actor, "consultations/"+id+"/status", object{"status": to})
}
