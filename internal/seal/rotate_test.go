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
	dsn := database(t)
	conn := connect(t, dsn)
	before, after, stranger := newKey(), newKey(), newKey()
	s := opened(t, conn, holding(before))
	var ids []uuid.UUID
	for range 3 {
		ids = append(ids, person(t, conn, s))
	}
	var wrapped []byte
	must(t, conn.QueryRow(t.Context(), "SELECT wrapped FROM data_keys WHERE user_id = $1", ids[2]).Scan(&wrapped))
	proof, err := s.Destroy(t.Context(), conn, ids[2], time.Now())
	if sum := sha256.Sum256(wrapped); err != nil || proof != hex.EncodeToString(sum[:]) {
		t.Errorf("the proof of a destroyed key: %q %v", proof, err)
	}
	if _, err := s.Destroy(t.Context(), conn, ids[2], time.Now()); !errors.Is(err, seal.ErrErased) {
		t.Errorf("destroyed twice: %v", err)
	}
	key, err := s.Person(t.Context(), conn, ids[0])
	must(t, err)
	sealed, err := key.Seal("t.c", ids[0], "Cough")
	must(t, err)
	index, cursors := s.BlindIndex("profiles.phone", "+919876543210"), derived(t, s)
	mail, err := s.System().Seal("mails.content", ids[0], "Hello")
	must(t, err)

	// With the new key first a server starts, and still wraps with the old one: others don't know the new one yet.
	both := opened(t, conn, holding(after, before))
	ids = append(ids, person(t, conn, both))
	opens(t, conn, opened(t, conn, holding(before)), ids[0], sealed)

	if p := rotate(t, conn, both); p.Seen != 3 || p.Rewrapped != 3 {
		t.Errorf("%+v, want 3 of 3", p)
	}
	if p := rotate(t, conn, both); p.Seen != 3 || p.Rewrapped != 0 {
		t.Errorf("again: %+v, want none of 3", p)
	}
	alone := opened(t, conn, holding(after))
	opens(t, conn, alone, ids[0], sealed)
	for _, id := range []uuid.UUID{ids[1], ids[3]} {
		if _, err := alone.Person(t.Context(), conn, id); err != nil {
			t.Error(err)
		}
	}
	if _, err := alone.Person(t.Context(), conn, ids[2]); !errors.Is(err, seal.ErrErased) {
		t.Errorf("the destroyed key: %v", err)
	}
	if string(alone.BlindIndex("profiles.phone", "+919876543210")) != string(index) || derived(t, alone) != cursors {
		t.Error("the rotation changed what is derived")
	}
	if text, err := alone.System().Open("mails.content", ids[0], mail); err != nil || text != "Hello" {
		t.Errorf("a mail from before: %q %v", text, err)
	}
	for _, wrong := range []*ring{holding(before), holding(stranger), holding(stranger, before)} {
		if _, err := seal.Open(t.Context(), conn, wrong.get, time.Now); !errors.Is(err, seal.ErrWrongKey) {
			t.Errorf("a key that isn't the database's: %v", err)
		}
	}
}

func derived(t *testing.T, s *seal.Sealer) string {
	t.Helper()
	secret, err := s.Derive("test", 32)
	must(t, err)
	return string(secret)
}

// Cut short after the database changed over, nothing starts without the key before; and the next run ends it.
func TestRotationCutShort(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	conn := connect(t, dsn)
	first, second, third := newKey(), newKey(), newKey()
	s := opened(t, conn, holding(first))
	id := person(t, conn, s)
	cut := func(to *ring) {
		t.Helper()
		// Somebody holds the row that would be re-wrapped.
		other := connect(t, dsn)
		tx, err := other.Begin(t.Context())
		must(t, err)
		_, err = tx.Exec(t.Context(), "SELECT FROM data_keys FOR UPDATE")
		must(t, err)
		rotating := connect(t, dsn)
		_, err = rotating.Exec(t.Context(), "SET lock_timeout = '10ms'")
		must(t, err)
		if _, err := opened(t, conn, to).Rotate(t.Context(), rotating, func(seal.Progress) {}); err == nil {
			t.Fatal("it was not cut short")
		}
		must(t, tx.Rollback(t.Context()))
	}
	cut(holding(second, first))
	if _, err := seal.Open(t.Context(), conn, holding(second).get, time.Now); !errors.Is(err, seal.ErrUnfinished) {
		t.Errorf("the new key alone: %v", err)
	}
	if _, err := seal.Open(t.Context(), conn, holding(first).get, time.Now); !errors.Is(err, seal.ErrWrongKey) {
		t.Errorf("the old key alone: %v", err)
	}
	cut(holding(third, second, first)) // the operator loses patience and takes yet another key
	for _, missing := range []*ring{holding(third), holding(third, second), holding(third, first)} {
		if _, err := seal.Open(t.Context(), conn, missing.get, time.Now); !errors.Is(err, seal.ErrUnfinished) {
			t.Errorf("a key that is needed is missing: %v", err)
		}
	}
	if p := rotate(t, conn, opened(t, conn, holding(third, second, first))); p.Rewrapped != 1 {
		t.Errorf("%+v", p)
	}
	if _, err := opened(t, conn, holding(third)).Person(t.Context(), conn, id); err != nil {
		t.Error(err)
	}
}

