// Package backup copies the private PostgreSQL to a folder elsewhere: base backups, and the WAL (write-ahead log)
// after them, so that it can be restored to any time between. Every file is compressed and sealed.
//
// The folder has a folder for each series: the backups and the WAL of one PostgreSQL, without a gap. A series begins
// when a data folder is backed up for the first time; a restored data folder begins another one.
package backup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	keyFile          = "key.json"
	baseDir          = "base"
	walDir           = "wal"
	infoFile         = "info"
	dataFile         = "data"
	manifestFileName = "manifest"
	// partialPrefix begins the folder of a backup that is being written or was interrupted.
	partialPrefix = ".partial-"
	walSuffix     = ".wal"
)

// ErrDamaged says that a file is not what was written.
var ErrDamaged = errors.New("is not what was written: it was cut, altered, renamed or swapped")

// Series is the folder of one series.
type Series struct {
	ID  string
	Dir string
	key []byte
}

// Base describes a base backup that was verified.
type Base struct {
	ID       string    `json:"id"`
	Major    int       `json:"major"`   // of PostgreSQL
	Program  string    `json:"program"` // that made it
	Began    time.Time `json:"began"`
	Ended    time.Time `json:"ended"`
	Timeline uint32    `json:"timeline"`
	Start    LSN       `json:"start"` // replay begins here
	End      LSN       `json:"end"`   // a restored copy is consistent from here
	Segment  int64     `json:"segment"`
	Files    int       `json:"files"`
	Bytes    int64     `json:"bytes"` // of the data, before compression
}

// LSN is a position in the WAL, in bytes.
type LSN uint64

// String returns the position as PostgreSQL writes it.
func (l LSN) String() string { return fmt.Sprintf("%X/%X", uint64(l)>>32, uint32(l)) } //nolint:gosec // the low half

// parseLSN reads a position as PostgreSQL writes it.
func parseLSN(text string) (LSN, error) {
	var high, low uint32
	if _, err := fmt.Sscanf(text, "%X/%X", &high, &low); err != nil {
		return 0, fmt.Errorf("%q is no position in the WAL", text)
	}
	return LSN(uint64(high)<<32 | uint64(low)), nil
}

// segment is the number of a WAL file: the position of its first byte, divided by the size.
type segment uint64

// name returns the file's name in PostgreSQL.
func (s segment) name(timeline uint32, size int64) string {
	perID := uint64(1<<32) / uint64(size) //nolint:gosec // a power of two
	return fmt.Sprintf("%08X%08X%08X", timeline, uint64(s)/perID, uint64(s)%perID)
}

// parseSegment reads the name of a WAL file.
func parseSegment(name string, size int64) (timeline uint32, s segment, ok bool) {
	var high, low uint32
	if len(name) != 24 || strings.ToUpper(name) != name {
		return 0, 0, false
	}
	if _, err := fmt.Sscanf(name, "%8X%8X%8X", &timeline, &high, &low); err != nil {
		return 0, 0, false
	}
	perID := uint64(1<<32) / uint64(size) //nolint:gosec // a power of two
	return timeline, segment(uint64(high)*perID + uint64(low)), true
}

// Bases returns the base backups of the series that were verified, the oldest first. Returns an error that names the
// first one whose description can't be read.
func (s *Series) Bases() ([]Base, error) {
	entries, err := os.ReadDir(filepath.Join(s.Dir, baseDir))
	if err != nil {
		return nil, fmt.Errorf("read the backups: %w", err)
	}
	var all []Base
	for _, e := range entries {
		if !e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		var b Base
		if err := s.readJSON(filepath.Join(baseDir, e.Name(), infoFile), &b); err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b Base) int { return a.Ended.Compare(b.Ended) })
	return all, nil
}

// segments returns the numbers of the WAL files of a timeline that are in the series, in order.
func (s *Series) segments(timeline uint32, size int64) ([]segment, error) {
	entries, err := os.ReadDir(filepath.Join(s.Dir, walDir))
	if err != nil {
		return nil, fmt.Errorf("read the WAL of the backups: %w", err)
	}
	var all []segment
	for _, e := range entries {
		name, isWAL := strings.CutSuffix(e.Name(), walSuffix)
		if t, number, ok := parseSegment(name, size); isWAL && ok && t == timeline {
			all = append(all, number)
		}
	}
	slices.Sort(all)
	return all, nil
}

// chain returns the last WAL file that can be reached from the first without a gap, and whether there are others after
// the gap. Returns an error that names the first file if that is missing.
func (s *Series) chain(b Base) (last segment, more bool, err error) {
	all, err := s.segments(b.Timeline, b.Segment)
	if err != nil {
		return 0, false, err
	}
	first := b.first()
	i, found := slices.BinarySearch(all, first)
	if !found {
		return 0, false, s.missing(first, b)
	}
	last = first
	for i++; i < len(all); i++ {
		if all[i] != last+1 {
			return last, true, nil
		}
		last = all[i]
	}
	return last, false, nil
}

// missing returns the error for a WAL file that isn't there.
func (s *Series) missing(number segment, b Base) error {
	return fmt.Errorf("the WAL file %s is missing", s.walPath(number.name(b.Timeline, b.Segment)))
}

func (s *Series) walPath(name string) string { return filepath.Join(s.Dir, walDir, name+walSuffix) }

// first returns the WAL file that replay begins with.
func (b Base) first() segment {
	return segment(uint64(b.Start) / uint64(b.Segment)) //nolint:gosec // not negative
}

// lastNeeded returns the last WAL file that a base backup needs to be consistent.
func (b Base) lastNeeded() segment {
	return segment((uint64(b.End) - 1) / uint64(b.Segment)) //nolint:gosec // not negative
}
