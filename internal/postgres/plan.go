package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// How statements are planned. tests/plans reads the plans of all of them on a full database (ADR 29).
//
//   - A statement of a queries.sql is prepared once a connection. PostgreSQL plans it for its values five times, and
//     then once for any values if that looks no dearer. Right where values make no difference: look-ups by a key.
//   - ForValues plans it anew each time, for what depends on which values it has: lists and searches, whose rarest
//     filter decides which index is best, and figures of a period.
//   - PlanOnce keeps the plan for any values, for what PostgreSQL would plan anew each time although there is only one
//     plan worth having. Everything that goes with the COMMIT runs so (ADR 31).
//   - A Write doesn't scan tables from end to end (withoutScans).
const (
	// withoutScans: a connection keeps the plan that it made when a table was small and a scan of it the cheapest. A
	// command must not read whole tables until autovacuum's next ANALYZE has it planned anew. Measured: a look-up by
	// key, prepared when the table had 20 rows, takes 65 ms at 100,000 rows, and 0.06 ms with this. On a full and
	// analyzed database it changes no plan that tests/plans judges.
	withoutScans = "SET LOCAL enable_seqscan = off"
	planOnce     = "SET LOCAL plan_cache_mode = force_generic_plan"
)

// ForValues has statements planned for the values they are given.
func ForValues(db Querier) Querier { return forValues{db} }

type forValues struct{ db Querier }

func (f forValues) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return f.db.Query(ctx, sql, describeOnly(args)...)
}

func (f forValues) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return f.db.QueryRow(ctx, sql, describeOnly(args)...)
}

// describeOnly has pgx remember a statement's types and send it unprepared.
func describeOnly(args []any) []any { return append([]any{pgx.QueryExecModeCacheDescribe}, args...) }

// PlanOnce is queued before statements of which there is only one plan worth having: where months are partitions,
// planning for the one month of a parameter costs more than running a plan for all, and PostgreSQL would do it each
// time. It holds to the transaction's end. What is queued for the COMMIT always runs so, and with it the checks of
// foreign keys.
func (tx *Tx) PlanOnce(b *pgx.Batch) {
	if !tx.planned {
		b.Queue(planOnce)
	}
	tx.planned = true
}
