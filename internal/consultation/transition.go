package consultation

import (
	"context"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/schedule"
)

// auditActions has the audit action of each transition by its new status.
var auditActions = map[Status]string{
	StatusConfirmed:  "consultation.confirm",
	StatusInProgress: "consultation.start",
	StatusCompleted:  "consultation.complete",
	StatusCancelled:  "consultation.cancel",
	StatusNoShow:     "consultation.no-show",
}

// lock locks a consultation's row for the transaction. Returns problem.NotFound if there is none, or the actor may not
// know of it.
func (s *Service) lock(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	id uuid.UUID) (ConsultationRow, error) {
	row, err := lockAny(ctx, tx, id)
	if postgres.NoRows(err) {
		return row, problem.NotFound
	}
	if err == nil && !canSee(actor, row) {
		return row, problem.NotFoundAudited("consultation", id)
	}
	return row, err
}

// checkTransition checks that the actor, a party or staff, may change the consultation's status now. Returns
// problem.InvalidTransition, ErrTooEarly, ErrTooLate.
func (s *Service) checkTransition(actor access.Actor, row ConsultationRow, to Status, now time.Time) error {
	invalid := problem.InvalidTransition.WithDetail(
		detailTransition.With("status", string(row.Status)).With("next", string(to)))
	switch from := row.Status; {
	case from == StatusConfirmed && to == StatusInProgress:
		return checkWindow(now, s.startableFrom(row), row.ScheduledEnd)
	case from == StatusInProgress && to == StatusCompleted:
		return nil
	case from == StatusConfirmed && to == StatusNoShow:
		return checkWindow(now, s.noShowFrom(row), row.ScheduledEnd) // after the end it is a no-show of the doctor
	case to != StatusCancelled:
		return invalid
	case from == StatusRequested:
		return nil
	case from == StatusConfirmed:
		return checkWindow(now, time.Time{}, row.ScheduledStart)
	case from == StatusInProgress && !isPatient(actor, row):
		return nil
	default:
		return invalid
	}
}

// startableFrom returns when the doctor may first start the consultation, and both sides may check in.
func (s *Service) startableFrom(row ConsultationRow) time.Time {
	return row.ScheduledStart.Add(-s.Config.StartEarly)
}

// noShowFrom returns when the doctor may first report that the patient didn't come. It is not after the middle of the
// slot: in a short slot there would be no time left to report it.
func (s *Service) noShowFrom(row ConsultationRow) time.Time {
	half := row.ScheduledEnd.Sub(row.ScheduledStart) / 2
	return row.ScheduledStart.Add(min(s.Config.NoShowAfter, half))
}

// checkWindow returns ErrTooEarly before from and ErrTooLate after until. A zero bound is none.
func checkWindow(now, from, until time.Time) error {
	switch {
	case !from.IsZero() && now.Before(from):
		return ErrTooEarly.WithDetail(detailPossibleFrom.With("time", from))
	case !until.IsZero() && now.After(until):
		return ErrTooLate.WithDetail(detailPossibleUntil.With("time", until))
	}
	return nil
}

// transition changes the status of a locked consultation, for which the caller has checked that it may. It stores the
// row, releases the seat if the consultation is over, and audits it. It moves no money: its callers refund. Of a
// no-show they have noted who was absent.
func (s *Service) transition(ctx context.Context, tx *postgres.Tx, actor access.Actor, row *ConsultationRow,
	to Status) error {
	from := row.Status
	row.Status, row.UpdatedAt = to, tx.Now
	if err := s.endBalance(ctx, tx, row); err != nil {
		return err
	}
	switch to {
	case StatusInProgress:
		row.StartedAt = &tx.Now
		if err := schedule.StartSeat(ctx, tx, row.ID); err != nil {
			return err
		}
	case StatusCompleted:
		row.EndedAt = &tx.Now
		if actor.ID == uuid.Nil { // the sweep, because the doctor didn't
			row.EndedAt = &row.ScheduledEnd
		}
	case StatusCancelled:
		row.CancelledAt, row.CancelledBy = &tx.Now, roleOf(actor)
	case StatusRequested, StatusConfirmed, StatusNoShow:
	}
	if to.IsFinal() {
		if err := schedule.ReleaseSeat(ctx, tx, row.ID); err != nil {
			return err
		}
	}
	audit.Write(tx, actor, auditActions[to], row.ID, audit.Meta{"from": from, "to": to})
	tx.AfterCommit(s.Metrics.Bookings.WithLabelValues(string(to)).Inc)
	return s.save(ctx, tx, *row)
}

// lockAny locks the row of a live or archived consultation. One that is archived meanwhile is found in the archive.
func lockAny(ctx context.Context, tx *postgres.Tx, id uuid.UUID) (ConsultationRow, error) {
	row, err := lockConsultation(ctx, tx, id)
	if !postgres.NoRows(err) {
		return row, err
	}
	archived, err := lockArchivedConsultation(ctx, tx, id)
	return ConsultationRow(archived), err
}

// save stores a consultation. Of an archived one, which is over, only the state of the payment can change.
func (s *Service) save(ctx context.Context, tx *postgres.Tx, row ConsultationRow) error {
	n, err := updateConsultation(ctx, tx, updateConsultationParams{
		ID: row.ID, Status: row.Status, PaymentStatus: row.PaymentStatus, PaymentDueAt: row.PaymentDueAt,
		Notes: row.Notes, StartedAt: row.StartedAt, EndedAt: row.EndedAt, Absent: row.Absent,
		CancelledAt: row.CancelledAt, CancelledBy: row.CancelledBy, CancelledLate: row.CancelledLate,
		RefundPercent: row.RefundPercent, CancellationReason: row.CancellationReason, NotesDraft: row.NotesDraft,
		SlotID: row.SlotID, ScheduledStart: row.ScheduledStart, ScheduledEnd: row.ScheduledEnd,
		Fee: row.Fee, RescheduledFromSlot: row.RescheduledFromSlot, RescheduledFromStart: row.RescheduledFromStart,
		RescheduledAt: row.RescheduledAt, RescheduleCount: row.RescheduleCount,
		BalanceDue: row.BalanceDue, BalanceDueAt: row.BalanceDueAt, CancellationPolicy: row.CancellationPolicy,
		IsMinor: row.IsMinor,
		Now:     tx.Now,
	})
	if err != nil || n > 0 {
		return err
	}
	return updateArchivedPayment(ctx, tx, row.PaymentStatus, tx.Now, row.ID)
}
