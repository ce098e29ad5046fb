package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// prune removes the base backups, the WAL and the files beside the database that nobody needs to restore to a time
// within Keep. The last base backup always stays. The caller holds the lock.
func (a *Archiver) prune(ctx context.Context, s *Series) error {
	bases, err := s.Bases()
	if err != nil || len(bases) == 0 {
		return err
	}
	oldest := a.Now().Add(-a.Keep)
	kept := bases
	// The newest one from before that time is needed for the time until the next one.
	for len(kept) > 1 && kept[1].Ended.Before(oldest) {
		// Its description goes first: what is left of an interrupted removal is no backup.
		dir := filepath.Join(s.Dir, baseDir, kept[0].ID)
		gone := filepath.Join(s.Dir, baseDir, partialPrefix+kept[0].ID)
		if err := errors.Join(os.Rename(dir, gone), os.RemoveAll(gone)); err != nil {
			return err
		}
		kept = kept[1:]
	}
	if err := s.pruneWAL(kept[0]); err != nil {
		return err
	}
	if err := a.pruneFiles(ctx, s, kept[0]); err != nil {
		return err
	}
	if !kept[0].Ended.Before(oldest) {
		return nil
	}
	return a.pruneSeries(s, oldest)
}

// pruneWAL removes the WAL files before those that a base backup needs.
func (s *Series) pruneWAL(oldest Base) error {
	entries, err := os.ReadDir(filepath.Join(s.Dir, walDir))
	if err != nil {
		return err
	}
	first := oldest.first().name(oldest.Timeline, oldest.Segment)
	for _, e := range entries {
		name, isWAL := strings.CutSuffix(e.Name(), walSuffix)
		if isWAL && name < first {
			if err := os.Remove(s.walPath(name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// pruneFiles removes the files that the database had dropped when the oldest base backup was made. What is missing
// beside the database for another reason stays: it may be lost there.
func (a *Archiver) pruneFiles(ctx context.Context, s *Series, oldest Base) error {
	names, err := a.ExpiredFiles(ctx, oldest.Began)
	if err != nil {
		return fmt.Errorf("list the files that the database dropped: %w", err)
	}
	for _, name := range names {
		err := os.Remove(filepath.Join(s.Dir, filesDir, filepath.Base(name)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// pruneSeries removes other series into which nothing was written since the oldest time that this one reaches back to.
func (a *Archiver) pruneSeries(own *Series, oldest time.Time) error {
	entries, err := os.ReadDir(a.Dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !seriesPattern.MatchString(e.Name()) || e.Name() == own.ID {
			continue
		}
		last := time.Time{}
		for _, sub := range []string{"", baseDir, walDir} {
			if info, err := os.Stat(filepath.Join(a.Dir, e.Name(), sub)); err == nil && info.ModTime().After(last) {
				last = info.ModTime()
			}
		}
		if last.Before(oldest) {
			if err := os.RemoveAll(filepath.Join(a.Dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
