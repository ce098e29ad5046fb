package audit

import (
	"context"
	"fmt"

	"amrutam/internal/audit/tree"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// StateRestore signs a statement that the log goes on from its present size, because the database was restored on
// purpose, and returns that size. Without it, checkpoints outside of the database that are newer than the restored
// state say for ever that the log was cut. The statement gives up only what was signed before it, so an old one hides
// no later cut, and who has the database alone can't sign one.
func StateRestore(ctx context.Context, tx *postgres.Tx, signer *tree.Signer) (size int64, err error) {
	state, err := lockTree(ctx, tx)
	if postgres.NoRows(err) {
		return 0, problem.Busy // a server seals at this moment
	}
	if err != nil {
		return 0, fmt.Errorf("lock the tree of the audit log: %w", err)
	}
	b, err := loadBatch(ctx, tx, state.Size, 0)
	if err != nil {
		return 0, err
	}
	root, err := b.edge.Root()
	if err != nil {
		return 0, err
	}
	note, err := signer.Sign(tree.Checkpoint{
		Size:     state.Size,
		Root:     root,
		Time:     tx.Now,
		XID:      uint64(state.Xid), //nolint:gosec // not negative
		Restored: true,
	})
	if err != nil {
		return 0, fmt.Errorf("sign a statement of the restore: %w", err)
	}
	queueInsertRestore(tx, tx.Now, note)
	return state.Size, nil
}

// publishRestores writes the statements that are only in the database to the sink.
func (s *Service) publishRestores(ctx context.Context) error {
	var waiting []listUnpublishedRestoresRow
	err := s.DB.Read(ctx, func(r *postgres.Read) (err error) {
		waiting, err = listUnpublishedRestores(ctx, r)
		return err
	})
	if err != nil || len(waiting) == 0 {
		return err
	}
	notes := make([]string, len(waiting))
	for i, w := range waiting {
		notes[i] = w.Note
	}
	if err := s.Sink.Append(ctx, notes); err != nil {
		return fmt.Errorf("write the statement of a restore to AMRUTAM_AUDIT_CHECKPOINTS: %w", err)
	}
	return s.DB.Write(ctx, func(tx *postgres.Tx) error {
		return setRestoresPublished(ctx, tx, waiting[len(waiting)-1].CreatedAt)
	})
}

// readRestores reads the statements of restores in the database, and checks their signatures and roots.
func (v *verifier) readRestores(ctx context.Context, r *postgres.Read) error {
	notes, err := listRestores(ctx, r)
	if err != nil {
		return err
	}
	for _, text := range notes {
		c, err := v.signer.Open(text)
		if err != nil || !c.Restored {
			return &Finding{Text: "a statement of a restore in the database is not what was signed"}
		}
		v.addRestore(c)
	}
	for _, c := range v.result.Restores {
		if c.Size > v.state.Size && !v.isGivenUp(c) {
			return &Finding{Leaf: v.state.Size, Text: fmt.Sprintf("the log was cut: it had %d entries when it was "+
				"restored, and the tree has %d", c.Size, v.state.Size)}
		}
		if c.Size > 0 && !v.isGivenUp(c) {
			v.roots = append(v.roots, rootAt{c.Size, c.Root, "the statement of the restore at " +
				c.Time.Format("2006-01-02T15:04:05Z")})
		}
	}
	return nil
}

// addRestore adds a statement, once.
func (v *verifier) addRestore(c tree.Checkpoint) {
	for _, known := range v.result.Restores {
		if known.Size == c.Size && known.Time.Equal(c.Time) {
			return
		}
	}
	v.result.Restores = append(v.result.Restores, c)
}

// isGivenUp reports whether a restore took the log back to before a checkpoint, after it was signed.
func (v *verifier) isGivenUp(c tree.Checkpoint) bool {
	for _, restore := range v.result.Restores {
		if restore.Size < c.Size && c.Time.Before(restore.Time) {
			return true
		}
	}
	return false
}
