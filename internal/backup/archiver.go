package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/telemetry"
)

const (
	// switchInterval is how long a change is at most in a WAL file that isn't full, and so isn't in the backup.
	switchInterval = 30 * time.Second
	stepInterval   = time.Second
	// baseInterval is how often a server makes a base backup.
	baseInterval = 24 * time.Hour
	// retryInterval is how long a failed base backup waits, and how often a failure of the WAL is logged.
	retryInterval = time.Minute
)

// Archiver backs up a PostgreSQL while it runs.
type Archiver struct {
	Dir     string
	Source  Source
	Keys    Keys
	Keep    time.Duration
	Program string // its version
	Log     *slog.Logger
	Now     func() time.Time
	// Held reports whether this is a restored copy in restore mode, which writes no backups.
	Held func() bool
	// ExpiredFiles returns the names of the files beside the database that it dropped before a time.
	ExpiredFiles func(ctx context.Context, before time.Time) ([]string, error)

	conn   *pgx.Conn
	series *Series
	opened time.Time // when the series was opened
	// seen is the WAL file that was written at the last step, and since when it holds something.
	seen  segment
	since time.Time

	mu       sync.Mutex
	began    time.Time
	archived time.Time // everything before is in the backup
	verified time.Time // end of the last base backup; zero if there is none
	waiting  int64
	failure  error // of the last step
}

// Status returns the state of the backups; false while nothing is backed up.
func (a *Archiver) Status() (telemetry.Backup, bool) {
	if a.Held() {
		return telemetry.Backup{}, false
	}
	now := a.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.began.IsZero() {
		return telemetry.Backup{}, false
	}
	s := telemetry.Backup{Waiting: a.waiting, BaseAge: now.Sub(a.began) + baseInterval, WALAge: now.Sub(a.began)}
	if !a.archived.IsZero() {
		s.WALAge = max(now.Sub(a.archived), 0)
	}
	if !a.verified.IsZero() {
		s.BaseAge = now.Sub(a.verified)
	}
	return s, true
}

// Run archives the WAL, and makes a base backup each day, until ctx ends.
func (a *Archiver) Run(ctx context.Context) {
	lock := a.awaitLock(ctx)
	if lock == nil {
		return
	}
	defer func() { _ = lock.Close() }()
	a.begin()
	var bases sync.WaitGroup
	bases.Go(func() { a.makeBases(ctx) })
	defer bases.Wait()
	a.archive(ctx)
}

// begin makes the state of the backups count from now, if it doesn't yet.
func (a *Archiver) begin() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.began.IsZero() {
		a.began = a.Now()
	}
}

// awaitLock takes the lock of the process that archives. Returns nil if ctx ends.
func (a *Archiver) awaitLock(ctx context.Context) *os.File {
	for logged := false; ; {
		lock, err := tryLock(filepath.Join(a.Source.Root, "backup.lock"))
		if lock != nil {
			return lock
		}
		if err != nil && !logged {
			logged = true
			a.begin() // the alerts must come
			a.Log.ErrorContext(ctx, "backups can't begin", "error", err.Error())
		}
		if wait(ctx, stepInterval) != nil {
			return nil
		}
	}
}

// tryLock returns nil without an error if another process holds the lock.
func tryLock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the operator's folder
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return file, nil
	}
	_ = file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, nil
	}
	return nil, err
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// archive archives the WAL until ctx ends, and then once more, so that a server which stops leaves nothing behind.
func (a *Archiver) archive(ctx context.Context) {
	var logged time.Time
	for {
		err := a.step(ctx, false)
		if err != nil && ctx.Err() == nil {
			if now := a.Now(); now.Sub(logged) >= retryInterval {
				logged = now
				a.Log.ErrorContext(ctx, "WAL can't be archived, so the disk of the data folder fills",
					"error", err.Error())
			}
		} else if !logged.IsZero() {
			logged = time.Time{}
			a.Log.InfoContext(ctx, "WAL is archived again")
		}
		if wait(ctx, stepInterval) != nil {
			break
		}
	}
	lastCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_ = a.step(lastCtx, true)
	a.disconnect(lastCtx)
}

func (a *Archiver) disconnect(ctx context.Context) {
	if a.conn != nil {
		_ = a.conn.Close(ctx)
		a.conn = nil
	}
}

