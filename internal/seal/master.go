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
		"key this database is sealed with; " +
		"nothing was changed")
	// ErrUnfinished: a rotation was cut short, and data keys may still be wrapped with a key that isn't held.
	ErrUnfinished = errors.New("the rotation of the master key is not finished, and some data still needs the key " +
		"before: put it into AMRUTAM_MASTER_KEY_PREVIOUS " +
		"(without AMRUTAM_MASTER_KEY, the file master.key.previous of the data folder) and run amrutam keys " +
		"rotate; nothing was changed")
)

// masterKeys are the master keys that are held. The first is the one a rotation goes to.
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
		key, err := newKey(wrap)
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

// open tells what was sealed, and the place of the key that did it.
func (m masterKeys) open(column string, row uuid.UUID, sealed []byte) (text string, index int, err error) {
	for index, key := range m {
		if text, err = key.Open(column, row, sealed); err == nil {
			return text, index, nil
		}
	}
	return "", 0, err
}

// open tries the keys that are held, and what has become of them since: another process may be rotating.
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

// Database is a pool, a connection or a transaction.
type Database interface {
	Queryer
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// Open proves that the keys are this database's, and makes its Sealer. keys gives the master key in use, then those
// that are accepted beside it; it is called again when something doesn't open. The first start of a database makes it
// the first key's. Errors: ErrWrongKey, ErrUnfinished.
func Open(ctx context.Context, db Database, keys func() ([][]byte, error), clock func() time.Time) (*Sealer, error) {
	for attempt := 1; ; attempt++ {
		raw, err := keys()
		if err != nil {
			return nil, err
		}
		s, err := tryOpen(ctx, db, raw, clock)
		switch {
		case err == nil:
			s.reload = keys
			return s, nil
		case attempt == 3 || !errors.Is(err, ErrWrongKey) && !errors.Is(err, ErrUnfinished) &&
			!errors.Is(err, errChanged):
			return nil, err
		}
	}
}

// errChanged: another start was quicker, or a rotation began.
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
	if err := db.QueryRow(ctx, "SELECT sealed, root, previous FROM master_key").Scan(&proof, &wrapped,
		&previous); err != nil {
		return nil, fmt.Errorf("read the proof of the master key: %w", err)
	}
	_, index, err := keys.open(proofColumn, uuid.Nil, proof)
	if err != nil {
		return nil, ErrWrongKey
	}
	for _, one := range previous {
		if _, _, err := keys.open(proofColumn, uuid.Nil, one); err != nil {
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

// initialize makes a new database this key's. An existing one stays as it is.
func initialize(ctx context.Context, db Database, key Key) error {
	root := make([]byte, keyBytes)
	if _, err := rand.Read(root); err != nil {
		return err
	}
	proof, err1 := key.Seal(proofColumn, uuid.Nil, proofText)
	wrapped, err2 := key.Seal(rootColumn, uuid.Nil, string(root))
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if _, err := db.Exec(ctx, "INSERT INTO master_key (sealed, root) VALUES ($1, $2) ON CONFLICT DO NOTHING", proof,
		wrapped); err != nil {
		return fmt.Errorf("keep a proof of the master key: %w", err)
	}
	return nil
}

// addRoot gives a database from before there was a root the one that everything in it is derived from. It is to be
// opened again.
func addRoot(ctx context.Context, db Database, raw []byte, key Key, proof []byte) error {
	root, err := hkdf.Extract(sha256.New, raw, nil)
	if err != nil {
		return err
	}
	wrapped, err := key.Seal(rootColumn, uuid.Nil, string(root))
	if err != nil {
		return err
	}
	if _, err := db.Exec(ctx, "UPDATE master_key SET root = $1 WHERE root IS NULL AND sealed = $2", wrapped,
		proof); err != nil {
		return fmt.Errorf("keep the root of the derived keys: %w", err)
	}
	return errChanged
}
