package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// archiveWithin is how long a base backup waits for the WAL that it needs to be archived.
const archiveWithin = 2 * time.Minute

// makeBases makes a base backup when the last one is a day old, until ctx ends.
func (a *Archiver) makeBases(ctx context.Context) {
	for wait(ctx, stepInterval) == nil {
		due, err := a.needsBase(ctx)
		if err == nil && due {
			_, err = a.take(ctx)
		}
		if err != nil && ctx.Err() == nil {
			a.Log.ErrorContext(ctx, "a base backup can't be made", "error", err.Error())
			_ = wait(ctx, retryInterval)
		}
	}
}

// needsBase reports whether the last base backup of the series is a day old. The command may have made one meanwhile.
func (a *Archiver) needsBase(ctx context.Context) (bool, error) {
	a.mu.Lock()
	isRecent := !a.verified.IsZero() && a.Now().Sub(a.verified) < baseInterval
	a.mu.Unlock()
	if isRecent || a.Held() {
		return false, nil
	}
	series, err := a.findSeries(ctx)
	if errors.Is(err, errNoSlot) {
		return false, nil // a step begins a series
	}
	if err != nil {
		return false, err
	}
	bases, err := series.Bases()
	if err != nil || len(bases) == 0 {
		return err == nil, err
	}
	last := bases[len(bases)-1].Ended
	a.setVerified(last)
	return a.Now().Sub(last) >= baseInterval, nil
}

func (a *Archiver) setVerified(at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.verified = at
}

// findSeries returns the series of the slot.
func (a *Archiver) findSeries(ctx context.Context) (*Series, error) {
	conn, err := connect(ctx, a.Source.AdminDSN)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	s, err := findSlot(ctx, conn)
	if err != nil {
		return nil, err
	}
	return openSeries(a.Dir, s.series, a.Keys)
}

// BackUp makes a base backup now. If no other process archives the WAL, BackUp does so meanwhile. begin says that a
// new series begins. Returns the folder of the series too.
func (a *Archiver) BackUp(ctx context.Context, begin bool) (Base, string, error) {
	if a.Held() {
		return Base{}, "", errors.New("this copy is in restore mode and writes no backups: see amrutam restore-mode")
	}
	if err := checkFolder(a.Dir); err != nil {
		return Base{}, "", err
	}
	if begin {
		if err := Forget(ctx, a.Source.AdminDSN); err != nil {
			return Base{}, "", err
		}
	}
	lock, err := tryLock(filepath.Join(a.Source.Root, "backup.lock"))
	if err != nil {
		return Base{}, "", err
	}
	if lock != nil {
		defer func() { _ = lock.Close() }()
		if err := a.step(ctx, false); err != nil {
			return Base{}, "", err
		}
		archiving, stop := context.WithCancel(ctx)
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			a.archive(archiving)
		}()
		defer func() {
			stop()
			<-stopped
		}()
	}
	base, err := a.take(ctx)
	if err != nil {
		return base, "", err
	}
	series, err := a.findSeries(ctx)
	if err != nil {
		return base, "", err
	}
	return base, series.Dir, nil
}

// Archives reports whether another process archives the WAL of the data folder.
func (s Source) Archives() bool {
	lock, err := tryLock(filepath.Join(s.Root, "backup.lock"))
	if lock != nil {
		_ = lock.Close()
	}
	return lock == nil && err == nil
}

// take makes a base backup and verifies it. Only then it gets its name; one that was interrupted is never used.
func (a *Archiver) take(ctx context.Context) (base Base, err error) {
	series, err := a.awaitSeries(ctx)
	if err != nil {
		return base, err
	}
	lock, err := tryLock(filepath.Join(series.Dir, baseDir, ".lock"))
	if err != nil {
		return base, err
	}
	if lock == nil {
		return base, errors.New("another backup is being made at this moment")
	}
	defer func() { _ = lock.Close() }()
	if err := series.removePartial(); err != nil {
		return base, err
	}
	id := a.Now().UTC().Format("20060102T150405.000Z")
	draft := filepath.Join(series.Dir, baseDir, partialPrefix+id)
	if err := os.Mkdir(draft, 0o700); err != nil {
		return base, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(draft))
		}
	}()
	base, files, err := a.receive(ctx, series, draft, id)
	if err != nil {
		return base, err
	}
	if err := a.awaitWAL(ctx, base); err != nil {
		return base, err
	}
	if err := series.verify(draft, base, files); err != nil {
		return base, err
	}
	err = series.create(filepath.Join(draft, infoFile), filepath.Join(baseDir, id, infoFile), func(w io.Writer) error {
		return json.NewEncoder(w).Encode(base)
	})
	if err != nil {
		return base, err
	}
	if err := syncFolder(draft); err != nil {
		return base, err
	}
	if err := os.Rename(draft, filepath.Join(series.Dir, baseDir, id)); err != nil {
		return base, err
	}
	if err := syncFolder(filepath.Join(series.Dir, baseDir)); err != nil {
		return base, err
	}
	a.setVerified(base.Ended)
	a.Log.InfoContext(ctx, "a base backup was made and verified", "backup", id, "files", base.Files,
		"bytes", base.Bytes)
	return base, a.prune(ctx, series)
}

