package audit_test

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"amrutam/internal/apptest"
	"amrutam/internal/audit"

	"github.com/google/uuid"
)

// exported makes an export, without the clinic's job, and returns its files.
func exported(t *testing.T, c *apptest.Clinic, log *audit.Service, admin apptest.User,
	body object) (files [][]byte, names []string) {
	t.Helper()
	c.Prove(admin)
	id := c.Post(admin, "audit-log-exports", body).Want(202).Text("id")
	must(t, audit.RunExport(log, t.Context(), audit.MakeExport{ExportID: uuid.MustParse(id)}))
	a := c.Get(admin, "audit-log-exports/"+id).Want(200)
	if status := a.Text("status"); status != "READY" {
		t.Errorf("status %s", status)
	}
	parts, _ := a.At("parts").([]any)
	for i := range parts {
		file := c.Get(admin, fmt.Sprintf("audit-log-exports/%s/file?part=%d", id, i+1)).Want(200)
		r, err := gzip.NewReader(bytes.NewReader(file.Body))
		must(t, err)
		text, err := io.ReadAll(r)
		must(t, err)
		files = append(files, text)
		names = append(names, file.Header.Get("Content-Disposition"))
	}
	return files, names
}

// TestLogExport compares an export with the list of the same filter.
func TestLogExport(t *testing.T) {
	t.Parallel()
	c, log, _ := openOld(t, 150)
	began := c.Clock.Now().Add(-time.Hour)
	age(t, c, log, 5)
	compress(t, log)
	log.PartEntries = 120
	admin := c.Admin()
	c.Exec(`INSERT INTO audit_logs (id, action, entity_type, entity_id, metadata, created_at)
		VALUES (gen_random_uuid(), 'slot.create', 'slot', '=1+1', '{"a": "x,\"y\""}', $1)`,
		c.Clock.Now().Add(-time.Minute))
	listed := everything(c, admin,
		"audit-logs?action=slot.create&limit=100&from="+url.QueryEscape(began.Format(time.RFC3339)))
	filter := object{"action": "slot.create", "from": began}

	files, names := exported(t, c, log, admin, object{"format": "NDJSON", "filter": filter})
	var got []any
	for line := range strings.Lines(string(bytes.Join(files, nil))) {
		var entry map[string]any
		must(t, json.Unmarshal([]byte(line), &entry))
		got = append(got, entry)
	}
	if fmt.Sprint(got) != fmt.Sprint(listed) || len(got) < 300 {
		t.Errorf("NDJSON has %d entries, the list %d", len(got), len(listed))
	}
	if want := `attachment; filename="amrutam-audit-log-`; !strings.HasPrefix(names[0], want) {
		t.Errorf("%s", names[0])
	}

	files, _ = exported(t, c, log, admin, object{"format": "CSV", "filter": filter})
	var records [][]string
	for _, file := range files {
		part, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
		must(t, err)
		records = append(records, part...)
	}
	if len(files) < 3 || len(records) != len(listed)+len(files) || records[0][0] != "createdAt" ||
		!slices.ContainsFunc(records, func(r []string) bool { return r[6] == "'=1+1" && r[8] == `{"a":"x,\"y\""}` }) {
		t.Errorf("CSV has %d records for %d entries: %q", len(records), len(listed), records[:2])
	}
	filter["action"] = "no.such"
	if files, _ = exported(t, c, log, admin, object{"format": "CSV", "filter": filter}); len(files) != 0 {
		t.Errorf("an empty export has %d files", len(files))
	}
}

func TestLogExportBounds(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin := c.Admin()
	c.Prove(admin)
	now := c.Clock.Now()
	ask := func(filter object) *apptest.Answer {
		return c.Post(admin, "audit-log-exports", object{"format": "CSV", "filter": filter})
	}
	for want, filter := range map[string]object{
		"body.filter.to":        {"from": now.Add(-time.Hour), "to": now.Add(-2 * time.Hour)},
		"body.filter.from":      {"from": now.Add(time.Hour)},
		"body.filter.ipAddress": {"from": now.Add(-time.Hour), "ipAddress": "300.1.1.1"},
		"body.filter.q":         {"from": now.Add(-time.Hour), "q": "short"},
	} {
		if a := ask(filter).Want(422); !strings.Contains(string(a.Body), `"`+want+`"`) {
			t.Errorf("%s: %s", want, a.Body)
		}
	}
	var id string
	for range 5 {
		id = ask(object{"from": now.Add(-time.Hour)}).Want(202).Text("id")
	}
	ask(object{"from": now.Add(-time.Hour)}).Want(409, "too-many-audit-exports")
	if n := len(c.Get(admin, "audit-log-exports?limit=2").Want(200).Items()); n != 2 {
		t.Errorf("%d exports on a page", n)
	}
	c.Clock.Advance(25 * time.Hour)
	admin = c.Admin()
	c.Get(admin, "audit-log-exports/"+id).Want(404)
	c.Get(admin, "audit-log-exports/"+id+"/file").Want(404)
}
