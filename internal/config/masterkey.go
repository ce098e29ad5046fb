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

// MasterKeys are the master key in use and then the older ones that still open. Those of files are read anew each
// time: a rotation changes them under a running server.
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

// OwnsMasterKey tells whether the master key is the data folder's, so that the program may change it itself.
func (c *Config) OwnsMasterKey() bool { return c.masterKeyFile != "" }

// RenewMasterKey puts a new key into the data folder's file; the old one stays beside it until DropPreviousKey. After
// a crash anywhere in between it goes on: there is always a whole file, and no key is ever lost.
func (c *Config) RenewMasterKey() error {
	current, err := os.ReadFile(c.masterKeyFile)
	if err != nil {
		return fmt.Errorf("read the master key: %w", err)
	}
	if err := os.Link(c.masterKeyFile, c.previousKeyFile()); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("keep the old master key: %w", err)
	}
	previous, err := os.ReadFile(c.previousKeyFile())
	if err != nil {
		return fmt.Errorf("read the old master key: %w", err)
	}
	if string(previous) != string(current) {
		return nil // cut short after the new one was in place
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

// DropPreviousKey removes the data folder's old key, once nothing needs it.
func (c *Config) DropPreviousKey() error {
	if err := os.Remove(c.previousKeyFile()); err != nil {
		return fmt.Errorf("remove the old master key: %w", err)
	}
	return syncFolder(filepath.Dir(c.masterKeyFile))
}

// syncFolder has what happened to the folder's names outlive a power cut.
func syncFolder(dir string) error {
	f, err := os.Open(dir) //nolint:gosec // the operator's data folder
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return f.Sync()
}
