package audit_test

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
	"amrutam/internal/audit"
	"amrutam/internal/config"
)

const month = 31 * 24 * time.Hour

// openOld opens a clinic whose log has entries of some months ago, and returns its service with small files.
func openOld(t *testing.T, entries int) (*apptest.Clinic, *audit.Service, audit.FileSink) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "files")
	c := apptest.Open(t, func(cfg *config.Config) { cfg.AuditFiles = folder })
	log, file := newLog(t, c, 40)
	log.Folder, log.CompressAfter, log.KeepFor = audit.Folder(folder), 3*month, 7*12*month
	log.FileEntries = 100
	addEntries(t, c.App.DB, entries)
	c.Seal(log)
	return c, log, file
}

// age lets months pass, with a few entries in each.
func age(t *testing.T, c *apptest.Clinic, log *audit.Service, months int) {
	t.Helper()
	for range months {
		c.Clock.Advance(month)
		c.Exec("SELECT make_partitions($1, 1, 0)", c.Clock.Now())
		addEntries(t, c.App.DB, 30)
		c.Seal(log)
	}
}

func compress(t *testing.T, log *audit.Service) audit.Compression {
	t.Helper()
	done, err := log.CompressNow(t.Context())
	must(t, err)
	return done
}

func wantSound(t *testing.T, log *audit.Service, file audit.FileSink) audit.Verification {
	t.Helper()
	v := verify(t, log, readFile(t, file))
	if v.Finding != nil {
		t.Fatalf("finding: %v", v.Finding)
	}
	return v
}

// TestCompress compares what the API says of old entries before and after they are in files.
func TestCompress(t *testing.T) {
	t.Parallel()
	c, log, file := openOld(t, 400)
	patient, doctor := c.Patient(), c.Doctor("0")
	booked := c.Book(patient, c.Slot(doctor, 10*time.Minute, 1))
	c.Get(doctor, "consultations/"+booked).Want(200)
	c.Get(patient, "consultations/"+booked).Want(200)
	began := c.Clock.Now().Add(-24 * time.Hour)
	c.Seal(log)
	old := apptest.QueryOne[uuid.UUID](t, c, "SELECT id FROM audit_logs WHERE action = 'consultation.book'")
	request := apptest.QueryOne[string](t, c, "SELECT metadata->>'requestId' FROM audit_logs WHERE id = $1", old)
	age(t, c, log, 6)
	admin, again := c.Admin(), c.User(patient.Role)
	c.Exec("UPDATE sessions SET user_id = $1 WHERE user_id = $2", patient.ID, again.ID)
	patient.Token = again.Token

	period := "from=" + url.QueryEscape(began.Format(time.RFC3339)) + "&to=" +
		url.QueryEscape(c.Clock.Now().Add(-time.Minute).Format(time.RFC3339))
	ask := map[string]apptest.User{}
	for _, filter := range []string{"", "&action=slot.create", "&entityId=" + booked, "&q=" + request[:13],
		"&actorId=" + patient.ID.String(), "&entityType=consultation&action=consultation.read", "&action=no.such",
		"&ipAddress=127.0.0.1", "&q=" + strings.ToUpper(patient.ID.String()[:20]), "&entityId=%22%5C%C3%A9"} {
		ask["audit-logs?limit=100&"+period+filter] = admin
	}
	ask["users/me/access-log?"+period] = patient
	ask["users/me/access-log?others=true&limit=1&"+period] = patient
	ask["audit-logs/"+old.String()] = admin
	read := func() map[string]any {
		answers := map[string]any{}
		for path, user := range ask {
			if !strings.Contains(path, "?") {
				answers[path] = string(c.Get(user, path).Want(200).Body)
				continue
			}
			answers[path] = everything(c, user, path)
		}
		return answers
	}
	before := read()
	entries := c.Count("SELECT count(*) FROM audit_logs")

	done := compress(t, log)
	if done.Files < 4 || done.Entries < 400 || len(done.Months) < 2 {
		t.Errorf("done: %+v", done)
	}
	if left := c.Count("SELECT count(*) FROM audit_logs"); left > entries-400 {
		t.Errorf("%d of %d entries are left in the database", left, entries)
	}
	c.Seal(log)
	if v := wantSound(t, log, file); v.InFiles != done.Entries || v.Entries < int64(entries) {
		t.Errorf("%+v, done %+v", v, done)
	}
	for path, after := range read() {
		if !reflect.DeepEqual(before[path], after) {
			t.Errorf("%s\nbefore: %v\n after: %v", path, before[path], after)
		}
	}
	proof := c.Get(admin, "audit-logs/"+old.String()+"/proof").Want(200)
	if !strings.Contains(proof.Text("leaf"), old.String()) {
		t.Errorf("proof of %s", proof.Text("leaf"))
	}
	c.Get(admin, "audit-logs/"+uuid.Must(uuid.NewV7()).String()).Want(404)
	c.Get(admin, "audit-logs?to="+url.QueryEscape(began.Add(time.Hour).Format(time.RFC3339))).Want(422)
	if again := compress(t, log); again.Files != 0 || len(again.Months) != 0 {
		t.Errorf("done twice: %+v", again)
	}
	c.CheckInvariants()
}

