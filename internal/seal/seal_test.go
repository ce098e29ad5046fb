package seal_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
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
	return testdb.New(t, postgres.Migrate, postgres.Fingerprint())
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

func TestRotate(t *testing.T) {
	t.Parallel()
	dsn := newDatabase(t)
	conn := connect(t, dsn)
	before, after, stranger := newKey(), newKey(), newKey()
	s := openSealer(t, conn, newKeySource(before))
	var ids []uuid.UUID
	for range 3 {
		ids = append(ids, insertPerson(t, conn, s))
	}
	var wrapped []byte
	must(t, conn.QueryRow(t.Context(), "SELECT wrapped FROM data_keys WHERE user_id = $1", ids[2]).Scan(&wrapped))
	proof, err := s.Destroy(t.Context(), conn, ids[2], time.Now())
	if sum := sha256.Sum256(wrapped); err != nil || proof != hex.EncodeToString(sum[:]) {
		t.Errorf("the proof of a destroyed key: %q %v", proof, err)
	}
	if _, err := s.Destroy(t.Context(), conn, ids[2], time.Now()); !errors.Is(err, seal.ErrErased) {
		t.Errorf("destroying the key twice: %v", err)
	}
	key, err := s.PersonKey(t.Context(), conn, ids[0])
	must(t, err)
	sealed, err := key.Seal("t.c", ids[0], "Cough")
	must(t, err)
	index, secret := s.BlindIndex("profiles.phone", "+919876543210"), deriveSecret(t, s)
	mail, err := s.System().Seal("mails.content", ids[0], "Hello")
	must(t, err)

	// A server whose first key is the new one still wraps with the old one: other servers don't have the new one yet.
	both := openSealer(t, conn, newKeySource(after, before))
	ids = append(ids, insertPerson(t, conn, both))
	requireOpens(t, conn, openSealer(t, conn, newKeySource(before)), ids[0], sealed)

	if p := rotate(t, conn, both); p.Seen != 3 || p.Rewrapped != 3 {
		t.Errorf("%+v, want 3 of 3", p)
	}
	if p := rotate(t, conn, both); p.Seen != 3 || p.Rewrapped != 0 {
		t.Errorf("again: %+v, want none of 3", p)
	}
	newOnly := openSealer(t, conn, newKeySource(after))
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
	for _, wrong := range []*keySource{newKeySource(before), newKeySource(stranger), newKeySource(stranger, before)} {
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

// TestRotateWaitsForSignUps: a rotation waits for a transaction that creates a data key, and wraps that key too.
func TestRotateWaitsForSignUps(t *testing.T) {
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

func TestWithRotationLockRefusesSecond(t *testing.T) {
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
