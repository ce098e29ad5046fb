// Package seal encrypts the fields that must not be readable in a dump or a backup, with AES-256-GCM. Each person has
// a data key of their own, which is wrapped with the installation's master key. Associated data binds a sealed value
// to its column and row.
package seal

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/jackc/pgx/v5"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"
)

const (
	keyBytes = 32
	// cacheSize limits how many unwrapped keys stay in memory.
	cacheSize = 10_000
	// cacheLife limits how long a key stays usable here after another server has destroyed it.
	cacheLife = 5 * time.Minute

	dataColumn = "data_keys.wrapped"
)

// ErrErased: the person's data key was destroyed; nothing sealed with it can be read.
var ErrErased = errors.New("the data key was destroyed")

// Key seals and opens values.
type Key struct{ cipher *subtle.AESGCM }

// Sealer has the master keys, the secrets derived from the database's root, and a cache of data keys.
type Sealer struct {
	masters atomic.Pointer[masterKeys]
	reload  func() ([][]byte, error) // nil: the master keys never change

	root   []byte
	system Key
	index  []byte
	clock  func() time.Time
	cache  *lru.Cache[uuid.UUID, cacheEntry]
}

type cacheEntry struct {
	key      Key
	loadedAt time.Time
}

// New returns a Sealer for a 32-byte master key without a database: its root is derived from the key. A server uses
// Open.
func New(master []byte, clock func() time.Time) (*Sealer, error) {
	keys, err := newMasterKeys([][]byte{master})
	if err != nil {
		return nil, err
	}
	root, err := hkdf.Extract(sha256.New, master, nil)
	if err != nil {
		return nil, err
	}
	return newSealer(keys, root, clock)
}

func newSealer(keys masterKeys, root []byte, clock func() time.Time) (*Sealer, error) {
	cache, err := lru.New[uuid.UUID, cacheEntry](cacheSize)
	if err != nil {
		return nil, err
	}
	s := &Sealer{root: root, clock: clock, cache: cache}
	s.masters.Store(&keys)
	raw, err := s.Derive("amrutam system", keyBytes)
	if err != nil {
		return nil, err
	}
	if s.system, err = NewKey(raw); err != nil {
		return nil, err
	}
	s.index, err = s.Derive("amrutam blind index", keyBytes)
	return s, err
}

// Derive returns a secret of this installation for one use. A rotation of the master key doesn't change it.
func (s *Sealer) Derive(use string, bytes int) ([]byte, error) {
	return hkdf.Expand(sha256.New, s.root, use, bytes)
}

// NewKey returns the key of 32 bytes.
func NewKey(raw []byte) (Key, error) {
	cipher, err := subtle.NewAESGCM(raw)
	return Key{cipher}, err
}

// Seal encrypts text for one row of a column ("table.column"). Empty text stays nil.
func (k Key) Seal(column string, row uuid.UUID, text string) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	return k.cipher.Encrypt([]byte(text), associatedData(column, row))
}

// Open decrypts a value that Seal returned for the same column and row. Nil opens as "".
func (k Key) Open(column string, row uuid.UUID, sealed []byte) (string, error) {
	if sealed == nil {
		return "", nil
	}
	text, err := k.cipher.Decrypt(sealed, associatedData(column, row))
	if err != nil {
		return "", fmt.Errorf("open %s: the value was not sealed with this key", column)
	}
	return string(text), nil
}

func associatedData(column string, row uuid.UUID) []byte { return []byte(column + ":" + row.String()) }

// System returns the key for values that belong to no single person: stored responses and mails.
func (s *Sealer) System() Key { return s.system }

// NewWrappedKey creates a person's data key and returns it wrapped, for data_keys.wrapped. Call it in the transaction
// that stores it: its lock on the master key's row makes a rotation wait, so that the rotation misses no new data key.
func (s *Sealer) NewWrappedKey(ctx context.Context, db Queryer, person uuid.UUID) ([]byte, error) {
	w, err := s.Wrapper(ctx, db)
	if err != nil {
		return nil, err
	}
	raw := make([]byte, keyBytes)
	if _, err := rand.Read(raw); err != nil {
		return nil, err
	}
	return w.Wrap(person, raw)
}

