package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
)

// raiseBy is by how much more than needed the numbers are raised, so that transactions which run at that time, and
// have lower numbers, don't matter.
const raiseBy = 1 << 20

// raiseAuditXIDs raises the numbers of transactions in the audit log over those that are there. A database that was
// restored from a dump into another cluster needs that: the cluster's own numbers may be lower, and the entries of new
// transactions would be taken for old ones.
func raiseAuditXIDs(ctx context.Context, conn *pgxpool.Conn) error {
	var missing, offset int64
	err := conn.QueryRow(ctx, `SELECT greatest((SELECT xid::text::bigint FROM audit_tree),
			(SELECT max(xid)::text::bigint + 1 FROM audit_logs))
			- pg_snapshot_xmax(pg_current_snapshot())::text::bigint - audit_xid_offset(),
		audit_xid_offset()`).Scan(&missing, &offset)
	if err != nil {
		return fmt.Errorf("compare the numbers of transactions: %w", err)
	}
	if missing <= 0 {
		return nil
	}
	_, err = conn.Exec(ctx, fmt.Sprintf(`CREATE OR REPLACE FUNCTION audit_xid_offset() RETURNS bigint LANGUAGE sql
		STABLE PARALLEL SAFE RETURN %d::bigint`, offset+missing+raiseBy))
	if err != nil {
		return fmt.Errorf("raise the numbers of transactions: %w", err)
	}
	return nil
}

// holdCopy turns the restore mode on if the database is in another cluster than before: it was restored from a dump,
// or moved, and the one that it comes from may still run. A cluster that doesn't tell its identifier is left out.
func holdCopy(ctx context.Context, conn *pgxpool.Conn) error {
	var cluster, known *int64
	err := conn.QueryRow(ctx, `SELECT CASE WHEN has_function_privilege('pg_control_system()', 'EXECUTE')
		THEN (SELECT system_identifier FROM pg_control_system()) END, (SELECT cluster FROM restore_mode)`).
		Scan(&cluster, &known)
	if err != nil {
		return fmt.Errorf("compare the cluster: %w", err)
	}
	if cluster == nil || (known != nil && *known == *cluster) {
		return nil
	}
	_, err = conn.Exec(ctx, `UPDATE restore_mode SET is_on = is_on OR cluster IS NOT NULL, cluster = $1,
		reason = CASE WHEN is_on OR cluster IS NULL THEN reason
			ELSE 'the database was moved to another PostgreSQL' END,
		changed_at = CASE WHEN is_on OR cluster IS NULL THEN changed_at ELSE now() END`, *cluster)
	if err != nil {
		return fmt.Errorf("note the cluster: %w", err)
	}
	return nil
}
