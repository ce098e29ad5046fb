package httpapi

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"amrutam/internal/problem"
)

// Field is a member of a merge patch (RFC 7396): an absent member changes nothing, null clears, a value sets.
type Field[T any] struct {
	Set   bool
	Null  bool
	Value T
}

// UnmarshalJSON records that the member is there.
func (f *Field[T]) UnmarshalJSON(data []byte) error {
	f.Set = true
	if string(data) == "null" {
		f.Null = true
		return nil
	}
	return json.Unmarshal(data, &f.Value)
}

// Schema returns the schema of T, to which the tags of the struct field add limits. Only Clearable allows null.
func (Field[T]) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[T](), false, "")
}

// Clearable is a Field that null clears.
type Clearable[T any] struct{ Field[T] }

// Schema returns the schema of T, with null.
func (Clearable[T]) Schema(r huma.Registry) *huma.Schema {
	s := *r.Schema(reflect.TypeFor[T](), false, "")
	s.Nullable = true
	return &s
}

// Resolve refuses null, which the library accepts for every optional member.
func (f *Field[T]) Resolve(_ huma.Context, at *huma.PathBuffer) []error {
	if f.Null {
		return []error{&huma.ErrorDetail{Location: at.String(), Message: ownMark + faultNull.Code}}
	}
	return nil
}

// Resolve accepts null, which clears the member.
func (*Clearable[T]) Resolve(huma.Context, *huma.PathBuffer) []error { return nil }

// Apply sets *to if the member is there, and tells whether it is.
func (f Field[T]) Apply(to *T) bool {
	if f.Set {
		*to = f.Value
	}
	return f.Set
}

// ApplyTo sets or clears *to if the member is there, and tells whether it is.
func (f Clearable[T]) ApplyTo(to **T) bool {
	if f.Set {
		*to = nil
		if !f.Null {
			v := f.Value
			*to = &v
		}
	}
	return f.Set
}

// IfMatch is embedded in the input of every PATCH.
type IfMatch struct {
	IfMatch string `header:"If-Match" text:"opaque" maxLength:"200" doc:"Change only this version: the ETag of a read"`
}

// Check returns problem.PreconditionFailed if the client named only other versions than etag.
func (m IfMatch) Check(etag string) error {
	if m.IfMatch == "" || m.IfMatch == "*" {
		return nil
	}
	// RFC 9110, 13.1.1: one of the list must be equal, and weak ETags never are. Our ETags contain no comma.
	for value := range strings.SplitSeq(m.IfMatch, ",") {
		if versionOf(strings.TrimSpace(value)) == etag {
			return nil
		}
	}
	return problem.PreconditionFailed
}

// representationETag returns the ETag of a representation: the resource's version and a hash of the body. The body can
// change while the version stays, for example with another user's name or the next free slot, and differs by reader.
func representationETag(version string, body []byte) string {
	sum := sha256.Sum256(body)
	return strings.TrimSuffix(version, `"`) + "." + hex.EncodeToString(sum[:6]) + `"`
}

// versionOf returns the version in a representation's ETag.
func versionOf(etag string) string {
	if version, _, hasHash := strings.Cut(etag, "."); hasHash {
		return version + `"`
	}
	return etag
}

// ETag returns the version of a resource that last changed at updatedAt.
func ETag(updatedAt time.Time) string {
	return `"` + strconv.FormatInt(updatedAt.UnixMicro(), 36) + `"`
}
