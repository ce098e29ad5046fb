// Package invariant asks the database whether what must always hold does hold.
package invariant

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/postgres"
)

// Rule must hold at every instant between transactions: its query names the ids of what breaks it.
type Rule struct {
	Name string
	// Text says what holds.
	Text  string
	query string
}

// Result of a rule. Broken counts what breaks it; Some names a few of them.
type Result struct {
	Rule
	Broken int
	Some   []uuid.UUID
}

const mostNamed = 5

// Check asks all rules in one snapshot. It only reads, and may take minutes on a large database.
func Check(ctx context.Context, db *postgres.DB) (all []Result, err error) {
	err = pgx.BeginTxFunc(ctx, db.Pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		all, err = check(ctx, tx)
		return err
	})
	return all, err
}

func check(ctx context.Context, tx pgx.Tx) ([]Result, error) {
	if _, err := tx.Exec(ctx, "SET LOCAL statement_timeout = '1h'"); err != nil {
		return nil, err
	}
	var all []Result
	for _, rule := range Rules {
		result := Result{Rule: rule}
		err := tx.QueryRow(ctx, fmt.Sprintf(
			"WITH broken (id) AS (%s) SELECT count(*), (SELECT array_agg(id) FROM (SELECT id FROM broken LIMIT %d) AS named) FROM broken",
			rule.query, mostNamed)).Scan(&result.Broken, &result.Some)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", rule.Name, err)
		}
		all = append(all, result)
	}
	return all, nil
}
