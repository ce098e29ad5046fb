package invariant_test

import (
	"context"
	"testing"
	"time"

	"amrutam/internal/apptest"
	"amrutam/internal/invariant"
)

type object = map[string]any

// newClinic is a clinic with one consultation of each kind that the breaks below need: two booked ones, one that was held
// and prescribed in, and one cancelled.
func newClinic(t *testing.T) *apptest.Clinic {
	t.Helper()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("0.00")
	book := func(in time.Duration) string {
		return c.Post(patient, "consultations", object{"slotId": c.Slot(doctor, in, 1), "reason": "Cough"}).Want(201).
			Text("id")
	}
	completed, cancelled := book(5*time.Minute), book(3*time.Hour)
	book(5 * time.Hour)
	book(7 * time.Hour)
	c.Patch(doctor, "consultations/"+completed+"/status", object{"status": "IN_PROGRESS"}).Want(200)
	c.Post(doctor, "prescriptions",
		object{"consultationId": completed,
			"medications": []any{object{"name": "Tulsi", "dosage": "1 cup", "frequency": "daily"}}}).Want(201)
	c.Patch(doctor, "consultations/"+completed+"/status", object{"status": "COMPLETED"}).Want(200)
	c.Post(patient, "consultations/"+cancelled+"/cancel", object{"reason": "travelling"}).Want(200)
	paidDoctor := c.Doctor("500.00")
	unpaid := c.Post(patient, "consultations", object{"slotId": c.Slot(paidDoctor, 9*time.Hour, 1), "reason": "Cough"}).
		Want(201).Text("id")
	c.Post(patient, "payments/initiate", object{"consultationId": unpaid}).Want(201)
	c.Report("payment.succeeded", "stub_nobody", "77.00").Want(202)
	return c
}

