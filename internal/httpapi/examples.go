package httpapi

import (
	"maps"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// maxExampleDepth of schemas in schemas: a schema that holds itself ends there.
const maxExampleDepth = 8

type absent struct{}

// Absent is the story's value of a field that its example leaves out.
var Absent = absent{}

// exampleFields gives the fields of all schemas the story's values.
func (a *API) exampleFields() {
	for name, s := range a.Document().Components.Schemas.Map() {
		for member, property := range s.Properties {
			value, told := a.Story.Values[name+"."+member]
			if !told {
				value, told = a.Story.Values[member]
			}
			switch {
			case value == Absent:
				property.Examples = nil
			case told:
				property.Examples = []any{value}
			}
		}
	}
}

// exampleReplies gives every answer an example, made of those of its fields and of the story.
func (a *API) exampleReplies() {
	for _, o := range a.documented() {
		for status, response := range o.Responses {
			media := response.Content[jsonType]
			if media == nil {
				continue
			}
			value := a.example(media.Schema, 0)
			if object, ok := value.(map[string]any); ok {
				maps.Copy(object, a.Story.Replies[o.OperationID])
				maps.Copy(object, a.Story.Replies[o.OperationID+" "+status])
			}
			media.Example = value
		}
	}
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

// UnusedStory names what the story tells of operations and fields that the document doesn't have, and the operations
// that have no place in it.
func (a *API) UnusedStory() []string {
	known := map[string]bool{}
	for name, s := range a.Document().Components.Schemas.Map() {
		for member := range s.Properties {
			known[member], known[name+"."+member] = true, true
		}
	}
	var faults []string
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
	for reply := range a.Story.Replies {
		if !replies[reply] {
			faults = append(faults, "the story has a reply of "+reply+", which is no operation with that status")
		}
	}
	slices.Sort(faults)
	return faults
}