// everything follows the cursors of a list to its end. What a call adds to the log itself is left out.
func everything(c *apptest.Clinic, user apptest.User, path string) (items []any) {
	cursor := ""
	for {
		page := c.Get(user, path+cursor).Want(200)
		for _, item := range page.Items() {
			if action, _ := item["action"].(string); !strings.HasPrefix(action, "audit-log.") {
				items = append(items, item)
			}
		}
		if page.Text("nextCursor") == "" {
			return items
		}
		cursor = "&cursor=" + page.Text("nextCursor")
	}
}

// TestInterruptedCompression stops compressions at many points, and expects the next ones to complete them.
func TestInterruptedCompression(t *testing.T) {
	t.Parallel()
	c, log, file := openOld(t, 500)
	age(t, c, log, 5)
	for wait := time.Millisecond; ; wait = wait * 5 / 4 {
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		_, err := log.CompressNow(ctx)
		cancel()
		wantSound(t, log, file)
		if err == nil {
			break
		}
	}
	entries := c.Count("SELECT sum(count)::int FROM audit_files")
	if size := c.Count("SELECT compressed_size::int FROM audit_tree"); size != entries || size < 500 {
		t.Errorf("%d entries are in files, and %d compressed", entries, size)
	}
	if drafts, _ := filepath.Glob(filepath.Join(string(log.Folder), "*.draft")); len(drafts) != 0 {
		t.Errorf("left: %v", drafts)
	}
}

// TestKeptEntriesAreCompared compresses months while an export holds them in the database, and then changes an entry
// that is in both.
func TestKeptEntriesAreCompared(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]struct{ sql, want string }{
		"removed": {"DELETE FROM audit_logs WHERE id = $1", "was removed"},
		"altered": {"UPDATE audit_logs SET action = 'slot.creatf' WHERE id = $1", "was altered"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, log, file := openOld(t, 200)
			age(t, c, log, 5)
			export, err := c.DB.Pool.Begin(t.Context())
			must(t, err)
			_, err = export.Exec(t.Context(), "SELECT pg_advisory_xact_lock_shared($1)", int64(audit.MonthsLock))
			must(t, err)
			if done := compress(t, log); done.Entries < 200 || len(done.Months) != 0 {
				t.Errorf("done %+v", done)
			}
			wantSound(t, log, file)
			must(t, export.Rollback(t.Context()))
			id := apptest.QueryOne[uuid.UUID](t, c, "SELECT id FROM audit_logs ORDER BY xid, id OFFSET 130 LIMIT 1")
			execAsSuperuser(t, c, strings.Replace(change.sql, "$1", "'"+id.String()+"'", 1))
			v := verify(t, log, nil)
			if v.Finding == nil || !strings.Contains(v.Finding.Text, change.want) || v.Finding.Entry != id {
				t.Errorf("found %+v, want %q of %s", v.Finding, change.want, id)
			}
		})
	}
}

