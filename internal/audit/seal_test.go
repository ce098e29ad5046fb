package audit_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
	"amrutam/internal/audit"
	"amrutam/internal/postgres"
)

// TestVerifyWhileEntriesArrive seals with two servers at the same time while others write.
func TestVerifyWhileEntriesArrive(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	log, file := newLog(t, c, 20)
	var writers, sealers sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		writers.Go(func() { addEntries(t, c.App.DB, 300) })
	}
	for range 2 {
		sealers.Go(func() {
			for {
				if err := log.SealNow(context.Background()); err != nil {
					t.Error(err)
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	sealers.Wait()
	c.Seal(log)
	outside := readFile(t, file)
	v := verify(t, log, outside)
	entries := int64(c.Count("SELECT count(*) FROM audit_logs"))
	if v.Finding != nil || v.Entries != entries || v.Unsealed != 0 || v.Checkpoints < 20 || v.Outside < v.Checkpoints {
		t.Errorf("%+v %v, want %d entries", v, v.Finding, entries)
	}
}

// TestLateCommitIsSealed tests that a transaction which commits after later ones were sealed isn't skipped.
func TestLateCommitIsSealed(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	log, _ := newLog(t, c, 0)
	c.Seal(log)
	late, err := c.DB.Pool.Begin(t.Context())
	must(t, err)
	id := uuid.Must(uuid.NewV7())
	_, err = late.Exec(t.Context(), `INSERT INTO audit_logs (id, action, entity_type, entity_id, created_at)
		VALUES ($1, 'slot.create', 'slot', 'late', now())`, id)
	must(t, err)
	addEntries(t, c.App.DB, 10)
	must(t, log.SealNow(t.Context()))
	if v := verify(t, log, nil); v.Finding != nil || v.Unsealed != 10 {
		t.Errorf("while it is open: %+v, want 10 entries that wait for it", v)
	}
	must(t, late.Commit(t.Context()))
	c.Seal(log)
	entries := int64(c.Count("SELECT count(*) FROM audit_logs"))
	if v := verify(t, log, nil); v.Finding != nil || v.Entries != entries || v.Unsealed != 0 {
		t.Errorf("after it: %+v, want %d", v, entries)
	}
}

// TestLargeTransactionIsSealed seals a transaction with more entries than a batch.
func TestLargeTransactionIsSealed(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	log, _ := newLog(t, c, 10)
	addEntries(t, c.App.DB, 4)
	must(t, c.App.DB.Write(t.Context(), func(tx *postgres.Tx) error {
		for range 35 {
			audit.Write(tx, access.System("test"), "slot.create", uuid.New(), nil)
		}
		return nil
	}))
	addEntries(t, c.App.DB, 4)
	c.Seal(log)
	if v := verify(t, log, nil); v.Finding != nil || v.Entries != int64(c.Count("SELECT count(*) FROM audit_logs")) {
		t.Errorf("%+v %v", v, v.Finding)
	}
}

// TestEntriesBeforeTheTree seals entries that were written before there was a tree.
func TestEntriesBeforeTheTree(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	log, _ := newLog(t, c, 7)
	addEntries(t, c.App.DB, 40)
	conn := superuser(t, c)
	for _, sql := range []string{"TRUNCATE audit_tiles, audit_checkpoints", "DELETE FROM audit_tree",
		"INSERT INTO audit_tree DEFAULT VALUES", "UPDATE audit_logs SET xid = NULL"} {
		_, err := conn.Exec(t.Context(), sql)
		must(t, err)
	}
	old := int64(c.Count("SELECT count(*) FROM audit_logs"))
	addEntries(t, c.App.DB, 20)
	c.Seal(log)
	v := verify(t, log, nil)
	if v.Finding != nil || v.Entries != old+20 {
		t.Errorf("%+v %v, want %d entries", v, v.Finding, old+20)
	}
	admin := c.Admin()
	c.Prove(admin)
	for _, order := range []string{"ASC NULLS FIRST", "DESC NULLS LAST"} {
		id := apptest.QueryOne[uuid.UUID](t, c,
			"SELECT id FROM audit_logs WHERE entity_type = 'slot' ORDER BY xid "+order+", created_at LIMIT 1")
		c.Get(admin, "audit-logs/"+id.String()+"/proof").Want(200)
	}
	_, err := conn.Exec(t.Context(), `INSERT INTO audit_logs (id, action, entity_type, entity_id, created_at, xid)
		VALUES (gen_random_uuid(), 'slot.create', 'slot', 'x', now() - interval '1 day', NULL)`)
	must(t, err)
	if v := verify(t, log, nil); v.Finding == nil || !strings.HasSuffix(v.Finding.Text, "was inserted") {
		t.Errorf("a later entry without a transaction: %v", v.Finding)
	}
}

// TestSealAfterRestore tests a database that was restored into a cluster whose transactions have lower numbers.
func TestSealAfterRestore(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	log, _ := newLog(t, c, 0)
	addEntries(t, c.App.DB, 10)
	c.Seal(log)
	addEntries(t, c.App.DB, 10)
	conn := superuser(t, c)
	// The entries that are not sealed yet, and the bound of the last checkpoint, are from a cluster far ahead.
	const ahead = 1 << 40
	_, err := conn.Exec(t.Context(), `UPDATE audit_logs SET xid = (xid::text::bigint + $1)::text::xid8
		WHERE xid >= (SELECT xid FROM audit_tree)`, ahead)
	must(t, err)
	checkpoint, err := log.Signer.Open(apptest.QueryOne[string](t, c,
		"SELECT note FROM audit_checkpoints ORDER BY size DESC LIMIT 1"))
	must(t, err)
	checkpoint.XID += ahead
	note, err := log.Signer.Sign(checkpoint)
	must(t, err)
	_, err = conn.Exec(t.Context(), `WITH c AS (UPDATE audit_checkpoints SET note = $1,
			xid = (xid::text::bigint + $2)::text::xid8 WHERE size = $3)
		UPDATE audit_tree SET xid = (xid::text::bigint + $2)::text::xid8`, note, ahead, checkpoint.Size)
	must(t, err)
	if err := log.SealNow(t.Context()); !errors.Is(err, audit.ErrRestored) {
		t.Fatalf("sealed before the migration: %v", err)
	}
	for range 2 { // a second one changes nothing
		_, err = postgres.Upgrade(t.Context(), c.DB.Pool.Config().ConnString())
		must(t, err)
	}
	addEntries(t, c.App.DB, 10)
	c.Seal(log)
	entries := int64(c.Count("SELECT count(*) FROM audit_logs"))
	if v := verify(t, log, nil); v.Finding != nil || v.Entries != entries || v.Unsealed != 0 {
		t.Errorf("%+v, want %d entries", v, entries)
	}
}

// TestSinkAfterFailure tests that checkpoints which could not be written outside are written later, in order.
func TestSinkAfterFailure(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	log, file := newLog(t, c, 0)
	log.Sink = audit.FileSink(filepath.Join(t.TempDir(), "missing", "checkpoints"))
	for range 2 {
		addEntries(t, c.App.DB, 5)
		c.Await("sealed, and failed to publish", func() bool { return log.SealNow(t.Context()) != nil })
	}
	unsealed, unpublished, err := log.ReadBacklog(t.Context())
	must(t, err)
	if unpublished < 1 || unsealed > time.Minute {
		t.Errorf("%d checkpoints wait, the oldest unsealed entry is %s old", unpublished, unsealed)
	}
	must(t, os.WriteFile(string(file), []byte(`{"note": "amru`), 0o600)) // an interrupted write
	log.Sink = file
	c.Seal(log)
	outside := readFile(t, file)
	checkpoints := c.Count("SELECT count(*) FROM audit_checkpoints")
	if len(outside) != checkpoints+1 || !outside[0].Cut || outside[1].Cut {
		t.Errorf("%d checkpoints were written, want %d", len(outside)-1, checkpoints)
	}
}

// TestVerifyAfterOutage seals entries that have waited for hours, in many batches.
func TestVerifyAfterOutage(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	log, _ := newLog(t, c, 20)
	c.Seal(log)
	addEntries(t, c.App.DB, 60)
	c.Clock.Advance(3 * time.Hour)
	addEntries(t, c.App.DB, 60)
	c.Seal(log)
	if v := verify(t, log, nil); v.Finding != nil || v.Checkpoints < 6 {
		t.Errorf("%d checkpoints: %v", v.Checkpoints, v.Finding)
	}
}
