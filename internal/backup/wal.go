package backup

import (
	"encoding/binary"
	"io"
	"path/filepath"
	"time"
)

// walHeader is what a WAL file's content begins with: when the file was last written, in nanoseconds since 1970.
func walHeader(nanoseconds int64) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(nanoseconds)) //nolint:gosec // after 1970
}

func readWALHeader(r io.Reader) (time.Time, error) {
	header := make([]byte, 8)
	if _, err := io.ReadFull(r, header); err != nil {
		return time.Time{}, err
	}
	return time.Unix(0, int64(binary.BigEndian.Uint64(header))).UTC(), nil //nolint:gosec // as walHeader
}

// copyWAL writes the content of an archived WAL file.
func (s *Series) copyWAL(name string, w io.Writer) error {
	return s.read(filepath.Join(walDir, name+walSuffix), func(r io.Reader) error {
		if _, err := readWALHeader(r); err != nil {
			return err
		}
		_, err := io.Copy(w, r)
		return err
	})
}

// walWritten returns when PostgreSQL wrote the last change into a WAL file.
func (s *Series) walWritten(name string) (written time.Time, err error) {
	err = s.read(filepath.Join(walDir, name+walSuffix), func(r io.Reader) (err error) {
		written, err = readWALHeader(r)
		return err
	})
	return written, err
}
