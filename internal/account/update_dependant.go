package account

import (
	"context"
	"fmt"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// UpdateDependantRequest is a merge patch of a dependant.
type UpdateDependantRequest struct {
	httpapi.IfMatch
	DependantRequest
	Body struct {
		_ struct{} `doc:"A merge patch of the dependant: what is absent stays, null clears"`

		FullName    httpapi.Field[string]     `json:"fullName,omitempty" minLength:"1" maxLength:"200" doc:"The name that the doctor sees" example:"Anil Rao"`
		DateOfBirth httpapi.Field[string]     `json:"dateOfBirth,omitempty" format:"date" maxLength:"10" doc:"A day from 1900 until today, where you are" example:"2016-05-17"`
		Gender      httpapi.Clearable[Gender] `json:"gender,omitempty" doc:"null clears" example:"MALE"`
		Relation    httpapi.Field[Relation]   `json:"relation,omitempty" doc:"What they are to you" example:"CHILD"`
	}
}

// UpdateDependant changes a dependant of the actor; what is booked stays as it was booked. Returns problem.NotFound,
// problem.PreconditionFailed, a 422 of all faults.
func (s *Service) UpdateDependant(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in UpdateDependantRequest) (Dependant, error) {
	row, key, err := s.ownDependant(ctx, tx, actor, in.ID)
	if err != nil {
		return Dependant{}, err
	}
	d, err := s.openDependant(row)
	if err != nil {
		return Dependant{}, err
	}
	if err := in.Check(d.ETag()); err != nil {
		return Dependant{}, err
	}
	fields, err := d.apply(in, row.Timezone, tx.Now)
	if err != nil {
		return Dependant{}, err
	}
	audit.Write(tx, actor, "dependant.update", d.ID, audit.Meta{"fields": fields})
	if len(fields) == 0 {
		return d, nil
	}
	d.UpdatedAt = latest(tx.Now, d.UpdatedAt.Add(time.Microsecond))
	birth, err := key.Seal(birthColumn, row.ProfileID, deref(d.DateOfBirth))
	if err != nil {
		return Dependant{}, err
	}
	if err := updateDependantProfile(ctx, tx, updateDependantProfileParams{UserID: d.ID, FullName: d.FullName,
		Gender: string(deref(d.Gender)), DateOfBirth: birth, Now: d.UpdatedAt}); err != nil {
		return Dependant{}, fmt.Errorf("update the profile of a dependant: %w", err)
	}
	if err := updateDependant(ctx, tx, d.Relation, d.UpdatedAt, d.ID); err != nil {
		return Dependant{}, fmt.Errorf("update a dependant: %w", err)
	}
	return d, nil
}

// apply copies the members of the patch into the dependant and returns their names. Returns a 422 of all faults.
func (d *Dependant) apply(in UpdateDependantRequest, zone string, now time.Time) (fields []string, err error) {
	b := &in.Body
	b.FullName.Value = trimText(b.FullName.Value)
	var wrong faults
	set := func(name string, given bool, fault func() *problem.Message) {
		if given {
			fields = append(fields, name)
			wrong.add("body."+name, fault())
		}
	}
	none := func() *problem.Message { return nil }
	birth := deref(d.DateOfBirth)
	set("fullName", b.FullName.Apply(&d.FullName), func() *problem.Message { return nameFault(d.FullName) })
	set("dateOfBirth", b.DateOfBirth.Apply(&birth), func() *problem.Message { return birthFault(birth, zone, now) })
	set("gender", b.Gender.ApplyTo(&d.Gender), none)
	set("relation", b.Relation.Apply(&d.Relation), func() *problem.Message {
		if d.Relation == relationSelf {
			return faultRelation
		}
		return nil
	})
	d.DateOfBirth = ptrOrNil(birth)
	return fields, wrong.err()
}
