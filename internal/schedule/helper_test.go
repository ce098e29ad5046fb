package schedule_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

// anonymous is a visitor who isn't signed in.
var anonymous apptest.User

func want(t *testing.T, name string, got, want any) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, want %v", name, got, want)
	}
}

// slotBody is the body of a slot that starts in a while and has a length; more are names and values of other members.
func slotBody(c *apptest.Clinic, in, length time.Duration, more ...any) map[string]any {
	start := c.DB.Now().Add(in).Truncate(time.Minute)
	body := map[string]any{"startTime": start, "endTime": start.Add(length)}
	for i := 0; i+1 < len(more); i += 2 {
		body[fmt.Sprint(more[i])] = more[i+1]
	}
	return body
}

// fillSeats counts seats of a slot as taken, as bookings would.
func fillSeats(t *testing.T, c *apptest.Clinic, id uuid.UUID, seats int) {
	t.Helper()
	c.Exec(`UPDATE availability_slots SET seats_taken = $2,
		status = CASE WHEN max_patients = $2 THEN 'BOOKED'::slot_status ELSE 'AVAILABLE' END WHERE id = $1`, id, seats)
}

func insertConsultation(t *testing.T, c *apptest.Clinic, id, patient, doctor, slot uuid.UUID, status string) {
	t.Helper()
	c.Exec(consultationSQL, id, patient, doctor, slot, status, c.DB.Now())
}

const consultationSQL = `INSERT INTO consultations (id, patient_id, doctor_id, slot_id, status, reason, payment_status,
	fee, currency, scheduled_start, scheduled_end, created_at, updated_at)
	VALUES ($1, $2, $3, $4, $5, '', 'PENDING', 0, 'INR', $6, $6::timestamptz + interval '30 minutes', $6, $6)`
