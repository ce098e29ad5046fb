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
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/schedule"
)

// verbs name each move in the audit log.
var verbs = map[ConsultationStatus]string{
	ConsultationStatusCONFIRMED:  "consultation.confirm",
	ConsultationStatusINPROGRESS: "consultation.start",
	ConsultationStatusCOMPLETED:  "consultation.complete",
	ConsultationStatusCANCELLED:  "consultation.cancel",
	ConsultationStatusNOSHOW:     "consultation.no-show",
}

// move takes a locked consultation to another status: it frees the seat when it ends, writes the row and the audit row.
// Whether the move is allowed was asked before, of mayMove.
func (s *Service) move(ctx context.Context, tx *postgres.Tx, who access.Actor, row *ConsultationRow, to ConsultationStatus) error {
	from := row.Status
	row.Status, row.UpdatedAt = to, tx.Now
	switch to {
	case ConsultationStatusINPROGRESS:
		row.StartedAt = &tx.Now
		if err := schedule.StartSeat(ctx, tx, row.ID); err != nil {
			return err
		}
	case ConsultationStatusCOMPLETED:
		row.EndedAt = &tx.Now
		if who.ID == uuid.Nil { // nobody did it in time
			row.EndedAt = &row.ScheduledEnd
		}
	case ConsultationStatusNOSHOW:
		row.Absent = new(absent(who))
	case ConsultationStatusCANCELLED:
		row.CancelledAt, row.CancelledBy = &tx.Now, roleOf(who)
	case ConsultationStatusREQUESTED, ConsultationStatusCONFIRMED:
	}
	if final(to) {
		if err := schedule.ReleaseSeat(ctx, tx, row.ID); err != nil {
			return err
		}
	}
	audit.Write(tx, who, verbs[to], row.ID, audit.Meta{"from": from, "to": to})
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

func final(status ConsultationStatus) bool {
	return status == ConsultationStatusCOMPLETED || status == ConsultationStatusCANCELLED || status == ConsultationStatusNOSHOW
}

func (s *Service) save(ctx context.Context, tx *postgres.Tx, row ConsultationRow) error {
	return query.updateConsultation(ctx, tx, updateConsultationParams{Status: row.Status, PaymentStatus: row.PaymentStatus, Notes: row.Notes,
		PaymentDueAt: row.PaymentDueAt, CancelledBy: row.CancelledBy, CancellationReason: row.CancellationReason,
		CancelledAt: row.CancelledAt, CancelledLate: row.CancelledLate, StartedAt: row.StartedAt, EndedAt: row.EndedAt, Absent: row.Absent, Now: tx.Now, ID: row.ID})
}

// mayMove is the state machine for people: nil when who may take row to the status now.
func (s *Service) mayMove(who access.Actor, row ConsultationRow, to ConsultationStatus, now time.Time) error {
	illegal := problem.Illegal.With(fmt.Sprintf("A consultation that is %s can't become %s.", row.Status, to))
	switch from := row.Status; {
	case from == ConsultationStatusCONFIRMED && to == ConsultationStatusINPROGRESS:
		return within(now, row.ScheduledStart.Add(-s.Config.StartEarly), row.ScheduledEnd)
	case from == ConsultationStatusINPROGRESS && to == ConsultationStatusCOMPLETED:
		return nil
	case from == ConsultationStatusCONFIRMED && to == ConsultationStatusNOSHOW:
		return within(now, s.noShowFrom(row), row.ScheduledEnd) // then it was the doctor who didn't come
	case to != ConsultationStatusCANCELLED:
		return illegal
	case from == ConsultationStatusREQUESTED:
		return nil
	case from == ConsultationStatusCONFIRMED && isPatient(who, row):
		return within(now, time.Time{}, s.cancelUntil(row))
	case from == ConsultationStatusCONFIRMED:
		return within(now, time.Time{}, row.ScheduledStart)
	case from == ConsultationStatusINPROGRESS && !isPatient(who, row):
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
		return ErrTooEarly.With("This step is possible from " + from.UTC().Format(time.RFC3339) + ".")
	case !until.IsZero() && now.After(until):
		return ErrTooLate.With("This step was possible until " + until.UTC().Format(time.RFC3339) + ".")
	}
	return nil
}

// lock holds the row for the transaction. To who may not see it, it doesn't exist.
func (s *Service) lock(ctx context.Context, tx *postgres.Tx, who access.Actor, id uuid.UUID) (ConsultationRow, error) {
	row, err := query.lockConsultation(ctx, tx, id)
	if postgres.NoRows(err) {
		return row, problem.NotFound
	}
	if err == nil && !canSee(who, row) {
		return row, problem.Hidden("consultation", id)
	}
	return row, err
}

// parties of a consultation by name.
type parties struct{ patient, doctor string }

func readParties(ctx context.Context, tx *postgres.Tx, row ConsultationRow) (parties, error) {
	names, err := query.partyNames(ctx, tx, row.PatientID, row.DoctorID)
	return parties{names.PatientName, names.DoctorName}, err
}

// tell mails both parties; with names the other one.
func (s *Service) tell(ctx context.Context, tx *postgres.Tx, row ConsultationRow, kind string, more map[string]string) error {
	names, err := readParties(ctx, tx, row)
	if err != nil {
		return err
	}
	return s.tellBoth(ctx, tx, row, names, kind, more)
}

func (s *Service) tellBoth(ctx context.Context, tx *postgres.Tx, row ConsultationRow, names parties, kind string, more map[string]string) error {
	return errors.Join(s.tellOne(ctx, tx, row, names, access.RolePatient, kind, more),
		s.tellOne(ctx, tx, row, names, access.RoleDoctor, kind, more))
}

func (s *Service) tellOne(ctx context.Context, tx *postgres.Tx, row ConsultationRow, names parties, as access.Role, kind string, more map[string]string) error {
	to, with := row.PatientID, names.doctor
	if as == access.RoleDoctor {
		to, with = row.DoctorID, names.patient
	}
	data := map[string]string{"as": string(as), "with": with, "start": row.ScheduledStart.Format(time.RFC3339),
		"end": row.ScheduledEnd.Format(time.RFC3339), "consultationId": row.ID.String()}
	maps.Copy(data, more)
	return s.Mails.Enqueue(ctx, tx, notification.Mail{To: to, Kind: kind, Data: data})
}

func lowerRole(who access.Actor) string {
	if who.ID == uuid.Nil {
		return "the system"
	}
	return "the " + strings.ToLower(string(who.Role))
}
