package httpapi

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/yaml"
)

// Version of the interface, in the document.
const Version = "1.0.0"

// guide is the document's description: what holds for all operations (CommonMark).
//
//go:embed guide.md
var guide string

// Story is the journey that the document tells: in its order, and in its examples.
type Story struct {
	// Order holds the id of every operation, in the order in which a reader meets them.
	Order []string
	// Values are the examples of fields, by "Schema.field" or, for the same field of all schemas, by "field".
	Values map[string]any
	// Replies are the fields in which an operation's answer differs from the example of its schema, by operation id
	// or, for one of its statuses, by "operation-id 202".
	Replies map[string]map[string]any
	// Requests are the same for the bodies of requests.
	Requests map[string]map[string]any
}

func newDocument() *huma.OpenAPI {
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "Amrutam", Version: Version, Description: guide,
			License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
		},
		Security: signedIn,
		Servers:  []*huma.Server{{URL: "/", Description: "This server"}},
		Tags:     tags(),
		Components: &huma.Components{
			Schemas:    newRegistry(),
			Examples:   map[string]*huma.Example{},
			Headers:    map[string]*huma.Param{},
			Parameters: map[string]*huma.Param{},
			Responses:  map[string]*huma.Response{},
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"bearer": {Type: "http", Scheme: "bearer",
					Description: "The `accessToken` of a sign-in: opaque, good for `expiresIn` seconds."},
				"cookie": {Type: "apiKey", In: "cookie", Name: cookieName,
					Description: "The cookie of a sign-in with `session` COOKIE, for pages of this server alone."},
			},
		},
	}
}

// tags in the order of the journey.
func tags() []*huma.Tag {
	var all []*huma.Tag
	for _, t := range [][2]string{
		{"auth", "Sign up, sign in, prove a second factor, and get back in."},
		{"users", "Users, their profiles and their data; staff and its accounts."},
		{"doctors", "Find a doctor, or apply as one."},
		{"availability", "The slots in which doctors can be booked."},
		{"consents", "What patients agree to, and take back."},
		{"consultations", "From the booking to the end of the call."},
		{"payments", "Money for consultations, and back."},
		{"providers", "What payment providers report."},
		{"prescriptions", "What the doctor prescribed."},
		{"reviews", "What patients say of doctors, and what moderators decide about it."},
		{"events", "What changes, as it happens."},
		{"admin", "The audit log and figures."},
		{"health", "Probes for load balancers."},
	} {
		all = append(all, &huma.Tag{Name: t[0], Description: t[1]})
	}
	return all
}

// Document is the OpenAPI document.
func (a *API) Document() *huma.OpenAPI { return a.huma.OpenAPI() }

// finish completes the document, once, when it is first asked for: that takes longer than all the rest of a start.
// Nothing that requests are checked by changes here.
func (a *API) finish() {
	a.finished.Do(func() {
		a.exampleFields()
		a.exampleBodies()
		a.dropReplyExamples()
		a.publishParameters()
		a.shareResponses()
		a.shareParameters()
	})
}

// DocumentJSON is the OpenAPI document as it is committed and served: its parts, paths and operations stand in the
// order in which they are read. The library would sort them by name.
func (a *API) DocumentJSON() ([]byte, error) {
	ordered, err := a.orderedDocument()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, ordered, "", " "); err != nil {
		return nil, err
	}
	return append(single.ReplaceAll(out.Bytes(), []byte("$1$2$3")), '\n'), nil
}

// single matches an object or a list of one plain value: most are references, and need no lines of their own.
var single = regexp.MustCompile(`([\[{])\n\s+([^\n{}\[\]]+)\n\s*([\]}])`)

// DocumentYAML is the same document in YAML.
func (a *API) DocumentYAML() ([]byte, error) {
	ordered, err := a.orderedDocument()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = yaml.Convert(&out, bytes.NewReader(ordered))
	return out.Bytes(), err
}

func (a *API) orderedDocument() ([]byte, error) {
	a.finish()
	document, components := *a.Document(), *a.Document().Components
	components.Schemas, document.Components = a.publishedSchemas(), &components
	text, err := json.Marshal(&document)
	if err != nil {
		return nil, err
	}
	var parts, paths map[string]json.RawMessage
	if err := json.Unmarshal(text, &parts); err != nil {
		return nil, fmt.Errorf("httpapi: read the document: %w", err)
	}
	if err := json.Unmarshal(parts["paths"], &paths); err != nil {
		return nil, fmt.Errorf("httpapi: read the document's paths: %w", err)
	}
	var names []string
	methods := map[string][]string{}
	for _, o := range a.ordered() {
		if methods[o.Path] == nil {
			names = append(names, o.Path)
		}
		methods[o.Path] = append(methods[o.Path], strings.ToLower(o.Method))
	}
	for path, text := range paths {
		var item map[string]json.RawMessage
		if err := json.Unmarshal(text, &item); err != nil {
			return nil, fmt.Errorf("httpapi: read a path of the document: %w", err)
		}
		paths[path] = object(item, methods[path])
	}
	parts["paths"] = object(paths, names)
	return object(parts, []string{"openapi", "info", "servers", "tags", "paths", "components"}), nil
}

// object writes the members in the order of the names; what these leave out follows by its own name.
func object(members map[string]json.RawMessage, names []string) json.RawMessage {
	names = slices.Clone(names)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	var out bytes.Buffer
	for i, name := range names {
		key, _ := json.Marshal(name)
		fmt.Fprintf(&out, "%c%s:%s", "{,"[min(i, 1)], key, members[name])
	}
	out.WriteByte('}')
	return out.Bytes()
}

// ordered are the operations in the story's order; those that it leaves out come last, by their ids.
func (a *API) ordered() []*huma.Operation {
	place := map[string]int{}
	for i, id := range a.Story.Order {
		place[id] = i + 1
	}
	all := a.documented()
	slices.SortFunc(all, func(x, y *huma.Operation) int {
		px, py := place[x.OperationID], place[y.OperationID]
		switch {
		case px != 0 && py != 0:
			return px - py
		case px != py:
			return py - px // one of them has no place
		}
		return strings.Compare(x.OperationID, y.OperationID)
	})
	return all
}

// documented are the operations of the document, by path and method.
func (a *API) documented() []*huma.Operation {
	var all []*huma.Operation
	for _, path := range slices.Sorted(maps.Keys(a.Document().Paths)) {
		all = append(all, operationsOf(a.Document().Paths[path])...)
	}
	return all
}

// operationsOf a path that are registered.
func operationsOf(path *huma.PathItem) []*huma.Operation {
	if path == nil {
		return nil
	}
	all := []*huma.Operation{path.Get, path.Put, path.Post, path.Delete, path.Patch}
	return slices.DeleteFunc(all, func(o *huma.Operation) bool { return o == nil })
}
