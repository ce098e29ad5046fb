package analytics

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/postgres"
)

// Repair counts anew everything of the days in UTC from the first to the last, each in a transaction of its own, and
// calls report after each. It waits while the job runs.
func (s *Service) Repair(ctx context.Context, first, last time.Time, report func(day time.Time)) error {
	for day := first; !day.After(last); day = day.Add(dayLength) {
		err := s.DB.Write(ctx, func(tx *postgres.Tx) error {
			if _, err := lockState(ctx, tx); err != nil {
				return err
			}
			if day.Equal(first) {
				audit.WriteFor(tx, access.System("rollup"), "rollup.repair", "database", uuid.Nil.String(),
					audit.Meta{"from": first.Format(time.DateOnly), "to": last.Format(time.DateOnly)})
			}
			return recountDay(ctx, tx, day)
		})
		if err != nil {
			return fmt.Errorf("count %s: %w", day.Format(time.DateOnly), err)
		}
		report(day)
	}
	return s.CatchUp(ctx)
}
