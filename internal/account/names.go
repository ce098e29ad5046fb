package account

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
)

// PeopleNames has the names of people by their ids, for staff. Deleted accounts and their dependants have none.
type PeopleNames map[uuid.UUID]*string

// Of returns the name of a person, or nil when there is none or nobody is asked for.
func (n PeopleNames) Of(id *uuid.UUID) *string {
	if id == nil {
		return nil
	}
	return n[*id]
}

// Names returns the names of people. A nil id is nobody's.
func Names(ctx context.Context, db postgres.Querier, people ...*uuid.UUID) (PeopleNames, error) {
	ids := make([]uuid.UUID, 0, len(people))
	for _, id := range people {
		if id != nil {
			ids = append(ids, *id)
		}
	}
	names := PeopleNames{}
	if len(ids) == 0 {
		return names, nil
	}
	found, err := listAccountNames(ctx, db, ids)
	if err != nil {
		return nil, fmt.Errorf("read the names of people: %w", err)
	}
	for _, of := range found {
		names[of.UserID] = &of.FullName
	}
	return names, nil
}
