package httpapi

import (
	"encoding/json"
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
	responses(func(_ *huma.Operation, _ string, r *huma.Response) { shared.count(r, responseName(r)) })
	responses(func(o *huma.Operation, status string, r *huma.Response) {
		if name := shared.name(r, responseName(r)); name != "" {
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
		name = strings.TrimPrefix(media.Schema.Ref, schemaRef) + "Response"
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
	parameters := func(visit func(o *huma.Operation, i int, p *huma.Param)) {
		for _, o := range a.ordered() {
			for i, p := range o.Parameters {
				visit(o, i, p)
			}
		}
	}
	parameters(func(o *huma.Operation, _ int, p *huma.Param) { shared.count(p, parameterName(o, p)) })
	parameters(func(o *huma.Operation, i int, p *huma.Param) {
		if name := shared.name(p, parameterName(o, p)); name != "" {
			o.Parameters[i] = &huma.Param{Ref: "#/components/parameters/" + name}
		}
	})
}

// parameterName says for a path's id what it is of. Returns "" for a parameter that stays in its operations: the name
// of another id would be that of a path's.
func parameterName(o *huma.Operation, p *huma.Param) string {
	switch {
	case p.In == "header" && p.Required:
		return "Required" + pascal(p.Name)
	case p.Name == "X-Purpose":
		return "AccessPurpose"
	case p.In == "path" && p.Name == "id":
		before, _, _ := strings.Cut(o.Path, "/{id}")
		resource := path.Base(before)
		if resource == "availability" {
			resource = "slots"
		}
		return pascal(strings.TrimSuffix(resource, "s")) + "ID"
	}
	if strings.HasSuffix(p.Name, "Id") {
		return ""
	}
	return pascal(p.Name)
}

// sharer finds equal parts of the document, and gives those that are there more than once a name. Parts that differ
// stay where they are if they would have the same name: generated clients make types of the names, and a number would
// be another one with the next operation.
type sharer[T any] struct {
	components map[string]T
	counts     map[string]int
	// keys are those of the parts that would have a name.
	keys map[string]map[string]bool
}

func newSharer[T any](components map[string]T) *sharer[T] {
	return &sharer[T]{components, map[string]int{}, map[string]map[string]bool{}}
}

func (s *sharer[T]) count(part T, name string) {
	key := keyOf(part)
	s.counts[key]++
	if s.keys[name] == nil {
		s.keys[name] = map[string]bool{}
	}
	s.keys[name][key] = true
}

// name of a part, or "" when it has none, is there once or another part would have the same name.
func (s *sharer[T]) name(part T, name string) string {
	if name == "" || s.counts[keyOf(part)] < 2 || len(s.keys[name]) > 1 {
		return ""
	}
	s.components[name] = part
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
