package audit_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
	"amrutam/internal/config"
)

type object = map[string]any

// row is an entry that the test inserts.
type row struct {
	id                           uuid.UUID
	actor                        *uuid.UUID
	action, entityType, entityID string
	ip                           *string
	at                           time.Time
}

// insertRows inserts entries without the API.
func insertRows(t *testing.T, c *apptest.Clinic, rows []row) {
	t.Helper()
	for _, r := range rows {
		if _, err := c.DB.Pool.Exec(context.Background(), `INSERT INTO audit_logs (id, actor_id, actor_role, action,
			entity_type, entity_id, ip_address, created_at)
			VALUES ($1, $2, 'PATIENT', $3, $4, $5, $6, $7)`, r.id, r.actor, r.action, r.entityType, r.entityID, r.ip,
			r.at); err != nil {
			t.Fatal(err)
		}
	}
}

// makePartitions makes the partitions of the last half year; older rows are in the default partition.
func makePartitions(t *testing.T, c *apptest.Clinic) {
	t.Helper()
	if _, err := c.DB.Pool.Exec(context.Background(),
		"SELECT make_partitions(now() - interval '6 months', 9, 0)"); err != nil {
		t.Fatal(err)
	}
}

// listAll follows the cursors to the end and returns the ids of all entries.
func listAll(t *testing.T, c *apptest.Clinic, admin apptest.User, query url.Values) []string {
	t.Helper()
	query = maps.Clone(query)
	var ids []string
	for {
		page := c.Get(admin, "audit-logs?"+query.Encode()).Want(200)
		for _, item := range page.Items() {
			ids = append(ids, fmt.Sprint(item["id"]))
		}
		if page.Text("nextCursor") == "" {
			return ids
		}
		query.Set("cursor", page.Text("nextCursor"))
	}
}

// randomRows returns rows with a few different values, over ten months, some at the same time.
func randomRows(actors []uuid.UUID, objects []string, now time.Time) []row {
	ips := []string{"203.0.113.7", "2001:db8::7"}
	var rows []row
	at := now
	for i := range 240 {
		if i%5 != 0 {
			at = at.Add(-rand.N(60 * time.Hour)).Truncate(time.Microsecond)
		}
		r := row{id: uuid.Must(uuid.NewV7()), at: at,
			action:   []string{"slot.create", "slot.update", "user.update"}[rand.N(3)],
			entityID: objects[rand.N(len(objects))]}
		r.entityType, _, _ = strings.Cut(r.action, ".")
		if n := rand.N(len(actors) + 1); n < len(actors) {
			r.actor, r.ip = &actors[n], &ips[rand.N(len(ips))]
		}
		rows = append(rows, r)
	}
	return rows
}

func TestListFilters(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	makePartitions(t, c)
	admin := c.Admin()
	actors := []uuid.UUID{c.Patient().ID, c.Patient().ID}
	objects := []string{uuid.NewString(), uuid.NewString(), "stub/evt_1"}
	rows := randomRows(actors, objects, c.DB.Now())
	insertRows(t, c, rows)
	slices.SortFunc(rows, func(a, b row) int {
		return -cmp.Or(a.at.Compare(b.at), bytes.Compare(a.id[:], b.id[:]))
	})
	from, to := rows[180].at, rows[20].at
	kolkata := time.FixedZone("", 5*3600+1800)
	filters := []struct {
		name, value string
		match       func(row) bool
	}{
		{"actorId", actors[0].String(), func(r row) bool { return r.actor != nil && *r.actor == actors[0] }},
		{"action", "slot.create", func(r row) bool { return r.action == "slot.create" }},
		{"entityType", "slot", func(r row) bool { return r.entityType == "slot" }},
		{"entityId", objects[0], func(r row) bool { return r.entityID == objects[0] }},
		{"ipAddress", "2001:db8::7", func(r row) bool { return r.ip != nil && *r.ip == "2001:db8::7" }},
		{"from", from.In(kolkata).Format(time.RFC3339Nano), func(r row) bool { return !r.at.Before(from) }},
		{"to", to.Format(time.RFC3339Nano), func(r row) bool { return r.at.Before(to) }},
	}
	// Every combination of filters, with pages that end between rows of the same time.
	for set := range 1 << len(filters) {
		query := url.Values{"limit": {strconv.Itoa(3 + set%40)}}
		var expected []string
		for _, r := range rows {
			fits := true
			for i, f := range filters {
				if set&(1<<i) != 0 {
					query.Set(f.name, f.value)
					fits = fits && f.match(r)
				}
			}
			if fits {
				expected = append(expected, r.id.String())
			}
		}
		got := listAll(t, c, admin, query)
		if !query.Has("action") && !query.Has("entityType") {
			// The log has other entries too, like those of these requests.
			inserted := map[string]bool{}
			for _, r := range rows {
				inserted[r.id.String()] = true
			}
			got = slices.DeleteFunc(got, func(id string) bool { return !inserted[id] })
		}
		if !slices.Equal(got, expected) {
			t.Fatalf("%v: %d entries, want %d\n%v\n%v", query, len(got), len(expected), got, expected)
		}
	}
}

