package backup

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestArchiveFiles archives files beside the database: each once, and again only if it was written again.
func TestArchiveFiles(t *testing.T) {
	t.Parallel()
	s := &Series{ID: "0123456789abcdef", Dir: t.TempDir(), key: bytes.Repeat([]byte{7}, keyBytes)}
	folder := t.TempDir()
	must(t, s.archiveFiles(filepath.Join(folder, "missing")))
	write := func(name, text string, at time.Time) {
		path := filepath.Join(folder, name)
		must(t, os.WriteFile(path, []byte(text), 0o600))
		must(t, os.Chtimes(path, at, at))
	}
	read := func(name string) (text string) {
		must(t, s.read(filepath.Join(filesDir, name), func(r io.Reader) error {
			all, err := io.ReadAll(r)
			text = string(all)
			return err
		}))
		return text
	}
	past := time.Now().Add(-time.Hour)
	write("entries-1.zst", "one", past)
	write("manifest.jsonl", "changes", past)
	must(t, s.archiveFiles(folder))
	write("entries-1.zst", "altered", past.Add(-time.Hour))
	must(t, s.archiveFiles(folder))
	if got := read("entries-1.zst"); got != "one" {
		t.Errorf("archived %q", got)
	}
	write("entries-1.zst", "made again", past.Add(2*time.Hour))
	must(t, s.archiveFiles(folder))
	if got := read("entries-1.zst"); got != "made again" {
		t.Errorf("archived %q", got)
	}
	if _, err := os.Stat(filepath.Join(s.Dir, filesDir, "manifest.jsonl")); err == nil {
		t.Error("a file that changes was archived")
	}
}
