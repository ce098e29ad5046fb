package audit

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

const (
	// maxFilters and maxBlocks bound what one request reads in files: about a second of work. A page then ends early.
	maxFilters = 4096
	maxBlocks  = 64
)

// search looks for entries in files, the newest first.
type search struct {
	folder   Folder
	from, to time.Time // of the entries: from <= created_at < to
	keys     []string  // an entry must have all of them
	texts    [][]byte  // and contain all of them in its leaf
	matches  func(Entry) bool
	after    position // only entries after this one in the order of the list; a zero time is the beginning
	limit    int

	found            []Entry
	blocks           []foundBlock // those of open files that were not searched yet
	open             []*file
	filters, scanned int
}

type foundBlock struct {
	file  *file
	index int
}

func (b foundBlock) latest() time.Time { return b.file.Blocks[b.index].To }

// run returns a page of entries. Unless it is zero, resume is where the next page begins although this one isn't full.
func (s *search) run(ctx context.Context, db postgres.Querier) (found []Entry, resume position, err error) {
	until := s.to
	if !s.after.Value.IsZero() && s.after.Value.Before(until) {
		until = s.after.Value
	}
	rows, err := listFilesOf(ctx, db, s.from, until)
	if err != nil {
		return nil, resume, err
	}
	defer func() {
		for _, f := range s.open {
			f.close()
		}
	}()
	for ctx.Err() == nil {
		b, ok := s.next()
		switch {
		case len(rows) > 0 && (!ok || b.latest().Before(rows[0].Latest)):
			if err := s.openFile(listFilesRow(rows[0]), until); err != nil {
				return nil, resume, err
			}
			rows = rows[1:]
			continue
		case !ok || s.isFull(b.latest()):
			return s.page(), resume, nil
		case s.filters >= maxFilters || s.scanned >= maxBlocks:
			resume = position{Value: b.latest().Add(time.Microsecond), ID: uuid.Nil}
			s.found = slices.DeleteFunc(s.found, func(e Entry) bool { return e.CreatedAt.Before(resume.Value) })
			return s.page(), resume, nil
		}
		s.blocks = s.blocks[:len(s.blocks)-1]
		if err := s.scan(b); err != nil {
			return nil, resume, err
		}
	}
	return nil, resume, ctx.Err()
}

// all returns every entry that there is, in as many runs as that takes.
func (s *search) all(ctx context.Context, db postgres.Querier) ([]Entry, error) {
	var all []Entry
	for {
		one := *s
		found, resume, err := one.run(ctx, db)
		if err != nil {
			return nil, describeFiles(err)
		}
		all = append(all, found...)
		if resume.Value.IsZero() {
			return all, nil
		}
		s.after = resume
	}
}

// next returns the block with the latest entries.
func (s *search) next() (foundBlock, bool) {
	if len(s.blocks) == 0 {
		return foundBlock{}, false
	}
	return s.blocks[len(s.blocks)-1], true
}

// openFile adds the blocks of a file that have entries of the period.
func (s *search) openFile(row listFilesRow, until time.Time) error {
	f, err := s.folder.open(row)
	if err != nil {
		return err
	}
	s.open = append(s.open, f)
	for i, b := range f.Blocks {
		if !b.To.Before(s.from) && !b.From.After(until) {
			s.blocks = append(s.blocks, foundBlock{f, i})
		}
	}
	slices.SortFunc(s.blocks, func(a, b foundBlock) int {
		return cmp.Or(a.latest().Compare(b.latest()), cmp.Compare(a.file.Blocks[a.index].First,
			b.file.Blocks[b.index].First))
	})
	return nil
}

// isFull reports whether the page has all entries it can have: those of the other blocks are older.
func (s *search) isFull(latest time.Time) bool {
	if s.limit == 0 || len(s.found) < s.limit {
		return false
	}
	s.sort()
	if len(s.found) < s.limit {
		return false
	}
	s.found = s.found[:s.limit]
	return s.found[s.limit-1].CreatedAt.After(latest)
}

// sort sorts what was found. An entry of the default partition can be in a file too.
func (s *search) sort() {
	slices.SortFunc(s.found, func(a, b Entry) int { return compareNewest(position{Value: a.CreatedAt, ID: a.ID}, b) })
	s.found = slices.CompactFunc(s.found, func(a, b Entry) bool { return a.ID == b.ID })
}

// compareNewest compares a position with an entry in the order of the list.
func compareNewest(p position, e Entry) int {
	return cmp.Or(e.CreatedAt.Compare(p.Value), bytes.Compare(e.ID[:], p.ID[:]))
}

func (s *search) page() []Entry {
	s.sort()
	if s.limit > 0 && len(s.found) > s.limit {
		s.found = s.found[:s.limit]
	}
	return s.found
}

// scan adds the entries of a block that match.
func (s *search) scan(b foundBlock) error {
	block := b.file.Blocks[b.index]
	s.filters++
	if len(s.keys) > 0 {
		filter, err := b.file.Filter(block)
		if err != nil {
			return b.file.named(err)
		}
		if !filter.MayHave(s.keys) {
			return nil
		}
	}
	s.scanned++
	err := b.file.Entries(block, func(_ int64, text []byte) error {
		for _, t := range s.texts {
			if !bytes.Contains(text, t) {
				return nil
			}
		}
		var at entry
		if err := at.parse(text); err != nil {
			return err
		}
		if at.created.Before(s.from) || !at.created.Before(s.to) {
			return nil
		}
		e, err := parseEntry(text)
		if err != nil {
			return err
		}
		if s.matches(e) && (s.after.Value.IsZero() || compareNewest(s.after, e) < 0) {
			s.found = append(s.found, e)
		}
		return nil
	})
	return b.file.named(err)
}

// findInFiles looks for an entry around the time in its id, and returns its place among the leaves and its leaf.
// Returns problem.NotFound.
func (s *Service) findInFiles(ctx context.Context, db postgres.Querier, id uuid.UUID) (leaf int64, text []byte,
	err error) {
	if id.Version() != 7 {
		return 0, nil, problem.NotFound
	}
	from, to := around(id)
	rows, err := listFilesOf(ctx, db, from, to)
	if err != nil {
		return 0, nil, err
	}
	prefix := []byte(`["` + id.String() + `"`)
	for _, row := range rows {
		leaf, text, err := s.findInFile(listFilesRow(row), from, to, prefix)
		if err != nil || text != nil {
			return leaf, text, describeFiles(err)
		}
	}
	return 0, nil, problem.NotFound
}

// findInFile returns the leaf of a file that begins with a prefix, or no text.
func (s *Service) findInFile(row listFilesRow, from, to time.Time, prefix []byte) (leaf int64, text []byte,
	err error) {
	f, err := s.Folder.open(row)
	if err != nil {
		return 0, nil, err
	}
	defer f.close()
	for _, b := range f.Blocks {
		if b.To.Before(from) || b.From.After(to) {
			continue
		}
		err := f.Entries(b, func(at int64, entry []byte) error {
			if text == nil && bytes.HasPrefix(entry, prefix) {
				leaf, text = at, bytes.Clone(entry)
			}
			return nil
		})
		if err != nil || text != nil {
			return leaf, text, f.named(err)
		}
	}
	return 0, nil, nil
}
