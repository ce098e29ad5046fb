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

// archive is a ZIP of JSON files and of a page that describes them. Entries are compressed as they are added: only one
// is in memory at a time, beside the ZIP itself.
type archive struct {
	at    time.Time // when the data was read
	out   bytes.Buffer
	zip   *zip.Writer
	files []file
}

// file is what the page says of a file.
type file struct {
	Name, Description string
	Entries           int
}

// list is a named list of a file. each calls add with its entries, one at a time.
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

// addObject adds a file of one entry.
func (a *archive) addObject(name, description string, entry any) error {
	w, err := a.create(name)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(entry, "", "  ")
	if err != nil {
		return err
	}
	a.files = append(a.files, file{Name: name, Description: description, Entries: 1})
	_, err = w.Write(append(text, '\n'))
	return err
}

// addLists adds a file of named lists: {"items": [...]}.
func (a *archive) addLists(name, description string, lists ...list) error {
	w, err := a.create(name)
	if err != nil {
		return err
	}
	f := file{Name: name, Description: description}
	separator := "{\n  "
	for _, l := range lists {
		if _, err := io.WriteString(w, separator+`"`+l.name+`": [`); err != nil {
			return err
		}
		indent, end := "\n    ", "]"
		err := l.each(func(entry any) error {
			text, err := json.MarshalIndent(entry, "    ", "  ")
			if err != nil {
				return err
			}
			f.Entries++
			_, err = w.Write(append([]byte(indent), text...))
			indent, end = ",\n    ", "\n  ]"
			return err
		})
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, end); err != nil {
			return err
		}
		separator = ",\n  "
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
	err = index.Execute(w, map[string]any{
		"Name":  name,
		"At":    a.at.Format("2 January 2006 at 15:04:05 UTC"),
		"Files": a.files,
	})
	if err != nil {
		return nil, err
	}
	if err := a.zip.Close(); err != nil {
		return nil, err
	}
	return a.out.Bytes(), nil
}
