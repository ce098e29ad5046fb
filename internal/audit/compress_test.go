package audit_test

import (
	"bytes"
	"context"
	"fmt"
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
	"amrutam/internal/audit/logfile"
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

// TestDamagedFiles changes one thing of the compressed log, and expects it to be found and named.
func TestDamagedFiles(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]struct {
		do   func(t *testing.T, c *apptest.Clinic, folder, file string, other string)
		want string
	}{
		"a flipped bit": {func(t *testing.T, _ *apptest.Clinic, _, file, _ string) {
			text := readAll(t, file)
			text[len(text)/3] ^= 8
			must(t, os.WriteFile(file, text, 0o600))
		}, "damaged: the block of entries"},
		"a cut file": {func(t *testing.T, _ *apptest.Clinic, _, file, _ string) {
			must(t, os.Truncate(file, 700))
		}, "damaged: it does not end as such a file ends"},
		"a longer file": {func(t *testing.T, _ *apptest.Clinic, _, file, _ string) {
			must(t, os.WriteFile(file, append(readAll(t, file), 0), 0o600))
		}, "its checksum is wrong"},
		"a missing file": {func(t *testing.T, _ *apptest.Clinic, _, file, _ string) {
			must(t, os.Remove(file))
		}, "it is missing"},
		"two swapped files": {func(t *testing.T, _ *apptest.Clinic, _, file, other string) {
			one, two := readAll(t, file), readAll(t, other)
			must(t, os.WriteFile(file, two, 0o600))
			must(t, os.WriteFile(other, one, 0o600))
		}, "damaged"},
		"a cut manifest": {func(t *testing.T, _ *apptest.Clinic, folder, _, _ string) {
			must(t, os.Truncate(filepath.Join(folder, "manifest.jsonl"), 300))
		}, "of manifest.jsonl was altered or cut"},
		"no manifest": {func(t *testing.T, _ *apptest.Clinic, folder, _, _ string) {
			must(t, os.Remove(filepath.Join(folder, "manifest.jsonl")))
		}, "manifest.jsonl: no such file"},
		"a longer manifest": {func(t *testing.T, _ *apptest.Clinic, folder, _, _ string) {
			path := filepath.Join(folder, "manifest.jsonl")
			must(t, os.WriteFile(path, append(readAll(t, path), "{}\n"...), 0o600))
		}, "names a file that the database doesn't know"},
		"a file that the database forgot": {func(t *testing.T, c *apptest.Clinic, _, _, _ string) {
			execAsSuperuser(t, c, "DELETE FROM audit_files WHERE first = (SELECT max(first) FROM audit_files)")
		}, "the list of the files in the database was altered"},
		"a forgotten end": {func(t *testing.T, c *apptest.Clinic, _, _, _ string) {
			execAsSuperuser(t, c, "UPDATE audit_tree SET compressed_size = compressed_size - 1")
		}, "the list of the files in the database was altered"},
		"entries that are said to be old enough": {func(t *testing.T, c *apptest.Clinic, _, _, _ string) {
			execAsSuperuser(t, c, "UPDATE audit_tree SET expired_size = (SELECT min(first + count) FROM audit_files)")
			execAsSuperuser(t, c, "UPDATE audit_files SET expired_at = now() WHERE first = 0")
		}, "were dropped too early"},
		"an entry that was inserted among compressed ones": {func(t *testing.T, c *apptest.Clinic, _, _, _ string) {
			execAsSuperuser(t, c, insertEntry+`SELECT gen_random_uuid(), 'slot.create', 'slot', 'x', earliest, xid_from
				FROM audit_files ORDER BY first OFFSET 1 LIMIT 1`)
		}, "was inserted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, log, sink := openOld(t, 300)
			age(t, c, log, 5)
			compress(t, log)
			wantSound(t, log, sink)
			folder := string(log.Folder)
			files, err := filepath.Glob(filepath.Join(folder, "*.zst"))
			must(t, err)
			damage.do(t, c, folder, files[1], files[2])
			v := verify(t, log, readFile(t, sink))
			if v.Finding == nil || !strings.Contains(v.Finding.Text, damage.want) {
				t.Errorf("found %v, want %q", v.Finding, damage.want)
			}
		})
	}
}

