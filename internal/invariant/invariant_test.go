package invariant_test

import (
	"context"
	"testing"
	"time"

	"amrutam/internal/apptest"
	"amrutam/internal/invariant"
)

type object = map[string]any

// newClinic opens a clinic with what the violations below need: two booked consultations, a completed one with a
// prescription and a review, a cancelled one, an unpaid one, and money that matches no payment.
func newClinic(t *testing.T) *apptest.Clinic {
	t.Helper()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("0.00")
	book := func(in time.Duration) string {
		slot := c.Slot(doctor, in, 1)
		return c.Post(patient, "consultations", object{"slotId": slot, "reason": "Cough"}).Want(201).Text("id")
	}
	completed, cancelled := book(5*time.Minute), book(3*time.Hour)
	book(5 * time.Hour)
	book(7 * time.Hour)
	c.Patch(doctor, "consultations/"+completed+"/status", object{"status": "IN_PROGRESS"}).Want(200)
	c.Post(doctor, "prescriptions", object{
		"consultationId": completed,
		"medications":    []any{object{"name": "Tulsi", "dosage": "1 cup", "frequency": "daily"}},
	}).Want(201)
	c.Patch(doctor, "consultations/"+completed+"/status", object{"status": "COMPLETED"}).Want(200)
	c.Post(patient, "consultations/"+completed+"/review", object{"rating": 4}).Want(201)
	c.Post(patient, "consultations/"+cancelled+"/cancel", object{"reason": "travelling"}).Want(200)
	paidDoctor := c.Doctor("500.00")
	slot := c.Slot(paidDoctor, 9*time.Hour, 1)
	unpaid := c.Post(patient, "consultations", object{"slotId": slot, "reason": "Cough"}).Want(201).Text("id")
	c.Post(patient, "payments/initiate", object{"consultationId": unpaid}).Want(201)
	for _, party := range []apptest.User{patient, doctor} {
		_, err := c.DB.Pool.Exec(t.Context(), `WITH m AS (
				INSERT INTO mails (id, user_id, kind, message_id, created_at, sent_at)
				VALUES (gen_random_uuid(), $1, 'consultation-reminder', gen_random_uuid(), now(), now()) RETURNING id)
			INSERT INTO reminders SELECT c.id, $1, 3600, c.scheduled_start, m.id, now() FROM m, consultations c
			WHERE c.id = `+live, party.ID)
		if err != nil {
			t.Fatal(err)
		}
	}
	c.Report("payment.succeeded", "stub_nobody", "77.00").Want(202)
	return c
}

// Statements that several violations share. live is a confirmed consultation, otherLive another one.
const (
	live      = "(SELECT id FROM consultations WHERE status = 'CONFIRMED' ORDER BY id LIMIT 1)"
	otherLive = "(SELECT id FROM consultations WHERE status = 'CONFIRMED' ORDER BY id DESC LIMIT 1)"

	capture = `UPDATE payment_attempts SET captured = amount, status = 'SUCCESS';
		UPDATE payments SET status = 'SUCCESS'`
	cancelUnpaid = "UPDATE consultations SET status = 'CANCELLED' WHERE status = 'REQUESTED'"
	requestOne   = `INSERT INTO refunds (id, payment_id, attempt_id, amount, currency, reason, status, requested_by,
			created_at, updated_at, on_request)
		SELECT gen_random_uuid(), payment_id, id, 1, 'INR', 'x', 'REQUESTED', (SELECT id FROM users LIMIT 1),
			now(), now(), true FROM payment_attempts`
)

