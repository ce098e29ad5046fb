package httpapi

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

const (
	// maxBodyBytes is the most that any operation takes.
	maxBodyBytes = 1 << 20
	// spareBytes and spareValues are added to the size of the largest valid body, so that a small excess is answered
	// with the fault and not with 413.
	spareBytes, spareValues = 4 << 10, 64
	// bytesPerCharacter is the length of two escaped UTF-16 units (\uD83D\uDE00), the longest form of a character.
	bytesPerCharacter = 12
	quoteBytes        = 2
	// spacesPerValue are the spaces that a pretty printer writes for a value, and its comma.
	spacesPerValue = 48
	// scalarBytes is the length of a number, or of false and null.
	scalarBytes = 32
	// extraBytes and extraValues are for an object to which clients add members, as browsers do to passkeys.
	extraBytes, extraValues = 8 << 10, 64
	// maxPatternLength is the longest text of a pattern without repetition, like that of an amount or a UUID.
	maxPatternLength = 64
)

// bodySize is the size of the largest body that an operation takes.
type bodySize struct {
	bytes  int64
	values int
	// isUnbounded is set if some part of the schema has no limit.
	isUnbounded bool
}

// operation returns a registered operation.
func (a *API) operation(method, path string) *huma.Operation {
	for _, o := range operationsOf(a.Document().Paths[path]) {
		if o.Method == method {
			return o
		}
	}
	panic("httpapi: " + method + " " + path + " is not documented")
}

// bodySizeOf returns the size of the largest body that a registered operation takes.
func (a *API) bodySizeOf(op Op) bodySize {
	o := a.operation(op.Method, op.path())
	limit := int64(maxBodyBytes)
	if op.BodyLimit > 0 {
		limit = op.BodyLimit
	}
	if o.RequestBody == nil || o.RequestBody.Content[jsonType] == nil {
		return bodySize{bytes: spareBytes, values: spareValues}
	}
	size := a.largestBody(o.RequestBody.Content[jsonType].Schema, 0)
	if size.isUnbounded {
		return bodySize{bytes: limit, values: maxBodyBytes / spacesPerValue, isUnbounded: true}
	}
	size.bytes += int64(size.values) * spacesPerValue
	size.values = 2*size.values + spareValues
	size.bytes = min(size.bytes+spareBytes, limit)
	return size
}

// largestBody returns the size of the largest value that a schema allows, without spaces.
func (a *API) largestBody(s *huma.Schema, depth int) bodySize {
	if s != nil && s.Ref != "" {
		s = a.Document().Components.Schemas.SchemaFromRef(s.Ref)
	}
	if s == nil || depth > maxDepth {
		return bodySize{isUnbounded: true}
	}
	size := bodySize{bytes: scalarBytes, values: 1}
	for _, part := range slices.Concat(s.OneOf, s.AnyOf, s.AllOf) {
		size = size.max(a.largestBody(part, depth+1))
	}
	switch s.Type {
	case huma.TypeString:
		return size.max(bodySize{bytes: textSize(s), values: 1, isUnbounded: textSize(s) == 0})
	case huma.TypeArray:
		return size.max(a.largestBody(s.Items, depth+1).repeat(s.MaxItems))
	case huma.TypeObject:
		object := bodySize{bytes: quoteBytes, values: 1}
		for name, property := range s.Properties {
			member := a.largestBody(property, depth+1)
			object.bytes += member.bytes + int64(len(name))*bytesPerCharacter + quoteBytes + 2
			object.values += member.values
			object.isUnbounded = object.isUnbounded || member.isUnbounded
		}
		allowsExtra, isBool := s.AdditionalProperties.(bool)
		switch {
		case allowsExtra:
			object.bytes += extraBytes
			object.values += extraValues
		case !isBool && s.AdditionalProperties != nil: // a schema of its own
			object.isUnbounded = true
		}
		return size.max(object)
	}
	return size
}

// max returns a size that both fit in.
func (b bodySize) max(other bodySize) bodySize {
	return bodySize{max(b.bytes, other.bytes), max(b.values, other.values), b.isUnbounded || other.isUnbounded}
}

// repeat returns the size of an array of such values. A nil maxItems means that there is no limit.
func (b bodySize) repeat(maxItems *int) bodySize {
	if maxItems == nil {
		return bodySize{isUnbounded: true}
	}
	n := *maxItems
	return bodySize{quoteBytes + int64(n)*(b.bytes+1), 1 + n*b.values, b.isUnbounded}
}

// textSize returns the bytes of the longest text of a schema, or 0 if it has no limit.
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
		longest = maxPatternLength
	case strings.HasPrefix(s.Pattern, "^") && strings.HasSuffix(s.Pattern, "$") &&
		!strings.ContainsAny(s.Pattern, "*+"):
		longest = maxPatternLength
	default:
		return 0
	}
	return int64(longest)*bytesPerCharacter + quoteBytes
}
