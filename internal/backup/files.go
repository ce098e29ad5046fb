package backup

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"amrutam/internal/postgres/cluster"
)

const (
	// filesDir has the files beside the database, which never change.
	filesDir = "files"
	// fileSuffix is what the names of those files end with.
	fileSuffix = ".zst"
)

// archiveFiles seals the files of a folder that aren't in the series yet. Called before the WAL is archived: then the
// backup never has a change that names a file, and not the file.
func (s *Series) archiveFiles(folder string) error {
	entries, err := os.ReadDir(folder)
	if folder == "" || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the files beside the database: %w", err)
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || !strings.HasSuffix(e.Name(), fileSuffix) {
			continue
		}
		if err := s.archiveFile(folder, e.Name()); err != nil {
			return fmt.Errorf("archive the file %s: %w", e.Name(), err)
		}
	}
	return nil
}

// archiveFile seals a file, unless the series has it, and reads it back before it gets its name. A file that was
// written again, because its making was interrupted before the database knew it, takes the place of the first one.
func (s *Series) archiveFile(folder, name string) error {
	dir := filepath.Join(s.Dir, filesDir)
	written, err := os.Stat(filepath.Join(folder, name))
	if err != nil {
		return err
	}
	if sealed, err := os.Stat(filepath.Join(dir, name)); err == nil && !written.ModTime().After(sealed.ModTime()) {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	source, err := os.Open(filepath.Join(folder, name)) //nolint:gosec // a name of the folder
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	return s.store(filepath.Join(filesDir, name), func(w io.Writer) error {
		_, err := io.Copy(w, source)
		return err
	})
}

// unpackFiles unpacks the files beside the database into a draft.
func (p Plan) unpackFiles(d *cluster.Draft) error {
	entries, err := os.ReadDir(filepath.Join(p.Series.Dir, filesDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the files of the backups: %w", err)
	}
	if err := d.MakeFolder(d.Files(), 0o700); err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), fileSuffix) || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		name := filepath.Join(filesDir, e.Name())
		err := p.Series.readAll(filepath.Join(p.Series.Dir, name), name, func(r io.Reader) error {
			file, err := d.CreateFile(filepath.Join(d.Files(), e.Name()), 0o600)
			if err != nil {
				return err
			}
			_, err = io.Copy(file, r)
			return errors.Join(err, file.Close())
		})
		if err != nil {
			return err
		}
	}
	return nil
}
