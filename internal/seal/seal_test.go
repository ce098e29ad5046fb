package seal_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/postgres"
	"amrutam/internal/seal"
	"amrutam/internal/testdb"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newKey() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	return key
}

// ring gives keys as settings do; set changes them under a Sealer, as a rotation does to the data folder.
type ring struct{ keys atomic.Pointer[[][]byte] }

func holding(keys ...[]byte) *ring { r := &ring{}; r.set(keys...); return r }

func (r *ring) set(keys ...[]byte) { r.keys.Store(&keys) }

func (r *ring) get() ([][]byte, error) { return *r.keys.Load(), nil }

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func database(t *testing.T) string {
	return testdb.URL(t, postgres.Migrate, postgres.Fingerprint())
}

func opened(t *testing.T, conn *pgx.Conn, keys *ring) *seal.Sealer {
	t.Helper()
	s, err := seal.Open(t.Context(), conn, keys.get, time.Now)
	must(t, err)
	return s
}

// person makes somebody with a data key.
func person(t *testing.T, conn *pgx.Conn, s *seal.Sealer) uuid.UUID {
	t.Helper()
	id := uuid.Must(uuid.NewV7())
	must(t, pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
		wrapped, err := s.NewWrapped(t.Context(), tx, id)
		must(t, err)
		_, err = tx.Exec(t.Context(), "INSERT INTO users (id, email, password_hash, role, created_at, updated_at) "+
			"VALUES ($1, gen_random_uuid() || '@example.org', 'none', 'PATIENT', now(), now())", id)
		must(t, err)
		_, err = tx.Exec(t.Context(), "INSERT INTO data_keys (user_id, wrapped, created_at) VALUES ($1, $2, now())",
			id, wrapped)
		return err
	}))
	return id
}

func rotate(t *testing.T, conn *pgx.Conn, s *seal.Sealer) seal.Progress {
	t.Helper()
	p, err := s.Rotate(t.Context(), conn, func(seal.Progress) {})
	must(t, err)
	return p
}

func opens(t *testing.T, conn *pgx.Conn, s *seal.Sealer, id uuid.UUID, sealed []byte) {
	t.Helper()
	key, err := s.Person(t.Context(), conn, id)
	must(t, err)
	if text, err := key.Open("t.c", id, sealed); err != nil || text != "Cough" {
		t.Errorf("%q %v", text, err)
	}
}

func TestSealedIsBoundToItsPlace(t *testing.T) {
	t.Parallel()
	s, err := seal.New(newKey(), time.Now)
	must(t, err)
	id := uuid.New()
	sealed, err := s.System().Seal("a.b", id, "Cough since Monday")
	must(t, err)
	if strings.Contains(string(sealed), "Cough") {
		t.Error("it can be read")
	}
	if text, err := s.System().Open("a.b", id, sealed); err != nil || text != "Cough since Monday" {
		t.Errorf("%q %v", text, err)
	}
	for column, row := range map[string]uuid.UUID{"a.c": id, "a.b": uuid.New()} {
		if _, err := s.System().Open(column, row, sealed); err == nil {
			t.Errorf("it opens as %s of another place", column)
		}
	}
	sealed[len(sealed)-1] ^= 1
	if _, err := s.System().Open("a.b", id, sealed); err == nil {
		t.Error("a changed value opens")
	}
}

// A database from before there was a root goes on opening what it sealed, and its look-ups still find.
func TestAnOlderDatabase(t *testing.T) {
	t.Parallel()
	conn := connect(t, database(t))
	before, after := newKey(), newKey()
	old, err := seal.New(before, time.Now)
	must(t, err)
	opened(t, conn, holding(before))
	_, err = conn.Exec(t.Context(), "UPDATE master_key SET root = NULL")
	must(t, err)
	rotate(t, conn, opened(t, conn, holding(after, before)))
	now := opened(t, conn, holding(after))
	if string(now.BlindIndex("c", "v")) != string(old.BlindIndex("c", "v")) || derived(t, now) != derived(t, old) {
		t.Error("what is derived changed")
	}
}

