// Package seal encrypts the fields that must not be readable in a dump or backup: AES-256-GCM under a data key per
// person, itself wrapped by the deployment's master key. Associated data binds a sealed value to its column and row.
package seal

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"
)

const (
	keyBytes = 32
	// The cache bounds how many unwrapped keys stay in memory, and how long one outlives its destruction elsewhere.
	cacheSize = 10_000
	cacheLife = 5 * time.Minute
)

// ErrErased: the person's key was destroyed; what it sealed can't be read any more.
var ErrErased = errors.New("the data key was destroyed")

// ErrWrongKey: the database was sealed with another master key.
var ErrWrongKey = errors.New("AMRUTAM_MASTER_KEY (without it, the file master.key of the data folder) is not the key this database is sealed with; " +
	"nothing was changed")

// Key seals and opens.
type Key struct{ cipher *subtle.AESGCM }

// Sealer holds the master key.
type Sealer struct {
	master Key
	system Key
	index  []byte
	clock  func() time.Time

	mu    sync.Mutex
	cache map[uuid.UUID]cached
}

type cached struct {
	key  Key
	from time.Time
}

// New makes a Sealer of a 32-byte master key.
func New(master []byte, clock func() time.Time) (*Sealer, error) {
	wrap, err := derive(master, "amrutam data keys")
	if err != nil {
		return nil, err
	}
	system, err := derive(master, "amrutam system")
	if err != nil {
		return nil, err
	}
	index, err := hkdf.Key(sha256.New, master, nil, "amrutam blind index", keyBytes)
	if err != nil {
		return nil, err
	}
	return &Sealer{master: wrap, system: system, index: index, clock: clock, cache: map[uuid.UUID]cached{}}, nil
}

func derive(master []byte, use string) (Key, error) {
	if len(master) != keyBytes {
		return Key{}, errors.New("the master key must be 32 bytes")
	}
	raw, err := hkdf.Key(sha256.New, master, nil, use, keyBytes)
	if err != nil {
		return Key{}, err
	}
	return newKey(raw)
}

func newKey(raw []byte) (Key, error) {
	cipher, err := subtle.NewAESGCM(raw)
	return Key{cipher}, err
}

// Seal encrypts text for one row of a column ("table.column"). Empty text stays nil.
func (k Key) Seal(column string, row uuid.UUID, text string) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	return k.cipher.Encrypt([]byte(text), associated(column, row))
}

// Open decrypts what Seal made for the same column and row. Nil opens as "".
func (k Key) Open(column string, row uuid.UUID, sealed []byte) (string, error) {
	if sealed == nil {
		return "", nil
	}
	text, err := k.cipher.Decrypt(sealed, associated(column, row))
	if err != nil {
		return "", fmt.Errorf("open %s: the value was not sealed with this key", column)
	}
	return string(text), nil
}

func associated(column string, row uuid.UUID) []byte { return []byte(column + ":" + row.String()) }

// Prove compares the master key with the one this database was first used with. Error: ErrWrongKey.
func (s *Sealer) Prove(ctx context.Context, db interface {
	Queryer
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}) error {
	mine, err := s.master.Seal("master_key.sealed", uuid.Nil, "this is the key")
	if err != nil {
		return err
	}
	if _, err := db.Exec(ctx, "INSERT INTO master_key (sealed) VALUES ($1) ON CONFLICT DO NOTHING", mine); err != nil {
		return fmt.Errorf("keep a proof of the master key: %w", err)
	}
	var first []byte
	if err := db.QueryRow(ctx, "SELECT sealed FROM master_key").Scan(&first); err != nil {
		return fmt.Errorf("read the proof of the master key: %w", err)
	}
	if _, err := s.master.Open("master_key.sealed", uuid.Nil, first); err != nil {
		return ErrWrongKey
	}
	return nil
}

// System seals what belongs to no one person: stored answers, mails.
func (s *Sealer) System() Key { return s.system }

// NewWrapped makes a person's data key, for data_keys.wrapped.
func (s *Sealer) NewWrapped(person uuid.UUID) ([]byte, error) {
	raw := make([]byte, keyBytes)
	if _, err := rand.Read(raw); err != nil {
		return nil, err
	}
	return s.master.Seal("data_keys.wrapped", person, string(raw))
}

// Unwrap opens a wrapped data key.
func (s *Sealer) Unwrap(person uuid.UUID, wrapped []byte) (Key, error) {
	if wrapped == nil {
		return Key{}, ErrErased
	}
	raw, err := s.master.Open("data_keys.wrapped", person, wrapped)
	if err != nil {
		return Key{}, fmt.Errorf("the master key does not open this person's data key: %w", err)
	}
	return newKey([]byte(raw))
}

// Queryer is a transaction or a read handle.
type Queryer interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Person is the data key of a user, from the cache or the database. Error: ErrErased.
func (s *Sealer) Person(ctx context.Context, db Queryer, person uuid.UUID) (Key, error) {
	if key, ok := s.known(person); ok {
		return key, nil
	}
	var wrapped []byte
	if err := db.QueryRow(ctx, "SELECT wrapped FROM data_keys WHERE user_id = $1", person).Scan(&wrapped); err != nil {
		return Key{}, fmt.Errorf("read a data key: %w", err)
	}
	return s.Wrapped(person, wrapped)
}

// Wrapped is Person for a caller whose query joined data_keys.wrapped.
func (s *Sealer) Wrapped(person uuid.UUID, wrapped []byte) (Key, error) {
	if wrapped == nil {
		return Key{}, ErrErased
	}
	if key, ok := s.known(person); ok {
		return key, nil
	}
	key, err := s.Unwrap(person, wrapped)
	if err != nil {
		return Key{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.cache) >= cacheSize {
		clear(s.cache)
	}
	s.cache[person] = cached{key, s.clock()}
	return key, nil
}

func (s *Sealer) known(person uuid.UUID) (Key, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	hit, ok := s.cache[person]
	return hit.key, ok && s.clock().Sub(hit.from) < cacheLife
}

// BlindIndex is an HMAC of a value, for look-ups on a sealed field.
func (s *Sealer) BlindIndex(column, value string) []byte {
	mac := hmac.New(sha256.New, s.index)
	mac.Write([]byte(column + ":" + value))
	return mac.Sum(nil)
}
