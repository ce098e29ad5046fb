package audit

import (
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
)

// position is where a page ended.
type position = httpapi.Position[time.Time]

// filter is a checked ListRequest.
type filter struct {
	equal    []condition
	q        string // the beginning of an id, or ""
	from, to time.Time
	// after is the last entry of the page before; its time is zero on the first page.
	after position
}

// condition compares a column with a value; name is the column's name in the API.
type condition struct {
	name, column, value string
}

// filter returns the checked filters. place is where the request has them: query or body. Returns problem.Invalid with
// every fault.
func (in ListRequest) filter(place string) (filter, error) {
	f := filter{q: in.Q, from: in.From.UTC(), to: in.To.UTC()}
	invalid := *problem.Invalid
	addEqual := func(name, column, value string) {
		if value != "" {
			f.equal = append(f.equal, condition{name, column, value})
		}
	}
	if id, err := uuid.Parse(string(in.ActorID)); err == nil {
		addEqual("actorId", "actor_id", id.String())
	} else if in.ActorID != "" {
		invalid = *invalid.WithField(place+".actorId", problem.NotUUID)
	}
	if _, _, ok := uuidsThatBegin(f.q); ok {
		f.q = strings.ToLower(f.q)
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
		invalid = *invalid.WithField(place+".ipAddress", faultNotAddress)
	}
	if fault := httpapi.PeriodFault(in.From, in.To); fault != nil {
		invalid = *invalid.WithField(place+".to", fault)
	}
	if len(invalid.Fields) > 0 {
		return f, &invalid
	}
	return f, nil
}

// scope binds a cursor to the filters of its list.
func (f filter) scope() string {
	return fmt.Sprintf("audit-logs %q %s %s %s", f.equal, f.q, f.from.Format(time.RFC3339Nano),
		f.to.Format(time.RFC3339Nano))
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
	if f.q != "" {
		names = append(names, "q")
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

// addConditions adds the conditions of the filter in SQL, apart from the period.
func (f filter) addConditions(c *postgres.Conditions) {
	for _, equal := range f.equal {
		c.And(equal.column+" = $1", equal.value)
	}
	if f.q == "" {
		return
	}
	// The operators of text_pattern_ops, so that an index is used also when the plan doesn't know the value.
	const begins = "(entity_id ~>=~ $1 AND entity_id ~<~ $2" +
		" OR metadata->>'requestId' ~>=~ $1 AND metadata->>'requestId' ~<~ $2"
	after := f.q[:len(f.q)-1] + string(f.q[len(f.q)-1]+1)
	first, last, isUUID := uuidsThatBegin(f.q)
	if !isUUID {
		c.And(begins+")", f.q, after)
		return
	}
	c.And(begins+" OR actor_id BETWEEN $3 AND $4)", f.q, after, first, last)
}

// uuidsThatBegin returns the lowest and the highest UUID whose text begins with the prefix, if there are any.
func uuidsThatBegin(prefix string) (first, last uuid.UUID, ok bool) {
	const lowest, highest = "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"
	if len(prefix) > len(lowest) {
		return first, last, false
	}
	first, err := uuid.Parse(prefix + lowest[len(prefix):])
	if err != nil {
		return first, last, false
	}
	last, err = uuid.Parse(prefix + highest[len(prefix):])
	return first, last, err == nil
}

// mayReachFiles reports whether the period has entries of before a time.
func (f filter) mayReachFiles(before time.Time) bool {
	if f.from.IsZero() {
		return !f.to.IsZero() && f.to.Before(before)
	}
	return f.from.Before(before)
}

var plainText = regexp.MustCompile(`^[A-Za-z0-9._:-]+$`)

// search returns the search in files for a filter.
func (f filter) search(limit int) search {
	s := search{from: f.from, to: f.to, after: f.after, limit: limit, matches: f.matches}
	for _, equal := range f.equal {
		s.keys = append(s.keys, key(equal.name, equal.value))
		if plainText.MatchString(equal.value) { // is in JSON as it is
			s.texts = append(s.texts, []byte(`"`+equal.value+`"`))
		}
	}
	if f.q != "" {
		s.texts = append(s.texts, []byte(`"`+f.q))
	}
	return s
}

// matches reports whether an entry passes the filter, apart from the period.
func (f filter) matches(e Entry) bool {
	actor := ""
	if e.ActorID != nil {
		actor = e.ActorID.String()
	}
	address := ""
	if e.IPAddress != nil {
		address = *e.IPAddress
	}
	values := map[string]string{keyActor: actor, keyAction: e.Action, keyType: e.EntityType, keyEntity: e.EntityID,
		keyAddress: address}
	for _, equal := range f.equal {
		if values[equal.name] != equal.value {
			return false
		}
	}
	request, _ := e.Metadata["requestId"].(string)
	return strings.HasPrefix(actor, f.q) || strings.HasPrefix(e.EntityID, f.q) || strings.HasPrefix(request, f.q)
}
