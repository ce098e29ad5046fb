package httpapi

import (
	"bytes"
	"encoding/csv"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

const csvType = "text/csv"

// FormatRequest is a part of the input of operations whose output is Tabular.
type FormatRequest struct {
	Format string `query:"format" enum:"json,csv" doc:"csv answers with a table for spreadsheets, as Accept: text/csv does" example:"json"`
}

// Tabular outputs are also answered as a CSV file (RFC 4180), if the request asks for one. The first row has the names
// of the columns.
type Tabular interface {
	FileName() string
	Table() [][]string
}

// wantsCSV tells whether the request asks for a CSV file: the parameter format decides, else the header Accept.
func wantsCSV(r *http.Request) bool {
	if format := r.URL.Query().Get("format"); format != "" {
		return format == "csv"
	}
	best, wanted := 0.0, false
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		kind, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		quality := 1.0
		if q, err := strconv.ParseFloat(params["q"], 64); err == nil {
			quality = q
		}
		if quality > best {
			best, wanted = quality, kind == csvType
		}
	}
	return wanted
}

// asCSV makes the reply a file.
func (out *reply) asCSV(t Tabular) error {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	for _, row := range t.Table() {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = InertCell(cell)
		}
		if err := w.Write(cells); err != nil {
			return err
		}
	}
	w.Flush()
	out.body, out.mediaType, out.fileName = b.Bytes(), csvType+"; charset=utf-8", t.FileName()+".csv"
	return w.Error()
}

var plainNumber = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// InertCell returns a cell that no spreadsheet takes for a formula (OWASP, "CSV Injection"), also not by its
// full-width signs.
func InertCell(text string) string {
	if strings.IndexAny(text, "=+-@＝＋－＠\t\r\n") == 0 && !plainNumber.MatchString(text) {
		return "'" + text
	}
	return text
}
