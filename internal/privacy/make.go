package privacy

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/jobs"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
)

// MakeExport makes a copy that was asked for.
type MakeExport struct {
	ExportID uuid.UUID `json:"exportId"`
}

// Kind names the job.
func (MakeExport) Kind() string { return "export.make" }

// makeWithin is what a history of many years may take.
const makeWithin = 10 * time.Minute

// Jobs registers the package's jobs. A copy is read outside the transaction that keeps it, which would be open for too
// long.
func (s *Service) Jobs(queue *jobs.Queue) {
	jobs.HandleWithin(queue, makeWithin, s.make)
	jobs.HandleWithin(queue, sweepWithin, func(ctx context.Context, _ Sweep) error { return s.Sweep(ctx) })
	queue.Every(sweepEvery, Sweep{})
}

// make reads everything at one moment, and keeps it unless it was made, given up or its owner has left meanwhile: it
// bears running twice.
func (s *Service) make(ctx context.Context, args MakeExport) error {
	var row pendingExportRow
	var archive []byte
	err := s.DB.Snapshot(ctx, func(r *postgres.Read) (err error) {
		if row, err = pendingExport(ctx, r, args.ExportID); err != nil {
			return err
		}
		archive, err = s.everything(ctx, r, row)
		return err
	})
	if postgres.NoRows(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("make an export: %w", err)
	}
	return s.DB.Write(ctx, func(tx *postgres.Tx) error { return s.keep(ctx, tx, row, archive) })
}

func (s *Service) keep(ctx context.Context, tx *postgres.Tx, row pendingExportRow, archive []byte) error {
	// With the person's lock: an erasure that came first is seen, and one that comes next finds the copy.
	if _, err := lockPerson(ctx, tx, row.UserID); err != nil {
		if postgres.NoRows(err) {
			return nil
		}
		return fmt.Errorf("hold a person: %w", err)
	}
	key, err := s.Sealer.Person(ctx, tx, row.UserID)
	if err != nil {
		return err
	}
	sealed, err := key.Seal(archiveColumn, row.ID, string(archive))
	if err != nil {
		return err
	}
	sum, size, expires := sha256.Sum256(archive), int64(len(archive)), tx.Now.Add(exportLife)
	kept, err := storeExport(ctx, tx, storeExportParams{ID: row.ID, Now: &tx.Now, ExpiresAt: &expires,
		Size: &size, Sha256: sum[:], Archive: sealed})
	if err != nil || kept == 0 {
		return err
	}
	audit.Write(tx, access.System(MakeExport{}.Kind()), "export.make", row.ID, audit.Meta{"userId": row.UserID})
	return s.Mails.Enqueue(ctx, tx,
		notification.Mail{To: row.UserID, Kind: "export-ready",
			Data: map[string]string{"expires": expires.Format(time.RFC3339)}})
}
