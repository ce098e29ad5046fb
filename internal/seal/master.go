package seal

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	proofColumn = "master_key.sealed"
	rootColumn  = "master_key.root"
	proofText   = "this is the key"
)

var (
	// ErrWrongKey: the database was sealed with another master key.
	ErrWrongKey = errors.New("AMRUTAM_MASTER_KEY (without it, the file master.key of the data folder) is not the " +
		"key this database is sealed with; nothing was changed")
	// ErrUnfinished: a rotation was interrupted, and data keys may still be wrapped with a key that isn't given.
	ErrUnfinished = errors.New("the rotation of the master key is not finished, and some data still needs the " +
		"previous key: put it into AMRUTAM_MASTER_KEY_PREVIOUS (without AMRUTAM_MASTER_KEY, the file " +
		"master.key.previous of the data folder) and run amrutam keys rotate; nothing was changed")
)

// masterKeys are the master keys that are given. A rotation wraps the data keys with the first.
type masterKeys []Key

func newMasterKeys(raw [][]byte) (masterKeys, error) {
	var all masterKeys
	for _, one := range raw {
		if len(one) != keyBytes {
			return nil, errors.New("a master key must be 32 bytes")
		}
		wrap, err := hkdf.Key(sha256.New, one, nil, "amrutam data keys", keyBytes)
		if err != nil {
			return nil, err
		}
		key, err := NewKey(wrap)
		if err != nil {
			return nil, err
		}
		all = append(all, key)
	}
	if len(all) == 0 {
		return nil, errors.New("a master key is needed")
	}
	return all, nil
}

// open returns the text that was sealed, and the index of the key that sealed it.
func (m masterKeys) open(column string, row uuid.UUID, sealed []byte) (text string, index int, err error) {
	for index, key := range m {
		if text, err = key.Open(column, row, sealed); err == nil {
			return text, index, nil
		}
	}
	return "", 0, err
}

// open tries the master keys in memory. If none fits, it reloads them and tries again: another process may have
// rotated them.
func (s *Sealer) open(column string, row uuid.UUID, sealed []byte) (text string, master Key, err error) {
	keys := *s.masters.Load()
	text, index, err := keys.open(column, row, sealed)
	if err == nil {
		return text, keys[index], nil
	}
	if s.reload == nil {
		return "", Key{}, err
	}
	raw, rereadErr := s.reload()
	if rereadErr != nil {
		return "", Key{}, errors.Join(err, rereadErr)
	}
	reloaded, rereadErr := newMasterKeys(raw)
	if rereadErr != nil {
		return "", Key{}, errors.Join(err, rereadErr)
	}
	s.masters.Store(&reloaded)
	if text, index, err = reloaded.open(column, row, sealed); err != nil {
		return "", Key{}, err
	}
	return text, reloaded[index], nil
}

// Database is a connection pool, a connection or a transaction.
type Database interface {
	Queryer
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// Open checks that the keys belong to this database and returns its Sealer. keys returns the master key in use, then
// the older ones that are still accepted; it is called again when a value doesn't open. On a new database, Open binds
// the database to the first key. Returns ErrWrongKey or ErrUnfinished if the keys don't fit.
func Open(ctx context.Context, db Database, keys func() ([][]byte, error), clock func() time.Time) (*Sealer, error) {
	for attempt := 1; ; attempt++ {
		raw, err := keys()
		if err != nil {
			return nil, err
		}
		s, err := tryOpen(ctx, db, raw, clock)
		if err == nil {
			s.reload = keys
			return s, nil
		}
		// A rotation that runs at this moment changes the keys and the row one after the other.
		mayPass := errors.Is(err, ErrWrongKey) || errors.Is(err, ErrUnfinished) || errors.Is(err, errChanged)
		if attempt == 3 || !mayPass {
			return nil, err
		}
	}
}

// errChanged: the row of the master key was changed by this or another process; it must be read again.
var errChanged = errors.New("the master key's row changed meanwhile")

func tryOpen(ctx context.Context, db Database, raw [][]byte, clock func() time.Time) (*Sealer, error) {
	keys, err := newMasterKeys(raw)
	if err != nil {
		return nil, err
	}
	if err := initialize(ctx, db, keys[0]); err != nil {
		return nil, err
	}
	var proof, wrapped []byte
	var previous [][]byte
	err = db.QueryRow(ctx, "SELECT sealed, root, previous FROM master_key").Scan(&proof, &wrapped, &previous)
	if err != nil {
		return nil, fmt.Errorf("read the proof of the master key: %w", err)
	}
	_, index, err := keys.open(proofColumn, uuid.Nil, proof)
	if err != nil {
		return nil, ErrWrongKey
	}
	for _, oldProof := range previous {
		if _, _, err := keys.open(proofColumn, uuid.Nil, oldProof); err != nil {
			return nil, ErrUnfinished
		}
	}
	if wrapped == nil {
		return nil, addRoot(ctx, db, raw[index], keys[index], proof)
	}
	root, err := keys[index].Open(rootColumn, uuid.Nil, wrapped)
	if err != nil {
		return nil, fmt.Errorf("the master key's row is damaged: %w", err)
	}
	return newSealer(keys, []byte(root), clock)
}

// initialize binds a new database to the key. It changes nothing in a database that is bound already.
func initialize(ctx context.Context, db Database, key Key) error {
	root := make([]byte, keyBytes)
	if _, err := rand.Read(root); err != nil {
		return err
	}
	proof, err := key.Seal(proofColumn, uuid.Nil, proofText)
	if err != nil {
		return err
	}
	wrapped, err := key.Seal(rootColumn, uuid.Nil, string(root))
	if err != nil {
		return err
	}
	_, err = db.Exec(ctx, "INSERT INTO master_key (sealed, root) VALUES ($1, $2) ON CONFLICT DO NOTHING",
		proof, wrapped)
	if err != nil {
		return fmt.Errorf("store a proof of the master key: %w", err)
	}
	return nil
}

// addRoot stores the root in a database of an older version, which has none: there, secrets were derived from the
// master key itself. It returns errChanged on success, because the row must be read again.
func addRoot(ctx context.Context, db Database, raw []byte, key Key, proof []byte) error {
	root, err := hkdf.Extract(sha256.New, raw, nil)
	if err != nil {
		return err
	}
	wrapped, err := key.Seal(rootColumn, uuid.Nil, string(root))
	if err != nil {
		return err
	}
	_, err = db.Exec(ctx, "UPDATE master_key SET root = $1 WHERE root IS NULL AND sealed = $2", wrapped, proof)
	if err != nil {
		return fmt.Errorf("store the root of the derived keys: %w", err)
	}
	return errChanged
}
