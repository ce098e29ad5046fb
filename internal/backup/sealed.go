package backup

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/tink-crypto/tink-go/v2/streamingaead/subtle"
)

const (
	// sealedPart is how many bytes are sealed, and kept in memory, at a time.
	sealedPart = 1 << 20
	keyBytes   = 32
	// maxWindow limits the memory that a compressed file can ask for.
	maxWindow = 8 << 20
)

// associatedData binds a file to its series and its name, so that it can't stand for another one.
func (s *Series) associatedData(name string) []byte {
	return []byte("amrutam backup 1\n" + s.ID + "\n" + filepath.ToSlash(name))
}

func (s *Series) cipher() (*subtle.AESGCMHKDF, error) {
	return subtle.NewAESGCMHKDF(s.key, "SHA256", keyBytes, sealedPart, 0)
}

// create writes a sealed file: name is its final name within the series, path where it is written now. fill writes the
// content. When create returns, the file is on the disk.
func (s *Series) create(path, name string, fill func(w io.Writer) error) (err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the operator's folder
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, file.Close())
		if err != nil {
			_ = os.Remove(path)
		}
	}()
	cipher, err := s.cipher()
	if err != nil {
		return err
	}
	buffered := bufio.NewWriterSize(file, sealedPart)
	sealing, err := cipher.NewEncryptingWriter(buffered, s.associatedData(name))
	if err != nil {
		return err
	}
	packing, err := zstd.NewWriter(sealing, zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithWindowSize(maxWindow/2), zstd.WithEncoderConcurrency(2))
	if err != nil {
		return err
	}
	if err := fill(packing); err != nil {
		return errors.Join(err, packing.Close())
	}
	for _, finish := range []func() error{packing.Close, sealing.Close, buffered.Flush, file.Sync} {
		if err := finish(); err != nil {
			return err
		}
	}
	return nil
}

// store writes a sealed file of the series. It gets its name only when it is on the disk and was read back.
func (s *Series) store(name string, fill func(w io.Writer) error) error {
	final := filepath.Join(s.Dir, name)
	dir, base := filepath.Split(final)
	// Without the ending it is no file of the series for those who list them.
	draft := filepath.Join(dir, ".draft-"+strings.TrimSuffix(base, filepath.Ext(base)))
	if err := os.Remove(draft); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	written, read := sha256.New(), sha256.New()
	err := s.create(draft, name, func(w io.Writer) error { return fill(io.MultiWriter(w, written)) })
	if err != nil {
		return err
	}
	err = s.readFrom(draft, name, func(r io.Reader) error {
		_, err := io.Copy(read, r)
		return err
	})
	if err == nil && !bytes.Equal(read.Sum(nil), written.Sum(nil)) {
		err = fmt.Errorf("%s %w", draft, ErrDamaged)
	}
	if err != nil {
		return errors.Join(err, os.Remove(draft))
	}
	if err := os.Rename(draft, final); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(final))
}

// read opens a sealed file of the series and calls use with its content. Returns ErrDamaged with the file's path if
// the file isn't what create has written; what use got until then must not be used.
func (s *Series) read(name string, use func(r io.Reader) error) error {
	return s.readFrom(filepath.Join(s.Dir, name), name, use)
}

// readFrom is read for a file that doesn't have its final name yet.
func (s *Series) readFrom(path, name string, use func(r io.Reader) error) error {
	file, err := os.Open(path) //nolint:gosec // the operator's folder
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	cipher, err := s.cipher()
	if err != nil {
		return err
	}
	damaged := fmt.Errorf("%s %w", path, ErrDamaged)
	opened, err := cipher.NewDecryptingReader(bufio.NewReaderSize(file, sealedPart), s.associatedData(name))
	if err != nil {
		return damaged
	}
	unpacked, err := zstd.NewReader(opened, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return damaged
	}
	defer unpacked.Close()
	content := &checkedReader{r: unpacked}
	if err := use(content); err != nil {
		if content.err != nil {
			return damaged
		}
		return err
	}
	return nil
}

// readAll is read for a caller that wants the whole file to be right before it goes on: it reads what use has left.
func (s *Series) readAll(path, name string, use func(r io.Reader) error) error {
	return s.readFrom(path, name, func(r io.Reader) error {
		if err := use(r); err != nil {
			return err
		}
		_, err := io.Copy(io.Discard, r)
		return err
	})
}

// checkedReader keeps the error of a reader.
type checkedReader struct {
	r   io.Reader
	err error
}

// Read implements io.Reader.
func (c *checkedReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}

func (s *Series) readJSON(name string, value any) error {
	path := filepath.Join(s.Dir, name)
	return s.readAll(path, name, func(r io.Reader) error {
		if err := json.NewDecoder(r).Decode(value); err != nil {
			return fmt.Errorf("%s %w", path, ErrDamaged)
		}
		return nil
	})
}

// syncFolder makes the created and renamed files of a folder survive a power failure.
func syncFolder(dir string) error {
	f, err := os.Open(dir) //nolint:gosec // the operator's folder
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
