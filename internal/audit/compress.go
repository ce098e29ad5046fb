package audit

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/access"
	"amrutam/internal/audit/logfile"
	"amrutam/internal/postgres"
)

const (
	// defaultFileEntries is about how many entries a file has: about 70 MB.
	defaultFileEntries = 1 << 20
	// lateness is how much later than others entries may be stored whose time is earlier.
	lateness = time.Hour
	// compressionLock is the key of the advisory lock of compressions.
	compressionLock = 0x616d72_00000002
)

// ErrCompressing means that another process compresses the log.
var ErrCompressing = errors.New("the audit log is being compressed by another process")

// Compress is the job that moves old entries into files, and drops files that are old enough.
type Compress struct{}

// Kind returns the kind of the job.
func (Compress) Kind() string { return "audit.compress" }

// Compression says what CompressNow has done.
type Compression struct {
	Entries int64    // that are in new files
	Files   int      // new files
	Months  []string // partitions that were dropped, because all their entries are in files
	Expired int64    // entries that are gone
}

// CompressNow writes the entries of months that are older than CompressAfter into files, and drops their partitions
// once all their entries are in files that were read back. Then it drops the files that are older than KeepFor. What
// was done before an interruption stays, and the next call goes on from there. Returns ErrCompressing.
func (s *Service) CompressNow(ctx context.Context) (done Compression, err error) {
	if s.Folder == "" {
		return done, ErrNoFolder
	}
	if err := os.MkdirAll(string(s.Folder), 0o700); err != nil {
		return done, fmt.Errorf("make the folder of AMRUTAM_AUDIT_FILES: %w", err)
	}
	err = s.DB.WithOwnConn(ctx, func(conn *pgx.Conn) error {
		var locked bool
		err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", int64(compressionLock)).Scan(&locked)
		if err != nil {
			return fmt.Errorf("take the lock of compressions: %w", err)
		}
		if !locked {
			return ErrCompressing
		}
		if err := s.compressMonths(ctx, &done); err != nil {
			return err
		}
		return s.expire(ctx, &done)
	})
	return done, err
}

func (s *Service) compressMonths(ctx context.Context, done *Compression) error {
	now := s.DB.Now()
	cutoff := monthOf(now.Add(-s.CompressAfter))
	plans, err := s.planFiles(ctx, cutoff)
	if err != nil {
		return err
	}
	files, err := s.listFiles(ctx)
	if err != nil {
		return err
	}
	for _, p := range plans {
		if files, err = s.makeFile(ctx, p, files); err != nil {
			return err
		}
		done.Files++
		done.Entries += p.end - p.first
	}
	if err := s.replaceManifest(files); err != nil {
		return err
	}
	return s.dropMonths(ctx, cutoff, done)
}

// dropMonths drops the partitions that ended before cutoff and whose entries are all in files. What others use now
// stays until the next run.
func (s *Service) dropMonths(ctx context.Context, cutoff time.Time, done *Compression) error {
	err := s.DB.Write(ctx, func(tx *postgres.Tx) error {
		// An export that reads the months would miss them.
		locked, err := lockMonths(ctx, tx, monthsLock)
		if err != nil || !locked {
			return err
		}
		if done.Months, err = dropCompressedMonths(ctx, tx, cutoff); err != nil || len(done.Months) == 0 {
			return err
		}
		Write(tx, access.System(Compress{}.Kind()), "audit-log.drop-months", uuid.Nil, Meta{"partitions": done.Months})
		return nil
	})
	if postgres.LockTimeout(err) {
		done.Months = nil
		return nil
	}
	if err != nil {
		return fmt.Errorf("drop the months that are in files: %w", err)
	}
	return nil
}

// replaceManifest writes the manifest if it is missing, as after a restore.
func (s *Service) replaceManifest(files []listFilesRow) error {
	_, err := os.Stat(filepath.Join(string(s.Folder), manifestName))
	if len(files) == 0 || !errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err := s.Folder.writeManifest(files); err != nil {
		return fmt.Errorf("write the manifest: %w", pathless(err))
	}
	return nil
}