func TestStartsAtOnceAgree(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	keys := holding(newKey())
	all := make(chan string, 4)
	for range cap(all) {
		go func() {
			conn, err := pgx.Connect(context.Background(), dsn)
			if err != nil {
				all <- err.Error()
				return
			}
			defer func() { _ = conn.Close(context.Background()) }()
			s, err := seal.Open(context.Background(), conn, keys.get, time.Now)
			if err != nil {
				all <- err.Error()
				return
			}
			secret, _ := s.Derive("test", 32)
			all <- string(secret)
		}()
	}
	first := <-all
	for range cap(all) - 1 {
		if next := <-all; next != first || len(next) != 32 {
			t.Errorf("%q and %q", first, next)
		}
	}
}

// count is a database that gives one wrapped key for everybody and counts who asks.
type count struct {
	wrapped map[uuid.UUID][]byte
	asked   int
}

func (c *count) QueryRow(_ context.Context, _ string, args ...any) pgx.Row {
	c.asked++
	id, _ := args[0].(uuid.UUID)
	return row(c.wrapped[id])
}

type row []byte

func (r row) Scan(into ...any) error {
	p, ok := into[0].(*[]byte)
	if !ok {
		return fmt.Errorf("into %T", into[0])
	}
	*p = r
	return nil
}

// The cache is bounded in size and time, keeps who is used, and forgets on demand.
func TestCache(t *testing.T) {
	t.Parallel()
	conn := connect(t, database(t))
	var clock atomic.Int64
	keys := holding(newKey())
	s, err := seal.Open(t.Context(), conn, keys.get, func() time.Time { return time.Unix(clock.Load(), 0) })
	must(t, err)
	db := &count{wrapped: map[uuid.UUID][]byte{}}
	ask := func(id uuid.UUID) (again bool) {
		t.Helper()
		before := db.asked
		_, err := s.Person(t.Context(), db, id)
		must(t, err)
		return db.asked > before
	}
	people := make([]uuid.UUID, 10_001)
	for i := range people {
		people[i] = uuid.New()
		if db.wrapped[people[i]], err = s.NewWrapped(t.Context(), conn, people[i]); err != nil {
			t.Fatal(err)
		}
		ask(people[i])
		if ask(people[0]) {
			t.Fatalf("the one who is used most was dropped after %d", i)
		}
	}
	if !ask(people[1]) {
		t.Error("10,001 keys were kept")
	}
	if ask(people[9_999]) {
		t.Error("a full cache was emptied")
	}
	s.Forget(people[0])
	if !ask(people[0]) {
		t.Error("a forgotten key was still there")
	}
	clock.Add(299)
	if ask(people[0]) {
		t.Error("a key of 299 s was dropped")
	}
	clock.Add(1)
	if !ask(people[0]) {
		t.Error("a key of 300 s was used")
	}
	// Destroyed elsewhere: who learns it from the row drops it at once.
	if _, err := s.Wrapped(people[0], nil); !errors.Is(err, seal.ErrErased) {
		t.Errorf("%v", err)
	}
	db.wrapped[people[0]] = nil
	if _, err := s.Person(t.Context(), db, people[0]); !errors.Is(err, seal.ErrErased) {
		t.Errorf("%v", err)
	}
}

// BenchmarkConsultation seals and opens what a consultation keeps: a reason and notes of usual length. At most 30 µs.
func BenchmarkConsultation(b *testing.B) {
	s, err := seal.New(newKey(), time.Now)
	must(b, err)
	reason := strings.Repeat("Cough since Monday, worse at night. ", 6)
	notes := strings.Repeat("Dry cough, no fever, chest clear. Ginger and honey, rest, warm water. ", 30)
	id := uuid.New()
	key := s.System()
	both := func(b *testing.B) (reasonSealed, notesSealed []byte) {
		reasonSealed, err1 := key.Seal("consultations.reason", id, reason)
		notesSealed, err2 := key.Seal("consultations.notes", id, notes)
		must(b, errors.Join(err1, err2))
		return reasonSealed, notesSealed
	}
	b.Run("seal+open", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r, n := both(b)
			_, err1 := key.Open("consultations.reason", id, r)
			_, err2 := key.Open("consultations.notes", id, n)
			must(b, errors.Join(err1, err2))
		}
	})
}
