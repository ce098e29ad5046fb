package backup

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"amrutam/internal/seal"
)

// keyContent is what the file of a series' key holds. The key is sealed with the master key, and that is never in a
// backup.
type keyContent struct {
	Series string `json:"series"`
	Sealed []byte `json:"sealed"`
}

var seriesPattern = regexp.MustCompile(`^[0-9a-f]{16}$`)

// Keys are what opens and seals the keys of series: Backup is derived from the installation's root, Masters are the
// master key and the older ones that are still accepted.
type Keys struct {
	Backup  []byte
	Masters func() ([][]byte, error)
}

// DeriveKey returns the key that seals the backups of an installation.
func DeriveKey(sealer *seal.Sealer) ([]byte, error) {
	return sealer.Derive("amrutam backups", keyBytes)
}

func keyColumn(series string) string { return "backup.key:" + series }

// createSeries makes the folders of a series.
func createSeries(dir, id string) error {
	if err := checkFolder(dir); err != nil {
		return err
	}
	for _, sub := range []string{baseDir, walDir} {
		if err := os.MkdirAll(filepath.Join(dir, id, sub), 0o700); err != nil {
			return fmt.Errorf("AMRUTAM_BACKUP_DIR: %w", err)
		}
	}
	return syncFolder(dir)
}

// openSeries returns the series that a running installation writes. It seals the key anew if the master key in use
// doesn't open it: a rotation has changed that.
func openSeries(dir, id string, keys Keys) (*Series, error) {
	s := &Series{ID: id, Dir: filepath.Join(dir, id), key: keys.Backup}
	if err := checkFolder(dir); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(s.Dir, walDir)); err != nil {
		return nil, fmt.Errorf("AMRUTAM_BACKUP_DIR: the series %s is not in %s: mount its disk, or begin a new "+
			"series with amrutam backup --new-series", id, dir)
	}
	masters, err := keys.Masters()
	if err != nil {
		return nil, err
	}
	if stored, err := readKey(s.Dir, masters[:1]); err == nil {
		if string(stored) != string(keys.Backup) {
			return nil, fmt.Errorf("AMRUTAM_BACKUP_DIR: %s belongs to another installation", s.Dir)
		}
		return s, nil
	}
	sealed, err := seal.WithMaster(masters, keyColumn(id), string(keys.Backup))
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(keyContent{Series: id, Sealed: sealed})
	if err != nil {
		return nil, err
	}
	return s, writeDurably(filepath.Join(s.Dir, keyFile), text)
}

// checkFolder returns an error if the folder of the backups is missing. It is never created: an empty mount point
// would look like it.
func checkFolder(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("AMRUTAM_BACKUP_DIR: the folder %s is missing: create it, or mount its disk", dir)
	case err != nil:
		return fmt.Errorf("AMRUTAM_BACKUP_DIR: %w", err)
	case !info.IsDir():
		return fmt.Errorf("AMRUTAM_BACKUP_DIR: %s is no folder", dir)
	}
	return nil
}

// writeDurably replaces a file at once.
func writeDurably(path string, text []byte) error {
	draft, err := os.CreateTemp(filepath.Dir(path), ".draft-*")
	if err != nil {
		return err
	}
	_, err = draft.Write(text)
	if err = errors.Join(err, draft.Sync(), draft.Close()); err == nil {
		err = os.Rename(draft.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(draft.Name()))
	}
	return syncFolder(filepath.Dir(path))
}

// readKey returns the key of a series. Returns an error that names the file if the master keys don't open it.
func readKey(dir string, masters [][]byte) ([]byte, error) {
	path := filepath.Join(dir, keyFile)
	text, err := os.ReadFile(path) //nolint:gosec // the operator's folder
	if err != nil {
		return nil, fmt.Errorf("read the key of the backups: %w", err)
	}
	var content keyContent
	if err := json.Unmarshal(text, &content); err != nil || content.Series != filepath.Base(dir) {
		return nil, fmt.Errorf("%s %w", path, ErrDamaged)
	}
	key, err := seal.OpenWithMaster(masters, keyColumn(content.Series), content.Sealed)
	if err != nil || len(key) != keyBytes {
		return nil, fmt.Errorf("the master key doesn't open %s: these are the backups of another installation, or "+
			"they were made with another master key (see AMRUTAM_MASTER_KEY_PREVIOUS), or the file was altered", path)
	}
	return []byte(key), nil
}

// FindSeries opens every series in a folder of backups; dir may also be the folder of one series.
func FindSeries(dir string, masters [][]byte) ([]*Series, error) {
	if err := checkFolder(dir); err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "AMRUTAM_BACKUP_DIR: "))
	}
	paths := []string{dir}
	if _, err := os.Stat(filepath.Join(dir, keyFile)); err != nil {
		if paths, err = filepath.Glob(filepath.Join(dir, "*", keyFile)); err != nil {
			return nil, err
		}
		for i := range paths {
			paths[i] = filepath.Dir(paths[i])
		}
	}
	var all []*Series
	for _, path := range paths {
		path, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		if !seriesPattern.MatchString(filepath.Base(path)) {
			return nil, fmt.Errorf("%s is not the name of a series of backups: it was renamed", path)
		}
		key, err := readKey(path, masters)
		if err != nil {
			return nil, err
		}
		all = append(all, &Series{ID: filepath.Base(path), Dir: path, key: key})
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s holds no backups", dir)
	}
	return all, nil
}
