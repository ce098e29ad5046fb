package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// MasterKeys returns the master key in use, followed by the older ones that are still accepted. Keys in files are read
// each time, because a rotation changes them while the server runs.
func (c *Config) MasterKeys() ([][]byte, error) {
	if c.masterKeyFile == "" {
		return masterKeysFromVariables(c.MasterKey, c.MasterKeyPrevious)
	}
	var all [][]byte
	for _, path := range []string{c.masterKeyFile, c.previousKeyFile()} {
		text, err := os.ReadFile(path) //nolint:gosec // the path is the operator's data folder
		if errors.Is(err, fs.ErrNotExist) && path != c.masterKeyFile {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read a master key: %w", err)
		}
		key, ok := decodeMasterKey(string(text))
		if !ok {
			return nil, fmt.Errorf("%s is damaged, it must hold 32 bytes in base64: restore it, without it nothing "+
				"sealed can be read", path)
		}
		all = append(all, key)
	}
	return all, nil
}

func masterKeysFromVariables(current, previous string) ([][]byte, error) {
	key, ok := decodeMasterKey(current)
	if !ok {
		return nil, errors.New("AMRUTAM_MASTER_KEY must be 32 bytes in base64")
	}
	all := [][]byte{key}
	for entry := range strings.SplitSeq(previous, ",") {
		if strings.TrimSpace(entry) == "" {
			continue
		}
		if key, ok = decodeMasterKey(entry); !ok {
			return nil, errors.New("AMRUTAM_MASTER_KEY_PREVIOUS must be keys of 32 bytes in base64, comma-separated")
		}
		all = append(all, key)
	}
	return all, nil
}

func decodeMasterKey(text string) (key []byte, ok bool) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	return key, err == nil && len(key) == 32
}

func (c *Config) previousKeyFile() string { return c.masterKeyFile + ".previous" }

// OwnsMasterKey reports whether the master key is in the data folder, so that the program may change it.
func (c *Config) OwnsMasterKey() bool { return c.masterKeyFile != "" }

// RenewMasterKey replaces the key in the data folder's file with a new one. The old key stays in a second file until
// DropPreviousKey. After a crash, calling it again continues: at every moment the files are complete and no key is
// lost.
func (c *Config) RenewMasterKey() error {
	current, err := os.ReadFile(c.masterKeyFile)
	if err != nil {
		return fmt.Errorf("read the master key: %w", err)
	}
	if err := os.Link(c.masterKeyFile, c.previousKeyFile()); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("save the old master key: %w", err)
	}
	previous, err := os.ReadFile(c.previousKeyFile())
	if err != nil {
		return fmt.Errorf("read the old master key: %w", err)
	}
	if string(previous) != string(current) {
		return nil // an earlier call was interrupted after it had replaced the key
	}
	dir := filepath.Dir(c.masterKeyFile)
	if err := syncFolder(dir); err != nil {
		return err
	}
	draft, err := writeDraftSecret(dir, "")
	if err != nil {
		return err
	}
	if err := os.Rename(draft, c.masterKeyFile); err != nil {
		return errors.Join(fmt.Errorf("write the new master key: %w", err), os.Remove(draft))
	}
	return syncFolder(dir)
}

// DropPreviousKey removes the old key from the data folder. Call it when nothing needs the key.
func (c *Config) DropPreviousKey() error {
	if err := os.Remove(c.previousKeyFile()); err != nil {
		return fmt.Errorf("remove the old master key: %w", err)
	}
	return syncFolder(filepath.Dir(c.masterKeyFile))
}

// syncFolder makes the created and renamed files of a folder survive a power failure.
func syncFolder(dir string) error {
	f, err := os.Open(dir) //nolint:gosec // the operator's data folder
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return f.Sync()
}
