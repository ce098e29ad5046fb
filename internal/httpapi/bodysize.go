package httpapi

import (
	"encoding/json"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

const (
	// mostBody in bytes that any operation takes.
	mostBody = 1 << 20
	// leastBody is left for spaces, and for faults that are told by their names instead of by the body's size.
	leastBody, leastValues = 4 << 10, 64
	// A character of a text is at most two escaped units of UTF-16, \uD83D\uDE00, and a text is quoted.
	perCharacter, quotes = 12, 2
	// perValue are the spaces that a pretty printer puts before it, and what parts it from the next.
	perValue = 48
	// A number, a word like false.
	plainValue = 32
	// An object that clients add members to, as browsers do to passkeys, has room for so much more.
	extraBytes, extraValues = 8 << 10, 64
	// A text of a bounded pattern, like that of an amount or a UUID, is no longer than this.
	patternLength = 64
)

// bodySize is what an operation takes: as many bytes and values as the largest body that its schema allows can have.
type bodySize struct {
	bytes  int64
	values int
	// unbounded: the schema sets no limit somewhere.
	unbounded bool
}

// operation that is registered.
func (a *API) operation(method, path string) *huma.Operation {
	for _, o := range operationsOf(a.Document().Paths[path]) {
		if o.Method == method {
			return o
		}
	}
	panic("httpapi: " + method + " " + path + " is not documented")
}

// sizeOf the body of a registered operation.
func (a *API) sizeOf(op Op) bodySize {
	o, most := a.operation(op.Method, op.path()), int64(mostBody)
	if op.BodyLimit > 0 {
		most = op.BodyLimit
	}
	if o.RequestBody == nil || o.RequestBody.Content[jsonType] == nil {
		return bodySize{bytes: leastBody, values: leastValues}
	}
	size := a.largest(o.RequestBody.Content[jsonType].Schema, 0)
	if size.unbounded {
		return bodySize{bytes: most, values: mostBody / perValue, unbounded: true}
	}
	size.bytes += int64(size.values) * perValue
	size.values = 2*size.values + leastValues
	size.bytes = min(size.bytes+leastBody, most)
	return size
}

// largest body that a schema allows, without spaces.
func (a *API) largest(s *huma.Schema, depth int) bodySize {
	if s != nil && s.Ref != "" {
		s = a.Document().Components.Schemas.SchemaFromRef(s.Ref)
	}
	if s == nil || depth > maxDepth {
		return bodySize{unbounded: true}
	}
	size := bodySize{bytes: plainValue, values: 1}
	for _, one := range append(append(s.OneOf, s.AnyOf...), s.AllOf...) {
		size = size.or(a.largest(one, depth+1))
	}
	switch s.Type {
	case huma.TypeString:
		return size.or(bodySize{bytes: textSize(s), values: 1, unbounded: textSize(s) == 0})
	case huma.TypeArray:
		return size.or(a.largest(s.Items, depth+1).times(s.MaxItems))
	case huma.TypeObject:
		object := bodySize{bytes: quotes, values: 1}
		for name, property := range s.Properties {
			member := a.largest(property, depth+1)
			object.bytes += member.bytes + int64(len(name))*perCharacter + quotes + 2
			object.values += member.values
			object.unbounded = object.unbounded || member.unbounded
		}
		if extra, plain := s.AdditionalProperties.(bool); extra {
			object.bytes, object.values = object.bytes+extraBytes, object.values+extraValues
		} else if !plain && s.AdditionalProperties != nil {
			object.unbounded = true
		}
		return size.or(object)
	}
	return size
}

func (b bodySize) or(other bodySize) bodySize {
	return bodySize{max(b.bytes, other.bytes), max(b.values, other.values), b.unbounded || other.unbounded}
}

func (b bodySize) times(most *int) bodySize {
	if most == nil {
		return bodySize{unbounded: true}
	}
	return bodySize{quotes + int64(*most)*(b.bytes+1), 1 + *most*b.values, b.unbounded}
}

// textSize in bytes of the longest text of a schema, or 0 when nothing bounds it.
func textSize(s *huma.Schema) int64 {
	longest := 0
	for _, v := range s.Enum {
		text, _ := json.Marshal(v)
		longest = max(longest, len(text))
	}
	switch {
	case s.MaxLength != nil:
		longest = *s.MaxLength
	case longest > 0:
	case s.Format == "uuid" || strings.HasPrefix(s.Format, "date") || s.Format == "time":
		longest = patternLength
	case strings.HasPrefix(s.Pattern, "^") && strings.HasSuffix(s.Pattern, "$") &&
		!strings.ContainsAny(s.Pattern, "*+"):
		longest = patternLength
	default:
		return 0
	}
	return int64(longest)*perCharacter + quotes
}
