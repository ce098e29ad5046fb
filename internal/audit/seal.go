package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"amrutam/internal/audit/tree"
	"amrutam/internal/postgres"
)

// defaultBatch is about how many entries a transaction adds to the tree.
const defaultBatch = 50_000

// leafColumns are the id and the leaf of an entry: a JSON array (RFC 8259) of its fields as the database writes them.
// The time is in microseconds since 1970.
const leafColumns = `id, json_build_array(id, actor_id, actor_role, action, entity_type, entity_id, metadata,
	ip_address, (extract(epoch FROM created_at) * 1000000)::bigint)::text`

// ErrRestored means that the database was restored into another cluster, whose numbers of transactions are lower.
var ErrRestored = errors.New("the database comes from another cluster: run amrutam migrate")

// Seal is the job that adds the committed entries to the tree and signs a checkpoint.
type Seal struct{}

// Kind returns the kind of the job.
func (Seal) Kind() string { return "audit.seal" }

// SealNow adds all committed entries to the tree, in batches, and then publishes the checkpoints.
func (s *Service) SealNow(ctx context.Context) error {
	for more := true; more; {
		err := s.DB.Write(ctx, func(tx *postgres.Tx) (err error) {
			more, err = s.sealBatch(ctx, tx)
			return err
		})
		if err != nil {
			return fmt.Errorf("seal entries: %w", err)
		}
	}
	return s.publish(ctx)
}

// sealBatch adds a batch of entries to the tree. It takes those of transactions below the horizon, so none of them can
// commit later and be skipped. Returns whether there are more.
func (s *Service) sealBatch(ctx context.Context, tx *postgres.Tx) (more bool, err error) {
	state, err := lockTree(ctx, tx)
	if postgres.NoRows(err) {
		return false, nil // another server does it
	}
	if err != nil {
		return false, err
	}
	horizon, err := readHorizon(ctx, tx)
	if err != nil {
		return false, err
	}
	if horizon < state.Xid {
		return false, ErrRestored
	}
	b, err := loadBatch(ctx, tx, state.Size, cmp.Or(s.Batch, defaultBatch))
	if err != nil {
		return false, err
	}
	update := queueUpdateTreeParams{
		Xid:        state.Xid,
		ImportedAt: state.ImportedAt,
		ImportedID: state.ImportedID,
		ImportSize: state.ImportSize,
	}
	if state.ImportSize == nil {
		more, err = b.addImported(ctx, &update)
	} else {
		more, err = b.addCommitted(ctx, &update, horizon)
	}
	if err != nil {
		return more, err
	}
	update.Size = b.edge.Size()
	if update.Size == state.Size && !more {
		return false, nil
	}
	queueUpdateTree(tx, update)
	if update.Size == state.Size {
		return more, nil
	}
	b.savePartial()
	return more, s.sign(tx, b.edge, update.Xid)
}

// sign writes a checkpoint of the tree.
func (s *Service) sign(tx *postgres.Tx, edge *tree.Edge, xid int64) error {
	root, err := edge.Root()
	if err != nil {
		return err
	}
	note, err := s.Signer.Sign(tree.Checkpoint{
		Size: edge.Size(),
		Root: root,
		Time: tx.Now,
		XID:  uint64(xid), //nolint:gosec // not negative
	})
	if err != nil {
		return fmt.Errorf("sign a checkpoint: %w", err)
	}
	queueInsertCheckpoint(tx, queueInsertCheckpointParams{Size: edge.Size(), Xid: xid, Note: note, CreatedAt: tx.Now})
	return nil
}

// batch adds entries to the tree in one transaction.
type batch struct {
	tx    *postgres.Tx
	edge  *tree.Edge
	ids   []byte // of the entries in the last, incomplete tile
	limit int
}

func loadBatch(ctx context.Context, tx *postgres.Tx, size int64, limit int) (*batch, error) {
	b := &batch{tx: tx, limit: limit}
	read := func(level int, index int64, width int) ([]tree.Hash, error) {
		tile, err := readTile(ctx, tx, int32(level), index) //nolint:gosec // at most 7
		if err != nil {
			return nil, err
		}
		hashes, err := tree.Hashes(tile.Hashes)
		if err != nil || len(hashes) != width {
			return nil, fmt.Errorf("tile %d of level %d is damaged: run amrutam audit verify", index, level)
		}
		if level == 0 {
			b.ids = tile.Entries
		}
		return hashes, nil
	}
	var err error
	b.edge, err = tree.LoadEdge(size, read)
	return b, err
}

