package audit

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
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
	From       time.Time    `query:"from" doc:"Only what was done at this time or later; any offset" example:"2026-11-01T00:00:00+05:30"`
	To         time.Time    `query:"to" doc:"Only what was done before this time; any offset" example:"2026-12-01T00:00:00+05:30"`
}

// position is where a page ended.
type position = httpapi.Position[time.Time]

// filter is a checked ListRequest.
type filter struct {
	equal    []condition
	from, to time.Time
	// after is the last entry of the page before; its time is zero on the first page.
	after position
}

// condition compares a column with a value; name is the column's name in the API.
type condition struct {
	name, column, value string
}

// list returns a page of the log, the newest entries first. Reading the log is audited too: each call leaves an entry.
func (s *Service) list(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in ListRequest) (httpapi.Page[Entry], error) {
	var none httpapi.Page[Entry]
	f, err := in.filter()
	if err != nil {
		return none, err
	}
	scope := f.scope()
	if _, err := s.Cursors.Decode(scope, in.Cursor, &f.after); err != nil {
		return none, err
	}
	found, err := f.find(ctx, tx, in.Limit+1)
	if err != nil {
		return none, err
	}
	Write(tx, actor, "audit-log.list", actor.ID, f.metadata())
	return httpapi.NewPage(s.Cursors, scope, in.Limit, found,
		func(e Entry) any { return position{Value: e.CreatedAt, ID: e.ID} }), nil
}

// filter returns the checked filters. Returns problem.Invalid with every fault.
func (in ListRequest) filter() (filter, error) {
	f := filter{from: in.From.UTC(), to: in.To.UTC()}
	invalid := *problem.Invalid
	addEqual := func(name, column, value string) {
		if value != "" {
			f.equal = append(f.equal, condition{name, column, value})
		}
	}
	if id, err := uuid.Parse(string(in.ActorID)); err == nil {
		addEqual("actorId", "actor_id", id.String())
	} else if in.ActorID != "" {
		invalid = *invalid.WithField("query.actorId", "expected a UUID")
	}
	addEqual("action", "action", in.Action)
	addEqual("entityType", "entity_type", in.EntityType)
	if id, err := uuid.Parse(in.EntityID); err == nil {
		in.EntityID = id.String()
	}
	addEqual("entityId", "entity_id", in.EntityID)
	if addr, err := netip.ParseAddr(in.IPAddress); err == nil {
		// The log holds addresses in the spelling that netip writes.
		addEqual("ipAddress", "ip_address", addr.Unmap().String())
	} else if in.IPAddress != "" {
		invalid = *invalid.WithField("query.ipAddress", "expected an IPv4 or IPv6 address")
	}
	if fault := httpapi.PeriodFault(in.From, in.To); fault != "" {
		invalid = *invalid.WithField("query.to", fault)
	}
	if len(invalid.Fields) > 0 {
		return f, &invalid
	}
	return f, nil
}

// scope binds a cursor to the filters of its list.
func (f filter) scope() string {
	return fmt.Sprintf("audit-logs %q %s %s", f.equal, f.from.Format(time.RFC3339Nano), f.to.Format(time.RFC3339Nano))
}

// metadata returns which filters were used. The values of free text are left out: they can hold anything, and an entry
// of the log is never deleted.
func (f filter) metadata() Meta {
	names := []string{}
	meta := Meta{}
	for _, c := range f.equal {
		names = append(names, c.name)
		if c.name == "actorId" {
			meta[c.name] = c.value
		}
	}
	if !f.from.IsZero() {
		names = append(names, "from")
		meta["from"] = f.from
	}
	if !f.to.IsZero() {
		names = append(names, "to")
		meta["to"] = f.to
	}
	meta["filters"] = names
	return meta
}

// find reads the newest two months of the requested period, where most pages end, and the older ones only if the page
// isn't full: a statement opens every partition that its period allows.
func (f filter) find(ctx context.Context, tx *postgres.Tx, limit int) ([]Entry, error) {
	newest := tx.Now
	for _, bound := range []time.Time{f.to, f.after.Value} {
		if !bound.IsZero() && bound.Before(newest) {
			newest = bound
		}
	}
	year, month, _ := newest.UTC().Date()
	recent := time.Date(year, month-1, 1, 0, 0, 0, 0, time.UTC)
	if !f.from.Before(recent) {
		return f.findBetween(ctx, tx, f.from, f.to, limit)
	}
	found, err := f.findBetween(ctx, tx, recent, f.to, limit)
	if err != nil || len(found) == limit {
		return found, err
	}
	older, err := f.findBetween(ctx, tx, f.from, recent, limit-len(found))
	return append(found, older...), err
}

var newestFirst = postgres.Order{Columns: []string{"created_at", "id"}, Descending: true}

// findBetween reads the entries of a period. Its SQL is built, because the best index depends on the filters.
func (f filter) findBetween(ctx context.Context, tx *postgres.Tx, from, to time.Time, limit int) ([]Entry, error) {
	var c postgres.Conditions
	for _, equal := range f.equal {
		c.And(equal.column+" = $1", equal.value)
	}
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
	return postgres.List(ctx, tx, "listAuditLogs", sql, c.Args(), scanEntry)
}
