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

// ListIn filters the log. Filters are joined by "and".
type ListIn struct {
	httpapi.Paging
	ActorID    httpapi.UUID `query:"actorId" doc:"Only what this user did" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7082"`
	Action     string       `query:"action" maxLength:"100" doc:"Only this action, exactly" example:"consultation.book"`
	EntityType string       `query:"entityType" maxLength:"100" doc:"Only what was done to objects of this type, exactly" example:"consultation"`
	EntityID   string       `query:"entityId" maxLength:"300" doc:"Only what was done to this object, exactly; a UUID for most types" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7083"`
	IPAddress  string       `query:"ipAddress" maxLength:"100" doc:"Only from this IPv4 or IPv6 address, in any of its spellings" example:"203.0.113.7"`
	From       time.Time    `query:"from" doc:"Only what was done at this time or later; any offset" example:"2026-11-01T00:00:00+05:30"`
	To         time.Time    `query:"to" doc:"Only what was done before this time; any offset" example:"2026-12-01T00:00:00+05:30"`
}

// place is where a page ended.
type place = httpapi.Position[time.Time]

// filter is a ListIn that was checked.
type filter struct {
	equal    []condition
	from, to time.Time
	// after is the last entry of the page before; its time is zero on the first page.
	after place
}

// condition asks for a value; name is what the API calls the column.
type condition struct {
	name, column, value string
}

// list reads the log newest first, a page at a time. Who watches the log is watched by it: each call leaves an entry,
// which costs no round trip of its own because it travels with the COMMIT.
func (l log) list(ctx context.Context, tx *postgres.Tx, actor access.Actor, in ListIn) (httpapi.Page[Entry], error) {
	var none httpapi.Page[Entry]
	f, err := in.filter()
	if err != nil {
		return none, err
	}
	scope := f.scope()
	if _, err := l.cursors.Decode(scope, in.Cursor, &f.after); err != nil {
		return none, err
	}
	found, err := f.walk(ctx, tx, in.Limit+1)
	if err != nil {
		return none, err
	}
	Write(tx, actor, "audit-log.list", actor.ID, f.trace())
	return httpapi.NewPage(l.cursors, scope, in.Limit, found,
		func(e Entry) any { return place{Value: e.CreatedAt, ID: e.ID} }), nil
}

func (in ListIn) filter() (filter, error) {
	f := filter{from: in.From.UTC(), to: in.To.UTC()}
	wrong := *problem.Invalid
	equal := func(name, column, value string) {
		if value != "" {
			f.equal = append(f.equal, condition{name, column, value})
		}
	}
	if id, err := uuid.Parse(string(in.ActorID)); err == nil {
		equal("actorId", "actor_id", id.String())
	} else if in.ActorID != "" {
		wrong = *wrong.WithField("query.actorId", "expected a UUID")
	}
	equal("action", "action", in.Action)
	equal("entityType", "entity_type", in.EntityType)
	if id, err := uuid.Parse(in.EntityID); err == nil {
		in.EntityID = id.String()
	}
	equal("entityId", "entity_id", in.EntityID)
	if addr, err := netip.ParseAddr(in.IPAddress); err == nil {
		// The log holds the one spelling that netip writes.
		equal("ipAddress", "ip_address", addr.Unmap().String())
	} else if in.IPAddress != "" {
		wrong = *wrong.WithField("query.ipAddress", "expected an IPv4 or IPv6 address")
	}
	if fault := httpapi.PeriodFault(in.From, in.To); fault != "" {
		wrong = *wrong.WithField("query.to", fault)
	}
	if len(wrong.Fields) > 0 {
		return f, &wrong
	}
	return f, nil
}

// scope binds a cursor to the filters of its list.
func (f filter) scope() string {
	return fmt.Sprintf("audit-logs %q %s %s", f.equal, f.from.Format(time.RFC3339Nano), f.to.Format(time.RFC3339Nano))
}

// trace says what was looked for. Of free text it keeps only that it was given: what somebody types can hold anything,
// and the log forgets nothing.
func (f filter) trace() Meta {
	names := []string{}
	meta := Meta{}
	for _, c := range f.equal {
		names = append(names, c.name)
		if c.name == "actorId" {
			meta[c.name] = c.value
		}
	}
	if !f.from.IsZero() {
		names, meta["from"] = append(names, "from"), f.from
	}
	if !f.to.IsZero() {
		names, meta["to"] = append(names, "to"), f.to
	}
	meta["filters"] = names
	return meta
}

// walk reads the two newest months that are asked for, where most pages end, and the older ones only when those don't
// fill the page: a statement opens every partition that its times allow.
func (f filter) walk(ctx context.Context, tx *postgres.Tx, limit int) ([]Entry, error) {
	newest := tx.Now
	for _, bound := range []time.Time{f.to, f.after.Value} {
		if !bound.IsZero() && bound.Before(newest) {
			newest = bound
		}
	}
	year, month, _ := newest.UTC().Date()
	recent := time.Date(year, month-1, 1, 0, 0, 0, 0, time.UTC)
	if !f.from.Before(recent) {
		return f.fetch(ctx, tx, f.from, f.to, limit)
	}
	found, err := f.fetch(ctx, tx, recent, f.to, limit)
	if err != nil || len(found) == limit {
		return found, err
	}
	older, err := f.fetch(ctx, tx, f.from, recent, limit-len(found))
	return append(found, older...), err
}

var newestFirst = postgres.Order{Columns: []string{"created_at", "id"}, Descending: true}

// fetch reads entries of a time: which of the filters is the rarest decides which index is best.
func (f filter) fetch(ctx context.Context, tx *postgres.Tx, from, to time.Time, limit int) ([]Entry, error) {
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
		// It says nothing new, but it is the one that leaves partitions out.
		c.And("created_at <= $1", f.after.Value)
		newestFirst.After(&c, c.Value(f.after.Value), c.Value(f.after.ID))
	}
	sql := selectEntry + c.Where() + newestFirst.OrderBy() + " LIMIT " + strconv.Itoa(limit)
	return postgres.List(ctx, tx, "listAuditLogs", sql, c.Args(), scanEntry)
}
