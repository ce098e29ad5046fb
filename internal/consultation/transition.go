package consultation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/consent"
	"amrutam/internal/doctor"
	"amrutam/internal/httpapi"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/schedule"
)

// HoldIn is the doctor's step.
type HoldIn struct {
	httpapi.IfMatch
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The consultation"`
	Body struct {
		_ struct{} `doc:"The new status and the doctor's notes"`

		Status Status  `json:"status" enum:"IN_PROGRESS,COMPLETED,NO_SHOW" doc:"Where it goes" example:"IN_PROGRESS"`
		Notes  *string `json:"notes,omitempty" health:"consultations.notes" text:"lines" maxLength:"20000" doc:"Replaces the notes; only the patient and you read them" example:"Advised rest"`
	}
}

// Hold lets its doctor start, complete or miss a consultation, with notes.
// Errors: problem.NotFound, problem.PreconditionFailed, problem.InvalidTransition, ErrTooEarly, ErrTooLate; at the
// start doctor.ErrNotApproved, consent.ErrRequired, schedule.ErrConsultationInProgress.
func (s *Service) Hold(ctx context.Context, tx *postgres.Tx, actor access.Actor, in HoldIn) (Consultation, error) {
	to := in.Body.Status
	var notApproved error
	if to == StatusInProgress { // the doctor is locked before the consultation, as in CancelUpcoming
		if notApproved = doctor.Holds(ctx, tx, actor.ID); notApproved != nil &&
			!errors.Is(notApproved, doctor.ErrNotApproved) {
			return Consultation{}, notApproved
		}
	}
	row, err := s.lock(ctx, tx, actor, in.ID)
	if err != nil {
		return Consultation{}, err
	}
	if err := in.Check(summary(row).ETag()); err != nil {
		return Consultation{}, err
	}
	if err := s.mayMove(actor, row, to, tx.Now); err != nil {
		return Consultation{}, err
	}
	if notApproved != nil {
		return Consultation{}, notApproved
	}
	if to == StatusInProgress {
		if err := consent.Stands(ctx, tx, row.ID); err != nil {
			return Consultation{}, err
		}
	}
	if in.Body.Notes != nil {
		key, err := s.Sealer.PersonKey(ctx, tx, row.PatientID)
		if err != nil {
			return Consultation{}, err
		}
		if row.Notes, err = key.Seal(columnNotes, row.ID, *in.Body.Notes); err != nil {
			return Consultation{}, err
		}
	}
	if err := s.move(ctx, tx, actor, &row, to); err != nil {
		return Consultation{}, err
	}
	if to == StatusNoShow {
		if err := s.notifyParties(ctx, tx, row, "consultation-missed",
			map[string]string{"absent": string(access.RolePatient), "refund": ""}); err != nil {
			return Consultation{}, err
		}
	}
	full, err := readConsultation(ctx, tx, row.ID)
	if err != nil {
		return Consultation{}, err
	}
	auditRead(tx, actor, full.ConsultationRow, true, "") // the answer holds the reason and the notes
	return s.view(full, true)
}

// verbs name each move in the audit log.
var verbs = map[Status]string{
	StatusConfirmed:  "consultation.confirm",
	StatusInProgress: "consultation.start",
	StatusCompleted:  "consultation.complete",
	StatusCancelled:  "consultation.cancel",
	StatusNoShow:     "consultation.no-show",
}

// move takes a locked consultation to another status: it frees the seat when it ends, writes the row and the audit
// row. Whether the move is allowed was asked before, of mayMove.
func (s *Service) move(ctx context.Context, tx *postgres.Tx, actor access.Actor, row *ConsultationRow,
	to Status) error {
	from := row.Status
	row.Status, row.UpdatedAt = to, tx.Now
	switch to {
	case StatusInProgress:
		row.StartedAt = &tx.Now
		if err := schedule.StartSeat(ctx, tx, row.ID); err != nil {
			return err
		}
	case StatusCompleted:
		row.EndedAt = &tx.Now
		if actor.ID == uuid.Nil { // nobody did it in time
			row.EndedAt = &row.ScheduledEnd
		}
	case StatusNoShow:
		row.Absent = new(absent(actor))
	case StatusCancelled:
		row.CancelledAt, row.CancelledBy = &tx.Now, roleOf(actor)
	case StatusRequested, StatusConfirmed:
	}
	if final(to) {
		if err := schedule.ReleaseSeat(ctx, tx, row.ID); err != nil {
			return err
		}
	}
	audit.Write(tx, actor, verbs[to], row.ID, audit.Meta{"from": from, "to": to})
	tx.AfterCommit(s.Metrics.Bookings.WithLabelValues(string(to)).Inc)
	return s.save(ctx, tx, *row)
}

// absent is who didn't come: the doctor says that the patient didn't, the system that nobody started in time.
func absent(actor access.Actor) access.Role {
	if actor.ID == uuid.Nil {
		return access.RoleDoctor
	}
	return access.RolePatient
}

func final(status Status) bool {
	return status == StatusCompleted || status == StatusCancelled ||
		status == StatusNoShow
}

