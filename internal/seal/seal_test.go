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

// keySource provides master keys as the settings do. set replaces them while a Sealer uses them, as a rotation does.
type keySource struct{ keys atomic.Pointer[[][]byte] }

func newKeySource(keys ...[]byte) *keySource {
	s := &keySource{}
	s.set(keys...)
	return s
}

func (s *keySource) set(keys ...[]byte) { s.keys.Store(&keys) }

func (s *keySource) get() ([][]byte, error) { return *s.keys.Load(), nil }

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func newDatabase(t *testing.T) string {
	return testdb.New(t, testdb.Migrate, postgres.Fingerprint())
}

func openSealer(t *testing.T, conn *pgx.Conn, keys *keySource) *seal.Sealer {
	t.Helper()
	s, err := seal.Open(t.Context(), conn, keys.get, time.Now)
	must(t, err)
	return s
}

// requireOpenError checks that the database can't be opened with the keys, and why.
func requireOpenError(t *testing.T, conn *pgx.Conn, keys *keySource, want error) {
	t.Helper()
	if _, err := seal.Open(t.Context(), conn, keys.get, time.Now); !errors.Is(err, want) {
		t.Errorf("open: %v, want %v", err, want)
	}
}

// insertPerson inserts a user with a data key and returns the id.
func insertPerson(t *testing.T, conn *pgx.Conn, s *seal.Sealer) uuid.UUID {
	t.Helper()
	id := uuid.Must(uuid.NewV7())
	must(t, pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
		wrapped, err := s.NewWrappedKey(t.Context(), tx, id)
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

// requireOpens checks that the person's key opens the sealed value as "Cough".
func requireOpens(t *testing.T, conn *pgx.Conn, s *seal.Sealer, id uuid.UUID, sealed []byte) {
	t.Helper()
	key, err := s.PersonKey(t.Context(), conn, id)
	must(t, err)
	if text, err := key.Open("t.c", id, sealed); err != nil || text != "Cough" {
		t.Errorf("%q %v", text, err)
	}
}

func TestSealedValueIsBoundToColumnAndRow(t *testing.T) {
	t.Parallel()
	s, err := seal.New(newKey(), time.Now)
	must(t, err)
	id := uuid.New()
	sealed, err := s.System().Seal("a.b", id, "Cough since Monday")
	must(t, err)
	if strings.Contains(string(sealed), "Cough") {
		t.Error("the sealed value holds the text")
	}
	if text, err := s.System().Open("a.b", id, sealed); err != nil || text != "Cough since Monday" {
		t.Errorf("%q %v", text, err)
	}
	for column, row := range map[string]uuid.UUID{"a.c": id, "a.b": uuid.New()} {
		if _, err := s.System().Open(column, row, sealed); err == nil {
			t.Errorf("the value opens as %s of another column or row", column)
		}
	}
	sealed[len(sealed)-1] ^= 1
	if _, err := s.System().Open("a.b", id, sealed); err == nil {
		t.Error("a changed value opens")
	}
}

// TestOpenUpgradesDatabaseWithoutRoot: a database of an older version has no root. Its derived secrets and blind
// indexes stay the same when Open adds one.
func TestOpenUpgradesDatabaseWithoutRoot(t *testing.T) {
	t.Parallel()
	conn := connect(t, newDatabase(t))
	before, after := newKey(), newKey()
	old, err := seal.New(before, time.Now)
	must(t, err)
	openSealer(t, conn, newKeySource(before))
	_, err = conn.Exec(t.Context(), "UPDATE master_key SET root = NULL")
	must(t, err)
	rotate(t, conn, openSealer(t, conn, newKeySource(after, before)))
	upgraded := openSealer(t, conn, newKeySource(after))
	if string(upgraded.BlindIndex("c", "v")) != string(old.BlindIndex("c", "v")) {
		t.Error("the blind index changed")
	}
	if deriveSecret(t, upgraded) != deriveSecret(t, old) {
		t.Error("the derived secrets changed")
	}
}

func TestConcurrentOpensAgree(t *testing.T) {
	t.Parallel()
	dsn := newDatabase(t)
	keys := newKeySource(newKey())
	secrets := make(chan string, 4)
	for range cap(secrets) {
		go func() {
			conn, err := pgx.Connect(context.Background(), dsn)
			if err != nil {
				secrets <- err.Error()
				return
			}
			defer func() { _ = conn.Close(context.Background()) }()
			s, err := seal.Open(context.Background(), conn, keys.get, time.Now)
			if err != nil {
				secrets <- err.Error()
				return
			}
			secret, _ := s.Derive("test", 32)
			secrets <- string(secret)
		}()
	}
	first := <-secrets
	for range cap(secrets) - 1 {
		if next := <-secrets; next != first || len(next) != 32 {
			t.Errorf("%q and %q", first, next)
		}
	}
}

// countingDB is a database that returns wrapped keys from a map and counts the queries.
type countingDB struct {
	wrapped map[uuid.UUID][]byte
	queries int
}

func (c *countingDB) QueryRow(_ context.Context, _ string, args ...any) pgx.Row {
	c.queries++
	id, _ := args[0].(uuid.UUID)
	return wrappedRow(c.wrapped[id])
}

type wrappedRow []byte

func (r wrappedRow) Scan(into ...any) error {
	p, ok := into[0].(*[]byte)
	if !ok {
		return fmt.Errorf("into %T", into[0])
	}
	*p = r
	return nil
}

// TestCacheIsBounded: the cache has a maximal size and a maximal age, keeps the keys in use, and drops evicted ones.
func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	conn := connect(t, newDatabase(t))
	var clock atomic.Int64
	keys := newKeySource(newKey())
	s, err := seal.Open(t.Context(), conn, keys.get, func() time.Time { return time.Unix(clock.Load(), 0) })
	must(t, err)
	db := &countingDB{wrapped: map[uuid.UUID][]byte{}}
	queriesDatabase := func(id uuid.UUID) (again bool) {
		t.Helper()
		before := db.queries
		_, err := s.PersonKey(t.Context(), db, id)
		must(t, err)
		return db.queries > before
	}
	people := make([]uuid.UUID, 10_001)
	for i := range people {
		people[i] = uuid.New()
		if db.wrapped[people[i]], err = s.NewWrappedKey(t.Context(), conn, people[i]); err != nil {
			t.Fatal(err)
		}
		queriesDatabase(people[i])
		if queriesDatabase(people[0]) {
			t.Fatalf("the most used key was dropped after %d others", i)
		}
	}
	if !queriesDatabase(people[1]) {
		t.Error("the cache holds more than 10,000 keys")
	}
	if queriesDatabase(people[9_999]) {
		t.Error("a full cache dropped more than the oldest key")
	}
	s.Evict(people[0])
	if !queriesDatabase(people[0]) {
		t.Error("an evicted key was used")
	}
	clock.Add(299)
	if queriesDatabase(people[0]) {
		t.Error("a key was dropped after 299 s")
	}
	clock.Add(1)
	if !queriesDatabase(people[0]) {
		t.Error("a key was used after 300 s")
	}
	// A key that another server destroyed leaves the cache as soon as its row is read.
	if _, err := s.UnwrapCached(people[0], nil); !errors.Is(err, seal.ErrErased) {
		t.Errorf("%v", err)
	}
	db.wrapped[people[0]] = nil
	if _, err := s.PersonKey(t.Context(), db, people[0]); !errors.Is(err, seal.ErrErased) {
		t.Errorf("%v", err)
	}
}

// BenchmarkConsultation seals and opens the sealed texts of a consultation, a reason and notes of usual length. It
// should take at most 30 µs.
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
