package retention

import (
	_ "embed"
	"io"
	"strings"
	"text/template"
)

// Kept says of tables why no rule removes all their rows.
type Kept struct {
	Tables     string // separated by ", "
	Until, Why string
}

// Names returns the names of the tables.
func (k Kept) Names() []string { return strings.Split(k.Tables, ", ") }

// Quoted returns the names of the tables in Markdown.
func (k Kept) Quoted() string { return "`" + strings.Join(k.Names(), "`, `") + "`" }

//go:embed page.md
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// WritePage writes docs/data.md.
func (s *Service) WritePage(w io.Writer, kept, outside []Kept) error {
	var text strings.Builder
	err := page.Execute(&text, struct {
		*Service
		Kept, Outside []Kept
	}{s, kept, outside})
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, strings.TrimRight(text.String(), "\n")+"\n")
	return err
}
