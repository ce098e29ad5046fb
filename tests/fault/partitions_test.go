package fault_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestPartitionsAfterMonthsOff tests that a server which was off while the partitions ran out makes them before it
// serves, and that the command makes them too.
func TestPartitionsAfterMonthsOff(t *testing.T) {
	t.Parallel()
	dsn := newDatabase(t)
	variables := []string{
		masterKeyVariable,
		"DATABASE_URL=" + dsn,
		"AMRUTAM_DATA_DIR=" + t.TempDir(),
		"AMRUTAM_LISTEN=127.0.0.1:0",
	}
	out, err := runCommand(t, variables, "", "migrate")
	if err != nil {
		t.Fatalf("%v %s", err, out)
	}
	conn, err := pgx.Connect(t.Context(), dsn)
	must(t, err)
	next := time.Now().UTC()
	next = next.AddDate(0, 1, 1-next.Day())
	month := next.Format("2006_01")
	names := []string{"consultations_" + month, "audit_logs_" + month}
	drop := func() {
		for _, table := range []string{"consultations", "audit_logs"} {
			_, err := conn.Exec(t.Context(), fmt.Sprintf(
				"ALTER TABLE %[1]s DETACH PARTITION %[1]s_%[2]s; DROP TABLE %[1]s_%[2]s", table, month))
			must(t, err)
		}
	}
	count := func() (n int) {
		must(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_class WHERE relname = ANY ($1)", names).Scan(&n))
		return n
	}
	drop()
	out, err = runCommand(t, variables, "", "partitions")
	if err != nil || count() != 2 || strings.Count(out, "3 ahead, one a month") != 2 ||
		!strings.Contains(out, "3 ahead, one a day") {
		t.Errorf("%v: %d made: %s", err, count(), out)
	}
	drop()
	startServer(t, variables) // returns when it listens
	if n := count(); n != 2 {
		t.Errorf("the server made %d partitions before it listened, want 2", n)
	}
	must(t, conn.Close(t.Context()))
}
