package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"amrutam/internal/audit/tree"
	"amrutam/internal/postgres"
)

// defaultBatch is about how many entries a transaction adds to the tree.
const defaultBatch = 50_000

const (
	// leafColumns are the id and the leaf of an entry: a JSON array (RFC 8259) of its fields as the database writes
	// them, with the time in microseconds since 1970.
	leafColumns = `id, json_build_array(id, actor_id, actor_role, action, entity_type, entity_id, metadata,
		ip_address, (extract(epoch FROM created_at) * 1000000)::bigint)::text`
	selectLeaves = "-- name: listLeaves :many\nSELECT " + leafColumns + ", created_at FROM audit_logs"
	// importedLeaves and committedLeaves are the entries without and with a transaction, in the order of the tree.
	importedLeaves = selectLeaves +
		" WHERE xid IS NULL AND (created_at, id) > ($1, $2) ORDER BY created_at, id LIMIT $3"
	committedLeaves = selectLeaves +
		" WHERE xid >= $1::bigint::text::xid8 AND xid < $2::bigint::text::xid8 ORDER BY xid, id"

	idSize = len(uuid.UUID{})
)

// entry is an entry as it is now.
type entry struct {
	id      uuid.UUID
	leaf    pgtype.DriverBytes // valid until the next one
	created time.Time
}

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
	return more, s.sign(tx, b.edge, update.Xid, more)
}

// sign writes a checkpoint of the tree. partial says that there are more entries.
func (s *Service) sign(tx *postgres.Tx, edge *tree.Edge, xid int64, partial bool) error {
	root, err := edge.Root()
	if err != nil {
		return err
	}
	note, err := s.Signer.Sign(tree.Checkpoint{
		Size:    edge.Size(),
		Root:    root,
		Time:    tx.Now,
		XID:     uint64(xid), //nolint:gosec // not negative
		Partial: partial,
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
	added, err := b.add(ctx, func(e *entry) { update.ImportedAt, update.ImportedID = e.created, e.id },
		importedLeaves, update.ImportedAt, update.ImportedID, b.limit)
	if err != nil {
		return false, err
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
	_, err = b.add(ctx, func(*entry) {}, committedLeaves, update.Xid, until)
	update.Xid = until
	return until < horizon, err
}

// add adds the entries that a statement returns, calls then with each, and returns how many these are.
func (b *batch) add(ctx context.Context, then func(*entry), sql string, args ...any) (added int, err error) {
	return forEachLeaf(ctx, b.tx, func(e *entry) error {
		then(e)
		b.ids = append(b.ids, e.id[:]...)
		return b.edge.Append(tree.HashLeaf(e.leaf), func(t tree.Tile) error {
			b.save(t)
			return nil
		})
	}, sql, args...)
}

// forEachLeaf calls fn with each entry that a statement returns, and returns how many these are.
func forEachLeaf(ctx context.Context, db postgres.Querier, fn func(*entry) error, sql string,
	args ...any) (count int, err error) {
	rows, err := postgres.ForValues(db).Query(ctx, sql, args...)
	if err != nil {
		return 0, fmt.Errorf("read entries: %w", err)
	}
	defer rows.Close()
	var e entry
	for rows.Next() {
		if err := rows.Scan(&e.id, &e.leaf, &e.created); err != nil {
			return count, fmt.Errorf("read an entry: %w", err)
		}
		count++
		if err := fn(&e); err != nil {
			return count, err
		}
	}
	if err := rows.Err(); err != nil {
		return count, fmt.Errorf("read entries: %w", err)
	}
	return count, nil
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
		unsealed, unpublished, err = s.findBacklog(ctx, r)
		return err
	})
	return unsealed, unpublished, err
}

func (s *Service) findBacklog(ctx context.Context, r *postgres.Read) (unsealed time.Duration, unpublished int,
	err error) {
	row, err := readTreeBacklog(ctx, r, r.Now)
	if s.Sink != nil {
		unpublished = int(row.Unpublished)
	}
	return time.Duration(max(row.Unsealed, 0) * float64(time.Second)), unpublished, err
}

// SealState says how far the log is sealed.
type SealState struct {
	// Unsealed is the age of the oldest entry that isn't in the tree.
	Unsealed time.Duration
	// Unpublished is how many checkpoints are only in the database although there is a sink.
	Unpublished int
	// Checkpoint is when the last checkpoint was made; nil before the first one.
	Checkpoint *time.Time
}

// ReadSealState returns how far the log is sealed.
func (s *Service) ReadSealState(ctx context.Context, r *postgres.Read) (state SealState, err error) {
	if state.Unsealed, state.Unpublished, err = s.findBacklog(ctx, r); err != nil {
		return state, err
	}
	last, err := findLastCheckpoint(ctx, r)
	if postgres.NoRows(err) {
		return state, nil
	}
	state.Checkpoint = &last.CreatedAt
	return state, err
}
