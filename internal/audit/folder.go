package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"time"

	"amrutam/internal/audit/logfile"
)

// Folder is the folder of the files of compressed entries, or "" if there is none.
type Folder string

// ErrNoFolder means that entries are in files, and the setting of their folder is missing.
var ErrNoFolder = errors.New("AMRUTAM_AUDIT_FILES must name the folder of the compressed entries")

const manifestName = "manifest.jsonl"

// manifestLine is a line of the manifest, which names every file.
type manifestLine struct {
	Name     string    `json:"name"`
	First    int64     `json:"first"` // leaf
	Count    int64     `json:"count"`
	Earliest time.Time `json:"earliest"`
	Latest   time.Time `json:"latest"`
	Size     int64     `json:"size"`
	SHA256   string    `json:"sha256"`
}

func (f listFilesRow) manifestLine() manifestLine {
	return manifestLine{f.Name, f.First, f.Count, f.Earliest.UTC(), f.Latest.UTC(), f.Size, f.Sha256}
}

func (f listFilesRow) end() int64 { return f.First + f.Count }

// file is an open file of compressed entries.
type file struct {
	*logfile.Reader
	row  listFilesRow
	file *os.File
}

// open opens a file and reads its index. Returns an error that names the file if it is missing or damaged.
func (d Folder) open(row listFilesRow) (*file, error) {
	if d == "" {
		return nil, ErrNoFolder
	}
	opened, err := os.Open(filepath.Join(string(d), filepath.Base(row.Name)))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("file %s: %w: it is missing", row.Name, logfile.ErrDamaged)
	}
	if err != nil {
		return nil, fmt.Errorf("file %s: %w", row.Name, pathless(err))
	}
	reader, err := logfile.Open(opened, row.Size, row.IndexSha256)
	if err != nil {
		_ = opened.Close()
		return nil, fmt.Errorf("file %s: %w", row.Name, err)
	}
	f := &file{reader, row, opened}
	if n := len(f.Blocks); n == 0 || f.Blocks[0].First != row.First ||
		f.Blocks[n-1].First+int64(f.Blocks[n-1].Count) != row.end() {
		f.close()
		return nil, fmt.Errorf("file %s: %w: it has other entries than it should", row.Name, logfile.ErrDamaged)
	}
	return f, nil
}

// pathless returns an error without the path of the folder, which is nobody's concern who calls the API.
func pathless(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

func (f *file) close() {
	f.Close()
	_ = f.file.Close()
}

// named adds the name of the file to an error.
func (f *file) named(err error) error {
	if errors.Is(err, logfile.ErrDamaged) {
		return fmt.Errorf("file %s: %w", f.row.Name, err)
	}
	return err
}

// checkSum compares the whole file with its checksum.
func (f *file) checkSum() error {
	sum := sha256.New()
	size, err := io.Copy(sum, io.NewSectionReader(f.file, 0, f.row.Size+1))
	if err != nil {
		return fmt.Errorf("file %s: %w", f.row.Name, pathless(err))
	}
	if size != f.row.Size || hex.EncodeToString(sum.Sum(nil)) != f.row.Sha256 {
		return fmt.Errorf("file %s: %w: its checksum is wrong", f.row.Name, logfile.ErrDamaged)
	}
	return nil
}

// forEach calls fn with every entry of the file, in the order of the tree.
func (f *file) forEach(fn func(leaf int64, e *entry) error) error {
	for _, b := range f.Blocks {
		var e entry
		err := f.Entries(b, func(leaf int64, text []byte) error {
			if err := e.parse(text); err != nil {
				return err
			}
			return fn(leaf, &e)
		})
		if err != nil {
			return f.named(err)
		}
	}
	return nil
}

// write makes the file of a name: fill writes it. It appears under its name only when it is complete and on the disk.
func (d Folder) write(name string, fill func(w io.Writer) error) (err error) {
	draft := filepath.Join(string(d), name+".draft")
	out, err := os.OpenFile(draft, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600) //nolint:gosec // the operator's folder
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = out.Close()
			_ = os.Remove(draft)
		}
	}()
	if err := fill(out); err != nil {
		return err
	}
	if err := out.Sync(); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	if err := os.Rename(draft, filepath.Join(string(d), name)); err != nil {
		return err
	}
	return d.sync()
}

// sync waits until the names in the folder are on the disk.
func (d Folder) sync() error {
	folder, err := os.Open(string(d))
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }()
	return folder.Sync()
}

// writeManifest writes the list of the files.
func (d Folder) writeManifest(rows []listFilesRow) error {
	return d.write(manifestName, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		for _, row := range rows {
			if err := encoder.Encode(row.manifestLine()); err != nil {
				return err
			}
		}
		return nil
	})
}

// checkManifest compares the manifest with the list of the files. Returns an error that names the first line that
// differs. The manifest is written before the database knows a new file, and after it has forgotten an old one: an
// interruption between leaves a line more.
func (d Folder) checkManifest(rows []listFilesRow, expired, compressed int64) error {
	text, err := os.ReadFile(filepath.Join(string(d), manifestName))
	if err != nil {
		return fmt.Errorf("%s: %w", manifestName, pathless(err))
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	lines = lines[:len(lines)-1] // the rest has no line break
	number := 1
	for number <= len(lines) && parseManifestLine(lines[number-1]).end() <= expired {
		number++
	}
	for _, row := range rows {
		want, err := json.Marshal(row.manifestLine())
		if err != nil {
			return err
		}
		if number > len(lines) || !bytes.Equal(lines[number-1], append(want, '\n')) {
			return fmt.Errorf("line %d of %s was altered or cut: it is not that of file %s", number, manifestName,
				row.Name)
		}
		number++
	}
	if number == len(lines) && parseManifestLine(lines[number-1]).First == compressed {
		number++
	}
	if number <= len(lines) {
		return fmt.Errorf("line %d of %s names a file that the database doesn't know", number, manifestName)
	}
	return nil
}

// parseManifestLine returns what a line says, or of a damaged line a file that has no end.
func parseManifestLine(text []byte) manifestLine {
	var line manifestLine
	if err := json.Unmarshal(text, &line); err != nil || line.Count < 1 {
		return manifestLine{First: -1, Count: math.MaxInt64}
	}
	return line
}

func (l manifestLine) end() int64 { return l.First + l.Count }
