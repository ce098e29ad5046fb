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

// Sweep ends what time has ended: unpaid bookings whose due time is over, and confirmed ones whose slot is over. One
// recurring job does it, where a job a booking would add an insert to every booking and could be lost.
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
	var overdue, missed []uuid.UUID
	err := s.DB.Read(ctx, func(r *postgres.Read) (err error) {
		if overdue, err = query.overdueConsultations(ctx, r, &r.Now); err != nil {
			return err
		}
		missed, err = query.missedConsultations(ctx, r, r.Now)
		return err
	})
	if err != nil {
		return err
	}
	var failed []error
	for _, id := range overdue {
		failed = append(failed, s.DB.Write(ctx, func(tx *postgres.Tx) error { return s.expire(ctx, tx, id) }))
	}
	for _, id := range missed {
		failed = append(failed, s.DB.Write(ctx, func(tx *postgres.Tx) error { return s.miss(ctx, tx, id) }))
	}
	return errors.Join(failed...)
}

func (s *Service) expire(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	row, err := query.lockConsultation(ctx, tx, id)
	if err != nil {
		return err
	}
	if row.Status != ConsultationStatusREQUESTED || row.PaymentDueAt == nil || row.PaymentDueAt.After(tx.Now) {
		return nil
	}
	return s.cancel(ctx, tx, access.System("consultation.sweep"), &row)
}

// miss: nobody started it, so the doctor was absent and the patient gets all back.
func (s *Service) miss(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	row, err := query.lockConsultation(ctx, tx, id)
	if err != nil {
		return err
	}
	if row.Status != ConsultationStatusCONFIRMED || row.ScheduledEnd.After(tx.Now) {
		return nil
	}
	who := access.System("consultation.sweep")
	if err := s.move(ctx, tx, who, &row, ConsultationStatusNOSHOW); err != nil {
		return err
	}
	back, err := s.Money.RefundAll(ctx, tx, who, row.ID, "the doctor was absent")
	if err != nil {
		return err
	}
	refund := ""
	if back.Amount > 0 {
		refund = back.Amount.String() + " " + back.Currency
	}
	return s.tell(ctx, tx, row, "consultation-missed", map[string]string{"absent": string(access.RoleDoctor), "refund": refund})
}
