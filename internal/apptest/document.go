package apptest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"amrutam/internal/app"
	"amrutam/internal/httpapi"
)

// Document is the server's OpenAPI document, read for comparing answers with it.
type Document struct {
	// Root is the whole document as JSON.
	Root       map[string]any
	Operations []Operation

	routes    *httpapi.Router
	byPattern map[string]*Operation
	compiler  *jsonschema.Compiler
	mu        sync.Mutex // protects compiler and compiled
	compiled  map[string]*jsonschema.Schema
}

// Operation is an operation of the document.
type Operation struct {
	ID     string
	Method string
	Path   string
	// Roles that may call; none if anybody may.
	Roles []string
	// Params are the names of the parameters in the path.
	Params []string
	// Example is a body made from the examples of its fields, or nil if the operation takes none.
	Example any

	pointer   string
	body      bool
	responses map[string]response
}

// response is an answer of an operation in the document.
type response struct {
	Headers map[string]header `json:"headers"`
	Content map[string]any    `json:"content"`
	// pointer is its JSON pointer.
	pointer string
	// types are the declared types of a problem.
	types []string
}

type header struct {
	Required bool `json:"required"`
}

const (
	documentURL = "https://amrutam.example/openapi.json"
	problemType = "application/problem+json"
)

var (
	documentOnce sync.Once
	documentRead *Document
	errDocument  error
)

// documentOf returns the document of this process's first server. The other servers have the same.
func documentOf(t testing.TB, a *app.App) *Document {
	t.Helper()
	documentOnce.Do(func() {
		text, err := a.API.DocumentJSON()
		if err == nil {
			documentRead, err = readDocument(text)
		}
		errDocument = err
	})
	must(t, errDocument)
	return documentRead
}