// step archives the complete WAL files. It completes the one that is being written if that holds changes for longer
// than the interval, or now.
func (a *Archiver) step(ctx context.Context, now bool) (err error) {
	if a.Held() {
		return nil
	}
	defer func() {
		a.mu.Lock()
		a.failure = err
		a.mu.Unlock()
		if err != nil {
			a.disconnect(ctx)
		}
	}()
	if a.conn == nil {
		if a.conn, err = connect(ctx, a.Source.AdminDSN); err != nil {
			return err
		}
	}
	at, err := readWriting(ctx, a.conn)
	if err != nil {
		return err
	}
	s, err := a.openSlot(ctx)
	if err != nil {
		return err
	}
	hasChanges := at.flushed > at.begin(at.current())
	if a.seen != at.current() || !hasChanges {
		a.seen, a.since = at.current(), at.now
	}
	if hasChanges && (now || at.now.Sub(a.since) >= switchInterval) {
		if _, err := a.conn.Exec(ctx, "SELECT pg_switch_wal()"); err != nil {
			return fmt.Errorf("complete a WAL file: %w", err)
		}
		if at, err = readWriting(ctx, a.conn); err != nil {
			return err
		}
		a.seen, a.since = at.current(), at.now
	}
	if err := a.series.archiveFiles(a.Source.Files); err != nil {
		return err
	}
	return a.archiveUntil(ctx, s, at)
}

// openSlot returns the slot, and opens its series. If there is no slot, it begins a series.
func (a *Archiver) openSlot(ctx context.Context) (slot, error) {
	s, err := findSlot(ctx, a.conn)
	if errors.Is(err, errNoSlot) {
		if err := beginSeries(ctx, a.conn, a.Dir); err != nil {
			return s, err
		}
		a.Log.InfoContext(ctx, "a new series of backups begins")
		s, err = findSlot(ctx, a.conn)
	}
	if err != nil {
		return s, err
	}
	// Opened again now and then, its key is sealed with the new master key soon after a rotation.
	now := a.Now()
	if a.series != nil && a.series.ID == s.series && now.Sub(a.opened) < retryInterval {
		return s, nil
	}
	series, err := openSeries(a.Dir, s.series, a.Keys)
	if err != nil {
		return s, err
	}
	a.series, a.opened = series, now
	return s, nil
}

// archiveUntil archives the WAL files from where the slot stands to the one that is being written.
func (a *Archiver) archiveUntil(ctx context.Context, s slot, at writing) error {
	next := segment(uint64(s.restart) / uint64(at.size)) //nolint:gosec // positive
	for ; next < at.current(); next++ {
		a.setWaiting(at.from(next))
		written, err := a.series.archive(a.Source.WAL, next.name(at.timeline, at.size))
		if err != nil {
			return err
		}
		_, err = a.conn.Exec(ctx, "SELECT pg_replication_slot_advance($1, $2::text::pg_lsn)", slotPrefix+s.series,
			at.begin(next+1).String())
		if err != nil {
			return fmt.Errorf("let PostgreSQL remove archived WAL: %w", err)
		}
		a.mu.Lock()
		a.archived = written
		a.mu.Unlock()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waiting = at.from(next)
	a.archived = a.since
	return nil
}

func (a *Archiver) setWaiting(bytes int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waiting = bytes
}

// archive seals a complete WAL file. When it returns, the file is on the disk and was read back. It returns when the
// WAL file was last written. A file that is in the series already stays as it is.
func (s *Series) archive(folder, name string) (written time.Time, err error) {
	final := s.walPath(name)
	source, err := os.Open(filepath.Join(folder, name)) //nolint:gosec // PostgreSQL's folder
	if err != nil {
		if _, statErr := os.Stat(final); statErr == nil {
			return written, nil // PostgreSQL forgot that it was archived, in a crash
		}
		return written, fmt.Errorf("read the WAL: %w", err)
	}
	defer func() { _ = source.Close() }()
	info, err := source.Stat()
	if err != nil {
		return written, fmt.Errorf("read the WAL: %w", err)
	}
	written = info.ModTime()
	if _, err := os.Stat(final); err == nil {
		return written, nil
	}
	err = s.store(filepath.Join(walDir, name+walSuffix), func(w io.Writer) error {
		if _, err := w.Write(walHeader(written.UnixNano())); err != nil {
			return err
		}
		_, err := io.Copy(w, source)
		return err
	})
	if err != nil {
		return written, fmt.Errorf("archive the WAL: %w", err)
	}
	return written, nil
}
