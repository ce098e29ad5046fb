package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/audit/tree"
	"amrutam/internal/postgres"
)

const (
	// chunkSize is about how many entries one goroutine compares before it takes the next ones.
	chunkSize = 1 << 16
	// clockTolerance is how much earlier than the checkpoint before it an entry may say that it was written: servers'
	// clocks differ, and a transaction takes a while.
	clockTolerance = time.Hour
)

// Verification is what Verify found.
type Verification struct {
	Entries     int64 // entries in the tree, without the dropped ones
	InFiles     int64 // of them, entries that are in files
	Expired     int64 // entries that were dropped, because they were kept long enough
	Unsealed    int64 // entries that are newer than the last checkpoint
	Checkpoints int   // checkpoints in the database
	Outside     int   // checkpoints from outside of the database
	// Restores are the signed statements that the log was taken back, by time, and GivenUp is how many checkpoints
	// from outside of the database they give up.
	Restores []tree.Checkpoint
	GivenUp  int
	// Finding is the first thing that is not as it was sealed, or nil.
	Finding *Finding
}

// Finding is something that isn't as it was sealed.
type Finding struct {
	Leaf  int64     // the place among the leaves, from 0
	Entry uuid.UUID // the entry, or zero if it isn't known
	Text  string
}

// Error describes the finding.
func (f *Finding) Error() string { return f.Text }

// Verify compares every entry with the tree, in the database and in files, the tree with every checkpoint, and the
// checkpoints with those that were kept outside of the database. report is called now and then with the number of
// entries that are done.
func (s *Service) Verify(ctx context.Context, outside []Outside,
	report func(done, total int64)) (Verification, error) {
	for {
		v := verifier{db: s.DB, signer: s.Signer, folder: s.Folder, keepFor: s.KeepFor, report: report}
		if err := v.run(ctx, outside); err != nil {
			return v.result, err
		}
		var now readTreeRow
		err := s.DB.Read(ctx, func(r *postgres.Read) (err error) {
			now, err = readTree(ctx, r)
			return err
		})
		// Entries that were moved into files meanwhile would be missed in the database.
		isSame := now.CompressedSize == v.state.CompressedSize && now.KeptSince.Equal(v.state.KeptSince) &&
			now.ExpiredSize == v.state.ExpiredSize
		if err != nil || v.result.Finding == nil || isSame {
			return v.result, err
		}
	}
}

// run verifies everything once.
func (v *verifier) run(ctx context.Context, outside []Outside) error {
	err := v.db.Read(ctx, func(r *postgres.Read) error {
		if err := v.readCheckpoints(ctx, r); err != nil {
			return err
		}
		return v.readFiles(ctx, r)
	})
	if err != nil {
		return err
	}
	v.addOutside(outside)
	if v.result.Finding == nil {
		if err := v.compareAll(ctx); err != nil {
			return err
		}
	}
	const countUnsealed = "SELECT count(*) FROM audit_logs WHERE xid >= $1::bigint::text::xid8"
	return v.db.Read(ctx, func(r *postgres.Read) error {
		return r.QueryRow(ctx, countUnsealed, v.state.Xid).Scan(&v.result.Unsealed)
	})
}

// verifier holds the state of one Verify.
type verifier struct {
	db      *postgres.DB
	signer  *tree.Signer
	folder  Folder
	keepFor time.Duration
	report  func(done, total int64)
	state   readTreeRow
	files   []listFilesRow
	// checkpoints are those of the database, by size, and roots those of all checkpoints.
	checkpoints []tree.Checkpoint
	roots       []rootAt

	mu     sync.Mutex
	done   atomic.Int64
	result Verification
}

// rootAt is the root that a checkpoint states, and where that checkpoint is.
type rootAt struct {
	size  int64
	root  tree.Hash
	place string
}

// find keeps a finding if it is the first one.
func (v *verifier) find(f *Finding) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.result.Finding == nil || f.Leaf < v.result.Finding.Leaf {
		v.result.Finding = f
	}
}

// keepFinding keeps an error that is a finding, and returns any other.
func (v *verifier) keepFinding(err error) error {
	var finding *Finding
	if errors.As(err, &finding) {
		v.find(finding)
		return nil
	}
	return err
}

