package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/audit/tree"
	"amrutam/internal/postgres"
)

const (
	// comparers is how many goroutines compare entries with the tree: the server's work is most of it.
	comparers = 3
	// VerifyConns is how many connections Verify uses at once: two for each goroutine.
	VerifyConns = 2 * (comparers + 1)
)

// chunk is a range of leaves that whole checkpoints have added, and of the transactions of their entries. The first
// chunk can be that of the entries without a transaction. A file is a chunk too.
type chunk struct {
	first, end int64
	imported   bool
	from, to   int64 // transactions
	after      entry // the imported entry before it, or none
	segments   []segment
	file       *listFilesRow // that the entries are in, or nil
}

// segment is what one checkpoint has added.
type segment struct {
	end   int64
	since time.Time // of the last checkpoint before that wasn't partial
}

// sendChunks sends the chunks in order, until something is found.
func (v *verifier) sendChunks(ctx context.Context, chunks chan<- chunk) {
	send := func(c chunk) bool {
		v.mu.Lock()
		found := v.result.Finding != nil
		v.mu.Unlock()
		if found {
			return false
		}
		select {
		case chunks <- c:
			return true
		case <-ctx.Done():
			return false
		}
	}
	for _, c := range v.fileChunks() {
		if !send(c) {
			return
		}
	}
	imported := v.state.Size
	if v.state.ImportSize != nil {
		imported = *v.state.ImportSize
	}
	c := chunk{first: min(imported, v.state.CompressedSize), end: imported, imported: true}
	for _, f := range v.files {
		if f.Imported {
			c.after.created, c.after.id = f.LastCreated, f.LastID
		}
	}
	if !send(c) {
		return
	}
	c = chunk{first: max(imported, v.state.CompressedSize), from: v.state.CompressedXid}
	c.end = c.first
	var since time.Time
	for _, checkpoint := range v.checkpoints {
		if checkpoint.Size > c.end {
			c.end, c.to = checkpoint.Size, int64(checkpoint.XID) //nolint:gosec // as in sign
			c.segments = append(c.segments, segment{c.end, since})
		}
		if !checkpoint.Partial {
			since = checkpoint.Time
		}
		if c.end-c.first >= chunkSize {
			if !send(c) {
				return
			}
			c = chunk{first: c.end, end: c.end, from: c.to}
		}
	}
	if c.end > c.first {
		send(c)
	}
}

// comparer compares the entries of a chunk with its leaves one by one, in the order of the tree.
type comparer struct {
	v        *verifier
	chunk    chunk
	leaves   leafReader
	leaf     int64 // the next one
	segments []segment
}

func (v *verifier) newComparer(c chunk) *comparer {
	return &comparer{v: v, chunk: c, leaves: leafReader{db: v.db, size: v.state.Size}, leaf: c.first,
		segments: c.segments}
}

// compare compares the next entry with the next leaf. Returns a Finding if it is another one.
func (c *comparer) compare(ctx context.Context, e *entry) error {
	if c.leaf == c.chunk.end {
		return c.v.explainMore(ctx, c.chunk, e)
	}
	id, hash, err := c.leaves.at(ctx, c.leaf)
	if err != nil {
		return err
	}
	switch {
	case id != e.id && c.chunk.file != nil:
		return &Finding{c.leaf, id, fmt.Sprintf("entry %s was removed or moved: file %s has another one at its place",
			id, c.chunk.file.Name)}
	case id != e.id:
		return c.v.explainOther(ctx, c.chunk, c.leaf, id, e)
	}
	if tree.HashLeaf(e.leaf) != hash {
		return &Finding{c.leaf, id, fmt.Sprintf("entry %s was altered", id)}
	}
	for len(c.segments) > 0 && c.leaf >= c.segments[0].end {
		c.segments = c.segments[1:]
	}
	if len(c.segments) > 0 && e.created.Before(c.segments[0].since.Add(-clockTolerance)) {
		return &Finding{c.leaf, id, fmt.Sprintf("entry %s was inserted later than it says: it is of %s, and the "+
			"checkpoint of %s doesn't have it yet", id, e.created.Format(time.RFC3339),
			c.segments[0].since.Format(time.RFC3339))}
	}
	c.leaf++
	c.v.count()
	return nil
}

