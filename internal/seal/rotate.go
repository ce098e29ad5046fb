package seal

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const (
	// rotationLock is the advisory lock that a rotation holds: only one may run at a time.
	rotationLock = 0x616d6b79 // "amky"
	batchSize    = 500
)

// ErrRotating: another rotation is running.
var ErrRotating = errors.New("another amrutam keys rotate is running on this database")

// WithRotationLock runs fn while conn holds the lock of rotations. Returns ErrRotating if another session holds it.
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

// Progress of a rotation: how many data keys were read, and how many of them were wrapped again.
type Progress struct{ Seen, Rewrapped int }

// Rotate wraps every data key with the first master key. Call it within WithRotationLock. It first changes the
// database's master key, so that every server wraps new data keys with it. At the end it checks every data key, and
// only then drops the older master keys. A rotation that was interrupted is run again. report is called after each
// batch.
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
				ids = append(ids, person)
				before = append(before, wrapped[i])
				after = append(after, rewrapped)
			}
		}
		if len(ids) > 0 {
			// A key that was destroyed in the meantime stays destroyed: its wrapped value differs from before.
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
		return p, fmt.Errorf("%d data keys open with none of the given keys: add the missing key to "+
			"AMRUTAM_MASTER_KEY_PREVIOUS and run this again", unreadable)
	}
	return p, finishRotation(ctx, conn, keys[0])
}

// switchMasterKey makes the first key the database's master key and records the previous one as still needed.
func switchMasterKey(ctx context.Context, conn *pgx.Conn, keys masterKeys) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		var proof, wrapped []byte
		err := tx.QueryRow(ctx, "SELECT sealed, root FROM master_key FOR UPDATE").Scan(&proof, &wrapped)
		if err != nil {
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
		newProof, err := keys[0].Seal(proofColumn, uuid.Nil, proofText)
		if err != nil {
			return err
		}
		newRoot, err := keys[0].Seal(rootColumn, uuid.Nil, root)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "UPDATE master_key SET sealed = $1, root = $2, previous = previous || $3::bytea",
			newProof, newRoot, proof)
		return err
	})
}

// finishRotation drops the previous keys after checking that every data key opens with the new one.
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
		return fmt.Errorf("%d data keys are still wrapped with a previous key: run this again", remaining)
	}
	if _, err := conn.Exec(ctx, "UPDATE master_key SET previous = '{}' WHERE previous <> '{}'"); err != nil {
		return fmt.Errorf("end the rotation: %w", err)
	}
	return nil
}

// forEachBatch calls fn with the wrapped data keys in batches, ordered by user id.
func forEachBatch(ctx context.Context, conn *pgx.Conn, fn func(people []uuid.UUID, wrapped [][]byte) error) error {
	for last := uuid.Nil; ; {
		rows, err := conn.Query(ctx, `SELECT user_id, wrapped FROM data_keys
			WHERE user_id > $1 AND wrapped IS NOT NULL ORDER BY user_id LIMIT $2`, last, batchSize)
		if err != nil {
			return fmt.Errorf("read data keys: %w", err)
		}
		var people []uuid.UUID
		var wrapped [][]byte
		var value []byte
		_, err = pgx.ForEachRow(rows, []any{&last, &value}, func() error {
			people = append(people, last)
			wrapped = append(wrapped, value)
			value = nil
			return nil
		})
		if err != nil {
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