// awaitSeries returns the series once the process that archives has begun it.
func (a *Archiver) awaitSeries(ctx context.Context) (*Series, error) {
	ctx, cancel := context.WithTimeout(ctx, archiveWithin)
	defer cancel()
	for {
		series, err := a.findSeries(ctx)
		if !errors.Is(err, errNoSlot) {
			return series, err
		}
		if wait(ctx, stepInterval) != nil {
			return nil, errors.New("the process that archives the WAL has begun no series: see its log")
		}
	}
}

// removePartial removes what interrupted backups have left. The caller holds the lock.
func (s *Series) removePartial() error {
	dir := filepath.Join(s.Dir, baseDir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), partialPrefix) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return err
}

// receive writes the base backup that PostgreSQL sends.
func (a *Archiver) receive(ctx context.Context, series *Series, draft, id string) (base Base, files manifest,
	err error) {
	base = Base{ID: id, Program: a.Program, Began: a.Now().UTC()}
	from, err := openStream(ctx, a.Source.AdminDSN, "amrutam "+id)
	if err != nil {
		return base, files, err
	}
	defer from.close(ctx)
	var counted countingWriter
	err = series.create(filepath.Join(draft, dataFile), filepath.Join(baseDir, id, dataFile), func(w io.Writer) error {
		counted.w = w
		return from.copyData(ctx, &counted)
	})
	if err != nil {
		return base, files, err
	}
	text, err := from.readManifest(ctx)
	if err != nil {
		return base, files, err
	}
	if files, err = parseManifest(text); err != nil {
		return base, files, err
	}
	base.Files, base.Bytes = len(files.Files), counted.n
	if base.Start, base.Timeline, err = position(from.started); err != nil {
		return base, files, err
	}
	if base.End, _, err = position(from.ended); err != nil {
		return base, files, err
	}
	err = series.create(filepath.Join(draft, manifestFileName), filepath.Join(baseDir, id, manifestFileName),
		func(w io.Writer) error {
			_, err := w.Write(text)
			return err
		})
	if err != nil {
		return base, files, err
	}
	return base, files, a.complete(ctx, &base)
}

// complete reads what PostgreSQL says at the end of a base backup, and completes the WAL file that it needs.
func (a *Archiver) complete(ctx context.Context, base *Base) error {
	conn, err := connect(ctx, a.Source.AdminDSN)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	at, err := readWriting(ctx, conn)
	if err != nil {
		return err
	}
	base.Ended, base.Segment = at.now.UTC(), at.size
	if _, err := conn.Exec(ctx, "SELECT pg_switch_wal()"); err != nil {
		return fmt.Errorf("complete a WAL file: %w", err)
	}
	return conn.QueryRow(ctx, "SELECT current_setting('server_version_num')::int / 10000").Scan(&base.Major)
}

// awaitWAL waits until the WAL that a base backup needs is archived.
func (a *Archiver) awaitWAL(ctx context.Context, base Base) error {
	conn, err := connect(ctx, a.Source.AdminDSN)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	limit := a.Now().Add(archiveWithin)
	for {
		s, err := findSlot(ctx, conn)
		if err != nil {
			return fmt.Errorf("PostgreSQL has removed WAL that the backup needs: %w", err)
		}
		if uint64(s.restart)/uint64(base.Segment) > uint64(base.lastNeeded()) { //nolint:gosec // positive
			return nil
		}
		if a.Now().After(limit) {
			a.mu.Lock()
			err := a.failure
			a.mu.Unlock()
			return errors.Join(errors.New("the WAL that the backup needs was not archived in time: see the log of "+
				"the server"), err)
		}
		if err := wait(ctx, stepInterval/5); err != nil {
			return err
		}
	}
}

// verify reads a base backup and the WAL that it needs, and compares the files with the manifest.
func (s *Series) verify(draft string, base Base, files manifest) error {
	var read map[string]content
	err := s.readAll(filepath.Join(draft, dataFile), filepath.Join(baseDir, base.ID, dataFile),
		func(r io.Reader) (err error) {
			read, err = unpack(r, nowhere{})
			return err
		})
	if err != nil {
		return err
	}
	if err := files.compare(read); err != nil {
		return err
	}
	last, _, err := s.chain(base)
	if err != nil {
		return err
	}
	if last < base.lastNeeded() {
		return s.missing(last+1, base)
	}
	for n := base.first(); n <= base.lastNeeded(); n++ {
		if err := s.copyWAL(n.name(base.Timeline, base.Segment), io.Discard); err != nil {
			return err
		}
	}
	return nil
}

// countingWriter counts what it writes.
type countingWriter struct {
	w io.Writer
	n int64
}

// Write implements io.Writer.
func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