// Wrapper wraps new data keys with the database's master key.
type Wrapper struct{ master Key }

// Wrapper locks the master key's row until the caller's transaction ends, as NewWrappedKey does. Whoever holds the
// lock of rotations may use it longer.
func (s *Sealer) Wrapper(ctx context.Context, db Queryer) (Wrapper, error) {
	var proof []byte
	if err := db.QueryRow(ctx, "SELECT sealed FROM master_key FOR SHARE").Scan(&proof); err != nil {
		return Wrapper{}, fmt.Errorf("read the proof of the master key: %w", err)
	}
	_, master, err := s.open(proofColumn, uuid.Nil, proof)
	if err != nil {
		return Wrapper{}, ErrWrongKey
	}
	return Wrapper{master}, nil
}

// Wrap returns a person's data key, 32 random bytes, in the form that data_keys.wrapped stores.
func (w Wrapper) Wrap(person uuid.UUID, raw []byte) ([]byte, error) {
	return w.master.Seal(dataColumn, person, string(raw))
}

// Unwrap opens a wrapped data key without the cache. Returns ErrErased if wrapped is nil.
func (s *Sealer) Unwrap(person uuid.UUID, wrapped []byte) (Key, error) {
	if wrapped == nil {
		return Key{}, ErrErased
	}
	raw, _, err := s.open(dataColumn, person, wrapped)
	if err != nil {
		return Key{}, fmt.Errorf("no master key opens this person's data key: %w", err)
	}
	return NewKey([]byte(raw))
}

// Queryer is a transaction or a read-only handle.
type Queryer interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// PersonKey returns the data key of a user, from the cache or the database. Returns ErrErased if it was destroyed.
func (s *Sealer) PersonKey(ctx context.Context, db Queryer, person uuid.UUID) (Key, error) {
	if key, ok := s.fromCache(person); ok {
		return key, nil
	}
	var wrapped []byte
	if err := db.QueryRow(ctx, "SELECT wrapped FROM data_keys WHERE user_id = $1", person).Scan(&wrapped); err != nil {
		return Key{}, fmt.Errorf("read a data key: %w", err)
	}
	return s.UnwrapCached(person, wrapped)
}

// UnwrapCached is PersonKey for a caller that has read data_keys.wrapped itself.
func (s *Sealer) UnwrapCached(person uuid.UUID, wrapped []byte) (Key, error) {
	if wrapped == nil {
		s.Evict(person)
		return Key{}, ErrErased
	}
	if key, ok := s.fromCache(person); ok {
		return key, nil
	}
	key, err := s.Unwrap(person, wrapped)
	if err != nil {
		return Key{}, err
	}
	now := s.clock()
	s.removeExpired(now)
	s.cache.Add(person, cacheEntry{key, now})
	return key, nil
}

// removeExpired removes the keys that have expired and were not used lately.
func (s *Sealer) removeExpired(now time.Time) {
	for {
		_, oldest, ok := s.cache.GetOldest()
		if !ok || now.Sub(oldest.loadedAt) < cacheLife {
			return
		}
		s.cache.RemoveOldest()
	}
}

func (s *Sealer) fromCache(person uuid.UUID) (Key, bool) {
	entry, ok := s.cache.Get(person)
	return entry.key, ok && s.clock().Sub(entry.loadedAt) < cacheLife
}

// Evict removes a person's key from this server's cache. Call it after its destruction is committed; in the caches of
// other servers the key expires within five minutes.
func (s *Sealer) Evict(person uuid.UUID) { s.cache.Remove(person) }

// BlindIndex returns an HMAC of a value, for equality look-ups on a sealed column.
func (s *Sealer) BlindIndex(column, value string) []byte {
	mac := hmac.New(sha256.New, s.index)
	mac.Write([]byte(column + ":" + value))
	return mac.Sum(nil)
}
