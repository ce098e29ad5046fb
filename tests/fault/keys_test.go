package fault_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/postgres/cluster"
	"amrutam/internal/seal"
)

// openPrivateDatabase connects to the private PostgreSQL of a data folder, starting it unless a server runs it.
// closeAll closes the connection and stops the PostgreSQL that it started.
func openPrivateDatabase(t *testing.T, data string) (conn *pgx.Conn, closeAll func()) {
	t.Helper()
	c, err := cluster.Start(context.Background(),
		cluster.Options{DataDir: data, Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	conn, err = pgx.Connect(context.Background(), c.DSN(cluster.Database))
	must(t, err)
	var once sync.Once
	closeAll = func() {
		once.Do(func() {
			_ = conn.Close(context.Background())
			must(t, c.Stop(context.Background()))
		})
	}
	t.Cleanup(closeAll)
	return conn, closeAll
}

// keyFile returns the content of a secret's file in the data folder.
func keyFile(t *testing.T, data, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(data, name))
	must(t, err)
	return strings.TrimSpace(string(text))
}

// TestRotateKeysWhileServing changes the master key of the data folder while patients sign up, book and read.
func TestRotateKeysWhileServing(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	variables := []string{
		"AMRUTAM_DATA_DIR=" + data,
		"AMRUTAM_LISTEN=127.0.0.1:0",
		"AMRUTAM_REQUIRE_ADMIN_MFA=false",
		"AMRUTAM_MAX_BOOKINGS=1000",
		"AMRUTAM_MAX_BOOKINGS_WITH_DOCTOR=1000",
	}
	s := startServer(t, variables)
	createAdmin(t, variables)
	slots := s.openSlots(60)
	oldKey := keyFile(t, data, "master.key")

	var (
		wg    sync.WaitGroup
		stop  = make(chan struct{})
		ready = make(chan struct{}, 1)
		ids   []string // of the booked consultations
	)
	checkReason := func(n int, id, token string) {
		read := s.expect(200, "GET", "/api/v1/consultations/"+id, token, "", nil)
		if read.text("reason") != fmt.Sprint("Cough ", n) {
			t.Errorf("consultation %d has the reason %q", n, read.text("reason"))
		}
	}
	patient := s.signUpAndSignIn("first@example.org", "PATIENT")
	wg.Go(func() {
		for n, slot := range slots {
			select {
			case <-stop:
				return
			default:
			}
			if n%5 == 4 { // a sign-up creates a data key during the rotation
				email := fmt.Sprintf("patient%d@example.org", n)
				s.expect(201, "POST", "/api/v1/auth/signup", "", "",
					object{"email": email, "password": password, "fullName": "Test Person", "role": "PATIENT"})
			}
			c := s.expect(201, "POST", "/api/v1/consultations", patient, fmt.Sprint("key-", n),
				object{"slotId": slot, "reason": fmt.Sprint("Cough ", n)})
			ids = append(ids, c.text("id"))
			checkReason(n, c.text("id"), patient)
			if n == 5 {
				ready <- struct{}{}
			}
		}
	})
	<-ready
	for range 2 { // before the second rotation the server must have loaded the new key
		out, err := runCommand(t, variables, "", "keys", "rotate")
		if err != nil || !strings.Contains(out, "done: all ") {
			t.Fatalf("rotate: %v\n%s", err, out)
		}
	}
	second := s.signUpAndSignIn("second@example.org", "PATIENT")
	close(stop)
	wg.Wait()
	if strings.Contains(s.log.String(), `"level":"ERROR"`) {
		t.Errorf("the server had errors:\n%s", s.log)
	}
	s.stop()

	if _, err := os.Stat(filepath.Join(data, "master.key.previous")); !os.IsNotExist(err) {
		t.Errorf("the old key is still there: %v", err)
	}
	if keyFile(t, data, "master.key") == oldKey {
		t.Error("the key was not changed")
	}
	out, err := runCommand(t, append(variables, "AMRUTAM_MASTER_KEY="+oldKey), "", "serve")
	if err == nil || !strings.Contains(out, "nothing was changed") {
		t.Errorf("the old key: %v\n%s", err, out)
	}
	s = startServer(t, variables)
	s.expect(200, "GET", "/api/v1/users/me", second, "", nil)
	for n, id := range ids {
		checkReason(n, id, patient)
	}
	// The response stored before the rotation is still returned for its idempotency key.
	replay := s.expect(201, "POST", "/api/v1/consultations", patient, "key-0",
		object{"slotId": slots[0], "reason": "Cough 0"})
	if replay.text("id") != ids[0] {
		t.Error("the stored response is lost")
	}
	s.stop()
}

// TestRotateKeysResumesAfterKill kills a rotation while it runs. Until a next run finishes it, no command works
// without the old key. At the end only the wrapped data keys have changed.
func TestRotateKeysResumesAfterKill(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	variables := []string{"AMRUTAM_DATA_DIR=" + data, "AMRUTAM_LISTEN=127.0.0.1:0"}
	s := startServer(t, variables)
	patient := s.signUpAndSignIn("patient@example.org", "PATIENT")
	s.expect(200, "PATCH", "/api/v1/users/me", patient, "", object{"phone": "+919876543210"})
	s.stop()
	oldKey := keyFile(t, data, "master.key")

	conn, closeAll := openPrivateDatabase(t, data)
	const people = 1200
	last := insertPeople(t, conn, oldKey, people)
	before := hashTables(t, conn)
	lockTx, err := conn.Begin(context.Background())
	must(t, err)
	_, err = lockTx.Exec(context.Background(), "SELECT FROM data_keys WHERE user_id = $1 FOR UPDATE", last)
	must(t, err)
	watcher, closeWatcher := openPrivateDatabase(t, data)
	rotating := newCommand(t, variables, "keys", "rotate")
	must(t, rotating.Start())
	for deadline := time.Now().Add(timeout); ; <-time.After(5 * time.Millisecond) {
		var waiting bool
		must(t, watcher.QueryRow(context.Background(),
			"SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND locktype = 'transactionid')").Scan(&waiting))
		if waiting {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the rotation did not reach the locked row")
		}
	}
	must(t, rotating.Process.Kill())
	_ = rotating.Wait()
	must(t, lockTx.Rollback(context.Background()))
	closeWatcher()
	closeAll()

	newKey := keyFile(t, data, "master.key")
	if newKey == oldKey || keyFile(t, data, "master.key.previous") != oldKey {
		t.Fatal("the folder doesn't contain the new key and the old one")
	}
	for name, key := range map[string]string{"the new key alone": newKey, "the old key alone": oldKey} {
		out, err := runCommand(t, append(variables, "AMRUTAM_MASTER_KEY="+key), "", "serve")
		if err == nil || !strings.Contains(out, "nothing was changed") ||
			(key == newKey) != strings.Contains(out, "amrutam keys rotate") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
	out, err := runCommand(t, variables, "", "keys", "rotate")
	if err != nil || !strings.Contains(out, fmt.Sprintf("all %d data keys", people+1)) ||
		strings.Contains(out, fmt.Sprintf(" %d of them by this run", people+1)) {
		t.Errorf("resumed: %v\n%s", err, out)
	}
	if keyFile(t, data, "master.key") != newKey {
		t.Error("the second run created another key")
	}
	conn, closeAll = openPrivateDatabase(t, data)
	after := hashTables(t, conn)
	for table, hash := range before {
		if after[table] != hash {
			t.Errorf("the rotation changed %s", table)
		}
	}
	closeAll()
	s = startServer(t, append(variables, "AMRUTAM_MASTER_KEY="+newKey))
	me := s.expect(200, "GET", "/api/v1/users/me", s.signIn("patient@example.org"), "", nil)
	if !strings.Contains(fmt.Sprint(me.body), "+919876543210") {
		t.Errorf("the telephone number is lost: %v", me.body)
	}
	s.stop()
}

// insertPeople inserts n users with data keys and returns the id of the last one.
func insertPeople(t *testing.T, conn *pgx.Conn, master string, n int) (last uuid.UUID) {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(master)
	must(t, err)
	keys := func() ([][]byte, error) { return [][]byte{key}, nil }
	sealer, err := seal.Open(context.Background(), conn, keys, time.Now)
	must(t, err)
	for i := range n {
		last = uuid.Must(uuid.NewV7())
		wrapped, err := sealer.NewWrappedKey(context.Background(), conn, last)
		must(t, err)
		_, err = conn.Exec(context.Background(),
			`INSERT INTO users (id, email, password_hash, role, created_at, updated_at)
				VALUES ($1, $2, 'none', 'PATIENT', now(), now())`,
			last.String(), fmt.Sprintf("many%d@example.org", i))
		must(t, err)
		_, err = conn.Exec(context.Background(),
			"INSERT INTO data_keys (user_id, wrapped, created_at) VALUES ($1, $2, now())", last.String(), wrapped)
		must(t, err)
	}
	return last
}

// hashTables returns a hash of the rows of every table. It leaves out what a rotation changes: the wrapped keys and
// its audit row.
func hashTables(t *testing.T, conn *pgx.Conn) map[string]string {
	t.Helper()
	rows, err := conn.Query(context.Background(), `SELECT c.relname FROM pg_class c
		WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
			AND relname <> 'master_key'`)
	must(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	hashes := map[string]string{}
	for _, table := range tables {
		value, condition := "t::text", "true"
		switch table {
		case "data_keys":
			value = "(user_id, created_at, destroyed_at, wrapped IS NULL)::text"
		case "audit_logs":
			condition = "action <> 'master-key.rotate'"
		}
		query := fmt.Sprintf(`SELECT count(*) || ' ' || coalesce(md5(string_agg(%[1]s, E'\n' ORDER BY %[1]s)), '')
			FROM %[2]s t WHERE %[3]s`, value, pgx.Identifier{table}.Sanitize(), condition)
		var hash string
		must(t, conn.QueryRow(context.Background(), query).Scan(&hash))
		hashes[table] = hash
	}
	if len(hashes) < 15 || !strings.HasPrefix(hashes["users"], "1201 ") {
		t.Fatalf("only %d tables, users %s", len(hashes), hashes["users"])
	}
	return hashes
}