func (s *Service) save(ctx context.Context, tx *postgres.Tx, row ConsultationRow) error {
	return updateConsultation(ctx, tx,
		updateConsultationParams{Status: row.Status, PaymentStatus: row.PaymentStatus, Notes: row.Notes,
			PaymentDueAt: row.PaymentDueAt, CancelledBy: row.CancelledBy, CancellationReason: row.CancellationReason,
			CancelledAt: row.CancelledAt, CancelledLate: row.CancelledLate, StartedAt: row.StartedAt,
			EndedAt: row.EndedAt, Absent: row.Absent, Now: tx.Now, ID: row.ID})
}

// mayMove is the state machine for people: nil when who may take row to the status now.
func (s *Service) mayMove(actor access.Actor, row ConsultationRow, to Status, now time.Time) error {
	illegal := problem.InvalidTransition.WithDetail(fmt.Sprintf("A consultation that is %s can't become %s.",
		row.Status, to))
	switch from := row.Status; {
	case from == StatusConfirmed && to == StatusInProgress:
		return within(now, row.ScheduledStart.Add(-s.Config.StartEarly), row.ScheduledEnd)
	case from == StatusInProgress && to == StatusCompleted:
		return nil
	case from == StatusConfirmed && to == StatusNoShow:
		return within(now, s.noShowFrom(row), row.ScheduledEnd) // then it was the doctor who didn't come
	case to != StatusCancelled:
		return illegal
	case from == StatusRequested:
		return nil
	case from == StatusConfirmed && isPatient(actor, row):
		return within(now, time.Time{}, s.cancelUntil(row))
	case from == StatusConfirmed:
		return within(now, time.Time{}, row.ScheduledStart)
	case from == StatusInProgress && !isPatient(actor, row):
		return nil
	default:
		return illegal
	}
}

// noShowFrom is when the doctor may say that the patient didn't come: in a short slot at its middle, or there would
// be no time for it.
func (s *Service) noShowFrom(row ConsultationRow) time.Time {
	return row.ScheduledStart.Add(min(s.Config.NoShowAfter, row.ScheduledEnd.Sub(row.ScheduledStart)/2))
}

// cancelUntil is when the patient may no more cancel what is confirmed.
func (s *Service) cancelUntil(row ConsultationRow) time.Time {
	return row.ScheduledStart.Add(-s.Config.CancelUntil)
}

// within checks the window of a move; a zero bound is open.
func within(now, from, until time.Time) error {
	switch {
	case !from.IsZero() && now.Before(from):
		return ErrTooEarly.WithDetail("This step is possible from " + from.UTC().Format(time.RFC3339) + ".")
	case !until.IsZero() && now.After(until):
		return ErrTooLate.WithDetail("This step was possible until " + until.UTC().Format(time.RFC3339) + ".")
	}
	return nil
}

// lock holds the row for the transaction. To who may not see it, it doesn't exist.
func (s *Service) lock(ctx context.Context, tx *postgres.Tx, actor access.Actor, id uuid.UUID) (ConsultationRow,
	error) {
	row, err := lockConsultation(ctx, tx, id)
	if postgres.NoRows(err) {
		return row, problem.NotFound
	}
	if err == nil && !canSee(actor, row) {
		return row, problem.NotFoundAudited("consultation", id)
	}
	return row, err
}

// parties of a consultation by name.
type parties struct{ patient, doctor string }

func readParties(ctx context.Context, tx *postgres.Tx, row ConsultationRow) (parties, error) {
	names, err := partyNames(ctx, tx, row.PatientID, row.DoctorID)
	return parties{names.PatientName, names.DoctorName}, err
}

// notifyParties mails both parties; with names the other one.
func (s *Service) notifyParties(ctx context.Context, tx *postgres.Tx, row ConsultationRow, kind string,
	more map[string]string) error {
	names, err := readParties(ctx, tx, row)
	if err != nil {
		return err
	}
	return s.tellBoth(ctx, tx, row, names, kind, more)
}

func (s *Service) tellBoth(ctx context.Context, tx *postgres.Tx, row ConsultationRow, names parties, kind string,
	more map[string]string) error {
	if err := s.tellOne(ctx, tx, row, names, access.RolePatient, kind, more); err != nil {
		return err
	}
	return s.tellOne(ctx, tx, row, names, access.RoleDoctor, kind, more)
}

func (s *Service) tellOne(ctx context.Context, tx *postgres.Tx, row ConsultationRow, names parties, as access.Role,
	kind string, more map[string]string) error {
	to, with := row.PatientID, names.doctor
	if as == access.RoleDoctor {
		to, with = row.DoctorID, names.patient
	}
	data := map[string]string{"as": string(as), "with": with, "start": row.ScheduledStart.Format(time.RFC3339),
		"end": row.ScheduledEnd.Format(time.RFC3339), "consultationId": row.ID.String()}
	maps.Copy(data, more)
	return s.Mails.Enqueue(ctx, tx, notification.Mail{To: to, Kind: kind, Data: data})
}

func lowerRole(actor access.Actor) string {
	if actor.ID == uuid.Nil {
		return "the system"
	}
	return "the " + strings.ToLower(string(actor.Role))
}
