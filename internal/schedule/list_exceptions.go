package schedule

import (
	"context"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ListExceptionsRequest asks for the leaves and extra hours of the signed-in doctor.
type ListExceptionsRequest struct {
	httpapi.Paging
	From time.Time `query:"from" doc:"Those that end after this time; now when left out" example:"2026-12-01T00:00:00Z"`
	To   time.Time `query:"to" doc:"Those that begin before this time; all when left out" example:"2027-01-01T00:00:00Z"`
}

// ListExceptions lists the leaves and extra hours of the signed-in doctor by their begin.
func (s *Service) ListExceptions(ctx context.Context, r *postgres.Read, actor access.Actor,
	in ListExceptionsRequest) (httpapi.Page[Exception], error) {
	var none httpapi.Page[Exception]
	if in.From.IsZero() {
		in.From = r.Now
	}
	if in.To.IsZero() {
		in.To = in.From.Add(maxAhead + maxLeave)
	}
	if fault := httpapi.PeriodFault(in.From, in.To); fault != nil {
		return none, problem.InvalidField("query.to", faultNotAfterNow)
	}
	scope := "exceptions of " + actor.ID.String()
	var after position
	if _, err := s.Cursors.Decode(scope, in.Cursor, &after); err != nil {
		return none, err
	}
	rows, err := listExceptions(ctx, r, listExceptionsParams{DoctorID: actor.ID, AfterTime: in.From, BeforeTime: in.To,
		AfterFrom: after.Value, AfterID: after.ID, MaxRows: int32(in.Limit + 1)}) //nolint:gosec // at most 101
	if err != nil {
		return none, err
	}
	items := make([]Exception, len(rows))
	for i, row := range rows {
		items[i] = row.exception()
	}
	return httpapi.NewPage(s.Cursors, scope, in.Limit, items,
		func(e Exception) any { return position{Value: e.From, ID: e.ID} }), nil
}