func monthOf(at time.Time) time.Time {
	year, month, _ := at.UTC().Date()
	return time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
}

func (s *Service) listFiles(ctx context.Context) (rows []listFilesRow, err error) {
	err = s.DB.Read(ctx, func(r *postgres.Read) error {
		rows, err = listFiles(ctx, r)
		return err
	})
	return rows, err
}

// planFiles returns the files to be made of entries from before the cutoff.
func (s *Service) planFiles(ctx context.Context, cutoff time.Time) (plans []filePlan, err error) {
	var state readTreeRow
	var sizes []listCheckpointSizesRow
	err = s.DB.Read(ctx, func(r *postgres.Read) error {
		if state, err = readTree(ctx, r); err != nil || state.ImportSize == nil {
			return err // else the tree hasn't all entries of before it yet
		}
		until, err := findFirstXID(ctx, r, cutoff.Add(lateness))
		if postgres.NoRows(err) { // there is no newer entry
			until, err = math.MaxInt64, nil
		}
		if err != nil {
			return err
		}
		sizes, err = listCheckpointSizes(ctx, r, state.CompressedSize, until)
		return err
	})
	if err != nil || state.ImportSize == nil {
		return nil, err
	}
	if state.CompressedSize < *state.ImportSize && !state.ImportedAt.Before(cutoff) {
		return nil, nil
	}
	most := cmp.Or(s.FileEntries, defaultFileEntries)
	p := filePlan{first: state.CompressedSize, from: state.CompressedXid}
	for i, c := range sizes {
		p.imported = p.first < *state.ImportSize
		p.end, p.until = c.Size, c.Xid
		p.chunks = append(p.chunks, c)
		if p.end-p.first >= most || i == len(sizes)-1 || p.imported && c.Size == *state.ImportSize {
			plans = append(plans, p)
			p = filePlan{first: c.Size, from: c.Xid}
		}
	}
	return plans, nil
}

// filePlan is a file that is to be made: of the leaves from first until before end, which some checkpoints have added.
type filePlan struct {
	first, end  int64
	imported    bool
	from, until int64 // transactions
	chunks      []listCheckpointSizesRow
}

func (p filePlan) name() string { return fmt.Sprintf("entries-%015d.zst", p.first) }

// makeFile writes a file, reads it back, and records it. files are those of before; it returns them with the new one.
func (s *Service) makeFile(ctx context.Context, p filePlan, files []listFilesRow) ([]listFilesRow, error) {
	row := listFilesRow{Name: p.name(), Imported: p.imported, XidFrom: p.from, XidUntil: p.until}
	after := entry{}
	if n := len(files); n > 0 && p.imported {
		after.created, after.id = files[n-1].LastCreated, files[n-1].LastID
	}
	err := s.Folder.write(row.Name, func(w io.Writer) error {
		buffer := bufio.NewWriterSize(w, 1<<20)
		writer, err := logfile.NewWriter(buffer, p.first, s.blockEntries())
		if err != nil {
			return err
		}
		last, err := s.copyEntries(ctx, p, after, writer)
		if err != nil {
			return err
		}
		summary, err := writer.Close()
		if err != nil {
			return err
		}
		row.First, row.Count, row.Size = summary.First, summary.Count, summary.Size
		row.Sha256, row.IndexSha256 = summary.SHA256, summary.IndexSHA256
		row.Earliest, row.Latest, row.LastCreated, row.LastID = summary.From, summary.To, last.created, last.id
		return buffer.Flush()
	})
	if err != nil {
		return nil, fmt.Errorf("write file %s: %w", row.Name, pathless(err))
	}
	if err := s.readBack(ctx, row); err != nil {
		return nil, err
	}
	files = append(files, row)
	return files, s.DB.Write(ctx, func(tx *postgres.Tx) error { return s.recordFile(ctx, tx, row, files) })
}

