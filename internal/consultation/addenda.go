package consultation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/seal"
)

// ErrTooManyAddenda limits the addenda to a consultation, so that a list shows all of them.
var ErrTooManyAddenda = problem.Conflict("too-many-addenda", "Too many addenda",
	"This consultation has as many addenda as it may have.", "Write to the patient, or arrange a new consultation.")

const (
	columnAddendum   = "addenda.text"
	columnAuthorName = "addenda.author_name"
	maxAddenda       = 100
	// addendaBatch is how many addenda ForEachAddendum reads at a time.
	addendaBatch = 200
)

// Addendum is what a doctor adds to the notes of a completed consultation.
type Addendum struct {
	_ struct{} `doc:"What the doctor added to the notes after the end, dated and signed; it never changes"`

	ID             uuid.UUID  `json:"id" doc:"The addendum's id"`
	ConsultationID uuid.UUID  `json:"consultationId" doc:"The consultation"`
	PatientID      uuid.UUID  `json:"patientId" health:"patient" doc:"Whom it is about"`
	AuthorID       uuid.UUID  `json:"authorId" doc:"Who wrote it"`
	AuthorName     *string    `json:"authorName" health:"addenda.author_name" doc:"The author's name of that day; null when the patient was erased" example:"Dr. Meera Iyer"`
	Text           *string    `json:"text" health:"addenda.text" doc:"The text (health data); null when the patient was erased" example:"The blood test of 25 November is normal"`
	ReleasedAt     *time.Time `json:"releasedAt" doc:"Since when the patient sees it; null: not yet"`
	CreatedAt      time.Time  `json:"createdAt" doc:"When it was written"`
}

// Entity names the addendum for a stored answer.
func (a Addendum) Entity() (string, uuid.UUID) { return "addendum", a.ID }

// Location is the address of the list that the addendum is in.
func (a Addendum) Location() string {
	return httpapi.Base + "/consultations/" + a.ConsultationID.String() + "/addenda"
}

// AuditReading audits that the response stored for an idempotency key was read.
func (a Addendum) AuditReading(tx *postgres.Tx, actor access.Actor) {
	meta := audit.Meta{"addendumId": a.ID, "replayed": true}
	audit.WriteReading(tx, actor, "consultation.read", a.ConsultationID, meta, a.PatientID)
}

// AddendumRequest is a new addendum.
type AddendumRequest struct {
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The consultation"`
	Body struct {
		_ struct{} `doc:"What to add to the notes"`

		Text    string `json:"text" health:"addenda.text" text:"lines" minLength:"1" maxLength:"20000" pattern:"\\S" patternDescription:"more than spaces" doc:"The text; it can't be changed later" example:"The blood test of 25 November is normal"`
		Release bool   `json:"release,omitempty" doc:"true shows it to the patient at once" example:"true"`
	}
}

// AddAddendum adds to the notes of a completed consultation, live or archived. Returns problem.NotFound,
// problem.InvalidTransition, ErrTooManyAddenda.
func (s *Service) AddAddendum(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in AddendumRequest) (Addendum, error) {
	row, err := s.lock(ctx, tx, actor, in.ID)
	if err != nil {
		return Addendum{}, err
	}
	if row.Status != StatusCompleted {
		return Addendum{}, problem.InvalidTransition.WithDetail(detailNoAddenda.With("status", string(row.Status)))
	}
	n, err := countAddenda(ctx, tx, row.ID)
	if err != nil {
		return Addendum{}, fmt.Errorf("count addenda: %w", err)
	}
	if n >= maxAddenda {
		return Addendum{}, ErrTooManyAddenda
	}
	names, err := readNames(ctx, tx, row)
	if err != nil {
		return Addendum{}, err
	}
	key, err := s.patientKey(ctx, tx, row.PatientID)
	if err != nil {
		return Addendum{}, err
	}
	added := AddendumRow{ID: tx.NewID(), ConsultationID: row.ID, PatientID: row.PatientID, AuthorID: actor.ID,
		CreatedAt: tx.Now}
	if in.Body.Release {
		added.ReleasedAt = &tx.Now
	}
	if added.AuthorName, err = key.Seal(columnAuthorName, added.ID, names.doctor); err != nil {
		return Addendum{}, err
	}
	if added.Text, err = key.Seal(columnAddendum, added.ID, in.Body.Text); err != nil {
		return Addendum{}, err
	}
	err = insertAddendum(ctx, tx, insertAddendumParams{ID: added.ID, ConsultationID: added.ConsultationID,
		PatientID: added.PatientID, AuthorID: added.AuthorID, AuthorName: added.AuthorName, Text: added.Text,
		ReleasedAt: added.ReleasedAt, Now: tx.Now})
	if err != nil {
		return Addendum{}, fmt.Errorf("insert an addendum: %w", err)
	}
	audit.Write(tx, actor, "addendum.write", added.ID,
		audit.Meta{"consultationId": row.ID, "released": in.Body.Release})
	auditRead(tx, actor, row, true, "") // the answer has the name, which the request had not
	return openAddendum(key, added)
}

