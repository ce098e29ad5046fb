package audit_test

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
	"amrutam/internal/audit"
	"amrutam/internal/audit/logfile"
)

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
			keys, err := audit.KeysOf(entry)
			must(t, err)
			entry, keys = change(leaf, bytes.Clone(entry), keys)
			return w.Add(entry, e.CreatedAt, keys)
		}))
	}
	s, err := w.Close()
	must(t, err)
	must(t, os.WriteFile(path, out.Bytes(), 0o600))
	before := apptest.QueryOne[string](t, c, "SELECT sha256 FROM audit_files WHERE first = $1", first)
	execAsSuperuser(t, c, fmt.Sprintf(
		"UPDATE audit_files SET size = %d, sha256 = '%s', index_sha256 = '%s' WHERE first = %d",
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
