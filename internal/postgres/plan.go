package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// How statements are planned. tests/plans checks the plans of all of them on a full database (ADR 29).
//
//   - A statement of a queries.sql is prepared once for each connection. PostgreSQL plans it for its values five
//     times, and then once for all values if that costs no more. This is right where values make no difference:
//     look-ups by key.
//   - ForValues plans a statement each time, where the best plan depends on the values: lists and searches, whose
//     rarest filter decides which index is best, and sums over a period.
//   - PlanOnce plans a statement once for all values, where PostgreSQL would plan it each time although only one plan
//     makes sense. Everything that is sent with the COMMIT runs this way (ADR 31).
//   - A Write doesn't scan whole tables (disableSeqScan).
const (
	// disableSeqScan prevents slow plans: a connection keeps the plan that it made while a table was small and a scan
	// was cheapest, until the next ANALYZE. Measured: a look-up by key that was prepared when the table had 20 rows
	// takes 65 ms at 100,000 rows, and 0.06 ms with this setting. On a full and analyzed database it changes no plan
	// that tests/plans checks.
	disableSeqScan = "SET LOCAL enable_seqscan = off"
	genericPlan    = "SET LOCAL plan_cache_mode = force_generic_plan"
)

// ForValues returns a Querier whose statements are planned for their values each time.
func ForValues(db Querier) Querier { return forValues{db} }

type forValues struct{ db Querier }

func (f forValues) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return f.db.Query(ctx, sql, unprepared(args)...)
}

func (f forValues) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return f.db.QueryRow(ctx, sql, unprepared(args)...)
}

// unprepared tells pgx to cache only the types of a statement, and to send it unprepared.
func unprepared(args []any) []any { return append([]any{pgx.QueryExecModeCacheDescribe}, args...) }

// PlanOnce switches the rest of the transaction to plans that are made once for all values. It is for statements on
// monthly partitions: planning for the month of one value costs more than running the plan for all months. Statements
// queued for the COMMIT always run this way, and so do their checks of foreign keys.
func (tx *Tx) PlanOnce(b *pgx.Batch) {
	if !tx.usesGenericPlan {
		b.Queue(genericPlan)
	}
	tx.usesGenericPlan = true
}
