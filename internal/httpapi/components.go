package httpapi

import (
	"maps"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"amrutam/internal/access"
	"amrutam/internal/money"
)

// componentOf is the extension by which a schema names the component that the document refers to in its place.
// Requests are checked by the schema itself: the library would ignore what the tags of a field add to a reference.
const componentOf = "x-component"

// Enum returns the schema of a type with few values, and gives it a component of that name. A field whose enum tag
// names only some of them stays without a reference.
func Enum[T ~string](r huma.Registry, name, doc string, values ...T) *huma.Schema {
	s := huma.Schema{Type: huma.TypeString}
	for _, value := range values {
		s.Enum = append(s.Enum, string(value))
	}
	return component(r, name, doc, s)
}

// component gives a schema a component, and marks it. Panics if another schema has the name.
func component(r huma.Registry, name, doc string, s huma.Schema) *huma.Schema {
	named := s
	named.Description = doc
	if other := r.Map()[name]; other != nil && !reflect.DeepEqual(*other, named) {
		panic("httpapi: two schemas are called " + name)
	}
	r.Map()[name] = &named
	s.Extensions = map[string]any{componentOf: name}
	return &s
}

// role gives access.Role a schema: that package knows no document.
type role access.Role

// Schema lists the roles.
func (role) Schema(r huma.Registry) *huma.Schema {
	return Enum(r, "Role", "What a user may do", access.AllRoles()...)
}

const amountPattern = `^\d{1,10}(\.\d{1,2})?$`

// amount gives money.Amount a schema.
type amount money.Amount

// Schema is that of a decimal string.
func (amount) Schema(r huma.Registry) *huma.Schema {
	return component(r, "Amount", "A decimal amount with at most two decimals",
		huma.Schema{Type: huma.TypeString, Pattern: amountPattern, Examples: []any{"500.00"}})
}

// amountInput gives money.Input a schema.
type amountInput money.Input

// Schema also allows a number. The document shows only the string: generated clients would make a float of the other.
func (amountInput) Schema(r huma.Registry) *huma.Schema {
	s := *amount(0).Schema(r)
	s.Type, s.Pattern = "", ""
	s.OneOf = []*huma.Schema{
		{Type: huma.TypeString, Pattern: amountPattern},
		{Type: huma.TypeNumber, Minimum: ptr(0.0), Maximum: ptr(9999999999.99)},
	}
	return &s
}

// TellMinLength has the fault of a text that is too short for its schema name the least length of the server's
// setting, which only the handler checks.
func (a *API) TellMinLength(schema, property string, n int) {
	text := a.Document().Components.Schemas.Map()[schema].Properties[property]
	ofSchema := text.MinLength
	text.MinLength = &n
	text.PrecomputeMessages()
	text.MinLength = ofSchema
}

// publishedSchemas are the components as the document shows them.
func (a *API) publishedSchemas() huma.Registry {
	published := newRegistry()
	for name, s := range a.Document().Components.Schemas.Map() {
		published.Map()[name] = a.published(s)
	}
	return published
}

// publishParameters gives the operations parameters as the document shows them.
func (a *API) publishParameters() {
	for _, o := range a.documented() {
		for i, p := range o.Parameters {
			shown := *p
			shown.Schema = a.published(p.Schema)
			o.Parameters[i] = &shown
		}
	}
}

// published is a copy of a schema that refers to components. Null is an alternative to them.
func (a *API) published(s *huma.Schema) *huma.Schema {
	if s == nil {
		return nil
	}
	out := *s
	out.Items = a.published(s.Items)
	out.Properties = maps.Clone(s.Properties)
	for name, property := range s.Properties {
		out.Properties[name] = a.published(property)
	}
	name, named := s.Extensions[componentOf].(string)
	if !named {
		return &out
	}
	out.Extensions = nil
	shared := a.Document().Components.Schemas.Map()[name]
	if !reflect.DeepEqual(slices.DeleteFunc(slices.Clone(s.Enum), isNil), shared.Enum) {
		return &out // only some of its values
	}
	ref := &huma.Schema{Ref: schemaRef + name, Description: s.Description, Default: s.Default}
	if !reflect.DeepEqual(s.Examples, shared.Examples) {
		ref.Examples = s.Examples
	}
	if s.Nullable {
		ref.OneOf, ref.Ref = []*huma.Schema{{Ref: ref.Ref}, {Type: "null"}}, ""
	}
	return ref
}

func isNil(value any) bool { return value == nil }
