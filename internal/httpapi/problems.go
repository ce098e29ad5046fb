package httpapi

import (
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"amrutam/internal/language"
	"amrutam/internal/problem"
)

//go:embed pages
var pageFiles embed.FS

var (
	problemTemplate  = readPages("problem")
	problemsTemplate = readPages("problems")
)

// readPages returns the template of a page in each language.
func readPages(name string) map[language.Tag]*template.Template {
	pages := map[language.Tag]*template.Template{}
	for _, l := range language.All {
		pages[l] = template.Must(template.ParseFS(pageFiles, "pages/"+string(l)+"/"+name+".html"))
	}
	return pages
}

// problemEntry is the JSON of a problem in the catalogue.
type problemEntry struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Advice string `json:"advice"`
}

func entryOf(p *problem.Error, l language.Tag) problemEntry {
	text := p.In(l)
	return problemEntry{"/problems/" + p.Slug, text.Title, p.Status, text.Detail, text.Advice}
}

// problemGroup holds the problems of one status, for the index.
type problemGroup struct {
	Status   int
	Text     string
	Problems []problemLine
}

type problemLine struct {
	Slug string
	problem.Text
}

// problemsPage lists all problems by status.
func (a *API) problemsPage(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept")
	l := NegotiateLanguage(w, r)
	all := problem.All()
	if wantsJSON(r) {
		entries := make([]problemEntry, 0, len(all))
		for _, p := range all {
			entries = append(entries, entryOf(p, l))
		}
		writeJSON(w, map[string]any{"items": entries})
		return
	}
	slices.SortStableFunc(all, func(a, b *problem.Error) int { return a.Status - b.Status })
	var groups []problemGroup
	for _, p := range all {
		if len(groups) == 0 || groups[len(groups)-1].Status != p.Status {
			groups = append(groups, problemGroup{Status: p.Status, Text: http.StatusText(p.Status)})
		}
		last := &groups[len(groups)-1]
		last.Problems = append(last.Problems, problemLine{p.Slug, p.In(l)})
	}
	WritePage(w, http.StatusOK, problemsTemplate[l], groups)
}

// problemPage shows what a problem means and what to do about it.
func (a *API) problemPage(w http.ResponseWriter, r *http.Request) {
	p, ok := problem.Find(r.PathValue("slug"))
	if !ok {
		a.writeProblem(w, r, problem.NotFound)
		return
	}
	w.Header().Set("Vary", "Accept")
	l := NegotiateLanguage(w, r)
	if wantsJSON(r) {
		writeJSON(w, entryOf(p, l))
		return
	}
	text := p.In(l)
	WritePage(w, http.StatusOK, problemTemplate[l], struct {
		Slug, Title, Detail string
		Status              int
		Advice              []advicePart
	}{p.Slug, text.Title, text.Detail, p.Status, a.linkAdvice(text.Advice)})
}

// advicePart is a piece of an advice. If it names an operation, Href links to the operation in the API reader.
type advicePart struct{ Text, Href string }

var namedOperation = regexp.MustCompile(`(GET|POST|PATCH|DELETE) (/[a-zA-Z0-9/{}-]+)`)

// linkAdvice splits an advice into plain pieces and links to operations.
func (a *API) linkAdvice(advice string) []advicePart {
	var parts []advicePart
	rest := 0
	for _, found := range namedOperation.FindAllStringSubmatchIndex(advice, -1) {
		method, path := advice[found[2]:found[3]], advice[found[4]:found[5]]
		for _, o := range operationsOf(a.Document().Paths[path]) {
			if o.Method == method {
				parts = append(parts, advicePart{Text: advice[rest:found[0]]},
					advicePart{Text: advice[found[0]:found[1]], Href: "/docs/#/" + o.Tags[0] + "/" + o.OperationID})
				rest = found[1]
			}
		}
	}
	return append(parts, advicePart{Text: advice[rest:]})
}

// wantsJSON tells whether the client accepts JSON and not HTML.
func wantsJSON(r *http.Request) bool {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	return strings.Contains(accept, jsonType) && !strings.Contains(accept, "text/html")
}

func writeJSON(w http.ResponseWriter, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		http.Error(w, "This answer could not be made.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", jsonType)
	_, _ = w.Write(text)
}
