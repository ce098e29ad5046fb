package backup

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
)

// manifest is what PostgreSQL says that a base backup holds.
type manifest struct {
	Files []manifestFile
}

type manifestFile struct {
	Path        string
	EncodedPath string `json:"Encoded-Path"` //nolint:tagliatelle // PostgreSQL's
	Size        int64
	Algorithm   string `json:"Checksum-Algorithm"` //nolint:tagliatelle // PostgreSQL's
	Checksum    string
}

func parseManifest(text []byte) (manifest, error) {
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil || len(m.Files) == 0 {
		return m, errors.New("the manifest of the base backup can't be read")
	}
	return m, nil
}

// content is a file of a base backup as it was read.
type content struct {
	size int64
	sum  [sha256.Size]byte
}

// compare returns an error that names the first file which is not as the manifest says.
func (m manifest) compare(read map[string]content) error {
	for _, f := range m.Files {
		path := f.Path
		if f.EncodedPath != "" {
			raw, err := hex.DecodeString(f.EncodedPath)
			if err != nil {
				return errors.New("the manifest of the base backup can't be read")
			}
			path = string(raw)
		}
		got, found := read[path]
		switch {
		case !found:
			return fmt.Errorf("the file %s of the database is missing in the base backup", path)
		case got.size != f.Size || f.Algorithm != "SHA256" || hex.EncodeToString(got.sum[:]) != f.Checksum:
			return fmt.Errorf("the file %s of the database is not what PostgreSQL sent", path)
		}
	}
	return nil
}

// target gets the files of a base backup.
type target interface {
	folder(path string, mode fs.FileMode) error
	file(path string, mode fs.FileMode) (io.WriteCloser, error)
}

// unpack reads a tar, hands its files to the target, and returns what they were.
func unpack(r io.Reader, to target) (map[string]content, error) {
	read := map[string]content{}
	archive := tar.NewReader(r)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return read, nil
		}
		if err != nil {
			return nil, err
		}
		path := filepath.Clean(header.Name)
		if !filepath.IsLocal(path) {
			return nil, fmt.Errorf("the base backup holds the path %q", header.Name)
		}
		switch header.Typeflag {
		case tar.TypeDir:
			err = to.folder(path, header.FileInfo().Mode().Perm())
		case tar.TypeReg:
			read[path], err = unpackFile(archive, path, header, to)
		default:
			err = fmt.Errorf("the base backup holds a link, %q", path)
		}
		if err != nil {
			return nil, err
		}
	}
}

func unpackFile(r io.Reader, path string, header *tar.Header, to target) (c content, err error) {
	w, err := to.file(path, header.FileInfo().Mode().Perm())
	if err != nil {
		return c, err
	}
	sum := sha256.New()
	c.size, err = io.Copy(io.MultiWriter(w, sum), r)
	sum.Sum(c.sum[:0])
	return c, errors.Join(err, w.Close())
}

// nowhere is a target that keeps nothing.
type nowhere struct{}

func (nowhere) folder(string, fs.FileMode) error { return nil }

func (nowhere) file(string, fs.FileMode) (io.WriteCloser, error) { return discard{}, nil }

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) Close() error                { return nil }
