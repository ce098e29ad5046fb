package audit

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
)

// expire drops the oldest files whose last checkpoint is older than KeepFor. That checkpoint is kept in the log
// itself, in the entry audit-log.expire. The nodes of the tree above the dropped leaves stay, so that what is left can
// still be verified.
func (s *Service) expire(ctx context.Context, done *Compression) error {
	rows, err := s.listFiles(ctx)
	if err != nil {
		return err
	}
	old, note, err := s.findExpired(ctx, rows)
	if err != nil || len(old) == 0 {
		return err
	}
	last := old[len(old)-1]
	err = s.DB.Write(ctx, func(tx *postgres.Tx) error { return s.recordExpiry(ctx, tx, last, len(old), note) })
	if err != nil {
		return fmt.Errorf("record expired files: %w", err)
	}
	done.Expired = last.end() - old[0].First
	if err := s.Folder.writeManifest(rows[len(old):]); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	for _, row := range old {
		err := os.Remove(filepath.Join(string(s.Folder), filepath.Base(row.Name)))
		if err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("remove file %s: %w", row.Name, pathless(err))
		}
	}
	return nil
}

// findExpired returns the files that were kept long enough, and the checkpoint at their end.
func (s *Service) findExpired(ctx context.Context, rows []listFilesRow) (old []listFilesRow, note string, err error) {
	err = s.DB.Read(ctx, func(r *postgres.Read) error {
		for i, row := range rows {
			if !row.Latest.Before(r.Now.Add(-s.KeepFor)) {
				return nil
			}
			checkpoint, err := findCheckpointOf(ctx, r, row.end())
			if err != nil || !checkpoint.CreatedAt.Before(r.Now.Add(-s.KeepFor)) {
				return err
			}
			old, note = rows[:i+1], checkpoint.Note
		}
		return nil
	})
	return old, note, err
}

// ListExpiredFiles returns the names of the files that were dropped before a time: for the backups, which have copies.
func ListExpiredFiles(ctx context.Context, db *postgres.DB, before time.Time) (names []string, err error) {
	err = db.Read(ctx, func(r *postgres.Read) error {
		names, err = listExpiredFiles(ctx, r, &before)
		return err
	})
	return names, err
}

func (s *Service) recordExpiry(ctx context.Context, tx *postgres.Tx, last listFilesRow, files int,
	note string) error {
	if _, err := setExpired(ctx, tx, last.end()); err != nil {
		return err
	}
	if err := expireFiles(ctx, tx, tx.Now, last.end()); err != nil {
		return err
	}
	if err := dropExpiredTiles(ctx, tx); err != nil {
		return err
	}
	Write(tx, access.System(Compress{}.Kind()), "audit-log.expire", uuid.Nil,
		Meta{"files": files, "before": last.Latest, "checkpoint": note})
	return nil
}
