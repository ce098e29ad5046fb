package seal_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/seal"
)

func TestRotate(t *testing.T) {
	t.Parallel()
	dsn := newDatabase(t)
	conn := connect(t, dsn)
	oldMaster, newMaster, unrelated := newKey(), newKey(), newKey()
	s := openSealer(t, conn, newKeySource(oldMaster))
	var ids []uuid.UUID
	for range 3 {
		ids = append(ids, insertPerson(t, conn, s))
	}
	var wrapped []byte
	must(t, conn.QueryRow(t.Context(), "SELECT wrapped FROM data_keys WHERE user_id = $1", ids[2]).Scan(&wrapped))
	fingerprint, err := s.Destroy(t.Context(), conn, ids[2], time.Now())
	if sum := sha256.Sum256(wrapped); err != nil || fingerprint != hex.EncodeToString(sum[:]) {
		t.Errorf("the fingerprint of a destroyed key: %q %v", fingerprint, err)
	}
	if _, err := s.Destroy(t.Context(), conn, ids[2], time.Now()); !errors.Is(err, seal.ErrErased) {
		t.Errorf("second Destroy: %v, want ErrErased", err)
	}
	key, err := s.PersonKey(t.Context(), conn, ids[0])
	must(t, err)
	sealed, err := key.Seal("t.c", ids[0], "Cough")
	must(t, err)
	index, secret := s.BlindIndex("profiles.phone", "+919876543210"), deriveSecret(t, s)
	mail, err := s.System().Seal("mails.content", ids[0], "Hello")
	must(t, err)

	// A server with both keys wraps with the old one until a rotation: other servers may not have the new
	// one yet.
	withBothKeys := openSealer(t, conn, newKeySource(newMaster, oldMaster))
	ids = append(ids, insertPerson(t, conn, withBothKeys))
	oldOnly := openSealer(t, conn, newKeySource(oldMaster))
	requireOpens(t, conn, oldOnly, ids[0], sealed)
	if _, err := oldOnly.PersonKey(t.Context(), conn, ids[3]); err != nil {
		t.Errorf("the key that was made with both: %v", err)
	}

	if p := rotate(t, conn, withBothKeys); p.Seen != 3 || p.Rewrapped != 3 {
		t.Errorf("%+v, want 3 of 3", p)
	}
	if p := rotate(t, conn, withBothKeys); p.Seen != 3 || p.Rewrapped != 0 {
		t.Errorf("again: %+v, want none of 3", p)
	}
	newOnly := openSealer(t, conn, newKeySource(newMaster))
	requireOpens(t, conn, newOnly, ids[0], sealed)
	for _, id := range []uuid.UUID{ids[1], ids[3]} {
		if _, err := newOnly.PersonKey(t.Context(), conn, id); err != nil {
			t.Error(err)
		}
	}
	if _, err := newOnly.PersonKey(t.Context(), conn, ids[2]); !errors.Is(err, seal.ErrErased) {
		t.Errorf("the destroyed key: %v", err)
	}
	if string(newOnly.BlindIndex("profiles.phone", "+919876543210")) != string(index) {
		t.Error("the rotation changed the blind index")
	}
	if deriveSecret(t, newOnly) != secret {
		t.Error("the rotation changed the derived secrets")
	}
	if text, err := newOnly.System().Open("mails.content", ids[0], mail); err != nil || text != "Hello" {
		t.Errorf("a mail sealed before the rotation: %q %v", text, err)
	}
	for _, wrong := range []*keySource{
		newKeySource(oldMaster), newKeySource(unrelated), newKeySource(unrelated, oldMaster),
	} {
		requireOpenError(t, conn, wrong, seal.ErrWrongKey)
	}
}

func deriveSecret(t *testing.T, s *seal.Sealer) string {
	t.Helper()
	secret, err := s.Derive("test", 32)
	must(t, err)
	return string(secret)
}

// TestRotateResumesAfterFailure interrupts a rotation after the switch of the master key. Until a next run finishes
// it, the database can't be opened without the previous key.
func TestRotateResumesAfterFailure(t *testing.T) {
	t.Parallel()
	dsn := newDatabase(t)
	conn := connect(t, dsn)
	first, second, third := newKey(), newKey(), newKey()
	s := openSealer(t, conn, newKeySource(first))
	id := insertPerson(t, conn, s)
	interrupt := func(to *keySource) {
		t.Helper()
		// Another session locks the row that would be wrapped again.
		other := connect(t, dsn)
		tx, err := other.Begin(t.Context())
		must(t, err)
		_, err = tx.Exec(t.Context(), "SELECT FROM data_keys FOR UPDATE")
		must(t, err)
		rotating := connect(t, dsn)
		_, err = rotating.Exec(t.Context(), "SET lock_timeout = '10ms'")
		must(t, err)
		if _, err := openSealer(t, conn, to).Rotate(t.Context(), rotating, func(seal.Progress) {}); err == nil {
			t.Fatal("the rotation was not interrupted")
		}
		must(t, tx.Rollback(t.Context()))
	}
	interrupt(newKeySource(second, first))
	requireOpenError(t, conn, newKeySource(second), seal.ErrUnfinished)
	requireOpenError(t, conn, newKeySource(first), seal.ErrWrongKey)
	interrupt(newKeySource(third, second, first)) // the operator starts a rotation to another key before finishing
	for _, incomplete := range []*keySource{
		newKeySource(third), newKeySource(third, second), newKeySource(third, first),
	} {
		requireOpenError(t, conn, incomplete, seal.ErrUnfinished)
	}
	if p := rotate(t, conn, openSealer(t, conn, newKeySource(third, second, first))); p.Rewrapped != 1 {
		t.Errorf("%+v", p)
	}
	if _, err := openSealer(t, conn, newKeySource(third)).PersonKey(t.Context(), conn, id); err != nil {
		t.Error(err)
	}
}

