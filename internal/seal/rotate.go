package seal

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const (
	// rotationLock is the advisory lock of the one rotation there may be.
	rotationLock = 0x616d6b79 // "amky"
	batchSize    = 500
)

// ErrRotating: another rotation runs.
var ErrRotating = errors.New("another amrutam keys rotate is running on this database")

// WithRotationLock runs fn while this session alone may rotate. Error: ErrRotating.
func WithRotationLock(ctx context.Context, conn *pgx.Conn, fn func() error) error {
	var locked bool
	if err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", rotationLock).Scan(&locked); err != nil {
		return fmt.Errorf("take the rotation's lock: %w", err)
	}
	if !locked {
		return ErrRotating
	}
	defer func() { _, _ = conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", rotationLock) }()
	return fn()
}

// Progress of a rotation: data keys looked at, and of these re-wrapped.
type Progress struct{ Seen, Rewrapped int }

// Rotate wraps every data key with the first of the held keys, within Alone. First it tells the database, so that
// every server wraps new data keys with it from then on; at the end it looks at every key again, and only then lets
// the others go. Cut short anywhere, it is run again. report hears of each batch.
func (s *Sealer) Rotate(ctx context.Context, conn *pgx.Conn, report func(Progress)) (Progress, error) {
	keys := *s.masters.Load()
	if err := switchMasterKey(ctx, conn, keys); err != nil {
		return Progress{}, err
	}
	var p Progress
	unreadable := 0
	err := forEachBatch(ctx, conn, func(people []uuid.UUID, wrapped [][]byte) error {
		var ids []uuid.UUID
		var before, after [][]byte
		for i, person := range people {
			raw, index, err := keys.open(dataColumn, person, wrapped[i])
			switch {
			case err != nil:
				unreadable++
			case index > 0:
				rewrapped, err := keys[0].Seal(dataColumn, person, raw)
				if err != nil {
					return err
				}
				ids, before, after = append(ids, person), append(before, wrapped[i]), append(after, rewrapped)
			}
		}
		if len(ids) > 0 {
			// One destroyed meanwhile stays destroyed.
			tag, err := conn.Exec(ctx, `UPDATE data_keys d SET wrapped = n.after
				FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS n (user_id, before, after)
					WHERE d.user_id = n.user_id AND d.wrapped = n.before`, ids, before, after)
			if err != nil {
				return fmt.Errorf("re-wrap data keys: %w", err)
			}
			p.Rewrapped += int(tag.RowsAffected())
		}
		p.Seen += len(people)
		report(p)
		return nil
	})
	if err != nil {
		return p, err
	}
	if unreadable > 0 {
		return p, fmt.Errorf("%d data keys open with none of the keys given: add the one that is missing to "+
			"AMRUTAM_MASTER_KEY_PREVIOUS and run this again", unreadable)
	}
	return p, finishRotation(ctx, conn, keys[0])
}

// switchMasterKey makes the first key the database's, and notes the one before as still needed.
func switchMasterKey(ctx context.Context, conn *pgx.Conn, keys masterKeys) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		var proof, wrapped []byte
		if err := tx.QueryRow(ctx, "SELECT sealed, root FROM master_key FOR UPDATE").Scan(&proof,
			&wrapped); err != nil {
			return fmt.Errorf("read the proof of the master key: %w", err)
		}
		_, index, err := keys.open(proofColumn, uuid.Nil, proof)
		if err != nil {
			return ErrWrongKey
		}
		if index == 0 {
			return nil
		}
		root, err := keys[index].Open(rootColumn, uuid.Nil, wrapped)
		if err != nil {
			return err
		}
		newProof, err1 := keys[0].Seal(proofColumn, uuid.Nil, proofText)
		newRoot, err2 := keys[0].Seal(rootColumn, uuid.Nil, root)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "UPDATE master_key SET sealed = $1, root = $2, previous = previous || $3::bytea",
			newProof, newRoot, proof)
		return err
	})
}

// finishRotation lets the keys before go, once it has seen that nothing needs them.
func finishRotation(ctx context.Context, conn *pgx.Conn, key Key) error {
	remaining := 0
	err := forEachBatch(ctx, conn, func(people []uuid.UUID, wrapped [][]byte) error {
		for i, person := range people {
			if _, err := key.Open(dataColumn, person, wrapped[i]); err != nil {
				remaining++
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if remaining > 0 {
		return fmt.Errorf("%d data keys are still wrapped with a key before: run this again", remaining)
	}
	if _, err := conn.Exec(ctx, "UPDATE master_key SET previous = '{}' WHERE previous <> '{}'"); err != nil {
		return fmt.Errorf("end the rotation: %w", err)
	}
	return nil
}

// forEachBatch walks the data keys in the order of their people.
func forEachBatch(ctx context.Context, conn *pgx.Conn, fn func(people []uuid.UUID, wrapped [][]byte) error) error {
	for last := uuid.Nil; ; {
		rows, err := conn.Query(ctx, "SELECT user_id, wrapped FROM data_keys WHERE user_id > $1 AND wrapped IS NOT "+
			"NULL ORDER BY user_id LIMIT $2", last, batchSize)
		if err != nil {
			return fmt.Errorf("read data keys: %w", err)
		}
		var people []uuid.UUID
		var wrapped [][]byte
		var value []byte
		if _, err := pgx.ForEachRow(rows, []any{&last, &value}, func() error {
			people, wrapped = append(people, last), append(wrapped, value)
			value = nil
			return nil
		}); err != nil {
			return fmt.Errorf("read data keys: %w", err)
		}
		if err := rows.Err(); err != nil {
			return fmt.Errorf("read data keys: %w", err)
		}
		if len(people) == 0 {
			return nil
		}
		if err := fn(people, wrapped); err != nil {
			return err
		}
	}
}