// violations are statements that each make the data break a rule.
var violations = []struct{ rule, name, sql string }{
	{"seats-match-slots", "a seat is lost", "DELETE FROM seats WHERE consultation_id = " + live},
	{"seats-match-slots", "a slot counts wrong",
		"UPDATE availability_slots SET max_patients = 5, seats_taken = 3, status = 'AVAILABLE' WHERE seats_taken = 0"},

	{"nobody-in-two-places", "overlapping consultations",
		"UPDATE consultations SET scheduled_start = scheduled_start - interval '2 h' WHERE id = " + otherLive},
	{"nobody-in-two-places", "overlapping slots",
		`ALTER TABLE availability_slots DROP CONSTRAINT availability_slots_overlap;
		INSERT INTO availability_slots
			SELECT gen_random_uuid(), doctor_id, start_time + interval '1 minute', end_time, 'AVAILABLE', 1, 0, now(),
				now() FROM availability_slots LIMIT 1`},
	{"nobody-in-two-places", "two in progress",
		"UPDATE consultations SET status = 'IN_PROGRESS' WHERE status = 'CONFIRMED'"},

	{"live-holds-one-seat", "another doctor's seat",
		"UPDATE seats SET doctor_id = gen_random_uuid() WHERE consultation_id = " + live},
	{"live-holds-one-seat", "a seat is lost", "DELETE FROM seats WHERE consultation_id = " + live},
	{"live-holds-one-seat", "an ended one has a seat",
		"UPDATE consultations SET status = 'CANCELLED' WHERE id = " + live},
	{"live-holds-one-seat", "another slot's seat",
		`UPDATE seats SET slot_id = (SELECT slot_id FROM consultations WHERE status = 'CANCELLED')
			WHERE consultation_id = ` + live},

	{"confirmed-means-paid", "confirmed without money",
		"UPDATE consultations SET status = 'CONFIRMED' WHERE status = 'REQUESTED'"},
	{"confirmed-means-paid", "wrong payment status",
		"UPDATE consultations SET payment_status = 'PAID' WHERE status = 'REQUESTED'"},
	{"confirmed-means-paid", "no payment", "DELETE FROM payments WHERE consultation_id = " + live},

	{"money-adds-up", "success without money", "UPDATE payments SET status = 'SUCCESS' WHERE amount > 0"},
	{"money-adds-up", "a cancelled one is not refunded", cancelUnpaid + "; " + capture},
	{"money-adds-up", "more is refunded than was captured",
		`INSERT INTO refunds (id, payment_id, attempt_id, amount, currency, reason, status, created_at, updated_at)
			SELECT gen_random_uuid(), payment_id, id, 1, 'INR', 'x', 'SUCCEEDED', now(), now() FROM payment_attempts`},
	{"money-adds-up", "only a request for the refund", cancelUnpaid + "; " + capture + "; " + requestOne +
		"; UPDATE refunds SET amount = (SELECT amount FROM payment_attempts)"},
	{"money-adds-up", "more is requested back than was captured", requestOne},

	{"reminders-once", "of one party alone",
		"DELETE FROM reminders WHERE recipient_id IN (SELECT id FROM doctors)"},
	{"reminders-once", "its mail is lost", "DELETE FROM mails WHERE id IN (SELECT mail_id FROM reminders)"},
	{"reminders-once", "sent after the start",
		"UPDATE mails SET sent_at = now() + interval '2 days', content = NULL, failed_at = NULL, failure = NULL " +
			"WHERE id IN (SELECT mail_id FROM reminders)"},
	{"reminders-once", "made after the cancellation",
		"UPDATE consultations SET status = 'CANCELLED', cancelled_at = created_at WHERE id = " + live},
	{"reminders-once", "to somebody else",
		"UPDATE reminders SET recipient_id = (SELECT doctor_id FROM consultations WHERE fee > 0 LIMIT 1) " +
			"WHERE recipient_id IN (SELECT id FROM doctors)"},

	{"unmatched-money-is-kept", "the money of a webhook is lost", "DELETE FROM unmatched_money"},
	{"unmatched-money-is-kept", "none of it is returned",
		"UPDATE unmatched_money SET payment_id = a.payment_id, attempt_id = a.id FROM payment_attempts a"},
	{"unmatched-money-is-kept", "more is returned than was received",
		`INSERT INTO refunds (id, unmatched_id, amount, currency, reason, status, created_at, updated_at)
			SELECT gen_random_uuid(), id, amount + 1, currency, 'x', 'FAILED', now(), now() FROM unmatched_money;
		UPDATE refunds SET status = 'PENDING'`},
	{"unmatched-money-is-kept", "in another currency",
		`INSERT INTO refunds (id, unmatched_id, amount, currency, reason, status, created_at, updated_at)
			SELECT gen_random_uuid(), id, amount, 'USD', 'x', 'SUCCEEDED', now(), now() FROM unmatched_money`},
	{"unmatched-money-is-kept", "wrong status", "UPDATE unmatched_money SET status = 'RETURNED'"},

	{"history-is-a-path", "another status than the log's",
		"UPDATE consultations SET status = 'NO_SHOW', absent = 'DOCTOR' WHERE id = " + live},
	{"history-is-a-path", "no history", "DELETE FROM audit_logs WHERE entity_id = " + live + "::text"},
	{"history-is-a-path", "an illegal step",
		`UPDATE audit_logs SET metadata = metadata || '{"from": "REQUESTED"}' WHERE action = 'consultation.start'`},
	{"history-is-a-path", "a step twice",
		`INSERT INTO audit_logs
			SELECT gen_random_uuid(), actor_id, actor_role, action, entity_type, entity_id, metadata, ip_address,
				created_at FROM audit_logs WHERE action = 'consultation.start'`},

	{"commands-are-audited", "no row for unmatched money",
		"DELETE FROM audit_logs WHERE action = 'unmatched-money.record'"},
	{"commands-are-audited", "no row for a prescription",
		"DELETE FROM audit_logs WHERE action = 'prescription.write'"},
	{"commands-are-audited", "no row for a requested refund", requestOne},
	{"commands-are-audited", "a response without its entity",
		"UPDATE idempotency_keys SET entity_id = gen_random_uuid() WHERE entity_type = 'consultation'"},

	{"prescriptions-by-own-doctor", "another doctor's",
		"UPDATE prescriptions SET doctor_id = (SELECT id FROM doctors ORDER BY id DESC LIMIT 1)"},
	{"prescriptions-by-own-doctor", "the consultation never started", "UPDATE consultations SET started_at = NULL"},

	{"ratings-add-up", "a lost review", "DELETE FROM reviews"},
	{"ratings-add-up", "a rating counts twice",
		"UPDATE doctors SET rating_count = 2, rating_sum = 8 WHERE rating_count = 1"},
	{"ratings-add-up", "another mean", `ALTER TABLE doctors DROP CONSTRAINT doctors_rating_is_mean;
		UPDATE doctors SET rating = 5 WHERE rating_count = 1`},
	{"ratings-add-up", "another score", `ALTER TABLE doctors ALTER COLUMN rating_score DROP EXPRESSION;
		UPDATE doctors SET rating_score = 5`},
	{"ratings-add-up", "a false review counts",
		"UPDATE reviews SET hidden = true, is_false = true, decided_at = now()"},
	{"ratings-add-up", "of another doctor's consultation",
		"UPDATE reviews SET consultation_id = (SELECT id FROM consultations WHERE status = 'REQUESTED')"},
	{"ratings-add-up", "a report that nobody made", "UPDATE reviews SET open_reports = 1"},
	{"commands-are-audited", "no row for a review", "DELETE FROM audit_logs WHERE action = 'review.create'"},

	{"rollups-match", "rollups that nobody counted", "DELETE FROM rollup_changes; DELETE FROM rollups"},
	{"rollups-match", "a wrong number",
		"DELETE FROM rollup_changes; UPDATE rollups SET sums = array_fill(0::bigint, ARRAY[97])"},
	{"archived-as-a-whole", "a consultation twice", `SELECT make_archive_partitions(now());
		INSERT INTO archived_consultations SELECT * FROM consultations WHERE status = 'COMPLETED'`},
	{"archived-as-a-whole", "a prescription without its consultation",
		"INSERT INTO archived_prescriptions SELECT * FROM prescriptions; DELETE FROM prescriptions"},
	{"archived-as-a-whole", "a consent without its consultation", `INSERT INTO archived_consultation_consents
		SELECT * FROM consultation_consents; DELETE FROM consultation_consents`},
	{"archived-as-a-whole", "a payment of nothing", `ALTER TABLE payments DISABLE TRIGGER USER;
		UPDATE payments SET consultation_id = gen_random_uuid() WHERE id = (SELECT id FROM payments LIMIT 1)`},
	{"archived-as-a-whole", "a review of nothing", `ALTER TABLE reviews DISABLE TRIGGER USER;
		UPDATE reviews SET consultation_id = gen_random_uuid()`},

	{"offers-hold-seats", "an offer of nothing", `INSERT INTO waitlist_entries (id, patient_id, doctor_id, from_date,
			to_date, timezone, from_time, to_time, status, queued_at, created_at, updated_at)
		SELECT id, patient_id, doctor_id, now(), now(), 'UTC', now(), now() + interval '1 day', 'OFFERED', now(),
			now(), now()
		FROM consultations LIMIT 1`},
	{"offers-hold-seats", "an offer of somebody who was disabled", `WITH e AS (INSERT INTO waitlist_entries (id,
			patient_id, doctor_id, from_date, to_date, timezone, from_time, to_time, status, queued_at, created_at,
			updated_at)
		SELECT id, patient_id, doctor_id, now(), now(), 'UTC', now(), now() + interval '1 day', 'OFFERED', now(),
			now(), now()
		FROM consultations LIMIT 1 RETURNING id, patient_id, doctor_id),
		o AS (INSERT INTO waitlist_offers (entry_id, slot_id, created_at, expires_at) SELECT e.id, s.id,
			s.start_time - interval '2 hours', s.start_time - interval '1 hour'
			FROM e JOIN availability_slots s ON s.doctor_id = e.doctor_id LIMIT 1)
		UPDATE users SET disabled_at = now() WHERE id = (SELECT patient_id FROM e)`},
	{"closed-during-leaves", "an open slot", `INSERT INTO availability_exceptions (id, doctor_id, kind,
			from_time, to_time, created_at)
		SELECT gen_random_uuid(), doctor_id, 'LEAVE', start_time, end_time, now() FROM availability_slots
		WHERE status = 'AVAILABLE' AND start_time > now() LIMIT 1`},

	{"mails-are-handed-over", "a lost job",
		"UPDATE mails SET sent_at = NULL, content = 'x'; DELETE FROM river_job"},
	{"mails-are-handed-over", "one Message-ID twice", "UPDATE mails SET message_id = 'duplicate'"},
}

func TestCheckFindsEveryViolation(t *testing.T) {
	t.Parallel()
	clinic := newClinic(t)
	clinic.CheckInvariants()
	if err := clinic.App.Queue.Stop(t.Context()); err != nil { // a job would wait for the locks below
		t.Fatal(err)
	}
	// The constraints and triggers that prevent the violations must be off first.
	const prepare = `ALTER TABLE audit_logs DISABLE TRIGGER USER;
		ALTER TABLE prescriptions DISABLE TRIGGER USER;
		SET CONSTRAINTS ALL DEFERRED; `
	for _, v := range violations {
		t.Run(v.rule+"/"+v.name, func(t *testing.T) {
			tx, err := clinic.DB.Pool.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
			if _, err = tx.Exec(t.Context(), prepare+v.sql); err != nil {
				t.Fatal(err)
			}
			results, err := invariant.CheckIn(t.Context(), tx)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range results {
				if r.Name == v.rule && (r.Broken == 0 || len(r.Examples) == 0) {
					t.Errorf("the violation was not found: %+v", r)
				}
			}
		})
	}
}
