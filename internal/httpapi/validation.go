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

// maxFaults is how many faults an answer lists. A request of one MiB could have a hundred thousand.
const maxFaults = 100

// limitFaults cuts the list at maxFaults.
func limitFaults(faults []problem.Field) []problem.Field { return faults[:min(len(faults), maxFaults)] }

// invalid returns the problem of a request with faults.
func invalid(faults []problem.Field) *problem.Error {
	p := *problem.Invalid
	p.Fields = limitFaults(faults)
	return &p
}

// Messages of faults. They say what to write, and never repeat the value.
const (
	msgMissing = "is required"
	msgUnknown = "is unknown here"
	msgInteger = "expected a whole number"
	msgNumber  = "expected a number"
	msgBoolean = "expected true or false"
	msgUUID    = "expected a UUID"
	msgInstant = "expected a date and time with its offset, like 2026-11-24T10:00:00Z (RFC 3339)"
	msgYear    = "must be a time in the years 1900 to 9999"
	msgForm    = "has the wrong form"
	// msgPlusIsSpace is added if a space is in a value of the query that can't have one.
	msgPlusIsSpace = "; it holds a space: in a query + is a space, write %2B"

	// omitReason takes the reason that the library would add, which quotes the value, and prints nothing.
	omitReason = "%.0s"
)

// init replaces the library's messages, which are one set for all APIs of a process.
func init() {
	validation.MsgUnexpectedProperty = msgUnknown
	validation.MsgExpectedRFC3339DateTime = msgInstant
	validation.MsgExpectedRFC3339Date = "expected a date, like 2026-11-24 (RFC 3339)"
	validation.MsgExpectedRFC4122UUID = msgUUID + omitReason
	validation.MsgExpectedRFC3986URI = "expected a URI (RFC 3986)" + omitReason
	validation.MsgExpectedRFC3986AbsoluteURI = "expected a URI with its scheme (RFC 3986)"
	validation.MsgExpectedRFC5322Email = "expected an e-mail address" + omitReason
	validation.MsgExpectedRFC5322EmailBare = "expected an e-mail address"
	validation.MsgExpectedRequiredProperty = missingPrefix + "%s"
	validation.MsgExpectedOneOf = "expected one of %s"
	validation.MsgExpectedMatchExactlyOneSchema = money.AmountFormat // the only such schema is an amount's
	validation.MsgExpectedInteger = msgInteger
	validation.MsgExpectedNumber = msgNumber
	validation.MsgExpectedString = "expected a string"
	validation.MsgExpectedBoolean = msgBoolean
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

// newHumaError turns the faults that the library found into a problem, without the values that they hold.
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
		// The library reports unknown names in random order.
		slices.SortStableFunc(p.Fields,
			func(a, b problem.Field) int { return strings.Compare(a.Location, b.Location) })
		p.Fields = limitFaults(slices.Compact(p.Fields))
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

// faultOf turns an error of the library into a fault. Its messages are ours, see init, or are replaced by ownText.
func faultOf(err error) problem.Field {
	var detail *huma.ErrorDetail
	if !errors.As(err, &detail) {
		return problem.Field{Location: "body", Message: msgForm}
	}
	at, message := detail.Location, detail.Message
	if member, ok := strings.CutPrefix(message, missingPrefix); ok {
		at, message = at+"."+member, msgMissing
	} else if member, ok := strings.CutPrefix(message, memberPrefix); ok {
		at, message, _ = strings.Cut(member, "\x00")
		at = "body." + at
	} else {
		message = ownText(message)
	}
	value, _ := detail.Value.(string)
	isForm := message == msgForm || strings.HasPrefix(message, "expected ")
	if isForm && strings.HasPrefix(at, "query.") && strings.Contains(value, " ") {
		message += msgPlusIsSpace
	}
	parts := strings.Split(at, ".")
	for i := range parts {
		parts[i] = showName(parts[i])
	}
	return problem.Field{Location: strings.Join(parts, "."), Message: message}
}

// libraryTexts are messages that the library has no variable for, and what replaces them. The first one that is part
// of a message is used. TestLibraryMessages fails when the library changes one.
var libraryTexts = []struct{ theirs, ours string }{
	{"unknown query parameter", msgUnknown},
	{"invalid integer", msgInteger},
	{"invalid float", msgNumber},
	{"invalid boolean", msgBoolean},
	{"invalid date/time", msgInstant},
	{"uuid", msgUUID},
	{uuidPattern, msgUUID},
	// These quote Go types or the value itself.
	{"json:", msgForm},
	{"invalid value", msgForm},
	{"parsing time", msgForm},
}

func ownText(message string) string {
	for _, text := range libraryTexts {
		if strings.Contains(message, text.theirs) {
			return text.ours
		}
	}
	return message
}

// The library's messages hold no location of a member. These prefixes mark messages that begin with one.
const (
	// missingPrefix marks the name of a required member that is missing.
	missingPrefix = "\x00missing "
	// memberPrefix marks the text of a memberError.
	memberPrefix = "\x00member "
)

// memberError says which member of a body can't be decoded. The library only says that it is in the body.
type memberError struct{ at, message string }

func (e memberError) Error() string { return memberPrefix + e.at + "\x00" + e.message }

// nameMember turns an error of encoding/json into a memberError, without Go types and values. An UnmarshalJSON that
// refuses a value returns an UnmarshalTypeError whose Value is the message: "expected …".
func nameMember(err error) error {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) || wrong.Field == "" {
		return err
	}
	message := msgForm
	switch {
	case strings.HasPrefix(wrong.Value, "expected "):
		message = wrong.Value
	case wrong.Type != nil && wrong.Type.Kind() >= reflect.Int && wrong.Type.Kind() <= reflect.Uint64:
		message = msgInteger + ", written without a fraction or exponent"
	}
	return memberError{wrong.Field, message}
}
