package consultation

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/consent"
	"amrutam/internal/doctor"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
)

// HoldIn is the doctor's step.
type HoldIn struct {
	httpapi.IfMatch
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The consultation"`
	Body struct {
		Status string  `json:"status" enum:"IN_PROGRESS,COMPLETED,NO_SHOW" doc:"Where it goes" example:"IN_PROGRESS"`
		Notes  *string `json:"notes,omitempty" text:"lines" maxLength:"20000" doc:"Replaces the notes; only the patient and you read them" example:"Advised rest"`
	}
}

// Hold lets its doctor start, complete or miss a consultation, with notes.
// Errors: problem.NotFound, problem.PreconditionFailed, problem.Illegal, ErrTooEarly, ErrTooLate; at the start doctor.ErrNotApproved,
// consent.ErrRequired, account.ErrHolding.
func (s *Service) Hold(ctx context.Context, tx *postgres.Tx, who access.Actor, in HoldIn) (Consultation, error) {
	to := ConsultationStatus(in.Body.Status)
	var notApproved error
	if to == ConsultationStatusINPROGRESS { // the doctor is locked before the consultation, as in Stop
		if notApproved = doctor.Holds(ctx, tx, who.ID); notApproved != nil && !errors.Is(notApproved, doctor.ErrNotApproved) {
			return Consultation{}, notApproved
		}
	}
	row, err := s.lock(ctx, tx, who, in.ID)
	if err != nil {
		return Consultation{}, err
	}
	if err := in.Check(summary(row).ETag()); err != nil {
		return Consultation{}, err
	}
	if err := s.mayMove(who, row, to, tx.Now); err != nil {
		return Consultation{}, err
	}
	if notApproved != nil {
		return Consultation{}, notApproved
	}
	if to == ConsultationStatusINPROGRESS {
		if err := consent.Stands(ctx, tx, row.ID); err != nil {
			return Consultation{}, err
		}
	}
	if in.Body.Notes != nil {
		key, err := s.Sealer.Person(ctx, tx, row.PatientID)
		if err != nil {
			return Consultation{}, err
		}
		if row.Notes, err = key.Seal(columnNotes, row.ID, *in.Body.Notes); err != nil {
			return Consultation{}, err
		}
	}
	if err := s.move(ctx, tx, who, &row, to); err != nil {
		return Consultation{}, err
	}
	if to == ConsultationStatusNOSHOW {
		if err := s.tell(ctx, tx, row, "consultation-missed", map[string]string{"absent": string(access.RolePatient), "refund": ""}); err != nil {
			return Consultation{}, err
		}
	}
	full, err := query.readConsultation(ctx, tx, row.ID)
	if err != nil {
		return Consultation{}, err
	}
	note(tx, who, full.ConsultationRow, true, "") // the answer holds the reason and the notes
	return s.view(full, true)
}
