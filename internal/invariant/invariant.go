// Package invariant checks the rules that must always hold in the database.
package invariant

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/postgres"
)

// Rule must hold between any two transactions. Its query returns the ids of the rows that break it.
type Rule struct {
	Name string
	// Description says what must hold.
	Description string
	query       string
}

// Result of checking a rule. Broken counts the rows that break it; Examples has the ids of up to five of them.
type Result struct {
	Rule
	Broken   int
	Examples []uuid.UUID
}

const maxExamples = 5

// Check checks all rules in one snapshot, on a connection of its own. It only reads, and may take minutes on a large
// database.
func Check(ctx context.Context, db *postgres.DB) (all []Result, err error) {
	err = db.WithOwnConn(ctx, func(conn *pgx.Conn) error {
		all, err = checkInSnapshot(ctx, conn)
		return err
	})
	return all, err
}

// checkLock is the advisory lock that the nightly check holds.
const checkLock = 0x616d7263 // "amrc"

// CheckOnce is Check, unless another server is checking: then ok is false.
func CheckOnce(ctx context.Context, db *postgres.DB) (all []Result, ok bool, err error) {
	err = db.WithOwnConn(ctx, func(conn *pgx.Conn) error { // the end of the connection frees the lock
		err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", checkLock).Scan(&ok)
		if err != nil || !ok {
			return err
		}
		all, err = checkInSnapshot(ctx, conn)
		return err
	})
	return all, ok, err
}

func checkInSnapshot(ctx context.Context, conn *pgx.Conn) (all []Result, err error) {
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly},
		func(tx pgx.Tx) error {
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
		query := fmt.Sprintf(`WITH broken (id) AS (%s)
			SELECT count(*), (SELECT array_agg(id) FROM (SELECT id FROM broken LIMIT %d) AS examples) FROM broken`,
			rule.query, maxExamples)
		err := tx.QueryRow(ctx, query).Scan(&result.Broken, &result.Examples)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", rule.Name, err)
		}
		all = append(all, result)
	}
	return all, nil
}
