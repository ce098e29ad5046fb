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
	return testdb.URL(t, testdb.Migrate, postgres.Fingerprint())
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
