package schedule

import (
	"context"
	"time"

	"amrutam/internal/postgres"
	"amrutam/internal/telemetry"
)

// countOffer counts a step of an offer when the transaction is committed.
func countOffer(tx *postgres.Tx, m *telemetry.Metrics, step string) {
	tx.AfterCommit(func() { m.WaitlistOffers.WithLabelValues(step).Inc() })
}

// countAcceptance counts an offer that is accepted, and how long that took.
func countAcceptance(tx *postgres.Tx, m *telemetry.Metrics, offered time.Time) {
	countOffer(tx, m, "accepted")
	took := tx.Now.Sub(offered)
	tx.AfterCommit(func() { m.WaitlistAnswers.Observe(took.Seconds()) })
}

// Backlog returns what waits on the waitlist now.
func (s *Service) Backlog(ctx context.Context) (out telemetry.Waitlist, err error) {
	err = s.DB.Read(ctx, func(r *postgres.Read) error {
		row, err := readWaitlistBacklog(ctx, r, r.Now)
		out = telemetry.Waitlist{Waiting: row.Waiting, Offered: row.Offered, Late: r.Now.Sub(row.LateSince)}
		return err
	})
	return out, err
}
