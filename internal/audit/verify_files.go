package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/audit/logfile"
	"amrutam/internal/postgres"
)

// readFiles reads the list of the files, and checks that they follow each other, as checkpoints divide the tree, and
// that the entries which are gone were kept long enough.
func (v *verifier) readFiles(ctx context.Context, r *postgres.Read) (err error) {
	if v.files, err = listFiles(ctx, r); err != nil {
		return err
	}
	xids := map[int64]int64{} // by the size of the checkpoint
	for _, c := range v.checkpoints {
		xids[c.Size] = int64(c.XID) //nolint:gosec // as in sign
		if c.Size == v.state.ExpiredSize && c.Time.After(r.Now.Add(-v.keepFor)) {
			v.find(&Finding{Text: fmt.Sprintf("the entries before %d were dropped too early: their last "+
				"checkpoint is of %s", c.Size, c.Time.Format("2006-01-02"))})
		}
	}
	if _, exists := xids[v.state.ExpiredSize]; !exists && v.state.ExpiredSize > 0 {
		v.find(&Finding{Text: fmt.Sprintf("the entries before %d were dropped, and their checkpoint is missing",
			v.state.ExpiredSize)})
	}
	end, xid := v.state.ExpiredSize, xids[v.state.ExpiredSize]
	for _, f := range v.files {
		until, exists := xids[f.end()]
		if f.First != end || f.XidFrom != xid || f.XidUntil != until || !exists {
			v.find(&Finding{Leaf: end, Text: fmt.Sprintf("the list of the files in the database was altered: file %s "+
				"does not follow the one before", f.Name)})
			return nil
		}
		end, xid = f.end(), until
	}
	if end != v.state.CompressedSize || xid != v.state.CompressedXid {
		v.find(&Finding{Leaf: end, Text: fmt.Sprintf("the list of the files in the database was altered: the entries "+
			"from %d to %d are in none", end, v.state.CompressedSize-1)})
		return nil
	}
	v.result.InFiles = end - v.state.ExpiredSize
	if len(v.files) == 0 {
		return nil
	}
	if v.folder == "" {
		return ErrNoFolder
	}
	if err := v.folder.checkManifest(v.files, v.state.ExpiredSize, v.state.CompressedSize); err != nil {
		v.find(&Finding{Leaf: v.state.ExpiredSize, Text: err.Error()})
	}
	return nil
}

// fileChunks returns a chunk for each file.
func (v *verifier) fileChunks() []chunk {
	var chunks []chunk
	after := entry{}
	next, since := 0, time.Time{}
	for i := range v.files {
		f := &v.files[i]
		c := chunk{first: f.First, end: f.end(), imported: f.Imported, from: f.XidFrom, to: f.XidUntil, after: after,
			file: f}
		for ; next < len(v.checkpoints) && v.checkpoints[next].Size <= c.end; next++ {
			checkpoint := v.checkpoints[next]
			if !f.Imported && checkpoint.Size > c.first {
				c.segments = append(c.segments, segment{checkpoint.Size, since})
			}
			if !checkpoint.Partial {
				since = checkpoint.Time
			}
		}
		after.created, after.id = f.LastCreated, f.LastID
		chunks = append(chunks, c)
	}
	return chunks
}

// compareFile compares the entries of a file with their leaves, and what is left of them in the database with the
// file.
func (v *verifier) compareFile(ctx context.Context, r *postgres.Read, c chunk) error {
	f, err := v.folder.open(*c.file)
	if err != nil {
		return fileFinding(c.first, err)
	}
	defer f.close()
	if err := f.checkSum(); err != nil {
		return v.explainDamage(f, err)
	}
	live := map[uuid.UUID]int64{} // the entries that must be in the database too
	all := v.newComparer(c)
	var scanner keyScanner
	for _, b := range f.Blocks {
		filter, err := f.Filter(b)
		if err != nil {
			return fileFinding(b.First, f.named(err))
		}
		err = f.Entries(b, func(leaf int64, text []byte) error {
			e, err := compareFiled(text, &scanner, b, filter)
			if err != nil {
				return fileFinding(leaf, f.named(err))
			}
			if !e.created.Before(v.state.KeptSince) {
				live[e.id] = leaf
			}
			return all.compare(ctx, &e)
		})
		if err != nil {
			return fileFinding(all.leaf, f.named(err))
		}
	}
	return v.compareLeft(ctx, r, c, live)
}

// compareFiled returns the entry of a leaf in a file. Returns ErrDamaged if a search would not find it.
func compareFiled(text []byte, scanner *keyScanner, b logfile.Block, filter *logfile.Filter) (e entry, err error) {
	if err := e.parse(text); err != nil {
		return e, fmt.Errorf("%w: %w", logfile.ErrDamaged, err)
	}
	keys, err := scanner.keys(text)
	if err != nil {
		return e, fmt.Errorf("%w: %w", logfile.ErrDamaged, err)
	}
	if e.created.Before(b.From) || e.created.After(b.To) || !filter.MayHave(keys) {
		return e, fmt.Errorf("%w: the index hides entry %s", logfile.ErrDamaged, e.id)
	}
	return e, nil
}

// fileFinding makes a damaged file a finding, and returns any other error.
func fileFinding(leaf int64, err error) error {
	if errors.Is(err, logfile.ErrDamaged) {
		return &Finding{Leaf: leaf, Text: err.Error()}
	}
	return err
}

// explainDamage returns the finding for a file whose checksum is wrong: the first block that is damaged, or the file.
func (v *verifier) explainDamage(f *file, err error) error {
	if !errors.Is(err, logfile.ErrDamaged) {
		return err
	}
	for _, b := range f.Blocks {
		damage := f.Entries(b, func(int64, []byte) error { return nil })
		if damage == nil {
			_, damage = f.Filter(b)
		}
		if damage != nil {
			return fileFinding(b.First, f.named(damage))
		}
	}
	return fileFinding(f.row.First, err)
}

// compareLeft compares the entries of a file that are in the database too with the tree. Those of live must be there.
func (v *verifier) compareLeft(ctx context.Context, r *postgres.Read, c chunk, live map[uuid.UUID]int64) error {
	all := v.newComparer(c)
	isLast := func(e *entry) bool {
		return c.imported && (e.created.After(c.file.LastCreated) ||
			e.created.Equal(c.file.LastCreated) && bytes.Compare(e.id[:], c.file.LastID[:]) > 0)
	}
	err := forEachEntryOf(ctx, r, c, func(e *entry) error {
		if isLast(e) {
			return errEnd
		}
		for ; all.leaf < c.end; all.leaf++ { // those that are not in the database any more
			id, _, err := all.leaves.at(ctx, all.leaf)
			if err != nil {
				return err
			}
			if id == e.id {
				break
			}
		}
		delete(live, e.id)
		v.done.Add(-1) // it was counted in the file
		return all.compare(ctx, e)
	})
	if err != nil && !errors.Is(err, errEnd) {
		return err
	}
	var first *Finding
	for id, leaf := range live {
		if first == nil || leaf < first.Leaf {
			first = &Finding{leaf, id, fmt.Sprintf("entry %s was removed", id)}
		}
	}
	if first != nil {
		return first
	}
	return nil
}
