// Package tree is the Merkle tree over the audit log (RFC 6962, section 2.1), stored in tiles of 256 hashes, and its
// signed checkpoints (C2SP tlog-checkpoint).
package tree

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	// TileHeight is the number of levels of the tree in a tile.
	TileHeight = 8
	// TileWidth is the number of hashes in the bottom row of a full tile.
	TileWidth = 1 << TileHeight
)

// Hash is a SHA-256 hash of a leaf or a node (RFC 6962, section 2.1).
type Hash = tlog.Hash

// HashLeaf returns the hash of a leaf.
func HashLeaf(leaf []byte) Hash { return tlog.RecordHash(leaf) }

// Tile has the hashes at a multiple of TileHeight levels above the leaves. Only the last tile of a level has fewer
// than TileWidth hashes.
type Tile struct {
	Level  int // 0 has the hashes of leaves
	Index  int64
	Hashes []Hash
}

// Edge is the right edge of a tree: the last, incomplete tile of each level. It is all that is needed to append leaves
// and to compute the root. The zero value is the empty tree.
type Edge struct {
	size  int64
	tiles [][]Hash // by level
}

// LoadEdge returns the edge of a tree with size leaves. read returns the first width hashes of a tile.
func LoadEdge(size int64, read func(level int, index int64, width int) ([]Hash, error)) (*Edge, error) {
	e := &Edge{size: size}
	for level, count := 0, size; count > 0; level, count = level+1, count>>TileHeight {
		var hashes []Hash
		if width := int(count % TileWidth); width > 0 {
			var err error
			if hashes, err = read(level, count/TileWidth, width); err != nil {
				return nil, err
			}
			if len(hashes) != width {
				return nil, fmt.Errorf("tile %d of level %d has %d hashes, want %d", count/TileWidth, level,
					len(hashes), width)
			}
		}
		e.tiles = append(e.tiles, append(make([]Hash, 0, TileWidth), hashes...))
	}
	return e, nil
}

// Size returns the number of leaves.
func (e *Edge) Size() int64 { return e.size }

// Append adds the hash of a leaf. It calls full with each tile that becomes full, lowest level first; the hashes are
// valid until full returns.
func (e *Edge) Append(leaf Hash, full func(Tile) error) error {
	e.size++
	hash, index := leaf, e.size-1
	for level := 0; ; level++ {
		if level == len(e.tiles) {
			e.tiles = append(e.tiles, make([]Hash, 0, TileWidth))
		}
		e.tiles[level] = append(e.tiles[level], hash)
		if len(e.tiles[level]) < TileWidth {
			return nil
		}
		index /= TileWidth
		if err := full(Tile{level, index, e.tiles[level]}); err != nil {
			return err
		}
		hash = foldFull(e.tiles[level])
		e.tiles[level] = e.tiles[level][:0]
	}
}

// foldFull returns the root of a full tile.
func foldFull(hashes []Hash) Hash {
	var nodes [TileWidth]Hash
	copy(nodes[:], hashes)
	for width := TileWidth / 2; width > 0; width /= 2 {
		for i := range width {
			nodes[i] = tlog.NodeHash(nodes[2*i], nodes[2*i+1])
		}
	}
	return nodes[0]
}

// Partial returns the tiles of the edge that have hashes.
func (e *Edge) Partial() []Tile {
	var tiles []Tile
	count := e.size
	for level, hashes := range e.tiles {
		if len(hashes) > 0 {
			tiles = append(tiles, Tile{level, count / TileWidth, hashes})
		}
		count /= TileWidth
	}
	return tiles
}

// Root returns the root of the tree. That of the empty tree is the hash of nothing.
func (e *Edge) Root() (Hash, error) {
	tiles := map[[2]int64][]Hash{}
	for _, t := range e.Partial() {
		tiles[[2]int64{int64(t.Level), t.Index}] = t.Hashes
	}
	return tlog.TreeHash(e.size, tlog.HashReaderFunc(func(indexes []int64) ([]Hash, error) {
		found := make([]Hash, len(indexes))
		for i, index := range indexes {
			tile := tlog.TileForIndex(TileHeight, index)
			hashes := tiles[[2]int64{int64(tile.L), tile.N}]
			if len(hashes) < tile.W {
				return nil, fmt.Errorf("tile %d of level %d is missing", tile.N, tile.L)
			}
			var err error
			if found[i], err = tlog.HashFromTile(tile, Bytes(hashes[:tile.W]), index); err != nil {
				return nil, err
			}
		}
		return found, nil
	}))
}

// Bytes returns the hashes one after the other, as a tile is stored.
func Bytes(hashes []Hash) []byte {
	data := make([]byte, 0, len(hashes)*tlog.HashSize)
	for _, h := range hashes {
		data = append(data, h[:]...)
	}
	return data
}

// Hashes is the inverse of Bytes. Returns an error if data isn't a row of hashes.
func Hashes(data []byte) ([]Hash, error) {
	if len(data)%tlog.HashSize != 0 || len(data) > TileWidth*tlog.HashSize {
		return nil, fmt.Errorf("a tile of %d bytes", len(data))
	}
	hashes := make([]Hash, len(data)/tlog.HashSize)
	for i := range hashes {
		copy(hashes[i][:], data[i*tlog.HashSize:])
	}
	return hashes, nil
}
