package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// draftPrefix begins the name of a draft in the data folder.
const draftPrefix = "restore.new-"

// keptFiles are what the data folder may hold beside a draft: it is not PostgreSQL's.
var keptFiles = []string{"master.key", "master.key.previous", "stub-webhook.secret", "audit-checkpoints.jsonl",
	"postgres.lock", "postgres.log", "backup.lock", filesName}

// filesName is the folder of the files that belong to the database.
const filesName = "audit-files"

// Draft is data that is being restored in a data folder, beside the place where it belongs. Nobody else can use the
// folder meanwhile.
type Draft struct {
	folder folder
	dir    string
	lock   *os.File
	log    *slog.Logger
}

// NewDraft begins a draft for data of a major version of PostgreSQL. Returns an error if the data folder is in use or
// not empty. Drafts of processes that were killed are removed.
func NewDraft(ctx context.Context, dataDir string, major int, log *slog.Logger) (d *Draft, err error) {
	bin, err := findBinaries("", major)
	if err != nil {
		return nil, err
	}
	if bin.Major != major {
		return nil, fmt.Errorf("the backup is of PostgreSQL %d, but the programs in %s are PostgreSQL %d: install "+
			"version %d or set PGBIN to its folder", major, bin.Dir, bin.Major, major)
	}
	f, err := openFolder(dataDir)
	if err != nil {
		return nil, err
	}
	lock, err := f.tryLock()
	if err != nil {
		return nil, err
	}
	if lock == nil {
		return nil, fmt.Errorf("a PostgreSQL runs on the data folder %s", f.root)
	}
	d = &Draft{folder: f, lock: lock, log: log}
	defer func() {
		if err != nil {
			_ = lock.Close()
		}
	}()
	if err := d.clear(ctx); err != nil {
		return nil, err
	}
	if err := f.ensureAccess(ctx, bin, log); err != nil {
		return nil, err
	}
	if d.dir, err = os.MkdirTemp(f.root, draftPrefix); err != nil {
		return nil, fmt.Errorf("the data folder can't be written: %w", err)
	}
	for _, dir := range []string{d.dir, d.Data(), d.WAL()} {
		if err := d.MakeFolder(dir, 0o700); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// clear removes older drafts. Returns an error if the data folder holds anything else.
func (d *Draft) clear(ctx context.Context) error {
	entries, err := os.ReadDir(d.folder.root)
	if err != nil {
		return err
	}
	for _, e := range entries {
		switch {
		case strings.HasPrefix(e.Name(), draftPrefix):
			if err := d.removeDraft(ctx, filepath.Join(d.folder.root, e.Name())); err != nil {
				return fmt.Errorf("remove what an interrupted restore has left: %w", err)
			}
		case !slices.Contains(keptFiles, e.Name()):
			return fmt.Errorf("the data folder %s is not empty, it holds %s: name an empty one, or move its content "+
				"away; nothing was changed", d.folder.root, e.Name())
		}
	}
	return nil
}

// removeDraft removes the draft of a process that was killed, after its PostgreSQL has stopped.
func (d *Draft) removeDraft(ctx context.Context, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	old := d.folder
	old.root, old.pgdata = dir, filepath.Join(dir, "postgres")
	if err := old.awaitOrphan(ctx, d.log); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

// Data returns the folder for PostgreSQL's data.
func (d *Draft) Data() string { return filepath.Join(d.dir, "postgres") }

// Files returns the folder for the files that belong to the database. The caller makes it.
func (d *Draft) Files() string { return filepath.Join(d.dir, filesName) }

// WAL returns a folder beside it, to hand over WAL.
func (d *Draft) WAL() string { return filepath.Join(d.dir, "wal") }

// MakeFolder makes a folder that PostgreSQL's user owns, if it is missing.
func (d *Draft) MakeFolder(path string, mode fs.FileMode) error {
	if err := os.Mkdir(path, mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return d.folder.chown(path)
}

// CreateFile creates a file that PostgreSQL's user owns.
func (d *Draft) CreateFile(path string, mode fs.FileMode) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return nil, err
	}
	if err := d.folder.chown(path); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// Start starts PostgreSQL on the draft and waits until it has replayed its WAL, however long that takes. The caller
// stops it.
func (d *Draft) Start(ctx context.Context, settings map[string]string) (*Cluster, error) {
	const replayTimeout = 7 * 24 * time.Hour
	return Start(ctx, Options{DataDir: d.dir, Logger: d.log, Settings: settings, StartTimeout: replayTimeout})
}

// Keep moves the data into its place, after PostgreSQL was stopped. That happens at once or not at all.
func (d *Draft) Keep() error {
	if err := syncFolder(d.Data(), true, unix.Syncfs); err != nil {
		return err
	}
	if err := d.keepFiles(); err != nil {
		return fmt.Errorf("move the restored files into place: %w", err)
	}
	if err := os.Rename(d.Data(), d.folder.pgdata); err != nil {
		return fmt.Errorf("move the restored data into place: %w", err)
	}
	return syncFolder(d.folder.root, true, unix.Fsync)
}

// keepFiles moves the files into their place. Those that are there already stay: they never change.
func (d *Draft) keepFiles() error {
	entries, err := os.ReadDir(d.Files())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	place := filepath.Join(d.folder.root, filesName)
	if err := os.Mkdir(place, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	for _, e := range entries {
		final := filepath.Join(place, e.Name())
		if _, err := os.Lstat(final); err == nil {
			continue
		}
		if err := os.Rename(filepath.Join(d.Files(), e.Name()), final); err != nil {
			return err
		}
	}
	return syncFolder(place, true, unix.Fsync)
}

// Close removes what is left of the draft, and lets others use the data folder.
func (d *Draft) Close() error {
	return errors.Join(os.RemoveAll(d.dir), d.lock.Close())
}