// patientKey returns the key of a patient. Returns problem.InvalidTransition if the patient was erased.
func (s *Service) patientKey(ctx context.Context, tx *postgres.Tx, patient uuid.UUID) (seal.Key, error) {
	key, err := s.Sealer.PersonKey(ctx, tx, patient)
	if errors.Is(err, seal.ErrErased) {
		return key, problem.InvalidTransition.WithDetail(detailErased)
	}
	return key, err
}

// ListAddendaRequest names a consultation, and the purpose for which an ADMIN reads.
type ListAddendaRequest struct {
	ID      uuid.UUID `path:"id" format:"uuid" doc:"The consultation"`
	Purpose string    `header:"X-Purpose" maxLength:"200" doc:"Why an ADMIN reads health data; kept in the audit log. Without it an ADMIN gets none" example:"complaint 2291"`
}

// ListAddenda lists the addenda to a consultation, the oldest first; to the patient those that are released. Returns
// problem.NotFound.
func (s *Service) ListAddenda(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in ListAddendaRequest) (httpapi.Page[Addendum], error) {
	page := httpapi.Page[Addendum]{Items: []Addendum{}}
	if err := httpapi.RequireRecentMFAFor(tx.Now, actor, in.Purpose); err != nil {
		return page, err
	}
	full, err := readAny(ctx, tx, in.ID)
	if postgres.NoRows(err) {
		return page, problem.NotFound
	}
	if err != nil {
		return page, err
	}
	row := full.ConsultationRow
	sight := sightOf(actor, row, in.Purpose)
	if sight == noHealthData {
		return page, problem.NotFoundAudited("consultation", in.ID)
	}
	auditRead(tx, actor, row, true, in.Purpose)
	rows, err := listAddenda(ctx, tx, row.ID, sight == allData)
	if err != nil {
		return page, fmt.Errorf("list addenda: %w", err)
	}
	page.Items, err = s.openAddenda(row.PatientID, full.Wrapped, rows)
	return page, err
}

// openAddenda opens the addenda of one patient. Those of an erased one have no text.
func (s *Service) openAddenda(patient uuid.UUID, wrapped []byte, rows []AddendumRow) ([]Addendum, error) {
	all := []Addendum{}
	key, err := s.Sealer.UnwrapCached(patient, wrapped)
	isErased := errors.Is(err, seal.ErrErased)
	if err != nil && !isErased {
		return all, err
	}
	for _, row := range rows {
		a := viewAddendum(row)
		if !isErased {
			if a, err = openAddendum(key, row); err != nil {
				return all, err
			}
		}
		all = append(all, a)
	}
	return all, nil
}

func openAddendum(key seal.Key, row AddendumRow) (Addendum, error) {
	name, err := key.Open(columnAuthorName, row.ID, row.AuthorName)
	if err != nil {
		return Addendum{}, err
	}
	text, err := key.Open(columnAddendum, row.ID, row.Text)
	a := viewAddendum(row)
	a.AuthorName, a.Text = &name, &text
	return a, err
}

// viewAddendum returns an addendum without its text and its author's name.
func viewAddendum(row AddendumRow) Addendum {
	return Addendum{ID: row.ID, ConsultationID: row.ConsultationID, PatientID: row.PatientID, AuthorID: row.AuthorID,
		ReleasedAt: row.ReleasedAt, CreatedAt: row.CreatedAt}
}

// ForEachAddendum calls fn with every addendum that was released to a patient, the oldest first. The export of a
// person's data has all of them.
func (s *Service) ForEachAddendum(ctx context.Context, r *postgres.Read, patient uuid.UUID,
	fn func(Addendum) error) error {
	key, err := s.Sealer.PersonKey(ctx, r, patient)
	if err != nil {
		return err
	}
	for after := uuid.Nil; ; {
		rows, err := listAddendaOfPatient(ctx, r, patient, after, addendaBatch)
		if err != nil {
			return fmt.Errorf("list a patient's addenda: %w", err)
		}
		for _, row := range rows {
			after = row.ID
			a, err := openAddendum(key, row)
			if err != nil {
				return err
			}
			if err := fn(a); err != nil {
				return err
			}
		}
		if len(rows) < addendaBatch {
			return nil
		}
	}
}