// TestRewrittenFiles writes a file again with one thing changed, and its checksums everywhere, and expects that to be
// found and named.
func TestRewrittenFiles(t *testing.T) {
	t.Parallel()
	const changed = 117
	for name, test := range map[string]struct {
		change func(leaf int64, entry []byte, keys []string) ([]byte, []string)
		want   string
	}{
		"an altered entry": {func(leaf int64, entry []byte, keys []string) ([]byte, []string) {
			if leaf == changed {
				entry = bytes.Replace(entry, []byte("slot.create"), []byte("slot.delete"), 1)
				keys[0] = "action=slot.delete"
			}
			return entry, keys
		}, "was altered"},
		"another entry": {func(leaf int64, entry []byte, keys []string) ([]byte, []string) {
			if leaf == changed {
				entry = append([]byte(`["`+uuid.NewString()), entry[38:]...)
			}
			return entry, keys
		}, "was removed or moved"},
		"an entry that a search can't find": {func(leaf int64, entry []byte, keys []string) ([]byte, []string) {
			if leaf == changed {
				keys = keys[:1]
			}
			return entry, keys
		}, "the index hides entry"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, log, sink := openOld(t, 300)
			age(t, c, log, 5)
			compress(t, log)
			first := int64(c.Count("SELECT max(first) FROM audit_files WHERE first <= $1", changed))
			rewrite(t, c, log, first, test.change)
			v := verify(t, log, readFile(t, sink))
			if v.Finding == nil || !strings.Contains(v.Finding.Text, test.want) || v.Finding.Leaf != changed {
				t.Errorf("found %+v, want %q of entry %d", v.Finding, test.want, changed)
			}
		})
	}
}

// rewrite writes the file that begins with a leaf again.
func rewrite(t *testing.T, c *apptest.Clinic, log *audit.Service, first int64,
	change func(leaf int64, entry []byte, keys []string) ([]byte, []string)) {
	t.Helper()
	path := filepath.Join(string(log.Folder), fmt.Sprintf("entries-%015d.zst", first))
	old := readAll(t, path)
	sum := apptest.QueryOne[string](t, c, "SELECT index_sha256 FROM audit_files WHERE first = $1", first)
	r, err := logfile.Open(bytes.NewReader(old), int64(len(old)), sum)
	must(t, err)
	defer r.Close()
	var out bytes.Buffer
	w, err := logfile.NewWriter(&out, first, 10)
	must(t, err)
	for _, b := range r.Blocks {
		must(t, r.Entries(b, func(leaf int64, entry []byte) error {
			e, err := audit.ParseEntry(entry)
			must(t, err)
			entry, keys := change(leaf, bytes.Clone(entry), e.Keys())
			return w.Add(entry, e.CreatedAt, keys)
		}))
	}
	s, err := w.Close()
	must(t, err)
	must(t, os.WriteFile(path, out.Bytes(), 0o600))
	before := apptest.QueryOne[string](t, c, "SELECT sha256 FROM audit_files WHERE first = $1", first)
	execAsSuperuser(t, c, fmt.Sprintf("UPDATE audit_files SET size = %d, sha256 = '%s', index_sha256 = '%s' WHERE first = %d",
		s.Size, s.SHA256, s.IndexSHA256, first))
	manifest := filepath.Join(string(log.Folder), "manifest.jsonl")
	text := bytes.Replace(readAll(t, manifest), []byte(before), []byte(s.SHA256), 1)
	text = bytes.Replace(text, fmt.Appendf(nil, `"size":%d,`, len(old)), fmt.Appendf(nil, `"size":%d,`, s.Size), 1)
	must(t, os.WriteFile(manifest, text, 0o600))
}

func readAll(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	return text
}

func execAsSuperuser(t *testing.T, c *apptest.Clinic, sql string) {
	t.Helper()
	tag, err := superuser(t, c).Exec(t.Context(), sql)
	must(t, err)
	if tag.RowsAffected() == 0 {
		t.Fatal("nothing was changed")
	}
}

// TestDamagedFileInSearch tests that a search over a damaged file names it instead of leaving its entries out.
func TestDamagedFileInSearch(t *testing.T) {
	t.Parallel()
	c, log, _ := openOld(t, 120)
	began := url.QueryEscape(c.Clock.Now().Add(-24 * time.Hour).Format(time.RFC3339))
	age(t, c, log, 5)
	compress(t, log)
	admin := c.Admin()
	c.Get(admin, "audit-logs?from="+began).Want(200)
	files, err := filepath.Glob(filepath.Join(string(log.Folder), "*.zst"))
	must(t, err)
	must(t, os.Truncate(files[0], 100))
	a := c.Get(admin, "audit-logs?action=slot.create&limit=100&from="+began)
	for a.Status == 200 && a.Text("nextCursor") != "" {
		a = c.Get(admin, "audit-logs?action=slot.create&limit=100&from="+began+"&cursor="+a.Text("nextCursor"))
	}
	a.Want(503, "audit-files-unavailable")
	if detail := a.Text("detail"); !strings.Contains(detail, filepath.Base(files[0])) {
		t.Errorf("detail: %s", detail)
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
	if n := c.Count("SELECT count(*) FROM audit_logs WHERE action = 'audit-log.expire' AND metadata ? 'checkpoint'"); n != 1 {
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
