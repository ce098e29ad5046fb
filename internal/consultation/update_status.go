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

// UpdateStatusRequest is a doctor's change of a consultation.
type UpdateStatusRequest struct {
	httpapi.IfMatch
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The consultation"`
	Body struct {
		_ struct{} `doc:"The new status and the doctor's notes"`

		Status  Status  `json:"status" enum:"IN_PROGRESS,COMPLETED,NO_SHOW" doc:"Where it goes" example:"IN_PROGRESS"`
		Notes   *string `json:"notes,omitempty" health:"consultations.notes" text:"lines" maxLength:"20000" doc:"Replaces the notes; only the patient and you read them" example:"Advised rest"`
		Release *bool   `json:"release,omitempty" doc:"false keeps these notes from the patient, true also releases those that are there already; left out: the patient reads the notes sent here, and those that were kept from them stay so" example:"true"`
	}
}

// UpdateStatus lets the doctor start or complete a consultation, or report that the patient didn't come, and replace
// the notes. It moves no money: a patient who doesn't come pays. Returns problem.NotFound, problem.PreconditionFailed,
// problem.InvalidTransition, ErrTooEarly, ErrTooLate; for a start also doctor.ErrNotApproved, consent.ErrRequired,
// schedule.ErrConsultationInProgress.
func (s *Service) UpdateStatus(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in UpdateStatusRequest) (Consultation, error) {
	to := in.Body.Status
	var notApproved error
	if to == StatusInProgress { // the doctor is locked before the consultation, as in CancelUpcoming
		notApproved = doctor.LockApproved(ctx, tx, actor.ID)
		if notApproved != nil && !errors.Is(notApproved, doctor.ErrNotApproved) {
			return Consultation{}, notApproved
		}
	}
	row, err := s.lock(ctx, tx, actor, in.ID)
	if err != nil {
		return Consultation{}, err
	}
	if err := in.Check(s.withoutHealthData(row).ETag()); err != nil {
		return Consultation{}, err
	}
	if err := s.checkTransition(actor, row, to, tx.Now); err != nil {
		return Consultation{}, err
	}
	if notApproved != nil {
		return Consultation{}, notApproved
	}
	if to == StatusInProgress {
		if err := consent.LockForStart(ctx, tx, row.ID); err != nil {
			return Consultation{}, err
		}
	}
	if in.Body.Release != nil {
		row.NotesDraft = !*in.Body.Release
	} else if in.Body.Notes != nil {
		row.NotesDraft = false
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
	if to == StatusNoShow {
		row.Absent = new(access.RolePatient)
	}
	if err := s.transition(ctx, tx, actor, &row, to); err != nil {
		return Consultation{}, err
	}
	if to == StatusNoShow {
		if err := s.notifyMissed(ctx, tx, actor, row, ""); err != nil {
			return Consultation{}, err
		}
	}
	full, err := readAny(ctx, tx, row.ID)
	if err != nil {
		return Consultation{}, err
	}
	auditRead(tx, actor, full.ConsultationRow, true, "") // the response has the reason and the notes
	return s.response(full, allData)
}