// A key that no one given opens: the rotation names how many and doesn't let the old one go.
func TestRotationWithAKeyMissing(t *testing.T) {
	t.Parallel()
	conn := connect(t, database(t))
	before, after := newKey(), newKey()
	s := opened(t, conn, holding(before))
	person(t, conn, s)
	_, err := conn.Exec(t.Context(), "UPDATE data_keys SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1)")
	must(t, err)
	if _, err := opened(t, conn, holding(after, before)).Rotate(t.Context(), conn,
		func(seal.Progress) {}); err == nil || !strings.Contains(err.Error(), "1 data keys open with none") {
		t.Errorf("%v", err)
	}
	if _, err := seal.Open(t.Context(), conn, holding(after).get, time.Now); !errors.Is(err, seal.ErrUnfinished) {
		t.Errorf("%v", err)
	}
}

// A server that was started with the old key only follows when its settings can be read again, as those of files can.
func TestAServerFollowsARotation(t *testing.T) {
	t.Parallel()
	conn := connect(t, database(t))
	before, after := newKey(), newKey()
	files := holding(before)
	server := opened(t, conn, files)
	id := person(t, conn, server)
	deaf := opened(t, conn, holding(before))
	files.set(after, before)
	rotate(t, conn, opened(t, conn, files))
	files.set(after)
	if _, err := server.Person(t.Context(), conn, id); err != nil {
		t.Error(err)
	}
	if _, err := opened(t, conn, holding(after)).Person(t.Context(), conn, person(t, conn, server)); err != nil {
		t.Error("a key made after the rotation:", err)
	}
	// Rather no new data key than one wrapped with a key that is about to be thrown away.
	if _, err := deaf.NewWrapped(t.Context(), conn, uuid.New()); !errors.Is(err, seal.ErrWrongKey) {
		t.Errorf("a server that doesn't know the new key: %v", err)
	}
}

// A sign-up that has begun is waited for: its key isn't left behind.
func TestARotationWaitsForSignUps(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	conn := connect(t, dsn)
	before, after := newKey(), newKey()
	s := opened(t, conn, holding(before))
	id := person(t, conn, s)
	tx, err := connect(t, dsn).Begin(t.Context())
	must(t, err)
	wrapped, err := s.NewWrapped(t.Context(), tx, id)
	must(t, err)
	both, rotating := opened(t, conn, holding(after, before)), connect(t, dsn)
	ended := make(chan error, 1)
	go func() { _, err := both.Rotate(context.Background(), rotating, func(seal.Progress) {}); ended <- err }()
	for waiting := false; !waiting; {
		select {
		case err := <-ended:
			t.Fatalf("the rotation did not wait: %v", err)
		default:
		}
		must(t, conn.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = "+
			"current_database() AND wait_event_type = 'Lock')").Scan(&waiting))
	}
	_, err = tx.Exec(t.Context(), "UPDATE data_keys SET wrapped = $2 WHERE user_id = $1", id, wrapped)
	must(t, err)
	must(t, tx.Commit(t.Context()))
	must(t, <-ended)
	if _, err := opened(t, conn, holding(after)).Person(t.Context(), conn, id); err != nil {
		t.Error(err)
	}
}

func TestOneRotationAtATime(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	one, two := connect(t, dsn), connect(t, dsn)
	must(t, seal.Alone(t.Context(), one, func() error {
		if err := seal.Alone(t.Context(), two, func() error { return nil }); !errors.Is(err, seal.ErrRotating) {
			t.Errorf("a second one: %v", err)
		}
		return nil
	}))
	must(t, seal.Alone(t.Context(), two, func() error { return nil }))
}
