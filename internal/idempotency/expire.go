package idempotency

import (
	"context"
	"fmt"

	"amrutam/internal/postgres"
	"amrutam/internal/retention"
)

const keyRule = "idempotency-keys"

// Retention says how long keys are kept: Lifetime, and then to the end of the day whose partition they are in.
var Retention = []retention.Rule{{
	Name:      keyRule,
	What:      "Idempotency keys with the answers that they repeat, sealed",
	After:     "they expire, a day after the request, and that day (UTC) is over",
	Why:       "a client that got no answer tries again within hours",
	Table:     "idempotency_keys",
	Since:     "expires_at",
	WholeDays: true,
	Job:       "partition.upkeep",
}}

// RemoveExpired drops the partitions of the days that are over. The transaction has made partitions before.
func RemoveExpired(ctx context.Context, tx *postgres.Tx) error {
	removed, err := removeExpiredKeys(ctx, tx, tx.Now)
	if err != nil {
		return fmt.Errorf("remove expired keys: %w", err)
	}
	return retention.Record(ctx, tx, keyRule, removed)
}