func TestCheckFindsEveryViolation(t *testing.T) {
	t.Parallel()
	clinic := newClinic(t)
	clinic.CheckInvariants()
	if err := clinic.App.Queue.Stop(t.Context()); err != nil { // a job would wait for the locks below
		t.Fatal(err)
	}
	const live = "(SELECT id FROM consultations WHERE status = 'CONFIRMED' ORDER BY id LIMIT 1)"
	const another = "(SELECT id FROM consultations WHERE status = 'CONFIRMED' ORDER BY id DESC LIMIT 1)"
	for _, c := range []struct{ rule, name, sql string }{
		{"seats-match-slots", "a seat is lost", "DELETE FROM seats WHERE consultation_id = " + live},
		{"seats-match-slots", "a slot counts wrong", "UPDATE availability_slots SET max_patients = 5, seats_taken " +
			"= 3, status = 'AVAILABLE' WHERE seats_taken = 0"},
		{"nobody-in-two-places", "two at once",
			"UPDATE consultations SET scheduled_start = scheduled_start - interval '2 h' WHERE id = " + another},
		{"nobody-in-two-places", "overlapping slots",
			`ALTER TABLE availability_slots DROP CONSTRAINT availability_slots_overlap; INSERT INTO availability_slots
			SELECT gen_random_uuid(), doctor_id, start_time + interval '1 minute', end_time, 'AVAILABLE', 1, 0, now(),
				now() FROM availability_slots LIMIT 1`},
		{"nobody-in-two-places", "two in progress",
			"UPDATE consultations SET status = 'IN_PROGRESS' WHERE status = 'CONFIRMED'"},
		{"live-holds-one-seat", "another doctor's seat",
			"UPDATE seats SET doctor_id = gen_random_uuid() WHERE consultation_id = " + live},
		{"live-holds-one-seat", "a seat is lost", "DELETE FROM seats WHERE consultation_id = " + live},
		{"live-holds-one-seat", "an ended one holds a seat",
			"UPDATE consultations SET status = 'CANCELLED' WHERE id = " + live},
		{"live-holds-one-seat", "another slot's seat", "UPDATE seats SET slot_id = (SELECT slot_id FROM " +
			"consultations WHERE status = 'CANCELLED') WHERE consultation_id = " + live},
		{"confirmed-means-paid", "confirmed without money",
			"UPDATE consultations SET status = 'CONFIRMED' WHERE status = 'REQUESTED'"},
		{"confirmed-means-paid", "said to be paid",
			"UPDATE consultations SET payment_status = 'PAID' WHERE status = 'REQUESTED'"},
		{"confirmed-means-paid", "no payment", "DELETE FROM payments WHERE consultation_id = " + live},
		{"money-adds-up", "success without money", "UPDATE payments SET status = 'SUCCESS' WHERE amount > 0"},
		{"money-adds-up", "money of a cancelled one is kept", `UPDATE consultations SET status = 'CANCELLED'
			WHERE status = 'REQUESTED';
			UPDATE payment_attempts SET captured = amount, status = 'SUCCESS'; UPDATE payments SET status = 'SUCCESS'`},
		{"money-adds-up", "more is refunded than came",
			`INSERT INTO refunds (id, payment_id, attempt_id, amount, currency, reason, status, requested_by, approved_by, failure_reason, created_at, updated_at) SELECT gen_random_uuid(), payment_id, id, 1, 'INR', 'x', 'SUCCEEDED', NULL, NULL, NULL, now(), now() FROM payment_attempts`},
		{"money-adds-up", "a request stands for a refund", `UPDATE consultations SET status = 'CANCELLED'
			WHERE status = 'REQUESTED';
			UPDATE payment_attempts SET captured = amount, status = 'SUCCESS'; UPDATE payments SET status = 'SUCCESS';
			INSERT INTO refunds (id, payment_id, attempt_id, amount, currency, reason, status, requested_by,
				approved_by, failure_reason, created_at, updated_at, on_request) SELECT gen_random_uuid(), payment_id,
					id, amount, 'INR', 'x', 'REQUESTED', (SELECT id FROM users LIMIT 1), NULL, NULL, now(), now(),
						true FROM payment_attempts`},
		{"money-adds-up", "more is asked back than came",
			`INSERT INTO refunds (id, payment_id, attempt_id, amount, currency, reason, status, requested_by, approved_by, failure_reason, created_at, updated_at, on_request) SELECT gen_random_uuid(), payment_id, id, 1, 'INR', 'x', 'REQUESTED', (SELECT id FROM users LIMIT 1), NULL, NULL, now(), now(), true FROM payment_attempts`}, {"unmatched-money-is-kept", "a webhook's money is forgotten", "DELETE FROM unmatched_money"},
		{"unmatched-money-is-kept", "none of it goes back",
			"UPDATE unmatched_money SET payment_id = a.payment_id, attempt_id = a.id FROM payment_attempts a"},
		{"unmatched-money-is-kept", "more goes back than came", `INSERT INTO refunds (id, unmatched_id, amount,
			currency, reason, status, created_at, updated_at)
			SELECT gen_random_uuid(), id, amount + 1, currency, 'x', 'FAILED', now(), now()
				FROM unmatched_money; UPDATE refunds SET status = 'PENDING'`},
		{"unmatched-money-is-kept", "in another currency", `INSERT INTO refunds (id, unmatched_id, amount, currency,
			reason, status, created_at, updated_at)
			SELECT gen_random_uuid(), id, amount, 'USD', 'x', 'SUCCEEDED', now(), now() FROM unmatched_money`},
		{"unmatched-money-is-kept", "said to be back", "UPDATE unmatched_money SET status = 'RETURNED'"},
		{"commands-are-audited", "no row for money that matches nothing",
			"DELETE FROM audit_logs WHERE action = 'unmatched-money.record'"},
		{"history-is-a-path", "another status than the log's",
			"UPDATE consultations SET status = 'NO_SHOW', absent = 'DOCTOR' WHERE id = " + live},
		{"history-is-a-path", "no history", "DELETE FROM audit_logs WHERE entity_id = " + live + "::text"},
		{"history-is-a-path", "an illegal step",
			`UPDATE audit_logs SET metadata = metadata || '{"from": "REQUESTED"}' WHERE action = 'consultation.start'`},
		{"history-is-a-path", "a step twice", `INSERT INTO audit_logs SELECT gen_random_uuid(), actor_id, actor_role,
			action, entity_type, entity_id, metadata, ip_address, created_at
			FROM audit_logs WHERE action = 'consultation.start'`},
		{"commands-are-audited", "no row for a prescription",
			"DELETE FROM audit_logs WHERE action = 'prescription.write'"},
		{"commands-are-audited", "no row for a refund that was asked for",
			`INSERT INTO refunds (id, payment_id, attempt_id, amount, currency, reason, status, requested_by, approved_by, failure_reason, created_at, updated_at, on_request) SELECT gen_random_uuid(), payment_id, id, 1, 'INR', 'x', 'REQUESTED', (SELECT id FROM users LIMIT 1), NULL, NULL, now(), now(), true FROM payment_attempts`}, {"commands-are-audited", "a response without its entity",
			"UPDATE idempotency_keys SET entity_id = gen_random_uuid() WHERE entity_type = 'consultation'"},
		{"prescriptions-by-own-doctor", "another doctor's",
			"UPDATE prescriptions SET doctor_id = (SELECT id FROM doctors ORDER BY id DESC LIMIT 1)"},
		{"prescriptions-by-own-doctor", "never held", "UPDATE consultations SET started_at = NULL"},
		{"mails-are-handed-over", "a lost job",
			"UPDATE mails SET sent_at = NULL, content = 'x'; DELETE FROM river_job"},
		{"mails-are-handed-over", "one Message-ID twice", "UPDATE mails SET message_id = 'twin'"},
	} {
		t.Run(c.rule+"/"+c.name, func(t *testing.T) {
			tx, err := clinic.DB.Pool.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
			// What the schema forbids has to be possible first.
			_, err = tx.Exec(t.Context(), "ALTER TABLE audit_logs DISABLE TRIGGER USER; ALTER TABLE prescriptions "+
				"DISABLE TRIGGER USER; SET CONSTRAINTS ALL DEFERRED; "+c.sql)
			if err != nil {
				t.Fatal(err)
			}
			results, err := invariant.CheckIn(t.Context(), tx)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range results {
				if r.Name == c.rule && (r.Broken == 0 || len(r.Examples) == 0) {
					t.Errorf("not found: %+v", r)
				}
			}
		})
	}
}