// compareChunk compares the entries of a chunk in the database with its leaves.
func (v *verifier) compareChunk(ctx context.Context, r *postgres.Read, c chunk) error {
	if c.file != nil {
		return v.compareFile(ctx, r, c)
	}
	all := v.newComparer(c)
	err := forEachEntryOf(ctx, r, c, func(e *entry) error { return all.compare(ctx, e) })
	if err != nil {
		return err
	}
	if all.leaf < c.end {
		id, _, err := all.leaves.at(ctx, all.leaf)
		if err != nil {
			return err
		}
		return v.explainOther(ctx, c, all.leaf, id, nil)
	}
	return nil
}

// count reports how many entries are done, each ten thousand.
func (v *verifier) count() {
	if done := v.done.Add(1); done%10_000 == 0 {
		v.report(done, v.state.Size)
	}
}

// explainOther returns the finding for a leaf at whose place another entry is, or none.
func (v *verifier) explainOther(ctx context.Context, c chunk, leaf int64, id uuid.UUID, other *entry) error {
	exists := false
	if err := v.db.Read(ctx, func(r *postgres.Read) error {
		return r.QueryRow(ctx, "SELECT EXISTS (SELECT FROM audit_logs WHERE id = $1)", id).Scan(&exists)
	}); err != nil {
		return err
	}
	if !exists {
		return &Finding{leaf, id, fmt.Sprintf("entry %s was removed", id)}
	}
	if other != nil {
		isKnown, err := v.hasLeaf(ctx, c, other.id)
		if err != nil {
			return err
		}
		if !isKnown {
			return &Finding{leaf, other.id, fmt.Sprintf("entry %s was inserted", other.id)}
		}
	}
	return moved(leaf, id)
}

func moved(leaf int64, id uuid.UUID) *Finding {
	return &Finding{leaf, id, fmt.Sprintf("entry %s was moved: it is at another place than when it was sealed", id)}
}

// explainMore returns the finding for an entry behind the last leaf of a chunk.
func (v *verifier) explainMore(ctx context.Context, c chunk, e *entry) error {
	if c.imported && v.state.ImportSize == nil {
		return nil // not imported yet
	}
	isKnown, err := v.hasLeaf(ctx, c, e.id)
	if err != nil {
		return err
	}
	if isKnown {
		return moved(c.end-1, e.id)
	}
	return &Finding{max(c.end-1, 0), e.id, fmt.Sprintf("entry %s was inserted", e.id)}
}

// hasLeaf reports whether an entry is among the leaves of a chunk.
func (v *verifier) hasLeaf(ctx context.Context, c chunk, id uuid.UUID) (found bool, err error) {
	leaves := leafReader{db: v.db, size: v.state.Size}
	for leaf := c.first; leaf < c.end && !found; leaf++ {
		other, _, err := leaves.at(ctx, leaf)
		if err != nil {
			return false, err
		}
		found = other == id
	}
	return found, nil
}

// importPage is how many entries without a transaction one statement reads.
const importPage = 100_000

// forEachEntryOf calls fn with each entry of a chunk, in the order of the tree.
func forEachEntryOf(ctx context.Context, r *postgres.Read, c chunk, fn func(*entry) error) error {
	if !c.imported {
		_, err := forEachLeaf(ctx, r, fn, committedLeaves, c.from, c.to)
		return err
	}
	last := c.after
	for {
		count, err := forEachLeaf(ctx, r, func(e *entry) error {
			last.id, last.created = e.id, e.created
			return fn(e)
		}, importedLeaves, last.created, last.id, importPage)
		if err != nil || count < importPage {
			return err
		}
	}
}
