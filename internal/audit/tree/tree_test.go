package tree_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"amrutam/internal/audit/tree"
)

// TestEdgeAgainstReference compares the roots of growing trees with those of x/mod's own log, which stores all hashes,
// and loads the edge again from its tiles on the way.
func TestEdgeAgainstReference(t *testing.T) {
	t.Parallel()
	var stored []tlog.Hash
	reference := tlog.HashReaderFunc(func(indexes []int64) (found []tlog.Hash, err error) {
		for _, i := range indexes {
			found = append(found, stored[i])
		}
		return found, nil
	})
	type place struct {
		level int
		index int64
	}
	tiles := map[place][]tree.Hash{}
	save := func(tile tree.Tile) error {
		tiles[place{tile.Level, tile.Index}] = slices.Clone(tile.Hashes)
		return nil
	}
	edge := &tree.Edge{}
	for n := range int64(70_000) {
		leaf := fmt.Appendf(nil, "leaf %d", n)
		hashes, err := tlog.StoredHashes(n, leaf, reference)
		must(t, err)
		stored = append(stored, hashes...)
		must(t, edge.Append(tree.HashLeaf(leaf), save))
		if n > 600 && n%97 != 0 && n < 65_530 {
			continue
		}
		want, err := tlog.TreeHash(n+1, reference)
		must(t, err)
		got, err := edge.Root()
		must(t, err)
		if got != want || edge.Size() != n+1 {
			t.Fatalf("the root of %d leaves is %s, want %s", edge.Size(), got, want)
		}
		for _, partial := range edge.Partial() {
			must(t, save(partial))
		}
		edge, err = tree.LoadEdge(n+1, func(level int, index int64, width int) ([]tree.Hash, error) {
			return tiles[place{level, index}][:width], nil
		})
		must(t, err)
	}
	// Tiles are those that tlog.NewTiles names.
	for _, tile := range tlog.NewTiles(tree.TileHeight, 0, edge.Size()) {
		data, err := tlog.ReadTileData(tile, reference)
		must(t, err)
		if got := tiles[place{tile.L, tile.N}]; string(tree.Bytes(got[:tile.W])) != string(data) {
			t.Errorf("tile %d of level %d differs", tile.N, tile.L)
		}
		delete(tiles, place{tile.L, tile.N})
	}
	if len(tiles) > 0 {
		t.Errorf("more tiles than needed: %v", slices.Collect(maps.Keys(tiles)))
	}
}

func TestRootOfEmptyTree(t *testing.T) {
	t.Parallel()
	root, err := (&tree.Edge{}).Root()
	must(t, err)
	// RFC 6962, section 2.1: the hash of an empty list is the hash of an empty string.
	if root.String() != "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" {
		t.Errorf("%s", root)
	}
}

func TestTilesThatAreNone(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 31, 33, 257 * 32} {
		if _, err := tree.Hashes(make([]byte, size)); err == nil {
			t.Errorf("%d bytes were accepted", size)
		}
	}
	_, err := tree.LoadEdge(300, func(int, int64, int) ([]tree.Hash, error) { return nil, nil })
	if err == nil {
		t.Error("an edge without its tiles was loaded")
	}
}

func TestCheckpoints(t *testing.T) {
	t.Parallel()
	signer, other := newSigner(t, 1), newSigner(t, 2)
	want := tree.Checkpoint{
		Size: 42,
		Root: tree.HashLeaf([]byte("x")),
		Time: time.Date(2026, 11, 27, 18, 0, 0, 5000, time.UTC),
		XID:  1 << 40,
	}
	signed, err := signer.Sign(want)
	must(t, err)
	if again, err := newSigner(t, 1).Open(signed); err != nil || again != want {
		t.Errorf("opened %+v, %v", again, err)
	}
	if signer.PublicKey() == other.PublicKey() || strings.Contains(signed, signer.PublicKey()) {
		t.Error("the names of two keys are the same")
	}
	foreign, err := other.Sign(want)
	must(t, err)
	if _, err := signer.Open(foreign); !errors.Is(err, tree.ErrOtherKey) {
		t.Errorf("a checkpoint of another installation: %v", err)
	}
	if _, err := signer.Open(strings.Replace(signed, "\n42\n", "\n41\n", 1)); !errors.Is(err, tree.ErrBadSignature) {
		t.Errorf("another size: %v", err)
	}
	for n := range len(signed) { // each cut, and each changed byte
		if _, err := signer.Open(signed[:n]); err == nil {
			t.Errorf("a checkpoint cut to %d bytes was accepted", n)
		}
		changed := []byte(signed)
		changed[n] ^= 1
		if c, err := signer.Open(string(changed)); err == nil && c != want {
			t.Errorf("a change of byte %d was accepted", n)
		}
	}
	for _, seed := range [][]byte{nil, make([]byte, 31), make([]byte, 33)} {
		if _, err := tree.NewSigner(seed); err == nil {
			t.Errorf("a seed of %d bytes was accepted", len(seed))
		}
	}
}

func newSigner(t *testing.T, first byte) *tree.Signer {
	t.Helper()
	s, err := tree.NewSigner(append([]byte{first}, make([]byte, 31)...))
	must(t, err)
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
