package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/consultation"
	"amrutam/internal/postgres"
	"amrutam/internal/prescription"
	"amrutam/internal/review"
)

// demoPatients book too, so that doctors and administrators have something to look at.
var demoPatients = []DemoAccount{
	demoPatient,
	{"lakshmi@amrutam.example", "Lakshmi Pillai", access.RolePatient},
	{"arjun@amrutam.example", "Arjun Mehta", access.RolePatient},
	{"sunita@amrutam.example", "Sunita Devi", access.RolePatient},
	{"kabir@amrutam.example", "Kabir Khan", access.RolePatient},
	{"ananya@amrutam.example", "Ananya Das", access.RolePatient},
}

// demoDays is how far the demo data goes back.
const demoDays = 30

// demoHistory makes the past of the demo accounts in one transaction: it is there as a whole or not at all, and no job
// finds a visit of the past half done.
type demoHistory struct {
	*App
	tx                *postgres.Tx
	now               time.Time
	patients, doctors []uuid.UUID
	completed         map[uuid.UUID]int // visits by doctor
	reviewed          int
}

// createDemoHistory gives the demo accounts visits of the last month, with notes, prescriptions and reviews, and some
// to come, unless there are any consultations or an account is too new to have a past. The past is not mailed.
func (a *App) createDemoHistory(ctx context.Context, patients, doctors []uuid.UUID) error {
	return a.DB.Write(ctx, func(tx *postgres.Tx) error {
		h := &demoHistory{App: a, tx: tx, now: tx.Now, patients: patients, doctors: doctors,
			completed: map[uuid.UUID]int{}}
		if isWanted, err := h.isWanted(ctx); err != nil || !isWanted {
			return err
		}
		if err := h.createPast(ctx); err != nil {
			return fmt.Errorf("a visit of the demo data: %w", err)
		}
		if err := h.createToday(ctx); err != nil {
			return fmt.Errorf("a visit of today of the demo data: %w", err)
		}
		err := h.at(ctx, h.now, func(tx *postgres.Tx) error {
			return h.mails.SkipBefore(ctx, tx, access.System(demoJob), h.now)
		})
		if err != nil {
			return err
		}
		return h.bookAhead(ctx)
	})
}

// isWanted tells whether there is no consultation yet and every account is old enough to have a past. Another server
// that asks waits for the end of the transaction.
func (h *demoHistory) isWanted(ctx context.Context) (isWanted bool, err error) {
	if _, err := h.tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", demoJob); err != nil {
		return false, err
	}
	err = h.tx.QueryRow(ctx, `SELECT NOT EXISTS (SELECT FROM consultations)
		AND NOT EXISTS (SELECT FROM users WHERE id = ANY($1) AND created_at > $2)`,
		slices.Concat(h.patients, h.doctors), h.now.AddDate(0, 0, -demoDays-2)).Scan(&isWanted)
	return isWanted, err
}

func (h *demoHistory) createPast(ctx context.Context) error {
	n := 0
	for day := demoDays; day > 0; day-- {
		for i := range h.doctors {
			if (day+i)%2 == 0 {
				continue // a free day
			}
			// Half an hour for each doctor, so that no patient is in two places.
			hour := time.Duration(4+i) * time.Hour // UTC: the morning in India
			start := h.now.Truncate(24*time.Hour).AddDate(0, 0, -day).Add(hour)
			if err := h.visit(ctx, n, i, start); err != nil {
				return err
			}
			n++
		}
	}
	return nil
}

// writeInDemoPast runs a transaction some days before the past of the demo accounts begins: then they sign up.
func (a *App) writeInDemoPast(ctx context.Context, do func(tx *postgres.Tx) error) error {
	return a.DB.Write(ctx, func(tx *postgres.Tx) error {
		if err := tx.MoveTo(ctx, tx.Now.AddDate(0, 0, -demoDays-10)); err != nil {
			return err
		}
		return do(tx)
	})
}

// at carries out a step of the transaction as of an instant.
func (h *demoHistory) at(ctx context.Context, instant time.Time, do func(tx *postgres.Tx) error) error {
	if err := h.tx.MoveTo(ctx, instant); err != nil {
		return err
	}
	return do(h.tx)
}

