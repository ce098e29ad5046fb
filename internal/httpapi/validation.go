package httpapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/danielgtaylor/huma/v2/validation"

	"amrutam/internal/money"
	"amrutam/internal/problem"
)

// maxFaults that an answer lists: a request of a megabyte can have a hundred thousand.
const maxFaults = 100

func capErrors(faults []problem.Field) []problem.Field { return faults[:min(len(faults), maxFaults)] }

const (
	isMissing   = "is required"
	isUnknown   = "is unknown here"
	noInteger   = "expected a whole number"
	noNumber    = "expected a number"
	noBoolean   = "expected true or false"
	noUUID      = "expected a UUID"
	noInstant   = "expected a date and time with its offset, like 2026-11-24T10:00:00Z (RFC 3339)"
	instantSpan = "must be a time in the years 1900 to 9999"
	wrongForm   = "has the wrong form"
	// plusIsSpace is added where a space stands in a value that has none: a + of a query is one.
	plusIsSpace = "; it holds a space: in a query + is a space, write %2B"

	// quiet takes the reason that the library adds, and writes none of it: it quotes the value.
	quiet = "%.0s"
)

// The library keeps its texts for all APIs of a process. Ours say what to write instead of what the schema says.
func init() {
	validation.MsgUnexpectedProperty = isUnknown
	validation.MsgExpectedRFC3339DateTime = noInstant
	validation.MsgExpectedRFC3339Date = "expected a date, like 2026-11-24 (RFC 3339)"
	validation.MsgExpectedRFC4122UUID = noUUID + quiet
	validation.MsgExpectedRFC3986URI = "expected a URI (RFC 3986)" + quiet
	validation.MsgExpectedRFC3986AbsoluteURI = "expected a URI with its scheme (RFC 3986)"
	validation.MsgExpectedRFC5322Email = "expected an e-mail address" + quiet
	validation.MsgExpectedRFC5322EmailBare = "expected an e-mail address"
	validation.MsgExpectedRequiredProperty = missingPrefix + "%s"
	validation.MsgExpectedOneOf = "expected one of %s"
	validation.MsgExpectedMatchExactlyOneSchema = money.AmountFormat // the only such schema is an amount's
	validation.MsgExpectedInteger = noInteger
	validation.MsgExpectedNumber = noNumber
	validation.MsgExpectedString = "expected a string"
	validation.MsgExpectedBoolean = noBoolean
	validation.MsgExpectedArray = "expected an array"
	validation.MsgExpectedObject = "expected an object"
	validation.MsgExpectedMinimumNumber = "must be at least %v"
	validation.MsgExpectedMaximumNumber = "must be at most %v"
	validation.MsgExpectedMinLength = "must have at least %d characters"
	validation.MsgExpectedMaxLength = "must have at most %d characters"
	validation.MsgExpectedBePattern = "expected %s"
	validation.MsgExpectedMinItems = "must have at least %d items"
	validation.MsgExpectedMaxItems = "must have at most %d items"
}

// newHumaError turns the parser's faults into ours: without the offending values it carries.
func newHumaError(hc huma.Context, status int, _ string, errs ...error) huma.StatusError {
	r, _ := humago.Unwrap(hc)
	p := *problem.Invalid
	switch status {
	case http.StatusBadRequest:
		p = *problem.Malformed
		if len(errs) == 0 {
			p.Detail = "This operation needs a JSON body."
		}
	case http.StatusUnsupportedMediaType:
		p = *problem.UnsupportedMediaType
	case http.StatusUnprocessableEntity:
		for _, err := range errs {
			p.Fields = append(p.Fields, faultOf(err))
		}
		// The library finds unknown names in the order of a map.
		slices.SortStableFunc(p.Fields,
			func(a, b problem.Field) int { return strings.Compare(a.Location, b.Location) })
		p.Fields = capErrors(slices.Compact(p.Fields))
	default:
		p = *problem.Internal
	}
	hc.SetHeader("Cache-Control", "no-store")
	req := requestOf(r.Context())
	return &Problem{
		Type: "/problems/" + p.Slug, Title: p.Title, Status: p.Status, Detail: p.Detail,
		Instance: r.URL.EscapedPath(), RequestID: req.id, Errors: p.Fields,
	}
}

func faultOf(err error) problem.Field {
	var detail *huma.ErrorDetail
	if !errors.As(err, &detail) {
		return problem.Field{Location: "body", Message: wrongForm}
	}
	at, message := detail.Location, detail.Message
	if member, ok := strings.CutPrefix(message, missingPrefix); ok {
		at, message = at+"."+member, isMissing
	} else if member, ok := strings.CutPrefix(message, memberPrefix); ok {
		at, message, _ = strings.Cut(member, "\x00")
		at = "body." + at
	} else {
		message = ours(message)
	}
	if value, ok := detail.Value.(string); ok && strings.HasPrefix(at, "query.") && strings.Contains(value, " ") &&
		(message == wrongForm || strings.HasPrefix(message, "expected ")) {
		message += plusIsSpace
	}
	parts := strings.Split(at, ".")
	for i := range parts {
		parts[i] = showName(parts[i])
	}
	return problem.Field{Location: strings.Join(parts, "."), Message: message}
}

// libraryTexts are the library's messages that no variable of it changes, and what we say instead. The library gives
// nothing but the text; TestLibraryTexts fails when one isn't the library's any more. The first one that is part of
// a message counts.
var libraryTexts = []struct{ theirs, ours string }{
	{"unknown query parameter", isUnknown},
	{"invalid integer", noInteger},
	{"invalid float", noNumber},
	{"invalid boolean", noBoolean},
	{"invalid date/time", noInstant},
	{"uuid", noUUID},
	{uuidPattern, noUUID},
	// These quote Go types or the value itself.
	{"json:", wrongForm},
	{"invalid value", wrongForm},
	{"parsing time", wrongForm},
}

func ours(message string) string {
	for _, text := range libraryTexts {
		if strings.Contains(message, text.theirs) {
			return text.ours
		}
	}
	return message
}

// missingPrefix marks a text that names a member which isn't there.
const missingPrefix = "\x00missing "

// memberPrefix marks a text that names the member it is about: of a value that can't be read the library only says
// that it is in the body.
const memberPrefix = "\x00member "

type memberError struct{ at, message string }

func (e memberError) Error() string { return memberPrefix + e.at + "\x00" + e.message }

// nameMember turns an error of encoding/json into one that names the member, and neither a Go type nor the value. A
// type whose UnmarshalJSON refuses says what it wants as the Value of the error: "expected …".
func nameMember(err error) error {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) || wrong.Field == "" {
		return err
	}
	message := wrongForm
	switch {
	case strings.HasPrefix(wrong.Value, "expected "):
		message = wrong.Value
	case wrong.Type != nil && wrong.Type.Kind() >= reflect.Int && wrong.Type.Kind() <= reflect.Uint64:
		message = noInteger + ", written without a fraction or exponent"
	}
	return memberError{wrong.Field, message}
}
