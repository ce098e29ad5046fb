package account

import (
	"context"
	"fmt"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/seal"
)

// majority is the age of an adult in years.
const majority = 18

// Relation is what a dependant is to the person whose account acts for them.
type Relation string

// relationSelf is of somebody whose records were moved to an account of their own.
const relationSelf Relation = "SELF"

// Schema lists the relations that are shown.
func (Relation) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum[Relation](r, "Relation", "What somebody is to you; SELF: a record of your own, which was "+
		"moved to your account", "CHILD", "PARENT", "SPOUSE", "SIBLING",
		"OTHER", relationSelf)
}

// Dependant is somebody for whom a patient's account acts.
type Dependant struct {
	_ struct{} `doc:"Somebody for whom you book"`

	ID          uuid.UUID `json:"id" doc:"The dependant's id: dependantId of a booking, and patientId of what follows from it"`
	FullName    string    `json:"fullName" doc:"The name that the doctor sees" example:"Anil Rao"`
	DateOfBirth *string   `json:"dateOfBirth" format:"date" nullable:"true" doc:"Kept sealed; null when it was erased" example:"2016-05-17"`
	Gender      *Gender   `json:"gender" nullable:"true" doc:"null when not told" example:"MALE"`
	Relation    Relation  `json:"relation" doc:"What they are to you" example:"CHILD"`
	CreatedAt   time.Time `json:"createdAt" doc:"When you named them"`
	UpdatedAt   time.Time `json:"updatedAt" doc:"When this last changed"`
}

// Entity names the dependant for a stored answer.
func (d Dependant) Entity() (string, uuid.UUID) { return "dependant", d.ID }

// ETag is the version.
func (d Dependant) ETag() string { return httpapi.ETag(d.UpdatedAt) }

// The refusals of dependants.
var (
	ErrTooManyDependants = problem.Conflict("too-many-dependants", "Too many dependants",
		"You have as many dependants as an account may have, or have deleted too many.",
		"Delete one for whom you no longer book. Who is of age can have an account of their own.")
	ErrDependantHasConsultations = problem.Conflict("dependant-has-consultations", "A consultation is still to come",
		"There are consultations of this dependant that are not over.",
		"Cancel them first: POST /api/v1/consultations/{id}/cancel.")
)

// DependantRequest names a dependant of the caller.
type DependantRequest struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The dependant's id" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7090"`
}

// ListDependantsRequest asks for the dependants of the caller.
type ListDependantsRequest struct{ httpapi.Paging }

// ListDependants lists for whom the caller books, the oldest entry first.
func (s *Service) ListDependants(ctx context.Context, r *postgres.Read, actor access.Actor,
	in ListDependantsRequest) (httpapi.Page[Dependant], error) {
	var page httpapi.Page[Dependant]
	var after uuid.UUID
	const scope = "dependants"
	if _, err := s.Cursors.Decode(scope, in.Cursor, &after); err != nil {
		return page, err
	}
	rows, err := listDependants(ctx, r, listDependantsParams{UserID: actor.ID, After: after,
		Most: int32(in.Limit + 1)}) //nolint:gosec // at most 101
	if err != nil {
		return page, fmt.Errorf("list dependants: %w", err)
	}
	items := make([]Dependant, len(rows))
	for i, row := range rows {
		if items[i], err = s.openDependant(readDependantRow(row)); err != nil {
			return page, err
		}
	}
	return httpapi.NewPage(s.Cursors, scope, in.Limit, items, func(d Dependant) any { return d.ID }), nil
}

// ForEachDependant calls fn with every dependant of an account, deleted ones too: for the copy of all that is stored.
func (s *Service) ForEachDependant(ctx context.Context, r *postgres.Read, account uuid.UUID,
	fn func(Dependant) error) error {
	const batch = 100
	for last := uuid.Nil; ; {
		rows, err := listDependants(ctx, r, listDependantsParams{UserID: account, After: last, Deleted: true,
			Most: batch})
		if err != nil {
			return fmt.Errorf("list dependants: %w", err)
		}
		for _, row := range rows {
			d, err := s.openDependant(readDependantRow(row))
			if err != nil {
				return err
			}
			if err := fn(d); err != nil {
				return err
			}
			last = d.ID
		}
		if len(rows) < batch {
			return nil
		}
	}
}

