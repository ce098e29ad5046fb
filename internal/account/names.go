package account

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
)

// Names returns the names of people by their ids, for staff. Deleted accounts and their dependants have none.
func Names(ctx context.Context, db postgres.Querier, ids []uuid.UUID) (map[uuid.UUID]*string, error) {
	names := map[uuid.UUID]*string{}
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
