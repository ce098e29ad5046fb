package backup

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var start = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

const walSize = 16 << 20

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newSeries returns a series with a base backup each day from the start on, and a WAL file each half day that was
// written then. The base backup of a day needs the two WAL files of that day.
func newSeries(t *testing.T, dir, id string, days int) *Series {
	t.Helper()
	s := &Series{ID: id, Dir: filepath.Join(dir, id), key: bytes.Repeat([]byte{7}, keyBytes)}
	must(t, createSeries(dir, id))
	for day := range days {
		ended := start.AddDate(0, 0, day)
		b := Base{ID: ended.Format("20060102"), Began: ended.Add(-time.Hour), Ended: ended,
			Timeline: 1, Segment: walSize,
			Start: LSN((2*day + 1) * walSize), End: LSN((2*day+2)*walSize + 100)}
		name := filepath.Join(baseDir, b.ID, infoFile)
		must(t, os.Mkdir(filepath.Join(s.Dir, baseDir, b.ID), 0o700))
		must(t, s.create(filepath.Join(s.Dir, name), name, func(w io.Writer) error {
			return json.NewEncoder(w).Encode(b)
		}))
		for half := range 2 {
			name := filepath.Join(walDir, segment(2*day+1+half).name(1, walSize)+walSuffix)
			must(t, s.create(filepath.Join(s.Dir, name), name, func(w io.Writer) error {
				_, err := w.Write(walHeader(ended.Add(time.Duration(half) * 12 * time.Hour).UnixNano()))
				return err
			}))
		}
	}
	return s
}

// names returns the names of what a folder of the series holds.
func (s *Series) names(t *testing.T, sub string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(s.Dir, sub))
	must(t, err)
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// TestPrune tests that every time within AMRUTAM_BACKUP_KEEP can still be restored, and that the last backup stays.
func TestPrune(t *testing.T) {
	t.Parallel()
	for now, kept := range map[time.Duration]int{
		9 * 24 * time.Hour:             4, // of the days 6 to 9; 6 is for the time until 7
		9*24*time.Hour + 1:             4,
		9*24*time.Hour - 2*time.Minute: 5,
		300 * 24 * time.Hour:           1,
		-20 * 24 * time.Hour:           10, // a clock that jumped back
		9*24*time.Hour + 3600e9:        4,
	} {
		s := newSeries(t, t.TempDir(), "00112233445566ff", 10)
		a := &Archiver{Dir: filepath.Dir(s.Dir), Keep: 3*24*time.Hour - time.Minute,
			Now: func() time.Time { return start.Add(now) }, ExpiredFiles: noneExpired}
		must(t, a.prune(t.Context(), s))
		bases, err := s.Bases()
		must(t, err)
		if len(bases) != kept || bases[len(bases)-1].ID != "20270310" {
			t.Errorf("after %s: %d base backups are kept, want %d", now, len(bases), kept)
		}
		if wal := s.names(t, walDir); len(wal) != 2*kept {
			t.Errorf("after %s: %d WAL files are kept, want %d", now, len(wal), 2*kept)
		}
		if _, _, err := s.chain(bases[0]); err != nil {
			t.Errorf("after %s: %v", now, err)
		}
	}
}

func noneExpired(context.Context, time.Time) ([]string, error) { return nil, nil }

// TestPruneFiles tests that the copy of a file goes once no backup needs it, and only if the database dropped it.
func TestPruneFiles(t *testing.T) {
	t.Parallel()
	s := newSeries(t, t.TempDir(), "00112233445566ff", 10)
	source := t.TempDir()
	for _, name := range []string{"needed.zst", "dropped.zst", "lost.zst"} {
		must(t, os.WriteFile(filepath.Join(source, name), []byte(name), 0o600))
	}
	must(t, s.archiveFiles(source))
	droppedAt := start.AddDate(0, 0, 5)
	a := &Archiver{Dir: filepath.Dir(s.Dir), Keep: 3 * 24 * time.Hour}
	a.ExpiredFiles = func(_ context.Context, before time.Time) (names []string, err error) {
		if droppedAt.Before(before) {
			names = []string{"dropped.zst", "never-archived.zst"}
		}
		return names, nil
	}
	for _, step := range []struct{ days, want int }{{9, 3}, {10, 2}, {300, 2}} {
		a.Now = func() time.Time { return start.AddDate(0, 0, step.days) }
		must(t, a.prune(t.Context(), s))
		if got := s.names(t, filesDir); len(got) != step.want {
			t.Errorf("after %d days the series has %v", step.days, got)
		}
	}
}

// TestPruneOtherSeries tests that an older series goes only when the new one reaches back as far as it should.
func TestPruneOtherSeries(t *testing.T) {
	t.Parallel()
	for days, want := range map[int]bool{2: true, 10: false} {
		dir := t.TempDir()
		own := newSeries(t, dir, "00112233445566ff", days)
		other := newSeries(t, dir, "ff00112233445566", 1)
		now := start.AddDate(0, 0, days-1)
		for _, sub := range []string{"", baseDir, walDir} {
			must(t, os.Chtimes(filepath.Join(other.Dir, sub), start, start.AddDate(0, 0, -1)))
		}
		a := &Archiver{Dir: dir, Keep: 3 * 24 * time.Hour, Now: func() time.Time { return now },
			ExpiredFiles: noneExpired}
		must(t, a.prune(t.Context(), own))
		if _, err := os.Stat(other.Dir); (err == nil) != want {
			t.Errorf("with %d days of its own, the other series is there: %t, want %t", days, err == nil, want)
		}
	}
}

// TestPlan tests which base backup is chosen, and what is said when a time can't be restored.
func TestPlan(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newSeries(t, dir, "00112233445566ff", 3)
	for to, want := range map[time.Time]string{
		{}:                              "20270303",
		start:                           "20270301",
		start.Add(24*time.Hour - 1):     "20270301",
		start.Add(24 * time.Hour):       "20270302",
		start.Add(60 * time.Hour):       "20270303",
		start.Add(-1):                   "is before the first backup",
		start.Add(60*time.Hour + 1):     "is after the last change",
		start.Add(400 * 24 * time.Hour): "is in the future",
	} {
		p, err := NewPlan([]*Series{s}, to, start.AddDate(1, 0, 0))
		if got := fmt.Sprint(p.Base.ID, err); !strings.Contains(got, want) {
			t.Errorf("to %s: %s, want %s", to, got, want)
		}
	}
	must(t, os.Remove(s.walPath(segment(4).name(1, walSize)))) // in the middle of the second day
	for to, want := range map[time.Time]string{
		start.Add(12 * time.Hour): "20270301",
		start.Add(30 * time.Hour): "is missing",
		start.Add(50 * time.Hour): "20270303",
	} {
		p, err := NewPlan([]*Series{s}, to, start.AddDate(1, 0, 0))
		got := p.Base.ID
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("with a gap, to %s: %s, want %s", to, got, want)
		}
	}
	other := newSeries(t, dir, "ff00112233445566", 1)
	_, err := NewPlan([]*Series{s, other}, time.Time{}, start.AddDate(1, 0, 0))
	if err == nil || !strings.Contains(err.Error(), s.Dir) || !strings.Contains(err.Error(), other.Dir) {
		t.Errorf("with two series: %v", err)
	}
}
