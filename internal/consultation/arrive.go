package consultation

import (
	"context"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ArriveRequest names the consultation that the caller is there for.
type ArriveRequest struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The consultation"`
}

// CheckIns says who has checked in to a consultation.
type CheckIns struct {
	_ struct{} `doc:"Who has checked in to a consultation"`

	ConsultationID   uuid.UUID  `json:"consultationId" doc:"The consultation"`
	PatientArrivedAt *time.Time `json:"patientArrivedAt" doc:"When the patient first checked in"`
	DoctorArrivedAt  *time.Time `json:"doctorArrivedAt" doc:"When the doctor first checked in"`
}

// Entity names the consultation for a stored answer.
func (a CheckIns) Entity() (string, uuid.UUID) { return "consultation", a.ConsultationID }

// Arrive notes that the patient or the doctor is there, which is the evidence if the consultation is never started.
// The first time counts. Returns problem.NotFound, problem.InvalidTransition, ErrTooEarly, ErrTooLate.
func (s *Service) Arrive(ctx context.Context, tx *postgres.Tx, actor access.Actor, in ArriveRequest) (CheckIns,
	error) {
	row, err := s.lockForAttendance(ctx, tx, actor, in.ID)
	if err != nil {
		return CheckIns{}, err
	}
	if err := checkWindow(tx.Now, time.Time{}, row.ScheduledEnd); err != nil {
		return CheckIns{}, err
	}
	isFirst, err := s.noteArrival(ctx, tx, actor, &row)
	if err != nil {
		return CheckIns{}, err
	}
	audit.Write(tx, actor, "consultation.arrive", row.ID, audit.Meta{"changed": isFirst})
	return CheckIns{ConsultationID: row.ID, PatientArrivedAt: row.PatientArrivedAt,
		DoctorArrivedAt: row.DoctorArrivedAt}, nil
}

// lockForAttendance locks a consultation that its parties can attend now: one that is confirmed, from the configured
// time before the start to the end of the slot, and one in progress. Returns problem.NotFound,
// problem.InvalidTransition, ErrTooEarly, ErrTooLate.
func (s *Service) lockForAttendance(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	id uuid.UUID) (ConsultationRow, error) {
	row, err := s.lock(ctx, tx, actor, id)
	switch {
	case err != nil:
		return row, err
	case row.Status == StatusInProgress:
		return row, nil
	case row.Status != StatusConfirmed:
		return row, problem.InvalidTransition.WithDetail(detailNoCheckIn.With("status", string(row.Status)))
	}
	return row, checkWindow(tx.Now, s.startableFrom(row), row.ScheduledEnd)
}

// noteArrival notes that a party is there, in the row too. isFirst tells whether it wasn't noted before.
func (s *Service) noteArrival(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	row *ConsultationRow) (isFirst bool, err error) {
	arrived, note := &row.PatientArrivedAt, notePatientArrival
	if isDoctor(actor, *row) {
		arrived, note = &row.DoctorArrivedAt, noteDoctorArrival
	}
	if *arrived != nil {
		return false, nil
	}
	*arrived = &tx.Now
	return true, note(ctx, tx, &tx.Now, row.ID)
}
