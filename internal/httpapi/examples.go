package httpapi

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// maxExampleDepth of schemas in schemas: a schema that holds itself ends there.
const maxExampleDepth = 8

type absent struct{}

// Absent is the story's value of a field that an example leaves out.
var Absent = absent{}

// exampleFields gives the fields of all schemas the story's values.
func (a *API) exampleFields() {
	for name, s := range a.Document().Components.Schemas.Map() {
		for member, property := range s.Properties {
			value, told := a.Story.Values[name+"."+member]
			if !told {
				value, told = a.Story.Values[member]
			}
			if told && len(property.Examples) > 0 && property.Extensions[componentOf] == nil {
				a.overruled = append(a.overruled, name+"."+member)
			}
			if told {
				property.Examples = []any{value}
			}
		}
	}
}

// exampleBodies gives every body an example, made of those of its fields and of the story.
func (a *API) exampleBodies() {
	for _, o := range a.documented() {
		if o.RequestBody != nil && o.RequestBody.Content[jsonType] != nil {
			media := o.RequestBody.Content[jsonType]
			a.addExample(media, o.OperationID+"-request", a.Story.Requests[o.OperationID])
		}
		for status, response := range o.Responses {
			if media := response.Content[streamType]; media != nil {
				media.Example = a.example(media.Schema, 0)
			}
			media := response.Content[jsonType]
			if media == nil {
				continue
			}
			if changes, told := a.Story.Replies[o.OperationID+" "+status]; told {
				a.addExample(media, o.OperationID+"-"+statusName(status), changes)
				continue
			}
			a.addExample(media, o.OperationID, a.Story.Replies[o.OperationID])
		}
	}
}

// statusName writes 202 as accepted.
func statusName(status string) string {
	code, _ := strconv.Atoi(status)
	return strings.ToLower(strings.ReplaceAll(http.StatusText(code), " ", "-"))
}

// addExample refers to the example of a body's schema or, where the story tells it otherwise, to one of its own.
func (a *API) addExample(media *huma.MediaType, own string, changes map[string]any) {
	name, value := strings.TrimPrefix(media.Schema.Ref, schemaRef), a.example(media.Schema, 0)
	if len(changes) > 0 {
		name, value = own, changed(value, changes)
	}
	examples := a.Document().Components.Examples
	if examples[name] == nil {
		examples[name] = &huma.Example{Value: value}
	}
	media.Examples = map[string]*huma.Example{"example": {Ref: "#/components/examples/" + name}}
}

// dropReplyExamples takes the examples out of fields that only answers have: the example of the body shows them.
func (a *API) dropReplyExamples() {
	asked := a.askedSchemas()
	for name, s := range a.Document().Components.Schemas.Map() {
		for _, property := range s.Properties {
			if !asked[name] {
				property.Examples = nil
			}
		}
	}
}

// askedSchemas are the names of those that bodies of requests are made of.
func (a *API) askedSchemas() map[string]bool {
	schemas, asked := a.Document().Components.Schemas, map[string]bool{}
	var walk func(s *huma.Schema)
	walk = func(s *huma.Schema) {
		if s == nil {
			return
		}
		if name := strings.TrimPrefix(s.Ref, schemaRef); s.Ref != "" && !asked[name] {
			asked[name] = true
			walk(schemas.SchemaFromRef(s.Ref))
		}
		walk(s.Items)
		for _, part := range slices.Concat(slices.Collect(maps.Values(s.Properties)), s.OneOf, s.AnyOf, s.AllOf) {
			walk(part)
		}
	}
	for _, o := range a.documented() {
		if o.RequestBody != nil && o.RequestBody.Content[jsonType] != nil {
			walk(o.RequestBody.Content[jsonType].Schema)
		}
	}
	return asked
}

// changed is an example with some fields told otherwise, in the first item of lists too.
func changed(value, changes any) any {
	switch changes := changes.(type) {
	case map[string]any:
		object, ok := value.(map[string]any)
		if !ok {
			return changes
		}
		object = maps.Clone(object)
		for name, change := range changes {
			if change == Absent {
				delete(object, name)
				continue
			}
			object[name] = changed(object[name], change)
		}
		return object
	case []any:
		if list, ok := value.([]any); ok && len(list) > 0 && len(changes) > 0 {
			return []any{changed(list[0], changes[0])}
		}
	}
	return changes
}

// example builds a value of a schema from the examples of its fields. Without one, what may be null is null and what
// may be left out is left out.
func (a *API) example(s *huma.Schema, depth int) any {
	if s != nil && len(s.Examples) == 0 && s.Ref != "" {
		s = a.Document().Components.Schemas.SchemaFromRef(s.Ref)
	}
	switch {
	case s == nil || depth > maxExampleDepth:
		return nil
	case len(s.Examples) > 0:
		return s.Examples[0]
	case nullable(s):
		return nil
	case len(s.Enum) > 0:
		return s.Enum[0]
	}
	switch s.Type {
	case huma.TypeObject:
		object := map[string]any{}
		for name, property := range s.Properties {
			if slices.Contains(s.Required, name) || len(property.Examples) > 0 {
				object[name] = a.example(property, depth+1)
			}
		}
		return object
	case huma.TypeArray:
		return []any{a.example(s.Items, depth+1)}
	}
	return nil
}

func nullable(s *huma.Schema) bool {
	return s.Nullable || slices.ContainsFunc(s.OneOf, func(one *huma.Schema) bool { return one.Type == "null" })
}

// DocumentFaults names what the story and the list of schemas' names tell of what the document doesn't have, and the
// operations that have no place in the story.
func (a *API) DocumentFaults() []string {
	a.finish()
	known := map[string]bool{}
	schemas := a.Document().Components.Schemas.Map()
	for name, s := range schemas {
		for member := range s.Properties {
			known[member], known[name+"."+member] = true, true
		}
	}
	var faults []string
	for name, ours := range schemaNames {
		if schemas[ours] == nil {
			faults = append(faults, "the schema "+ours+" is not there: is its type "+name+" still called so?")
		}
	}
	for _, field := range a.overruled {
		faults = append(faults, "the story tells "+field+", whose example tag shows nowhere")
	}
	for field := range a.Story.Values {
		if !known[field] {
			faults = append(faults, "the story has a value for "+field+", which is no field of the document")
		}
	}
	replies := map[string]bool{}
	for _, o := range a.documented() {
		replies[o.OperationID] = true
		for status := range o.Responses {
			replies[o.OperationID+" "+status] = true
		}
		if !slices.Contains(a.Story.Order, o.OperationID) {
			faults = append(faults, "the operation "+o.OperationID+" has no place in the story's order")
		}
	}
	for i, id := range a.Story.Order {
		if !replies[id] || slices.Contains(a.Story.Order[:i], id) {
			faults = append(faults, "the story's order names "+id+" at "+strconv.Itoa(i)+", twice or in vain")
		}
	}
	for _, told := range []map[string]map[string]any{a.Story.Replies, a.Story.Requests} {
		for reply := range told {
			if !replies[reply] {
				faults = append(faults, "the story tells of "+reply+", which is no operation with that status")
			}
		}
	}
	slices.Sort(faults)
	return faults
}
