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

// ownMark begins every message that is ours. A message without it is the library's: see parameterTexts.
const ownMark = "\x00"

// init replaces the library's messages, which are one set for all APIs of a process.
func init() {
	validation.MsgUnexpectedProperty = ownMark + msgUnknown
	validation.MsgExpectedRFC3339DateTime = ownMark + msgInstant
	validation.MsgExpectedRFC3339Date = ownMark + "expected a date, like 2026-11-24 (RFC 3339)"
	validation.MsgExpectedRFC4122UUID = ownMark + msgUUID + omitReason
	validation.MsgExpectedRFC3986URI = ownMark + "expected a URI (RFC 3986)" + omitReason
	validation.MsgExpectedRFC3986AbsoluteURI = ownMark + "expected a URI with its scheme (RFC 3986)"
	validation.MsgExpectedRFC5322Email = ownMark + "expected an e-mail address" + omitReason
	validation.MsgExpectedRFC5322EmailBare = ownMark + "expected an e-mail address"
	validation.MsgExpectedRequiredProperty = missingPrefix + "%s"
	validation.MsgExpectedOneOf = ownMark + "expected one of %s"
	validation.MsgExpectedMatchExactlyOneSchema = ownMark + money.AmountFormat // the only such schema is an amount's
	validation.MsgExpectedInteger = ownMark + msgInteger
	validation.MsgExpectedNumber = ownMark + msgNumber
	validation.MsgExpectedString = ownMark + "expected a string"
	validation.MsgExpectedBoolean = ownMark + msgBoolean
	validation.MsgExpectedArray = ownMark + "expected an array"
	validation.MsgExpectedObject = ownMark + "expected an object"
	validation.MsgExpectedMinimumNumber = ownMark + "must be at least %v"
	validation.MsgExpectedMaximumNumber = ownMark + "must be at most %v"
	validation.MsgExpectedMinLength = ownMark + "must have at least %d characters"
	validation.MsgExpectedMaxLength = ownMark + "must have at most %d characters"
	validation.MsgExpectedBePattern = ownMark + "expected %s"
	validation.MsgExpectedMinItems = ownMark + "must have at least %d items"
	validation.MsgExpectedMaxItems = ownMark + "must have at most %d items"
}

// newHumaError turns the faults that the library found into a problem, without the values that they hold.
func newHumaError(hc huma.Context, status int, _ string, errs ...error) huma.StatusError {
	r, w := humago.Unwrap(hc)
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
		parameters, _ := hc.Operation().Metadata[parametersKey].(parameterTexts)
		for _, err := range errs {
			p.Fields = append(p.Fields, faultOf(err, parameters))
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
	text := p.In(NegotiateLanguage(w, r))
	return &Problem{
		Type: "/problems/" + p.Slug, Title: text.Title, Status: p.Status, Detail: text.Detail,
		Instance: r.URL.EscapedPath(), RequestID: req.id, Errors: p.Fields,
	}
}

// faultOf turns an error of the library into a fault. Its messages are ours, see init, or are replaced.
func faultOf(err error, parameters parameterTexts) problem.Field {
	var detail *huma.ErrorDetail
	if !errors.As(err, &detail) {
		return problem.Field{Location: "body", Message: msgForm}
	}
	at, message := detail.Location, detail.Message
	value, _ := detail.Value.(string)
	if member, ok := strings.CutPrefix(message, missingPrefix); ok {
		at, message = at+"."+member, msgMissing
	} else if member, ok := strings.CutPrefix(message, memberPrefix); ok {
		at, message, _ = strings.Cut(member, "\x00")
		at = "body." + at
	} else if own, ok := strings.CutPrefix(message, ownMark); ok {
		message = own
	} else {
		message = parameters.text(at, value)
	}
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

// parameterTexts say what an operation expects of each of its parameters, by location ("query.limit"). They replace
// the messages that the library has no variable for, which quote Go types and the value.
type parameterTexts map[string]string

// parametersKey is where an operation's metadata holds its parameterTexts.
const parametersKey = "parameterTexts"

// fill takes the texts from the schemas of a registered operation.
func (t parameterTexts) fill(o *huma.Operation) {
	for _, p := range o.Parameters {
		t[p.In+"."+p.Name] = expectation(p.Schema)
	}
}

// text returns what is wrong with a parameter that the library could not read.
func (t parameterTexts) text(at, value string) string {
	text, isKnown := t[at]
	switch {
	case !isKnown && strings.HasPrefix(at, "query."):
		return msgUnknown
	case !isKnown:
		return msgForm
	case value == "":
		return msgMissing
	}
	return text
}

// expectation returns the text for a value that is not of the schema's type.
func expectation(s *huma.Schema) string {
	switch {
	case s == nil:
		return msgForm
	case s.Type == huma.TypeArray:
		return expectation(s.Items)
	case s.Type == huma.TypeInteger:
		return msgInteger
	case s.Type == huma.TypeNumber:
		return msgNumber
	case s.Type == huma.TypeBoolean:
		return msgBoolean
	case s.Format == "uuid":
		return msgUUID
	case s.Format == "date-time":
		return msgInstant
	}
	return msgForm
}

// The library's messages hold no location of a member. These prefixes mark messages that begin with one.
const (
	// missingPrefix marks the name of a required member that is missing.
	missingPrefix = ownMark + "missing "
	// memberPrefix marks the text of a memberError.
	memberPrefix = ownMark + "member "
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