// visit makes the nth visit: booked the day before, and mostly completed.
func (h *demoHistory) visit(ctx context.Context, n, doctorIndex int, start time.Time) error {
	patient := access.Actor{ID: h.patients[(n+n/4)%len(h.patients)], Role: access.RolePatient, Job: demoJob}
	doctor := access.Actor{ID: h.doctors[doctorIndex], Role: access.RoleDoctor, Job: demoJob}
	subject := demoCases[(n+n/len(demoCases))%len(demoCases)]
	slot, err := h.createSlot(ctx, doctor.ID, start, start.Add(-26*time.Hour))
	if err != nil {
		return err
	}
	id, err := h.bookAndPay(ctx, patient, slot, subject.reason, start.Add(-25*time.Hour))
	if err != nil {
		return err
	}
	switch {
	case n%11 == 7:
		return h.at(ctx, start.Add(-20*time.Hour), func(tx *postgres.Tx) error {
			_, err := h.consultations.Cancel(ctx, tx, patient, consultation.CancelRequest{ID: id})
			return err
		})
	case n%13 == 9:
		return h.move(ctx, doctor, id, consultation.StatusNoShow, "", start.Add(15*time.Minute))
	}
	if err := h.move(ctx, doctor, id, consultation.StatusInProgress, "", start.Add(time.Minute)); err != nil {
		return err
	}
	if err := h.prescribe(ctx, doctor, id, subject, start.Add(20*time.Minute)); err != nil {
		return err
	}
	err = h.move(ctx, doctor, id, consultation.StatusCompleted, subject.notes, start.Add(25*time.Minute))
	if err != nil {
		return err
	}
	h.completed[doctor.ID]++
	reviewedAt := start.Add(10 * time.Hour)
	if h.completed[doctor.ID]%3 == 0 || reviewedAt.After(h.now) { // not everybody writes a review, and not at once
		return nil
	}
	return h.at(ctx, reviewedAt, func(tx *postgres.Tx) error {
		said := demoReviews[h.reviewed%len(demoReviews)]
		h.reviewed++
		in := review.CreateRequest{ConsultationID: id}
		in.Body.Rating = said.rating
		if said.text != "" {
			in.Body.Text = &said.text
		}
		_, err := h.reviews.Create(ctx, tx, patient, in)
		return err
	})
}

// bookAndPay books a slot and pays it at once.
func (h *demoHistory) bookAndPay(ctx context.Context, patient access.Actor, slot uuid.UUID, reason string,
	at time.Time) (uuid.UUID, error) {
	var booked consultation.Consultation
	err := h.at(ctx, at, func(tx *postgres.Tx) (err error) {
		var in consultation.BookRequest
		in.Body.SlotID, in.Body.Reason = slot, reason
		booked, err = h.consultations.Book(ctx, tx, patient, in)
		return err
	})
	if err != nil || booked.Status != consultation.StatusRequested {
		return booked.ID, err
	}
	return booked.ID, h.at(ctx, at.Add(time.Minute), func(tx *postgres.Tx) error {
		var in consultation.InitiatePaymentRequest
		in.Body.ConsultationID = booked.ID
		initiated, err := h.consultations.InitiatePayment(ctx, tx, patient, in)
		if err != nil {
			return err
		}
		paid, err := h.stub.Captured(initiated.Attempt.TransactionReference, initiated.Payment.Amount,
			initiated.Payment.Currency)
		if err != nil {
			return err
		}
		_, err = h.consultations.ReceiveWebhook(ctx, tx, access.Actor{Job: demoJob}, paid)
		return err
	})
}

// move changes the status of a visit as its doctor does.
func (h *demoHistory) move(ctx context.Context, doctor access.Actor, id uuid.UUID, to consultation.Status,
	notes string, at time.Time) error {
	return h.at(ctx, at, func(tx *postgres.Tx) error {
		in := consultation.UpdateStatusRequest{ID: id}
		in.Body.Status = to
		if notes != "" {
			in.Body.Notes = &notes
		}
		_, err := h.consultations.UpdateStatus(ctx, tx, doctor, in)
		return err
	})
}

func (h *demoHistory) prescribe(ctx context.Context, doctor access.Actor, id uuid.UUID, subject demoCase,
	at time.Time) error {
	return h.at(ctx, at, func(tx *postgres.Tx) error {
		var in prescription.WriteRequest
		in.Body.ConsultationID, in.Body.Advice = id, subject.advice
		in.Body.Medications = []prescription.Medication{subject.medication}
		_, err := h.prescriptions.Write(ctx, tx, doctor, in)
		return err
	})
}

// bookAhead fills the days to come: the first free slots of each doctor, each for another patient. The first patient,
// with whom a newcomer books, has one only, late enough to be in nobody's way.
func (h *demoHistory) bookAhead(ctx context.Context) error {
	for i, id := range h.doctors {
		var slots []uuid.UUID
		err := h.tx.QueryRow(ctx, `SELECT array(SELECT id FROM availability_slots WHERE doctor_id = $1
			AND start_time > $2 AND status = 'AVAILABLE' ORDER BY start_time LIMIT 40)`,
			id, h.now.Add(time.Hour)).Scan(&slots)
		if err != nil {
			return err
		}
		for j, patient := range h.patients {
			index := 2*j + 1
			if j == 0 {
				index = len(slots) - 1
			}
			if (j == 0 && i != len(h.doctors)-1) || index < 0 || index >= len(slots) || (j > 0 && (i+j)%2 == 0) {
				continue
			}
			actor := access.Actor{ID: patient, Role: access.RolePatient, Job: demoJob}
			reason := demoCases[(i+j)%len(demoCases)].reason
			_, err := h.bookAndPay(ctx, actor, slots[index], reason, h.now.Add(-2*time.Minute))
			if err != nil {
				return fmt.Errorf("a visit of the demo data to come: %w", err)
			}
		}
	}
	return nil
}
