package privacy

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"encoding/json"
	"html/template"
	"io"
	"time"
)

// archive is a ZIP of JSON files, and of a page that says what they contain. What is added is written at once: of a
// long history one entry is in memory at a time, beside the compressed file.
type archive struct {
	at    time.Time
	out   bytes.Buffer
	zip   *zip.Writer
	files []file
}

// file is one of them, as the page lists it.
type file struct {
	Name, Holds string
	Entries     int
}

// list is a member of a file that holds several entries: each hands them to add, one at a time.
type list struct {
	name string
	each func(add func(entry any) error) error
}

func newArchive(at time.Time) *archive {
	a := &archive{at: at}
	a.zip = zip.NewWriter(&a.out)
	return a
}

func (a *archive) create(name string) (io.Writer, error) {
	return a.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: a.at})
}

// object adds a file of one entry.
func (a *archive) object(name, holds string, entry any) error {
	w, err := a.create(name)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(entry, "", "  ")
	if err != nil {
		return err
	}
	a.files = append(a.files, file{name, holds, 1})
	_, err = w.Write(append(text, '\n'))
	return err
}

// lists adds a file of entries: {"items": [...]}.
func (a *archive) lists(name, holds string, lists ...list) error {
	w, err := a.create(name)
	if err != nil {
		return err
	}
	f := file{Name: name, Holds: holds}
	before := "{\n  "
	for _, l := range lists {
		if _, err := io.WriteString(w, before+`"`+l.name+`": [`); err != nil {
			return err
		}
		comma, end := "\n    ", "]"
		err := l.each(func(entry any) error {
			text, err := json.MarshalIndent(entry, "    ", "  ")
			if err != nil {
				return err
			}
			f.Entries++
			_, err = w.Write(append([]byte(comma), text...))
			comma, end = ",\n    ", "\n  ]"
			return err
		})
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, end); err != nil {
			return err
		}
		before = ",\n  "
	}
	a.files = append(a.files, f)
	_, err = io.WriteString(w, "\n}\n")
	return err
}

//go:embed index.html
var indexSource string

var index = template.Must(template.New("index.html").Parse(indexSource))

// close adds the page and returns the whole archive.
func (a *archive) close(name string) ([]byte, error) {
	w, err := a.create("index.html")
	if err != nil {
		return nil, err
	}
	err = index.Execute(w, map[string]any{"Name": name, "At": a.at.Format("2 January 2006 at 15:04:05 UTC"),
		"Files": a.files})
	if err != nil {
		return nil, err
	}
	if err := a.zip.Close(); err != nil {
		return nil, err
	}
	return a.out.Bytes(), nil
}
