package account

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/language"
	"amrutam/internal/postgres"
)

const (
	// maxDependants is how many dependants an account may have.
	maxDependants = 20
	// maxDependantsEver counts the deleted ones too, whose records stay and are in every list.
	maxDependantsEver = 60
)

// CreateDependantRequest says who a dependant is.
type CreateDependantRequest struct {
	Body struct {
		_ struct{} `doc:"Somebody for whom you book"`

		FullName    string   `json:"fullName" minLength:"1" maxLength:"200" doc:"The name that the doctor sees" example:"Anil Rao"`
		DateOfBirth string   `json:"dateOfBirth" format:"date" maxLength:"10" doc:"A day from 1900 until today, where you are" example:"2016-05-17"`
		Gender      Gender   `json:"gender,omitempty" doc:"Optional" example:"MALE"`
		Relation    Relation `json:"relation" enum:"CHILD,PARENT,SPOUSE,SIBLING,OTHER" doc:"What they are to you" example:"CHILD"`
	}
}

// CreateDependant stores somebody for whom the actor books. Returns ErrTooManyDependants, a 422 of all faults.
func (s *Service) CreateDependant(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in CreateDependantRequest) (Dependant, error) {
	own, err := lockOwnAccount(ctx, tx, actor)
	if err != nil {
		return Dependant{}, err
	}
	b := in.Body
	b.FullName = trimText(b.FullName)
	var wrong faults
	wrong.add("body.fullName", nameFault(b.FullName))
	wrong.add("body.dateOfBirth", birthFault(b.DateOfBirth, own.Timezone, tx.Now))
	if err := wrong.err(); err != nil {
		return Dependant{}, err
	}
	n, err := countDependants(ctx, tx, actor.ID)
	switch {
	case err != nil:
		return Dependant{}, fmt.Errorf("count dependants: %w", err)
	case n.Present >= maxDependants, n.Ever >= maxDependantsEver:
		return Dependant{}, ErrTooManyDependants
	}
	// Nobody can be mailed there, guess it or sign up with it: names below .invalid don't exist (RFC 2606).
	address := uuid.NewString() + "@dependant.invalid"
	id, err := s.Provision(ctx, tx, NewUser{Email: address, PasswordHash: noPassword, Role: access.RoleDependant,
		FullName: b.FullName, Gender: b.Gender, DateOfBirth: b.DateOfBirth, Timezone: own.Timezone,
		Language: language.Tag(own.Language)})
	if err != nil {
		return Dependant{}, err
	}
	if err := insertDependant(ctx, tx, insertDependantParams{ID: id, UserID: actor.ID, Relation: b.Relation,
		Now: tx.Now}); err != nil {
		return Dependant{}, fmt.Errorf("insert a dependant: %w", err)
	}
	audit.Write(tx, actor, "dependant.create", id, nil)
	return Dependant{ID: id, FullName: b.FullName, DateOfBirth: &b.DateOfBirth, Gender: ptrOrNil(b.Gender),
		Relation: b.Relation, CreatedAt: tx.Now, UpdatedAt: tx.Now}, nil
}
