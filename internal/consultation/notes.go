package consultation

import (
	"context"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

var (
	// ErrNotesChanged refuses notes that are based on another version than the stored one. Nothing is lost: the stored
	// text stays as it is, and the refused one is still the client's.
	ErrNotesChanged = problem.Conflict("notes-changed", "The notes have changed",
		"The consultation is not the version named in If-Match: its notes may have been saved elsewhere.",
		"Keep your text, read the consultation, show both texts to the doctor, and send what is chosen with the ETag "+
			"that was read.")
	// ErrVersionRequired refuses notes without If-Match, which could overwrite what was saved elsewhere.
	ErrVersionRequired = problem.Define(428, "version-required", "If-Match is required",
		"This change needs the header If-Match.",
		"Send the ETag of the consultation as you read it, or of your last change; * overwrites what is there.")
)

// writingPause ends a session of writing: each session has one audit entry.
const writingPause = 10 * time.Minute

// NotesRequest replaces or releases the notes.
type NotesRequest struct {
	httpapi.IfMatch
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The consultation"`
	Body struct {
		_ struct{} `doc:"A merge patch of the notes"`

		Notes   httpapi.Field[string] `json:"notes,omitempty" health:"consultations.notes" text:"lines" maxLength:"20000" doc:"The whole text; while it is in progress" example:"Sleeps badly since the move"`
		Release bool                  `json:"release,omitempty" doc:"true shows the notes to the patient; a later change of the text is kept from them until it is released too" example:"false"`
	}
}

// SavedNotes is the answer to saved notes, without their text.
type SavedNotes struct {
	_ struct{} `doc:"What was saved; the ETag is for the next change"`

	ConsultationID uuid.UUID `json:"consultationId" doc:"The consultation"`
	Released       bool      `json:"released" doc:"Whether the patient sees the notes" example:"false"`
	UpdatedAt      time.Time `json:"updatedAt" doc:"When the consultation last changed"`
}

// ETag is the version of the consultation.
func (n SavedNotes) ETag() string { return httpapi.ETag(n.UpdatedAt) }

// SaveNotes replaces the notes of a consultation in progress, as often as the doctor types, and releases them to the
// patient, which is possible after the end too. Returns problem.NotFound, ErrVersionRequired, ErrNotesChanged,
// problem.InvalidTransition.
func (s *Service) SaveNotes(ctx context.Context, tx *postgres.Tx, actor access.Actor, in NotesRequest) (SavedNotes,
	error) {
	row, err := s.lockNotes(ctx, tx, actor, in)
	if err != nil {
		return SavedNotes{}, err
	}
	if in.Body.Notes.Set {
		key, err := s.Sealer.PersonKey(ctx, tx, row.PatientID)
		if err != nil {
			return SavedNotes{}, err
		}
		if row.Notes, err = key.Seal(columnNotes, row.ID, in.Body.Notes.Value); err != nil {
			return SavedNotes{}, err
		}
		row.NotesDraft = true
	}
	releases := in.Body.Release && row.NotesDraft
	if in.Body.Release {
		row.NotesDraft = false
	}
	isContinued := row.NotesSavedAt != nil && tx.Now.Sub(*row.NotesSavedAt) < writingPause
	switch {
	case releases:
		audit.Write(tx, actor, "consultation.release-notes", row.ID, nil)
	case in.Body.Notes.Set && isContinued:
		audit.WrittenBefore(tx)
	default:
		audit.Write(tx, actor, "consultation.write-notes", row.ID, audit.Meta{"changed": in.Body.Notes.Set})
	}
	if in.Body.Notes.Set || releases {
		// Later than the stored time also if this server's clock is behind, because the ETag must change.
		row.UpdatedAt = latest(tx.Now, row.UpdatedAt.Add(time.Microsecond))
		row.NotesSavedAt = &tx.Now
		err = updateNotes(ctx, tx, updateNotesParams{ID: row.ID, Notes: row.Notes, NotesDraft: row.NotesDraft,
			NotesSavedAt: row.NotesSavedAt, UpdatedAt: row.UpdatedAt})
	}
	return SavedNotes{ConsultationID: row.ID, Released: row.Notes != nil && !row.NotesDraft,
		UpdatedAt: row.UpdatedAt}, err
}

// lockNotes locks the consultation and checks that its notes can be changed as the request says.
func (s *Service) lockNotes(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in NotesRequest) (ConsultationRow, error) {
	row, err := lockConsultation(ctx, tx, in.ID)
	if postgres.NoRows(err) { // perhaps archived
		if _, err = s.lock(ctx, tx, actor, in.ID); err == nil {
			err = problem.InvalidTransition.WithDetail(detailArchived)
		}
		return row, err
	}
	if err != nil {
		return row, err
	}
	if !canSee(actor, row) {
		return row, problem.NotFoundAudited("consultation", in.ID)
	}
	if in.IfMatch.IfMatch == "" {
		return row, ErrVersionRequired
	}
	if version := s.withoutHealthData(row).ETag(); in.Check(version) != nil {
		return row, ErrNotesChanged.WithDetail(detailNotesChanged.With("version", version))
	}
	isOpen := row.Status == StatusInProgress
	if !isOpen && (in.Body.Notes.Set || row.Status != StatusCompleted) {
		return row, problem.InvalidTransition.WithDetail(detailNotesClosed.With("status", string(row.Status)))
	}
	return row, nil
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
