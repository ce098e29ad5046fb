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

// erasedReason stands where a reason was, which the table asks for.
const erasedReason = "(erased)"

// Record is what there is of a person's care, as patient or as doctor.
type Record struct {
	// Held is how many consultations began; LastEnd is when the last of them ended, or is to.
	Held    int
	LastEnd time.Time
	// LiveUntil is when the last one that isn't over ends; zero: all are over.
	LiveUntil time.Time
}

// RecordOf tells what there is of a person's care.
func (s *Service) RecordOf(ctx context.Context, db postgres.Querier, person uuid.UUID) (r Record, err error) {
	row, err := recordOf(ctx, db, person)
	if err != nil {
		return r, fmt.Errorf("look at a record: %w", err)
	}
	r = Record{Held: int(row.Held), LastEnd: row.LastEnd}
	if row.Live > 0 {
		r.LiveUntil = row.LiveUntil
	}
	return r, nil
}

// Forget takes the health data out of a patient's consultations that came to nothing: they are no record of care. It
// tells how many there are.
func (s *Service) Forget(ctx context.Context, tx *postgres.Tx, patient uuid.UUID) (int64, error) {
	key, err := s.Sealer.PersonKey(ctx, tx, patient)
	if errors.Is(err, seal.ErrErased) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	ids, err := unheldConsultations(ctx, tx, patient)
	if err != nil {
		return 0, fmt.Errorf("find consultations that came to nothing: %w", err)
	}
	reasons := make([][]byte, len(ids))
	for i, id := range ids {
		if reasons[i], err = key.Seal(columnReason, id, erasedReason); err != nil {
			return 0, err
		}
	}
	if err := forgetReasons(ctx, tx, tx.Now, ids, reasons); err != nil {
		return 0, fmt.Errorf("forget reasons: %w", err)
	}
	return int64(len(ids)), nil
}
