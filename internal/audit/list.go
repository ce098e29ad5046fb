package audit

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/audit/logfile"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ListRequest filters the log. An entry must pass every filter.
type ListRequest struct {
	httpapi.Paging
	ActorID    httpapi.UUID `query:"actorId" doc:"Only what this user did" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7082"`
	Action     string       `query:"action" maxLength:"100" doc:"Only this action, exactly" example:"consultation.book"`
	EntityType string       `query:"entityType" maxLength:"100" doc:"Only what was done to objects of this type, exactly" example:"consultation"`
	EntityID   string       `query:"entityId" maxLength:"300" doc:"Only what was done to this object, exactly; a UUID for most types" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7083"`
	IPAddress  string       `query:"ipAddress" maxLength:"100" doc:"Only from this IPv4 or IPv6 address, in any of its spellings" example:"203.0.113.7"`
	Q          string       `query:"q" maxLength:"100" pattern:"^[A-Za-z0-9._:-]{8,}$" patternDescription:"at least 8 letters, digits and . _ : -" doc:"Only entries with an id that begins so: the object's, the actor's or the request's" example:"0199f3a2-7c1e"`
	From       time.Time    `query:"from" doc:"Only what was done at this time or later; any offset. Needed for months that are compressed" example:"2026-11-01T00:00:00+05:30"`
	To         time.Time    `query:"to" doc:"Only what was done before this time; any offset" example:"2026-12-01T00:00:00+05:30"`
}

// list returns a page of the log, the newest entries first. Reading the log is audited too: each call leaves an entry.
func (s *Service) list(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in ListRequest) (httpapi.Page[Entry], error) {
	var none httpapi.Page[Entry]
	f, err := in.filter("query")
	if err != nil {
		return none, err
	}
	scope := f.scope()
	if _, err := s.Cursors.Decode(scope, in.Cursor, &f.after); err != nil {
		return none, err
	}
	found, resume, err := s.findAll(ctx, tx, tx.Now, f, in.Limit+1)
	if err != nil {
		return none, err
	}
	Write(tx, actor, "audit-log.list", actor.ID, f.metadata())
	page := httpapi.NewPage(s.Cursors, scope, in.Limit, found,
		func(e Entry) any { return position{Value: e.CreatedAt, ID: e.ID} })
	if page.NextCursor == "" && !resume.Value.IsZero() {
		page.NextCursor = s.Cursors.Encode(scope, resume)
	}
	return page, describe(ctx, tx, page.Items)
}

// findAll returns the first entries of a filter, out of the database and of files. If it has read as many of the files
// as one request may, resume is where to go on.
func (s *Service) findAll(ctx context.Context, db postgres.Querier, now time.Time, f filter,
	limit int) (found []Entry, resume position, err error) {
	if found, err = f.find(ctx, db, now, limit); err != nil || !f.mayReachFiles(now.Add(-s.CompressAfter)) {
		return found, resume, err
	}
	keptSince, err := readKeptSince(ctx, db)
	switch {
	case err != nil:
		return nil, resume, err
	case f.from.IsZero() && !f.to.After(keptSince):
		return nil, resume, problem.InvalidField("query.from", faultFromNeeded.With("date",
			keptSince.UTC().Format(time.DateOnly)))
	case f.from.IsZero() || !f.from.Before(keptSince),
		len(found) == limit && !found[limit-1].CreatedAt.Before(keptSince):
		return found, resume, nil
	}
	inFiles := f.search(limit)
	if inFiles.to.IsZero() || inFiles.to.After(keptSince) {
		inFiles.to = keptSince
	}
	inFiles.folder, inFiles.found = s.Folder, found
	found, resume, err = inFiles.run(ctx, db)
	return found, resume, describeFiles(err)
}

// errFiles is returned with the file's name as detail.
var errFiles = problem.Define(http.StatusServiceUnavailable, "audit-files-unavailable",
	"Compressed entries can't be read", "A file of the compressed audit log is missing or damaged.",
	"Restore the file; amrutam audit verify says what is wrong.")

// describeFiles makes errors about files ones that name the file.
func describeFiles(err error) error {
	if errors.Is(err, logfile.ErrDamaged) || errors.Is(err, ErrNoFolder) {
		return errFiles.WithDetail(detailFiles.With("reason", err.Error()))
	}
	return err
}

// find reads the newest two months of the requested period, where most pages end, and the older ones only if the page
// isn't full: a statement opens every partition that its period allows.
func (f filter) find(ctx context.Context, db postgres.Querier, now time.Time, limit int) ([]Entry, error) {
	newest := now
	for _, bound := range []time.Time{f.to, f.after.Value} {
		if !bound.IsZero() && bound.Before(newest) {
			newest = bound
		}
	}
	year, month, _ := newest.UTC().Date()
	recent := time.Date(year, month-1, 1, 0, 0, 0, 0, time.UTC)
	if !f.from.Before(recent) {
		return f.findBetween(ctx, db, f.from, f.to, limit)
	}
	found, err := f.findBetween(ctx, db, recent, f.to, limit)
	if err != nil || len(found) == limit {
		return found, err
	}
	older, err := f.findBetween(ctx, db, f.from, recent, limit-len(found))
	return append(found, older...), err
}

var newestFirst = postgres.Order{Columns: []string{"created_at", "id"}, Descending: true}

// findBetween reads the entries of a period. Its SQL is built, because the best index depends on the filters.
func (f filter) findBetween(ctx context.Context, db postgres.Querier, from, to time.Time, limit int) ([]Entry, error) {
	var c postgres.Conditions
	f.addConditions(&c)
	if !from.IsZero() {
		c.And("created_at >= $1", from)
	}
	if !to.IsZero() {
		c.And("created_at < $1", to)
	}
	if !f.after.Value.IsZero() {
		// The cursor's own condition implies this one, by which PostgreSQL can leave partitions out.
		c.And("created_at <= $1", f.after.Value)
		newestFirst.After(&c, c.Value(f.after.Value), c.Value(f.after.ID))
	}
	sql := selectEntry + c.Where() + newestFirst.OrderBy() + " LIMIT " + strconv.Itoa(limit)
	return postgres.List(ctx, db, "listAuditLogs", sql, c.Args(), scanEntry)
}
