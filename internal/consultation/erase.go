package consultation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
	"amrutam/internal/seal"
)

// erasedReason replaces an erased reason: the column can't be null.
const erasedReason = "(erased)"

// CareRecord sums up a person's consultations, as patient or as doctor.
type CareRecord struct {
	// Started is how many consultations were started. LastEnd is when the last of them ended or is scheduled to end.
	Started int
	LastEnd time.Time
	// LiveUntil is when the last consultation that isn't over is scheduled to end; zero if all are over.
	LiveUntil time.Time
}

// ReadCareRecord returns the care record of a person.
func (s *Service) ReadCareRecord(ctx context.Context, db postgres.Querier, person uuid.UUID) (CareRecord, error) {
	row, err := readCareRecord(ctx, db, person)
	if err != nil {
		return CareRecord{}, fmt.Errorf("read the care record of a person: %w", err)
	}
	record := CareRecord{Started: int(row.Started), LastEnd: row.LastEnd}
	if row.Live > 0 {
		record.LiveUntil = row.LiveUntil
	}
	return record, nil
}

// EraseUnstarted erases the health data of a patient's consultations that ended without being started, and the texts
// of disputes about that: they are no care record. Returns how many consultations there are.
func (s *Service) EraseUnstarted(ctx context.Context, tx *postgres.Tx, patient uuid.UUID) (int64, error) {
	key, err := s.Sealer.PersonKey(ctx, tx, patient)
	if errors.Is(err, seal.ErrErased) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if err := eraseDisputes(ctx, tx, patient); err != nil {
		return 0, fmt.Errorf("erase the texts of disputes: %w", err)
	}
	live, err := listUnstartedConsultations(ctx, tx, patient)
	if err != nil {
		return 0, fmt.Errorf("list consultations that were not started: %w", err)
	}
	if err := eraseTexts(ctx, tx, key, live, eraseConsultationTexts); err != nil {
		return 0, fmt.Errorf("erase the health data of consultations: %w", err)
	}
	// After the live ones, whose rows are locked now: what was archived before that is found here.
	archived, err := listUnstartedArchivedConsultations(ctx, tx, patient)
	if err != nil {
		return 0, fmt.Errorf("list archived consultations that were not started: %w", err)
	}
	if err := eraseTexts(ctx, tx, key, archived, eraseArchivedConsultationTexts); err != nil {
		return 0, fmt.Errorf("erase the health data of archived consultations: %w", err)
	}
	return int64(len(live) + len(archived)), nil
}

// eraseTexts stores erased texts of consultations with one of the two statements.
func eraseTexts(ctx context.Context, tx *postgres.Tx, key seal.Key, ids []uuid.UUID,
	store func(context.Context, *postgres.Tx, time.Time, []uuid.UUID, [][]byte) error) (err error) {
	reasons := make([][]byte, len(ids))
	for i, id := range ids {
		if reasons[i], err = key.Seal(columnReason, id, erasedReason); err != nil {
			return err
		}
	}
	return store(ctx, tx, tx.Now, ids, reasons)
}