func (s *Service) blockEntries() int {
	const blocks = 256
	return int(max(1, cmp.Or(s.FileEntries, defaultFileEntries)/blocks))
}

// copyEntries adds the entries of a plan to a file, and compares each with its leaf. Returns the last one.
func (s *Service) copyEntries(ctx context.Context, p filePlan, after entry, w *logfile.Writer) (last entry,
	err error) {
	leaves := leafReader{db: s.DB, size: p.end}
	leaf := p.first
	var scanner keyScanner
	add := func(e *entry) error {
		if leaf == p.end {
			return errEnd
		}
		id, isSame, err := leaves.compare(ctx, leaf, e)
		if err != nil {
			return err
		}
		if !isSame {
			return fmt.Errorf("entry %d (%s) is not as it was sealed: run amrutam audit verify", leaf, id)
		}
		keys, err := scanner.keys(e.leaf)
		if err != nil {
			return err
		}
		leaf++
		last.id, last.created = e.id, e.created
		return w.Add(e.leaf, e.created, keys)
	}
	c := chunk{first: p.first, imported: p.imported, from: p.from, after: after}
	for i, checkpoint := range p.chunks {
		c.end, c.to = checkpoint.Size, checkpoint.Xid
		if c.end-c.first < chunkSize && i < len(p.chunks)-1 || c.imported && i < len(p.chunks)-1 {
			continue
		}
		err := s.DB.Read(ctx, func(r *postgres.Read) error { return forEachEntryOf(ctx, r, c, add) })
		if err != nil && !errors.Is(err, errEnd) {
			return last, err
		}
		c = chunk{first: c.end, from: c.to}
	}
	if leaf != p.end {
		return last, fmt.Errorf("entry %d is missing: run amrutam audit verify", leaf)
	}
	return last, nil
}

// errEnd ends the reading of entries behind the last one of a file.
var errEnd = errors.New("the end of the file's entries")

// readBack compares a file with the tree.
func (s *Service) readBack(ctx context.Context, row listFilesRow) error {
	f, err := s.Folder.open(row)
	if err != nil {
		return err
	}
	defer f.close()
	if err := f.checkSum(); err != nil {
		return err
	}
	leaves := leafReader{db: s.DB, size: row.end()}
	return f.forEach(func(leaf int64, e *entry) error {
		_, isSame, err := leaves.compare(ctx, leaf, e)
		if err != nil {
			return err
		}
		if !isSame {
			return fmt.Errorf("file %s: %w: entry %d is not what was written", row.Name, logfile.ErrDamaged, leaf)
		}
		return nil
	})
}

// recordFile makes a file part of the log, as the last one of files.
func (s *Service) recordFile(ctx context.Context, tx *postgres.Tx, row listFilesRow, files []listFilesRow) error {
	_, err := setCompressed(ctx, tx, row.First, row.Count, row.XidUntil)
	if postgres.NoRows(err) {
		return ErrCompressing
	}
	if err != nil {
		return err
	}
	err = insertFile(ctx, tx, insertFileParams{
		First: row.First, Count: row.Count, Name: row.Name, Size: row.Size, Sha256: row.Sha256,
		IndexSha256: row.IndexSha256, Earliest: row.Earliest, Latest: row.Latest, Imported: row.Imported,
		XidFrom: row.XidFrom, XidUntil: row.XidUntil, LastCreated: row.LastCreated, LastID: row.LastID,
		CreatedAt: tx.Now,
	})
	if err != nil {
		return fmt.Errorf("record file %s: %w", row.Name, err)
	}
	if err := s.Folder.writeManifest(files); err != nil {
		return fmt.Errorf("write the manifest: %w", pathless(err))
	}
	Write(tx, access.System(Compress{}.Kind()), "audit-log.compress", uuid.Nil,
		Meta{"file": row.Name, "first": row.First, "count": row.Count, "sha256": row.Sha256})
	return nil
}
