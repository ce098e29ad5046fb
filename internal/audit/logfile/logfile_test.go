package logfile_test

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"testing"
	"time"

	"amrutam/internal/audit/logfile"
)

// write returns a file of count entries from the leaf first on, with four of them in a block.
func write(t *testing.T, first int64, count int) ([]byte, logfile.Summary) {
	t.Helper()
	var out bytes.Buffer
	w, err := logfile.NewWriter(&out, first, 4)
	must(t, err)
	for i := range count {
		must(t, w.Add(fmt.Appendf(nil, `["entry %d"]`, i), at(i), []string{fmt.Sprintf("n=%d", i), "all"}))
	}
	summary, err := w.Close()
	must(t, err)
	return out.Bytes(), summary
}

func at(i int) time.Time { return time.Date(2026, 8, 1, 0, i, 0, 0, time.UTC) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	file, summary := write(t, 100, 10)
	if summary.First != 100 || summary.Count != 10 || !summary.From.Equal(at(0)) || !summary.To.Equal(at(9)) ||
		summary.Size != int64(len(file)) {
		t.Errorf("%+v", summary)
	}
	r, err := logfile.Open(bytes.NewReader(file), summary.Size, summary.IndexSHA256)
	must(t, err)
	defer r.Close()
	leaf, next := int64(100), 0
	for _, b := range r.Blocks {
		filter, err := r.Filter(b)
		must(t, err)
		if !filter.MayHave([]string{"all", fmt.Sprintf("n=%d", next)}) || filter.MayHave([]string{"all", "n=77"}) {
			t.Errorf("block %d: its filter is wrong", b.First)
		}
		must(t, r.Entries(b, func(l int64, entry []byte) error {
			if want := fmt.Sprintf(`["entry %d"]`, next); l != leaf || string(entry) != want {
				t.Errorf("leaf %d: %s, want leaf %d: %s", l, entry, leaf, want)
			}
			leaf++
			next++
			return nil
		}))
	}
	if len(r.Blocks) != 3 || next != 10 {
		t.Errorf("%d blocks, %d entries", len(r.Blocks), next)
	}
}

// TestZstdPrintsFile tests that the ordinary program can read a file.
func TestZstdPrintsFile(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("zstd"); err != nil {
		t.Skip("there is no zstd (Debian: apt-get install zstd)")
	}
	file, _ := write(t, 0, 6)
	cmd := exec.CommandContext(t.Context(), "zstd", "-dc")
	cmd.Stdin = bytes.NewReader(file)
	out, err := cmd.Output()
	want := ""
	for i := range 6 {
		want += fmt.Sprintf("[\"entry %d\"]\n", i)
	}
	if err != nil || string(out) != want {
		t.Errorf("%v %q", err, out)
	}
}

// TestDamage flips each bit of a file, and cuts it at each byte. Whatever is read then is refused or as it was.
func TestDamage(t *testing.T) {
	t.Parallel()
	file, summary := write(t, 0, 10)
	read := func(file []byte) (entries int, err error) {
		r, err := logfile.Open(bytes.NewReader(file), int64(len(file)), summary.IndexSHA256)
		if err != nil {
			return 0, err
		}
		defer r.Close()
		for _, b := range r.Blocks {
			if _, err := r.Filter(b); err != nil {
				return entries, err
			}
			err := r.Entries(b, func(int64, []byte) error { entries++; return nil })
			if err != nil {
				return entries, err
			}
		}
		return entries, nil
	}
	if n, err := read(file); n != 10 || err != nil {
		t.Fatalf("undamaged: %d, %v", n, err)
	}
	for i := range 8 * len(file) {
		damaged := bytes.Clone(file)
		damaged[i/8] ^= 1 << (i % 8)
		// The header of the last frame is not read.
		if n, err := read(damaged); !errors.Is(err, logfile.ErrDamaged) && (err != nil || n != 10) {
			t.Errorf("bit %d: %d entries, %v", i, n, err)
		}
	}
	for size := range file {
		if _, err := read(file[:size]); !errors.Is(err, logfile.ErrDamaged) {
			t.Errorf("cut to %d bytes: %v", size, err)
		}
	}
}
