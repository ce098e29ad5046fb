package fault_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// TestRetentionCommand tests the command alone and beside a server, which removes what the command shows.
func TestRetentionCommand(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	variables := []string{"AMRUTAM_DATA_DIR=" + data, "AMRUTAM_LISTEN=127.0.0.1:0"}
	type rule struct {
		Rule             string
		Due              int64
		LastRun          *struct{ Removed int64 }
		RemovedInAllRuns int64
	}
	attempts := func() rule {
		t.Helper()
		out, err := runCommand(t, variables, "", "retention", "--json")
		var answer struct{ Rules []rule }
		if err == nil {
			_, text, _ := strings.Cut(out, "{\n")
			err = json.Unmarshal([]byte("{"+text), &answer)
		}
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		for _, r := range answer.Rules {
			if r.Rule == "attempts" {
				return r
			}
		}
		t.Fatalf("no rule attempts in %s", out)
		return rule{}
	}
	if r := attempts(); r.Due != 0 || r.LastRun != nil {
		t.Errorf("on an empty database: %+v", r)
	}
	s := startServer(t, variables)
	conn, closeConn := openPrivateDatabase(t, data)
	s.waitFor("a run at the start", func() bool { return attempts().LastRun != nil })
	_, err := conn.Exec(t.Context(), `INSERT INTO attempts (key, failures, locked_until, updated_at)
		SELECT uuid_send(gen_random_uuid()), 1, now(), now() - interval '3 days' FROM generate_series(1, 1500)`)
	must(t, err)
	if r := attempts(); r.Due != 1500 || r.RemovedInAllRuns != 0 {
		t.Errorf("beside a server: %+v", r)
	}
	_, err = conn.Exec(t.Context(),
		"INSERT INTO river_job (kind, args, max_attempts) VALUES ('retention.purge', '{}', 1)")
	must(t, err)
	s.waitFor("the removal", func() bool { return attempts().RemovedInAllRuns == 1500 })
	closeConn()
	s.stop()
	out, err := runCommand(t, variables, "", "retention")
	if err != nil || !strings.Contains(out, "attempts  ") || !strings.Contains(out, "2 days after the last attempt") {
		t.Errorf("%v: %s", err, out)
	}
}