// addImported adds entries that were written before there was a tree, in the order of their time. When there are no
// more, their number is known.
func (b *batch) addImported(ctx context.Context, update *queueUpdateTreeParams) (more bool, err error) {
	added, last, err := b.add(ctx, `-- name: sealEntries :many
		SELECT `+leafColumns+` FROM audit_logs
		WHERE xid IS NULL AND (created_at, id) > ($1, $2) ORDER BY created_at, id LIMIT $3`,
		update.ImportedAt, update.ImportedID, b.limit)
	if err != nil {
		return false, err
	}
	if added > 0 {
		update.ImportedID = last
		const readTime = "SELECT created_at FROM audit_logs WHERE id = $1 AND xid IS NULL"
		if err := b.tx.QueryRow(ctx, readTime, last).Scan(&update.ImportedAt); err != nil {
			return false, fmt.Errorf("read the time of an entry: %w", err)
		}
	}
	if added < b.limit {
		size := b.edge.Size()
		update.ImportSize = &size
	}
	return true, nil
}

// addCommitted adds the entries of transactions below the horizon: all of them, or those of some transactions if there
// are more than a batch.
func (b *batch) addCommitted(ctx context.Context, update *queueUpdateTreeParams,
	horizon int64) (more bool, err error) {
	until, err := findXIDAfter(ctx, b.tx, update.Xid, horizon, int32(b.limit)) //nolint:gosec // small
	switch {
	case postgres.NoRows(err):
		until = horizon
	case err != nil:
		return false, err
	case until == update.Xid: // one transaction has more entries than a batch
		until++
	}
	_, _, err = b.add(ctx, `-- name: sealEntries :many
		SELECT `+leafColumns+` FROM audit_logs
		WHERE xid >= $1::bigint::text::xid8 AND xid < $2::bigint::text::xid8 ORDER BY xid, id`, update.Xid, until)
	update.Xid = until
	return until < horizon, err
}

// add adds the entries that a statement returns, and returns how many they are and the id of the last one.
func (b *batch) add(ctx context.Context, sql string, args ...any) (added int, last uuid.UUID, err error) {
	rows, err := postgres.ForValues(b.tx).Query(ctx, sql, args...) //nolint:rowserrcheck // ForEachRow does
	if err != nil {
		return 0, last, fmt.Errorf("read entries: %w", err)
	}
	var leaf pgtype.DriverBytes
	_, err = pgx.ForEachRow(rows, []any{&last, &leaf}, func() error {
		added++
		b.ids = append(b.ids, last[:]...)
		return b.edge.Append(tree.HashLeaf(leaf), func(t tree.Tile) error {
			b.save(t)
			return nil
		})
	})
	if err != nil {
		return 0, last, fmt.Errorf("read entries: %w", err)
	}
	return added, last, nil
}

// save queues a tile, with the ids of its entries if it is of the lowest level.
func (b *batch) save(t tree.Tile) {
	tile := queueUpsertTileParams{
		Level:  int32(t.Level), //nolint:gosec // at most 7
		Index:  t.Index,
		Hashes: tree.Bytes(t.Hashes),
	}
	if t.Level == 0 {
		tile.Entries = b.ids
		b.ids = nil
	}
	queueUpsertTile(b.tx, tile)
}

func (b *batch) savePartial() {
	for _, t := range b.edge.Partial() {
		b.save(t)
	}
}

// ReadBacklog returns the age of the oldest entry that isn't in the tree, and how many checkpoints are only in the
// database although there is a sink.
func (s *Service) ReadBacklog(ctx context.Context) (unsealed time.Duration, unpublished int, err error) {
	err = s.DB.Read(ctx, func(r *postgres.Read) error {
		row, err := readTreeBacklog(ctx, r, r.Now)
		unsealed = time.Duration(max(row.Unsealed, 0) * float64(time.Second))
		if s.Sink != nil {
			unpublished = int(row.Unpublished)
		}
		return err
	})
	return unsealed, unpublished, err
}
