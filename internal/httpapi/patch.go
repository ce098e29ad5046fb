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

// Field is one member of a merge patch (RFC 7396): absent leaves, null clears, a value sets.
type Field[T any] struct {
	Set   bool
	Null  bool
	Value T
}

// UnmarshalJSON notes that the member was there.
func (f *Field[T]) UnmarshalJSON(data []byte) error {
	f.Set = true
	if string(data) == "null" {
		f.Null = true
		return nil
	}
	return json.Unmarshal(data, &f.Value)
}

// Schema is T's; tags of the struct field add their limits. Null is allowed by Clearable only.
func (Field[T]) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[T](), false, "")
}

// Clearable is a Field that null clears.
type Clearable[T any] struct{ Field[T] }

// Schema is T's, or null.
func (Clearable[T]) Schema(r huma.Registry) *huma.Schema {
	s := *r.Schema(reflect.TypeFor[T](), false, "")
	s.Nullable = true
	return &s
}

// Resolve refuses null: the library lets it pass for every optional member, whatever the schema says.
func (f *Field[T]) Resolve(_ huma.Context, at *huma.PathBuffer) []error {
	if f.Null {
		return []error{&huma.ErrorDetail{Location: at.String(), Message: "must not be null"}}
	}
	return nil
}

// Resolve lets null pass: it clears the member.
func (*Clearable[T]) Resolve(huma.Context, *huma.PathBuffer) []error { return nil }

// Apply writes the member into the place it patches, and tells whether it was there.
func (f Field[T]) Apply(to *T) bool {
	if f.Set {
		*to = f.Value
	}
	return f.Set
}

// ApplyTo writes a clearable member into an optional place.
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

// Check refuses when the client named another version than the present one.
func (m IfMatch) Check(etag string) error {
	if m.IfMatch == "" || m.IfMatch == "*" {
		return nil
	}
	// A list, of which one has to be the same (RFC 9110 13.1.1); a weak one never is. Ours hold no comma.
	for one := range strings.SplitSeq(m.IfMatch, ",") {
		if versionOf(strings.TrimSpace(one)) == etag {
			return nil
		}
	}
	return problem.PreconditionFailed
}

// shownAs is the ETag of a representation: its version, and a hash of what is shown. Names of others, money given back
// and the next free slot change without the resource, and not everybody is shown the same of it.
func shownAs(version string, body []byte) string {
	sum := sha256.Sum256(body)
	return strings.TrimSuffix(version, `"`) + "." + hex.EncodeToString(sum[:6]) + `"`
}

// versionOf is the version in a representation's ETag.
func versionOf(etag string) string {
	if version, _, shown := strings.Cut(etag, "."); shown {
		return version + `"`
	}
	return etag
}

// ETag of a resource's version, from when it last changed.
func ETag(updatedAt time.Time) string {
	return `"` + strconv.FormatInt(updatedAt.UnixMicro(), 36) + `"`
}