func TestListWithUnknownValuesIsEmpty(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin := c.Admin()
	for _, query := range []string{"action=nothing.done", "action=consultation", "entityType=unicorn", "entityId=none",
		"actorId=" + uuid.NewString(),
		"ipAddress=198.51.100.1", "to=2001-01-01T00:00:00Z", "from=2999-01-01T00:00:00Z",
		"action=%27%3B+DROP+TABLE+users"} {
		a := c.Get(admin, "audit-logs?"+query).Want(200)
		if len(a.Items()) != 0 || !bytes.Contains(a.Body, []byte(`"items":[]`)) {
			t.Errorf("%s: %s", query, a.Body)
		}
	}
}

func TestInvalidFiltersAreNamedButNotEchoed(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin := c.Admin()
	for query, location := range map[string]string{
		"actorId=wrongvalue":     "query.actorId",
		"ipAddress=wrongvalue":   "query.ipAddress",
		"ipAddress=10.0.0.0%2F8": "query.ipAddress",
		"from=wrongvalue":        "query.from",
		"to=2026-11-23":          "query.to",
		"from=2026-11-23T00:00:00%2B05:30&to=2026-11-22T18:30:00Z": "query.to",
		"limit=0":                                "query.limit",
		"limit=101":                              "query.limit",
		"limit=wrongvalue":                       "query.limit",
		"cursor=wrongvalue":                      "query.cursor",
		"action=" + strings.Repeat("a", 101):     "query.action",
		"entityType=" + strings.Repeat("a", 101): "query.entityType",
		"entityId=" + strings.Repeat("a", 301):   "query.entityId",
		"wrongvalue=1":                           "query.wrongvalue",
		"action=a&action=b":                      "query.action",
	} {
		a := c.Get(admin, "audit-logs?"+query).Want(422, "validation-failed")
		if !bytes.Contains(a.Body, []byte(`"location":"`+location+`"`)) {
			t.Errorf("%s: %s", query, a.Body)
		}
		if location != "query.wrongvalue" && bytes.Contains(a.Body, []byte("wrongvalue")) ||
			bytes.Contains(a.Body, []byte("10.0.0.0")) {
			t.Errorf("%s echoes the value: %s", query, a.Body)
		}
	}
	if a := c.Get(admin, "audit-logs?actorId=x&ipAddress=y").Want(422); bytes.Count(a.Body, []byte(`"location"`)) < 1 {
		t.Errorf("no fault named: %s", a.Body)
	}
	c.Get(admin, "audit-logs/wrongvalue").Want(422, "validation-failed")
}

func TestPagesAreCompleteWhileRowsArrive(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin, other := c.Admin(), c.Patient()
	rows := randomRows([]uuid.UUID{other.ID}, []string{"one"}, c.DB.Now())
	insertRows(t, c, rows)
	stop, running := make(chan struct{}), sync.WaitGroup{}
	for range 2 {
		running.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					// Each refused access to another object adds an entry.
					c.Get(other, "consultations/"+uuid.NewString())
					c.Get(admin, "audit-logs?limit=1")
				}
			}
		})
	}
	defer running.Wait()
	defer close(stop)
	for _, query := range []url.Values{{"limit": {"7"}}, {"limit": {"7"}, "actorId": {other.ID.String()}}} {
		seen := map[string]int{}
		for _, id := range listAll(t, c, admin, query) {
			seen[id]++
			if seen[id] > 1 {
				t.Fatalf("%v shows %s twice", query, id)
			}
		}
		for _, r := range rows {
			if (r.actor != nil || !query.Has("actorId")) && seen[r.id.String()] == 0 {
				t.Fatalf("%v leaves out the entry of %s", query, r.at)
			}
		}
	}
}