// openDependant opens the sealed birth date. Of an erased person there is none.
func (s *Service) openDependant(row readDependantRow) (Dependant, error) {
	d := Dependant{ID: row.DependantRow.ID, FullName: row.FullName, Gender: ptrOrNil(Gender(row.Gender)),
		Relation: row.DependantRow.Relation, CreatedAt: row.DependantRow.CreatedAt,
		UpdatedAt: row.DependantRow.UpdatedAt}
	birth, err := s.birthOf(row)
	d.DateOfBirth = ptrOrNil(birth)
	return d, err
}

// birthOf returns the birth date of a dependant, "" of an erased one.
func (s *Service) birthOf(row readDependantRow) (string, error) {
	if row.Wrapped == nil {
		return "", nil
	}
	key, err := s.Sealer.UnwrapCached(row.DependantRow.ID, row.Wrapped)
	if err != nil {
		return "", err
	}
	return key.Open(birthColumn, row.ProfileID, row.DateOfBirth)
}

// BookedFor is a dependant for whom somebody books.
type BookedFor struct {
	ID       uuid.UUID
	Relation Relation

	birth, zone string
}

// IsMinorAt reports whether they are a minor at an instant, in their time zone.
func (b BookedFor) IsMinorAt(at time.Time) bool {
	age := ageOn(b.birth, b.zone, at)
	return age != nil && *age < majority
}

// LockDependant locks the account of the actor and a dependant of it, for a booking: the actor's other bookings wait.
// Returns problem.NotFound if the actor has no such dependant.
func (s *Service) LockDependant(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	id uuid.UUID) (BookedFor, error) {
	row, _, err := s.ownDependant(ctx, tx, actor, id)
	if err != nil {
		return BookedFor{}, err
	}
	birth, err := s.birthOf(row)
	return BookedFor{ID: id, Relation: row.DependantRow.Relation, birth: birth, zone: row.Timezone}, err
}

// ReadBookedFor returns a dependant of anybody.
func (s *Service) ReadBookedFor(ctx context.Context, tx *postgres.Tx, id uuid.UUID) (BookedFor, error) {
	row, err := readDependant(ctx, tx, id)
	if err != nil {
		return BookedFor{}, fmt.Errorf("read a dependant: %w", err)
	}
	birth, err := s.birthOf(row)
	return BookedFor{ID: id, Relation: row.DependantRow.Relation, birth: birth, zone: row.Timezone}, err
}

// ownDependant locks the account of the actor and reads a dependant of it, with its key. Returns problem.NotFound for
// one that is deleted, of another account, or has one of its own.
func (s *Service) ownDependant(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	id uuid.UUID) (readDependantRow, seal.Key, error) {
	if _, err := lockOwnAccount(ctx, tx, actor); err != nil {
		return readDependantRow{}, seal.Key{}, err
	}
	// After the lock, because it must see what a transaction before has stored.
	row, err := readDependant(ctx, tx, id)
	switch {
	case postgres.NoRows(err):
		return row, seal.Key{}, problem.NotFound
	case err != nil:
		return row, seal.Key{}, fmt.Errorf("read a dependant: %w", err)
	case !actsFor(actor, row.DependantRow):
		return row, seal.Key{}, problem.NotFoundAudited("dependant", id)
	case row.DependantRow.DeletedAt != nil, row.DependantRow.Relation == relationSelf:
		return row, seal.Key{}, problem.NotFound
	}
	key, err := s.Sealer.UnwrapCached(id, row.Wrapped)
	return row, key, err
}

// lockOwnAccount locks the account of the actor. Returns problem.Unauthenticated if it is deleted or disabled.
func lockOwnAccount(ctx context.Context, tx *postgres.Tx, actor access.Actor) (lockAccountRow, error) {
	row, err := lockAccount(ctx, tx, actor.ID)
	if postgres.NoRows(err) {
		return row, problem.Unauthenticated
	}
	return row, err
}