// TestMonthsInUse tests that months stay while a seal or a reader holds a lock, and that the next run drops them.
func TestMonthsInUse(t *testing.T) {
	t.Parallel()
	c, log, file := openOld(t, 200)
	age(t, c, log, 5)
	lock := func(statement string) (release func()) {
		t.Helper()
		tx, err := c.DB.Pool.Begin(t.Context())
		must(t, err)
		_, err = tx.Exec(t.Context(), statement)
		must(t, err)
		return func() { must(t, tx.Rollback(t.Context())) }
	}
	wantKept := func(release func()) {
		t.Helper()
		if done := compress(t, log); len(done.Months) != 0 {
			t.Errorf("dropped %v", done.Months)
		}
		release()
	}
	wantKept(lock("SELECT FROM audit_logs"))
	wantKept(lock("SELECT FROM audit_tree FOR UPDATE"))
	if done := compress(t, log); len(done.Months) < 2 {
		t.Errorf("done: %+v", done)
	}
	wantSound(t, log, file)
}

// TestExpire drops entries after years, and verifies the rest.
func TestExpire(t *testing.T) {
	t.Parallel()
	c, log, file := openOld(t, 300)
	log.KeepFor = 12 * month
	age(t, c, log, 10)
	compress(t, log)
	if v := wantSound(t, log, file); v.Expired != 0 {
		t.Fatalf("%d are expired already", v.Expired)
	}
	age(t, c, log, 5)
	done := compress(t, log)
	c.Seal(log)
	v := wantSound(t, log, file)
	if done.Expired < 300 || v.Expired != done.Expired {
		t.Errorf("done %+v, verified %+v", done, v)
	}
	files, err := filepath.Glob(filepath.Join(string(log.Folder), "*.zst"))
	must(t, err)
	if n := c.Count("SELECT count(*) FROM audit_files WHERE expired_at IS NULL"); n != len(files) {
		t.Errorf("%d files in the folder, %d in the database", len(files), n)
	}
	dropped, err := audit.ListExpiredFiles(t.Context(), c.App.DB, c.App.DB.Now().Add(time.Second))
	must(t, err)
	if n := c.Count("SELECT count(*) FROM audit_files WHERE expired_at IS NOT NULL"); n == 0 || n != len(dropped) {
		t.Errorf("%d files are said to be dropped, %d in the database", len(dropped), n)
	}
	if dropped, err = audit.ListExpiredFiles(t.Context(), c.App.DB, c.App.DB.Now().Add(-month)); len(dropped) != 0 {
		t.Errorf("%d files are said to be dropped a month ago (%v)", len(dropped), err)
	}
	const expired = "SELECT count(*) FROM audit_logs WHERE action = 'audit-log.expire' AND metadata ? 'checkpoint'"
	if n := c.Count(expired); n != 1 {
		t.Errorf("%d entries tell of it", n)
	}
	log.KeepFor *= 3
	if v := verify(t, log, nil); v.Finding == nil || !strings.Contains(v.Finding.Text, "too early") {
		t.Errorf("found %v", v.Finding)
	}
}

// TestCompressImported compresses entries of before there was a tree.
func TestCompressImported(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "files")
	c := apptest.Open(t, func(cfg *config.Config) { cfg.AuditFiles = folder })
	log, file := newLog(t, c, 40)
	log.Folder, log.CompressAfter, log.KeepFor, log.FileEntries = audit.Folder(folder), 3*month, 99*month, 100
	addEntries(t, c.App.DB, 250)
	execAsSuperuser(t, c, "UPDATE audit_logs SET xid = NULL")
	for _, table := range []string{"audit_tiles", "audit_checkpoints", "audit_tree"} {
		_, err := superuser(t, c).Exec(t.Context(), "DELETE FROM "+table)
		must(t, err)
	}
	execAsSuperuser(t, c, "INSERT INTO audit_tree DEFAULT VALUES")
	must(t, os.RemoveAll(string(file)))
	for range 10 {
		must(t, log.SealNow(t.Context()))
	}
	age(t, c, log, 6)
	done := compress(t, log)
	if done.Files < 3 || done.Entries < 250 || len(done.Months) < 2 {
		t.Errorf("done %+v", done)
	}
	if n := c.Count("SELECT count(*) FROM audit_logs WHERE xid IS NULL"); n != 0 {
		t.Errorf("%d imported entries are left", n)
	}
	wantSound(t, log, file)
	execAsSuperuser(t, c, insertEntry+` VALUES (gen_random_uuid(), 'slot.create', 'slot', 'x', now(), NULL)`)
	if v := verify(t, log, nil); v.Finding == nil || !strings.Contains(v.Finding.Text, "was inserted") {
		t.Errorf("found %v", v.Finding)
	}
}
