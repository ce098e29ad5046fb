package schedule

import (
	"context"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
)

// ListRulesRequest asks for the rules of the signed-in doctor.
type ListRulesRequest struct{ httpapi.Paging }

// ListRules lists the rules of the signed-in doctor, the oldest first.
func (s *Service) ListRules(ctx context.Context, r *postgres.Read, actor access.Actor,
	in ListRulesRequest) (httpapi.Page[Rule], error) {
	scope := "rules of " + actor.ID.String()
	var after uuid.UUID
	if _, err := s.Cursors.Decode(scope, in.Cursor, &after); err != nil {
		return httpapi.Page[Rule]{}, err
	}
	rows, err := listRules(ctx, r, actor.ID, after, int32(in.Limit+1)) //nolint:gosec // at most 101
	if err != nil {
		return httpapi.Page[Rule]{}, err
	}
	items := make([]Rule, len(rows))
	for i, row := range rows {
		items[i] = row.rule()
	}
	return httpapi.NewPage(s.Cursors, scope, in.Limit, items, func(r Rule) any { return r.ID }), nil
}

// ReadRule returns a rule of the actor. Returns problem.NotFound.
func (s *Service) ReadRule(ctx context.Context, r *postgres.Read, actor access.Actor, in RuleRequest) (Rule, error) {
	row, err := ownRule(ctx, r, actor, in.ID)
	if err != nil {
		return Rule{}, err
	}
	return row.rule(), nil
}
