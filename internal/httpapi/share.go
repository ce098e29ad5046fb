package httpapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/danielgtaylor/huma/v2"
)

// shareResponses moves answers that several operations have in common to components/responses.
func (a *API) shareResponses() {
	shared := newSharer(a.Document().Components.Responses)
	responses := func(visit func(o *huma.Operation, status string, r *huma.Response)) {
		for _, o := range a.ordered() {
			for _, status := range slices.Sorted(maps.Keys(o.Responses)) {
				visit(o, status, o.Responses[status])
			}
		}
	}
	responses(func(_ *huma.Operation, _ string, r *huma.Response) { shared.count(r) })
	responses(func(o *huma.Operation, status string, r *huma.Response) {
		if name := shared.name(r, func() string { return responseName(r) }); name != "" {
			o.Responses[status] = &huma.Response{Ref: "#/components/responses/" + name}
		}
	})
}

// responseName of a refusal says its slugs; of another answer its schema, or without one its special headers.
func responseName(r *huma.Response) string {
	name := pascal(r.Description)
	if media := r.Content[problemType]; media != nil {
		var slugs []string
		for _, slug := range slices.Sorted(maps.Keys(media.Examples)) {
			slugs = append(slugs, pascal(slug))
		}
		name = strings.Join(slugs, "Or")
	} else if media := r.Content[jsonType]; media != nil {
		name = strings.TrimPrefix(media.Schema.Ref, schemaRef)
	} else {
		for _, header := range slices.Sorted(maps.Keys(r.Headers)) {
			if header != "X-Request-Id" && !strings.HasPrefix(header, "RateLimit") {
				name += "With" + pascal(header)
			}
		}
	}
	if r.Headers["RateLimit"] == nil {
		name += "OfProbe"
	}
	return name
}

// shareParameters moves parameters that several operations have in common to components/parameters.
func (a *API) shareParameters() {
	shared := newSharer(a.Document().Components.Parameters)
	operations := a.ordered()
	for _, o := range operations {
		for _, p := range o.Parameters {
			shared.count(p)
		}
	}
	for _, o := range operations {
		for i, p := range o.Parameters {
			name := shared.name(p, func() string { return parameterName(o, p) })
			if name != "" {
				o.Parameters[i] = &huma.Param{Ref: "#/components/parameters/" + name}
			}
		}
	}
}

// parameterName says for a path's parameter what it is of.
func parameterName(o *huma.Operation, p *huma.Param) string {
	switch {
	case p.In == "header" && p.Required:
		return "Required" + pascal(p.Name)
	case p.In == "path":
		before, _, _ := strings.Cut(o.Path, "/{"+p.Name+"}")
		return pascal(path.Base(before)) + pascal(p.Name)
	}
	return pascal(p.Name)
}

// sharer finds equal parts of the document, and gives those that are there more than once a name.
type sharer[T any] struct {
	components map[string]T
	counts     map[string]int
	names      map[string]string
}

func newSharer[T any](components map[string]T) *sharer[T] {
	return &sharer[T]{components, map[string]int{}, map[string]string{}}
}

func (s *sharer[T]) count(part T) { s.counts[keyOf(part)]++ }

// name of a part, or "" when it is there once. Parts that would have the same name are numbered.
func (s *sharer[T]) name(part T, propose func() string) string {
	key := keyOf(part)
	if s.counts[key] < 2 {
		return ""
	}
	if name, known := s.names[key]; known {
		return name
	}
	name := propose()
	for i := 2; ; i++ {
		if _, taken := s.components[name]; !taken {
			break
		}
		name = fmt.Sprintf("%s%d", propose(), i)
	}
	s.components[name], s.names[key] = part, name
	return name
}

func keyOf(part any) string {
	text, err := json.Marshal(part)
	if err != nil {
		panic(err) // the document's parts are plain data
	}
	return string(text)
}

// pascal writes "not-found" or "Not Found" as NotFound.
func pascal(name string) string {
	var out strings.Builder
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == ' ' || r == '_' }) {
		runes := []rune(word)
		out.WriteString(string(unicode.ToUpper(runes[0])) + string(runes[1:]))
	}
	return out.String()
}
