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

// Sweep is the job that ends consultations whose time is over: unpaid ones when their payment was due, those moved to
// a higher fee when its difference was, confirmed ones that were not started by their end, started ones that were not
// completed in time, and those during a leave whose patients didn't answer. One recurring job finds them. A job for
// each booking would be one more insert for each, and could be lost.
type Sweep struct{}

// Kind names the job.
func (Sweep) Kind() string { return "consultation.sweep" }

const sweepInterval = 5 * time.Second

// Jobs registers the package's jobs.
func (s *Service) Jobs(queue *jobs.Queue) {
	jobs.Handle(queue, func(ctx context.Context, _ Sweep) error { return s.Sweep(ctx) })
	queue.Every(sweepInterval, Sweep{})
	jobs.HandleWithin(queue, remindTimeout, func(ctx context.Context, _ Remind) error { return s.Remind(ctx) })
	queue.Every(remindInterval, Remind{})
	s.Mails.SendOnlyIf(reminderMail, isStillPlanned)
}

// Sweep ends each consultation in a transaction of its own, which checks again that its time is over: so it may run
// twice, and on several servers at once.
func (s *Service) Sweep(ctx context.Context) error {
	var overdue, unpaid, missed, overrun, unanswered []uuid.UUID
	err := s.DB.Read(ctx, func(r *postgres.Read) (err error) {
		if overdue, err = listOverdueConsultations(ctx, r, &r.Now); err != nil {
			return err
		}
		if unpaid, err = listUnpaidBalances(ctx, r, &r.Now); err != nil {
			return err
		}
		if missed, err = listMissedConsultations(ctx, r, r.Now); err != nil {
			return err
		}
		if overrun, err = listOverrunConsultations(ctx, r, r.Now.Add(-s.Config.CompleteAfter)); err != nil {
			return err
		}
		unanswered, err = listExpiredOffers(ctx, r, r.Now)
		return err
	})
	if err != nil {
		return err
	}
	return errors.Join(
		s.endEach(ctx, unanswered, s.endOffer),
		s.endEach(ctx, overdue, s.endOverdue),
		s.endEach(ctx, unpaid, s.endUnpaidBalance),
		s.endEach(ctx, missed, s.endMissed),
		s.endEach(ctx, overrun, s.endOverrun),
	)
}

// endEach calls end for each consultation, in a transaction of its own. An error doesn't stop it.
func (s *Service) endEach(ctx context.Context, ids []uuid.UUID,
	end func(context.Context, *postgres.Tx, uuid.UUID) error) error {
	var errs []error
	for _, id := range ids {
		err := s.DB.Write(ctx, func(tx *postgres.Tx) error { return end(ctx, tx, id) })
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// isOverdue reports whether the time to pay for a booking is over.
func isOverdue(row ConsultationRow, now time.Time) bool {
	return row.Status == StatusRequested && row.PaymentDueAt != nil && !row.PaymentDueAt.After(now)
}

// endOverdue cancels a booking that was not paid in time. Money that came for it all the same is refunded.
func (s *Service) endOverdue(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	row, err := lockConsultation(ctx, tx, id)
	if err != nil {
		return err
	}
	if !isOverdue(row, tx.Now) {
		return nil
	}
	actor := access.System(Sweep{}.Kind())
	return s.cancel(ctx, tx, actor, &row, cancelledBy(actor))
}

// missing returns the party that was missing at a consultation that the doctor never started: the patient if the
// doctor alone checked in, else the doctor, who would have had to start it.
func missing(row ConsultationRow) access.Role {
	if row.DoctorArrivedAt != nil && row.PatientArrivedAt == nil {
		return access.RolePatient
	}
	return access.RoleDoctor
}

// endMissed ends a consultation that nobody started as a no-show of the party that was missing. If that is the
// doctor, everything that was paid is refunded.
func (s *Service) endMissed(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	row, err := lockConsultation(ctx, tx, id)
	if err != nil {
		return err
	}
	if row.Status != StatusConfirmed || row.ScheduledEnd.After(tx.Now) {
		return nil
	}
	actor := access.System(Sweep{}.Kind())
	row.Absent = new(missing(row))
	if err := s.transition(ctx, tx, actor, &row, StatusNoShow); err != nil {
		return err
	}
	refund := ""
	if *row.Absent == access.RoleDoctor {
		if refund, err = s.refundAll(ctx, tx, actor, row.ID, "the doctor was absent"); err != nil {
			return err
		}
	}
	return s.notifyMissed(ctx, tx, actor, row, refund)
}

// notifyMissed mails both parties who was absent, what is refunded, and until when an absent patient may dispute it.
func (s *Service) notifyMissed(ctx context.Context, tx *postgres.Tx, actor access.Actor, row ConsultationRow,
	refund string) error {
	return s.notifyParties(ctx, tx, row, "consultation-missed", map[string]string{
		"absent": string(*row.Absent), "refund": refund, "by": cancelledBy(actor),
		"until": s.disputeUntil(row).Format(time.RFC3339),
	})
}

// endOverrun completes a consultation that its doctor did not complete, as of the slot's end, and mails the doctor.
// The fee stays paid: nothing is refunded.
func (s *Service) endOverrun(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	row, err := lockConsultation(ctx, tx, id)
	if err != nil {
		return err
	}
	if row.Status != StatusInProgress || row.ScheduledEnd.Add(s.Config.CompleteAfter).After(tx.Now) {
		return nil
	}
	if err := s.transition(ctx, tx, access.System(Sweep{}.Kind()), &row, StatusCompleted); err != nil {
		return err
	}
	names, err := readNames(ctx, tx, row)
	if err != nil {
		return err
	}
	until := row.ScheduledEnd.Add(s.Config.PrescribeWithin).Format(time.RFC3339)
	return s.notifyParty(ctx, tx, row, names, access.RoleDoctor, "consultation-completed",
		map[string]string{"until": until})
}