// readCheckpoints reads the state of the tree and the checkpoints, and checks their signatures and order.
func (v *verifier) readCheckpoints(ctx context.Context, r *postgres.Read) (err error) {
	if v.state, err = readTree(ctx, r); err != nil {
		return err
	}
	v.result.Entries, v.result.Expired = v.state.Size-v.state.ExpiredSize, v.state.ExpiredSize
	var last tree.Checkpoint
	err = eachCheckpoint(ctx, r, v.state.Size, func(row eachCheckpointRow) error {
		place := fmt.Sprintf("the checkpoint of %d entries in the database", row.Size)
		c, err := v.signer.Open(row.Note)
		switch {
		case err != nil:
			return &Finding{Leaf: last.Size, Text: fmt.Sprintf("%s: %s", place, err)}
		case c.Restored, c.Size != row.Size,
			int64(c.XID) != row.Xid, c.XID < last.XID: //nolint:gosec // as in sign
			return &Finding{Leaf: last.Size, Text: place + " is not what was signed"}
		}
		last = c
		v.checkpoints = append(v.checkpoints, c)
		v.roots = append(v.roots, rootAt{c.Size, c.Root, place})
		return nil
	})
	v.result.Checkpoints = len(v.checkpoints)
	if err == nil {
		err = v.readRestores(ctx, r)
	}
	if err != nil {
		return v.keepFinding(err)
	}
	if last.Size != v.state.Size {
		v.find(&Finding{Leaf: last.Size, Text: fmt.Sprintf(
			"the last checkpoint in the database has %d entries, and the tree %d: checkpoints were removed",
			last.Size, v.state.Size)})
	}
	return nil
}