func TestCursorOfOtherFiltersIsRefused(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin := c.Admin()
	for range 4 {
		c.Patient()
		c.Get(admin, "audit-logs").Want(200)
	}
	first := c.Get(admin, "audit-logs?limit=1&action=audit-log.list").Want(200)
	cursor := first.Text("nextCursor")
	c.Get(admin, "audit-logs?limit=2&action=audit-log.list&cursor="+cursor).Want(200)
	foreign := c.Get(admin, "users?limit=1").Want(200).Text("nextCursor")
	if cursor == "" || foreign == "" {
		t.Fatal("no cursor to try")
	}
	forged := []byte(cursor)
	forged[3] ^= 1
	for _, query := range []string{"cursor=" + cursor, "action=audit-log.read&cursor=" + cursor,
		"action=audit-log.list&entityType=audit-log&cursor=" + cursor,
		"action=audit-log.list&from=2026-01-01T00:00:00Z&cursor=" + cursor,
		"action=audit-log.list&cursor=" + string(forged),
		"action=audit-log.list&cursor=" + cursor[:len(cursor)-4], "cursor=" + foreign} {
		a := c.Get(admin, "audit-logs?"+query).Want(422, "validation-failed")
		if !bytes.Contains(a.Body, []byte(`"query.cursor"`)) || bytes.Contains(a.Body, []byte(cursor)) {
			t.Errorf("%s: %s", query, a.Body)
		}
	}
	c.Get(admin, "users?limit=1&cursor="+cursor).Want(422, "validation-failed")
}

func TestIPAddressSpellings(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t, func(cfg *config.Config) { cfg.TrustedProxies = []string{"127.0.0.0/8"} })
	admin, patient := c.Admin(), c.Patient()
	for sent, spellings := range map[string][]string{
		"203.0.113.9":                  {"203.0.113.9", "::ffff:203.0.113.9"},
		"::ffff:203.0.113.10":          {"203.0.113.10"},
		"2001:DB8:0:0:0:0:0:9":         {"2001:db8::9", "2001:0DB8:0000::0009"},
		"10.1.1.1, 2001:db8::a":        {"2001:DB8::A"},
		"203.0.113.11, 127.0.0.1":      {"203.0.113.11"},
		"203.0.113.12, not an address": nil,
	} {
		c.Do(patient, "PATCH", "users/me", object{"fullName": "Asha"}, "X-Forwarded-For", sent).Want(200)
		for _, spelling := range spellings {
			query := url.Values{"ipAddress": {spelling}, "action": {"user.update"}}
			items := c.Get(admin, "audit-logs?"+query.Encode()).Want(200).Items()
			if len(items) != 1 || items[0]["actorId"] != patient.ID.String() {
				t.Errorf("%s doesn't find what came from %s: %v", spelling, sent, items)
			}
		}
	}
	if n := len(c.Get(admin, "audit-logs?ipAddress=203.0.113.12").Want(200).Items()); n != 0 {
		t.Errorf("an address before an invalid one was used: %d entries", n)
	}
	c.Do(patient, "GET", "consultations/me", nil, "X-Forwarded-For", "198.51.100.77").Want(200)
	if got := c.Get(admin, "audit-logs?ipAddress=198.51.100.77").Want(200).Items(); len(got) != 1 ||
		got[0]["action"] != "consultation.list" {
		t.Errorf("entries: %v", got)
	}
}

func TestOnlyAdministratorsReadTheLog(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin := c.Admin()
	c.Get(admin, "audit-logs").Want(200)
	id := fmt.Sprint(c.Get(admin, "audit-logs").Want(200).Items()[0]["id"])
	for _, path := range []string{"audit-logs", "audit-logs/" + id, "audit-logs/" + uuid.NewString()} {
		c.Get(apptest.User{}, path).Want(401, "unauthenticated")
		for _, role := range []access.Role{access.RolePatient, access.RoleDoctor, access.RoleSupport} {
			user := c.User(role)
			c.Get(user, path).Want(403, "forbidden")
			denied := c.Get(admin, "audit-logs?action=access.deny&actorId="+user.ID.String()).Want(200).Items()
			operation := "list-audit-logs"
			if path != "audit-logs" {
				operation = "read-audit-log"
			}
			if len(denied) != 1 || denied[0]["entityType"] != "operation" || denied[0]["entityId"] != operation ||
				denied[0]["actorRole"] != string(role) {
				t.Errorf("%s asks for %s: denials %v", role, path, denied)
			}
		}
	}
	for _, method := range []string{"POST", "PATCH", "DELETE", "PUT"} {
		c.Do(admin, method, "audit-logs/"+id, object{}).Want(405)
	}
}
