package schedule

import (
	"context"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
)

// ListWaitlistRequest asks for the entries of the signed-in patient and of their dependants.
type ListWaitlistRequest struct {
	httpapi.Paging
}

// ListWaitlist lists the entries of the signed-in patient and of their dependants, the newest first.
func (s *Service) ListWaitlist(ctx context.Context, r *postgres.Read, actor access.Actor,
	in ListWaitlistRequest) (httpapi.Page[WaitlistEntry], error) {
	scope := "waitlist of " + actor.ID.String()
	before := uuid.Max
	if _, err := s.Cursors.Decode(scope, in.Cursor, &before); err != nil {
		return httpapi.Page[WaitlistEntry]{}, err
	}
	rows, err := listWaitlist(ctx, r, actor.People(), before, int32(in.Limit+1)) //nolint:gosec // at most 101
	if err != nil {
		return httpapi.Page[WaitlistEntry]{}, err
	}
	items := make([]WaitlistEntry, len(rows))
	for i, row := range rows {
		items[i] = row.entry(actor)
	}
	return httpapi.NewPage(s.Cursors, scope, in.Limit, items, func(e WaitlistEntry) any { return e.ID }), nil
}