// compareAll compares the tree with the checkpoints, and the entries with the tree, both at the same time.
func (v *verifier) compareAll(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	work := func(do func(r *postgres.Read) error) {
		running.Go(func() {
			if err := v.db.Read(ctx, do); err != nil {
				cancel(err)
			}
		})
	}
	work(func(r *postgres.Read) error { return v.keepFinding(v.compareTree(ctx, r)) })
	chunks := make(chan chunk)
	for range comparers {
		work(func(r *postgres.Read) error {
			for c := range chunks {
				if err := v.keepFinding(v.compareChunk(ctx, r, c)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	v.sendChunks(ctx, chunks)
	close(chunks)
	running.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// compareTree computes the tree from its leaves, and compares it with the stored tiles and with every checkpoint.
func (v *verifier) compareTree(ctx context.Context, r *postgres.Read) error {
	edge, err := v.loadExpired(ctx, r)
	if err != nil {
		return err
	}
	leaves := leafReader{db: v.db, size: v.state.Size}
	// before is the size of the last checkpoint. Those of the dropped entries can't be compared any more.
	next, before := 0, v.state.ExpiredSize
	for next < len(v.roots) && v.roots[next].size < v.state.ExpiredSize {
		next++
	}
	for ; next < len(v.roots) && v.roots[next].size == v.state.ExpiredSize; next++ {
		if err := compareRoot(edge, v.roots[next], 0); err != nil {
			return err
		}
	}
	for leaf := v.state.ExpiredSize; leaf < v.state.Size; leaf++ {
		_, hash, err := leaves.at(ctx, leaf)
		if err != nil {
			return err
		}
		err = edge.Append(hash, func(t tree.Tile) error {
			if t.Level == 0 {
				return nil
			}
			return compareTile(ctx, r, t, leaf)
		})
		if err != nil {
			return err
		}
		for ; next < len(v.roots) && v.roots[next].size == leaf+1; next++ {
			if err := compareRoot(edge, v.roots[next], before); err != nil {
				return err
			}
		}
		if next > 0 {
			before = v.roots[next-1].size
		}
	}
	for _, t := range edge.Partial() {
		if err := compareTile(ctx, r, t, v.state.Size-1); err != nil {
			return err
		}
	}
	return nil
}

// loadExpired returns the edge of the tree of the entries that were dropped.
func (v *verifier) loadExpired(ctx context.Context, r *postgres.Read) (*tree.Edge, error) {
	return tree.LoadEdge(v.state.ExpiredSize, func(level int, index int64, width int) ([]tree.Hash, error) {
		tile, err := readTile(ctx, r, int32(level), index) //nolint:gosec // at most 7
		if err != nil && !postgres.NoRows(err) {
			return nil, err
		}
		hashes, err := tree.Hashes(tile.Hashes)
		if err != nil || len(hashes) < width {
			return nil, &Finding{Leaf: v.state.ExpiredSize, Text: fmt.Sprintf(
				"tile %d of level %d of the tree is missing, or cut", index, level)}
		}
		return hashes[:width], nil
	})
}

// compareRoot compares the root of the tree with that of a checkpoint. before is the size of the last one before it.
func compareRoot(edge *tree.Edge, at rootAt, before int64) error {
	root, err := edge.Root()
	if err != nil {
		return err
	}
	if root != at.root {
		return &Finding{Leaf: before, Text: fmt.Sprintf("one of the entries %d to %d, or the tree above them, was "+
			"altered after it was sealed: their root is not that of %s", before, at.size-1, at.place)}
	}
	return nil
}

// compareTile compares a computed tile with the stored one. leaf is the last leaf below it.
func compareTile(ctx context.Context, r *postgres.Read, t tree.Tile, leaf int64) error {
	stored, err := readTile(ctx, r, int32(t.Level), t.Index) //nolint:gosec // at most 7
	if err != nil && !postgres.NoRows(err) {
		return err
	}
	if want := tree.Bytes(t.Hashes); !bytes.HasPrefix(stored.Hashes, want) {
		return &Finding{Leaf: leaf, Text: fmt.Sprintf("tile %d of level %d of the tree was altered, above entry %d",
			t.Index, t.Level, leaf)}
	}
	return nil
}

// leafReader reads the leaves of the tree in order, a page of tiles at a time.
type leafReader struct {
	db     *postgres.DB
	size   int64
	first  int64 // of the page
	ids    []byte
	hashes []byte
}

// tilesPerPage is how many tiles leafReader reads at a time: 768 KiB.
const tilesPerPage = 64

// at returns the id and the hash of a leaf.
func (l *leafReader) at(ctx context.Context, leaf int64) (id uuid.UUID, hash tree.Hash, err error) {
	if place := leaf - l.first; place < 0 || place >= int64(len(l.ids)/idSize) {
		if err := l.load(ctx, leaf); err != nil {
			return id, hash, err
		}
	}
	place := int(leaf - l.first)
	copy(id[:], l.ids[place*idSize:])
	copy(hash[:], l.hashes[place*len(hash):])
	return id, hash, nil
}

// compare reports whether an entry is the one that was sealed as a leaf, whose id it returns.
func (l *leafReader) compare(ctx context.Context, leaf int64, e *entry) (id uuid.UUID, isSame bool, err error) {
	id, hash, err := l.at(ctx, leaf)
	return id, id == e.id && hash == tree.HashLeaf(e.leaf), err
}

// load reads the page that begins with the tile of a leaf.
func (l *leafReader) load(ctx context.Context, leaf int64) error {
	index := leaf / tree.TileWidth
	l.first, l.ids, l.hashes = index*tree.TileWidth, l.ids[:0], l.hashes[:0]
	var tiles []listLeafTilesRow
	err := l.db.Read(ctx, func(r *postgres.Read) (err error) {
		tiles, err = listLeafTiles(ctx, r, index, index+tilesPerPage)
		return err
	})
	if err != nil {
		return err
	}
	for i, t := range tiles {
		full := (index + int64(i) + 1) * tree.TileWidth
		width := int(tree.TileWidth - max(full-l.size, 0))
		if t.Index != index+int64(i) || len(t.Entries) < width*idSize || len(t.Hashes) != 2*len(t.Entries) {
			break
		}
		l.ids = append(l.ids, t.Entries...)
		l.hashes = append(l.hashes, t.Hashes...)
	}
	if leaf >= l.first+int64(len(l.ids)/idSize) {
		return &Finding{Leaf: leaf, Text: fmt.Sprintf("the tile of entry %d is missing from the tree, or cut", leaf)}
	}
	return nil
}