// TestRotateReportsMissingKey: the error says how many data keys open with none of the given keys, and the old master
// key stays needed.
func TestRotateReportsMissingKey(t *testing.T) {
	t.Parallel()
	conn := connect(t, newDatabase(t))
	before, after := newKey(), newKey()
	s := openSealer(t, conn, newKeySource(before))
	insertPerson(t, conn, s)
	_, err := conn.Exec(t.Context(), "UPDATE data_keys SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1)")
	must(t, err)
	_, err = openSealer(t, conn, newKeySource(after, before)).Rotate(t.Context(), conn, func(seal.Progress) {})
	if err == nil || !strings.Contains(err.Error(), "1 data keys open with none") {
		t.Errorf("rotate: %v", err)
	}
	requireOpenError(t, conn, newKeySource(after), seal.ErrUnfinished)
}

// TestSealerReloadsKeysAfterRotation: a server that started with the old key goes on after a rotation if its keys can
// be read again, as those in files can.
func TestSealerReloadsKeysAfterRotation(t *testing.T) {
	t.Parallel()
	conn := connect(t, newDatabase(t))
	before, after := newKey(), newKey()
	files := newKeySource(before)
	server := openSealer(t, conn, files)
	id := insertPerson(t, conn, server)
	stale := openSealer(t, conn, newKeySource(before))
	files.set(after, before)
	rotate(t, conn, openSealer(t, conn, files))
	files.set(after)
	if _, err := server.PersonKey(t.Context(), conn, id); err != nil {
		t.Error(err)
	}
	newID := insertPerson(t, conn, server)
	if _, err := openSealer(t, conn, newKeySource(after)).PersonKey(t.Context(), conn, newID); err != nil {
		t.Error("a data key created after the rotation:", err)
	}
	// A server without the new key must not wrap a new data key with the old one, which is about to be deleted.
	if _, err := stale.NewWrappedKey(t.Context(), conn, uuid.New()); !errors.Is(err, seal.ErrWrongKey) {
		t.Errorf("a server that doesn't know the new key: %v", err)
	}
}

// TestRotateWaitsForNewDataKey: a rotation waits for a transaction that creates a data key, and wraps that key too.
func TestRotateWaitsForNewDataKey(t *testing.T) {
	t.Parallel()
	dsn := newDatabase(t)
	conn := connect(t, dsn)
	before, after := newKey(), newKey()
	s := openSealer(t, conn, newKeySource(before))
	id := insertPerson(t, conn, s)
	tx, err := connect(t, dsn).Begin(t.Context())
	must(t, err)
	wrapped, err := s.NewWrappedKey(t.Context(), tx, id)
	must(t, err)
	both, rotating := openSealer(t, conn, newKeySource(after, before)), connect(t, dsn)
	ended := make(chan error, 1)
	go func() {
		_, err := both.Rotate(context.Background(), rotating, func(seal.Progress) {})
		ended <- err
	}()
	for waiting := false; !waiting; {
		select {
		case err := <-ended:
			t.Fatalf("the rotation did not wait: %v", err)
		default:
		}
		must(t, conn.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock')`).Scan(&waiting))
	}
	_, err = tx.Exec(t.Context(), "UPDATE data_keys SET wrapped = $2 WHERE user_id = $1", id, wrapped)
	must(t, err)
	must(t, tx.Commit(t.Context()))
	must(t, <-ended)
	if _, err := openSealer(t, conn, newKeySource(after)).PersonKey(t.Context(), conn, id); err != nil {
		t.Error(err)
	}
}

func TestWithRotationLockRefusesSecondRotation(t *testing.T) {
	t.Parallel()
	dsn := newDatabase(t)
	one, two := connect(t, dsn), connect(t, dsn)
	must(t, seal.WithRotationLock(t.Context(), one, func() error {
		err := seal.WithRotationLock(t.Context(), two, func() error { return nil })
		if !errors.Is(err, seal.ErrRotating) {
			t.Errorf("a second rotation: %v", err)
		}
		return nil
	}))
	must(t, seal.WithRotationLock(t.Context(), two, func() error { return nil }))
}
