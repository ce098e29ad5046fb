package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/tlog"

	"amrutam/internal/access"
	"amrutam/internal/audit/tree"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

var (
	errNotSealed = problem.Conflict("audit-log-not-sealed", "The entry is not sealed yet",
		"The entry is newer than the last checkpoint.", "Try again in two minutes.")
	errAltered = problem.Conflict("audit-log-altered", "The audit log was altered",
		"The entry is not what it was when it was sealed.", "Run amrutam audit verify: it says what was altered.")
)

// Proof proves that an entry is in the log (RFC 6962, section 2.1.1).
type Proof struct {
	_ struct{} `doc:"A proof that an entry is in the audit log"`

	Leaf string `json:"leaf" doc:"The entry as it is hashed: a JSON array of id, actorId, actorRole, action, entityType, entityId, metadata, ipAddress, and the microseconds from 1970 to createdAt. Hash its bytes as they are" example:"[\"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7084\", null, null, \"consultation.cancel\", \"consultation\", \"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7083\", {\"job\": \"consultation.sweep\"}, null, 1795777200000000]"`
	// LeafIndex and TreeSize count leaves.
	LeafIndex  int64    `json:"leafIndex" minimum:"0" doc:"The place of the entry among the leaves; the first is 0" example:"1"`
	TreeSize   int64    `json:"treeSize" minimum:"1" doc:"How many leaves the tree of the checkpoint has" example:"2"`
	Hashes     []string `json:"hashes" doc:"The hashes beside the way from the leaf to the root, in base64, lowest first: the audit path of RFC 6962"`
	Checkpoint string   `json:"checkpoint" doc:"The last checkpoint, a signed note (C2SP tlog-checkpoint): the name of the key, the tree's size, its root in base64, the time and the bound of transactions, and after an empty line the signature"`
	Key        string   `json:"key" doc:"The public key of this installation, as a verifier key of signed notes: name, key hash and Ed25519 key. Compare it with one that you keep elsewhere"`
}

// prove returns the proof of an entry in the last checkpoint. Returns NotFound if there is no such entry, errNotSealed
// if it is newer than the checkpoint, and errAltered if it isn't the one that was sealed.
func (s *Service) prove(ctx context.Context, tx *postgres.Tx, actor access.Actor, in ReadRequest) (Proof, error) {
	entry, err := findEntry(ctx, tx, in.ID)
	isLive := !postgres.NoRows(err)
	if err != nil && isLive {
		return Proof{}, err
	}
	last, err := findLastCheckpoint(ctx, tx)
	switch {
	case postgres.NoRows(err) && isLive:
		return Proof{}, errNotSealed
	case postgres.NoRows(err):
		return Proof{}, problem.NotFound
	case err != nil:
		return Proof{}, err
	}
	index, leaf, err := s.findLeaf(ctx, tx, in.ID, entry.CreatedAt, last.Size)
	if err != nil {
		return Proof{}, err
	}
	Write(tx, actor, "audit-log.prove", in.ID, nil)
	checkpoint, err := s.Signer.Open(last.Note)
	if err != nil {
		return Proof{}, errAltered
	}
	proof, err := proveLeaf(ctx, tx, checkpoint, index)
	if err != nil || tlog.CheckRecord(proof, checkpoint.Size, checkpoint.Root, index, tree.HashLeaf(leaf)) != nil {
		return Proof{}, errAltered
	}
	p := Proof{
		Leaf:       string(leaf),
		LeafIndex:  index,
		TreeSize:   checkpoint.Size,
		Hashes:     make([]string, len(proof)),
		Checkpoint: last.Note,
		Key:        s.Signer.PublicKey(),
	}
	for i, hash := range proof {
		p.Hashes[i] = hash.String()
	}
	return p, nil
}

// findLeaf returns the place of an entry among the leaves, and its leaf. created is the entry's time, or zero if it is
// only in a file. Its place is compared with the id that the tree has there.
func (s *Service) findLeaf(ctx context.Context, tx *postgres.Tx, id uuid.UUID, created time.Time,
	size int64) (index int64, leaf []byte, err error) {
	var row countEntriesBeforeRow
	if !created.IsZero() {
		if row, err = countEntriesBefore(ctx, tx, id, created); err != nil {
			return 0, nil, err
		}
		if !row.IsSealed {
			return 0, nil, errNotSealed
		}
	}
	if created.IsZero() || row.IsCompressed {
		index, leaf, err = s.findInFiles(ctx, tx, id)
	} else {
		index = row.Before
		leaf, err = readLeaf(ctx, tx, id, created)
	}
	if err != nil {
		return 0, nil, err
	}
	if index >= size {
		return 0, nil, errAltered
	}
	tile, err := readTile(ctx, tx, 0, index/tree.TileWidth)
	if err != nil {
		return 0, nil, err
	}
	place := int(index%tree.TileWidth) * idSize
	if place+idSize > len(tile.Entries) || [idSize]byte(tile.Entries[place:]) != id {
		return 0, nil, errAltered
	}
	return index, leaf, nil
}

// readLeaf returns the leaf of an entry in the database.
func readLeaf(ctx context.Context, tx *postgres.Tx, id uuid.UUID, created time.Time) (leaf []byte, err error) {
	var ignored uuid.UUID
	err = tx.QueryRow(ctx, "SELECT "+leafColumns+" FROM audit_logs WHERE id = $1 AND created_at = $2", id, created).
		Scan(&ignored, &leaf)
	return leaf, err
}

// proveLeaf returns the audit path of a leaf. It checks the tiles against the checkpoint on the way.
func proveLeaf(ctx context.Context, db postgres.Querier, c tree.Checkpoint, index int64) (tlog.RecordProof, error) {
	reader := tlog.TileHashReader(tlog.Tree{N: c.Size, Hash: c.Root}, tileReader{ctx, db})
	return tlog.ProveRecord(c.Size, index, reader)
}

// tileReader reads tiles for package tlog.
type tileReader struct {
	ctx context.Context //nolint:containedctx // tlog's interface has none
	db  postgres.Querier
}

// Height implements tlog.TileReader.
func (tileReader) Height() int { return tree.TileHeight }

// ReadTiles implements tlog.TileReader.
func (r tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, t := range tiles {
		tile, err := readTile(r.ctx, r.db, int32(t.L), t.N) //nolint:gosec // at most 7
		if err != nil {
			return nil, err
		}
		if len(tile.Hashes) < t.W*tlog.HashSize {
			return nil, fmt.Errorf("tile %d of level %d is too short", t.N, t.L)
		}
		data[i] = tile.Hashes[:t.W*tlog.HashSize]
	}
	return data, nil
}

// SaveTiles implements tlog.TileReader, and saves nothing.
func (tileReader) SaveTiles([]tlog.Tile, [][]byte) {}
