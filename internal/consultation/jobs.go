package consultation

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/jobs"
	"amrutam/internal/postgres"
)

// Sweep ends what time has ended: unpaid bookings whose due time is over, confirmed ones whose slot is over, and ones
// in progress that nobody completed. One recurring job does it, where a job a booking would add an insert to every
// booking and could be lost.
type Sweep struct{}

// Kind names the job.
func (Sweep) Kind() string { return "consultation.sweep" }

const sweepEvery = 5 * time.Second

// Jobs registers the sweep.
func (s *Service) Jobs(queue *jobs.Queue) {
	jobs.Handle(queue, func(ctx context.Context, _ Sweep) error { return s.Sweep(ctx) })
	queue.Every(sweepEvery, Sweep{})
}

// Sweep runs each consultation in a transaction of its own, which asks again whether it is due: it bears running twice
// and beside others.
func (s *Service) Sweep(ctx context.Context) error {
	var overdue, missed, forgotten []uuid.UUID
	err := s.DB.Read(ctx, func(r *postgres.Read) (err error) {
		if overdue, err = overdueConsultations(ctx, r, &r.Now); err != nil {
			return err
		}
		if missed, err = missedConsultations(ctx, r, r.Now); err != nil {
			return err
		}
		forgotten, err = forgottenConsultations(ctx, r, r.Now.Add(-s.Config.CompleteAfter))
		return err
	})
	if err != nil {
		return err
	}
	var failed []error
	for _, due := range []struct {
		ids []uuid.UUID
		end func(context.Context, *postgres.Tx, uuid.UUID) error
	}{{overdue, s.expire}, {missed, s.miss}, {forgotten, s.complete}} {
		for _, id := range due.ids {
			failed = append(failed, s.DB.Write(ctx, func(tx *postgres.Tx) error { return due.end(ctx, tx, id) }))
		}
	}
	return errors.Join(failed...)
}

// overdue tells whether the time to pay for a booking is over.
func overdue(row ConsultationRow, now time.Time) bool {
	return row.Status == StatusRequested && row.PaymentDueAt != nil && !row.PaymentDueAt.After(now)
}

func (s *Service) expire(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	row, err := lockConsultation(ctx, tx, id)
	if err != nil {
		return err
	}
	if !overdue(row, tx.Now) {
		return nil
	}
	actor := access.System("consultation.sweep")
	return s.cancel(ctx, tx, actor, &row, cancelledBy(actor))
}

// miss: nobody started it, so the doctor was absent and the patient gets all back.
func (s *Service) miss(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	row, err := lockConsultation(ctx, tx, id)
	if err != nil {
		return err
	}
	if row.Status != StatusConfirmed || row.ScheduledEnd.After(tx.Now) {
		return nil
	}
	actor := access.System("consultation.sweep")
	if err := s.move(ctx, tx, actor, &row, StatusNoShow); err != nil {
		return err
	}
	refund, err := s.refundAll(ctx, tx, actor, row.ID, "the doctor was absent")
	if err != nil {
		return err
	}
	return s.notifyParties(ctx, tx, row, "consultation-missed",
		map[string]string{"absent": string(access.RoleDoctor), "refund": refund})
}

// complete ends a consultation whose doctor forgot to, as of the slot's end, and tells the doctor.
func (s *Service) complete(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	row, err := lockConsultation(ctx, tx, id)
	if err != nil {
		return err
	}
	if row.Status != StatusInProgress || row.ScheduledEnd.Add(s.Config.CompleteAfter).After(tx.Now) {
		return nil
	}
	if err := s.move(ctx, tx, access.System("consultation.sweep"), &row, StatusCompleted); err != nil {
		return err
	}
	names, err := readParties(ctx, tx, row)
	if err != nil {
		return err
	}
	until := row.ScheduledEnd.Add(s.Config.PrescribeWithin).Format(time.RFC3339)
	return s.tellOne(ctx, tx, row, names, access.RoleDoctor, "consultation-completed",
		map[string]string{"until": until})
}