func readDocument(text []byte) (*Document, error) {
	root, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	var parsed struct {
		Paths map[string]map[string]struct {
			ID          string         `json:"operationId"`
			Roles       []string       `json:"x-roles"`
			RequestBody map[string]any `json:"requestBody"`
			Responses   map[string]any `json:"responses"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(text, &parsed); err != nil {
		return nil, err
	}
	d := &Document{routes: httpapi.NewRouter(http.NewServeMux()), byPattern: map[string]*Operation{},
		compiler: jsonschema.NewCompiler(), compiled: map[string]*jsonschema.Schema{}}
	d.Root, _ = root.(map[string]any)
	d.compiler.AssertFormat()
	if err := d.compiler.AddResource(documentURL, root); err != nil {
		return nil, err
	}
	for path, methods := range parsed.Paths {
		for method, o := range methods {
			op := Operation{ID: o.ID, Method: strings.ToUpper(method), Path: path, Roles: o.Roles,
				Params: params(path), pointer: Pointer("paths", path, method), body: o.RequestBody != nil,
				responses: map[string]response{}}
			for status := range o.Responses {
				if op.responses[status], err = d.readResponse(op.pointer + Pointer("responses", status)); err != nil {
					return nil, err
				}
			}
			if op.body {
				op.Example = d.example(d.valueAt(op.pointer + Pointer("requestBody", "content", "application/json",
					"schema")))
			}
			d.Operations = append(d.Operations, op)
			pattern := op.Method + " " + path
			d.routes.HandleFunc(pattern, http.NotFound)
			d.byPattern[pattern] = &op
		}
	}
	return d, nil
}

// readResponse reads the response at a pointer, and what it refers to.
func (d *Document) readResponse(pointer string) (response, error) {
	node, pointer := d.resolveAt(pointer)
	r := response{Headers: map[string]header{}, pointer: pointer}
	r.Content, _ = node["content"].(map[string]any)
	names, _ := node["headers"].(map[string]any)
	for name := range names {
		h, _ := d.resolveAt(pointer + Pointer("headers", name))
		required, _ := h["required"].(bool)
		r.Headers[name] = header{required}
	}
	if r.Content[problemType] == nil {
		return r, nil
	}
	types, ok := d.valueAt(pointer + Pointer("content", problemType, "schema", "allOf", "1", "properties", "type",
		"enum")).([]any)
	if !ok || len(types) == 0 {
		return r, errors.New("the document declares no type of problem at " + pointer)
	}
	for _, t := range types {
		text, _ := t.(string)
		r.types = append(r.types, text)
	}
	return r, nil
}

// Resolve follows the references of a part of the document.
func (d *Document) Resolve(part any) any {
	object, _ := part.(map[string]any)
	if ref, isRef := object["$ref"].(string); isRef {
		return d.Resolve(d.valueAt(strings.TrimPrefix(ref, "#")))
	}
	return part
}

// resolveAt returns the object at a pointer after following references, and its own pointer.
func (d *Document) resolveAt(pointer string) (map[string]any, string) {
	node, _ := d.valueAt(pointer).(map[string]any)
	if ref, isRef := node["$ref"].(string); isRef {
		return d.resolveAt(strings.TrimPrefix(ref, "#"))
	}
	return node, pointer
}

// params returns the names of the parameters in a path.
func params(path string) (names []string) {
	for _, part := range strings.Split(path, "/") {
		if strings.HasPrefix(part, "{") {
			names = append(names, strings.Trim(part, "{}"))
		}
	}
	return names
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// Pointer returns the JSON pointer (RFC 6901) with these names.
func Pointer(names ...string) string {
	var all strings.Builder
	for _, name := range names {
		all.WriteString("/" + pointerEscapes.Replace(name))
	}
	return all.String()
}

// Check returns an error if a JSON value doesn't match the schema at a pointer.
func (d *Document) Check(pointer string, value any) error {
	d.mu.Lock()
	schema := d.compiled[pointer]
	if schema == nil {
		var err error
		if schema, err = d.compiler.Compile(documentURL + "#" + escape(pointer)); err != nil {
			d.mu.Unlock()
			return err
		}
		d.compiled[pointer] = schema
	}
	d.mu.Unlock()
	return schema.Validate(value)
}

// escape escapes a pointer for the fragment of a URL.
func escape(pointer string) string {
	return strings.NewReplacer("%", "%25", "{", "%7B", "}", "%7D").Replace(pointer)
}

// CheckText is Check for JSON text.
func (d *Document) CheckText(pointer string, text []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return errors.New("not JSON: " + err.Error())
	}
	return d.Check(pointer, value)
}

// operation returns the operation that answers a request, or nil for a page or an unknown path.
func (d *Document) operation(r *http.Request) *Operation {
	return d.byPattern[d.routes.Pattern(r)]
}

// response returns the documented response with a status, or an error if there is none.
func (o *Operation) response(status int) (response, error) {
	documented, ok := o.responses[strconv.Itoa(status)]
	if !ok {
		return documented, fmt.Errorf("status %d is not documented: add the refusal to Refusals, or the status to "+
			"Statuses, where the operation %s is registered", status, o.ID)
	}
	return documented, nil
}

// example makes a value of a schema from the examples of its fields.
func (d *Document) example(schema any) any {
	s, _ := schema.(map[string]any)
	if _, ok := s["$ref"].(string); ok && s["examples"] == nil {
		return d.example(d.Resolve(schema))
	}
	if all, ok := s["examples"].([]any); ok && len(all) > 0 {
		return all[0]
	}
	if all, ok := s["enum"].([]any); ok && len(all) > 0 {
		return all[0]
	}
	if properties, ok := s["properties"].(map[string]any); ok {
		object := map[string]any{}
		for name, property := range properties {
			object[name] = d.example(property)
		}
		return object
	}
	if items, ok := s["items"]; ok {
		return []any{d.example(items)}
	}
	return nil
}

// valueAt returns the value at a JSON pointer, or nil.
func (d *Document) valueAt(pointer string) any {
	var value any = d.Root
	for _, name := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		if list, ok := value.([]any); ok {
			if i, err := strconv.Atoi(name); err == nil && i < len(list) {
				value = list[i]
				continue
			}
		}
		object, _ := value.(map[string]any)
		value = object[strings.NewReplacer("~1", "/", "~0", "~").Replace(name)]
	}
	return value
}
