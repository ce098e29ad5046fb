package privacy

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
)

// makeExport reads all data about a person from one snapshot, and stores the archive in a second transaction: one for
// both would hold its locks for too long. It stores nothing if the export was made, or expired, or its owner was
// deleted meanwhile: so it may run twice.
func (s *Service) makeExport(ctx context.Context, args MakeExport) error {
	var row findPendingExportRow
	var archive []byte
	err := s.DB.Snapshot(ctx, func(r *postgres.Read) (err error) {
		if row, err = findPendingExport(ctx, r, args.ExportID); err != nil {
			return err
		}
		archive, err = s.writeArchive(ctx, r, row)
		return err
	})
	if postgres.NoRows(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("make an export: %w", err)
	}
	return s.DB.Write(ctx, func(tx *postgres.Tx) error { return s.storeExport(ctx, tx, row, archive) })
}

func (s *Service) storeExport(ctx context.Context, tx *postgres.Tx, row findPendingExportRow, archive []byte) error {
	// Under the lock of the person's row an erasure that came first is seen, and one that comes later finds the
	// archive.
	if _, err := lockPerson(ctx, tx, row.UserID); err != nil {
		if postgres.NoRows(err) {
			return nil
		}
		return fmt.Errorf("lock a person: %w", err)
	}
	key, err := s.Sealer.PersonKey(ctx, tx, row.UserID)
	if err != nil {
		return err
	}
	sealed, err := key.Seal(archiveColumn, row.ID, string(archive))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(archive)
	expires := tx.Now.Add(exportLifetime)
	stored, err := storeExport(ctx, tx, storeExportParams{
		ID: row.ID, Now: &tx.Now, ExpiresAt: &expires,
		Archive: sealed, Size: new(int64(len(archive))), Sha256: sum[:],
	})
	if err != nil {
		return fmt.Errorf("store an export: %w", err)
	}
	if stored == 0 {
		return nil
	}
	audit.Write(tx, access.System(MakeExport{}.Kind()), "export.make", row.ID, audit.Meta{"userId": row.UserID})
	data := map[string]string{"expires": expires.Format(time.RFC3339)}
	return s.Mails.Enqueue(ctx, tx, notification.Mail{To: row.UserID, Kind: "export-ready", Data: data})
}
