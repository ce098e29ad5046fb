package httpapi

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"reflect"
	"slices"
	"strconv"
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

// ownMark begins every message that is ours, a code and what the message names: "\x00maximum\x009". A message without
// it is the library's: see parameterTexts.
const ownMark = "\x00"

// omitReason takes the reason that the library would add, which quotes the value, and prints nothing.
const omitReason = "%.0s"

// init replaces the library's messages, which are one set for all APIs of a process.
func init() {
	named := func(code, value string) string { return ownMark + code + "\x00" + value }
	validation.MsgUnexpectedProperty = ownMark + faultUnknown.Code
	validation.MsgExpectedRFC3339DateTime = ownMark + faultInstant.Code
	validation.MsgExpectedRFC3339Date = ownMark + problem.NotDate.Code
	validation.MsgExpectedRFC4122UUID = ownMark + problem.NotUUID.Code + omitReason
	validation.MsgExpectedRFC3986URI = ownMark + "uri" + omitReason
	validation.MsgExpectedRFC3986AbsoluteURI = ownMark + "absolute-uri"
	validation.MsgExpectedRFC5322Email = ownMark + "email" + omitReason
	validation.MsgExpectedRFC5322EmailBare = ownMark + "email"
	validation.MsgExpectedRequiredProperty = missingPrefix + "%s"
	validation.MsgExpectedOneOf = named("enum", "%s")
	// The only such schema is an amount's.
	validation.MsgExpectedMatchExactlyOneSchema = ownMark + problem.NotAmount.Code
	validation.MsgExpectedInteger = ownMark + faultInteger.Code
	validation.MsgExpectedNumber = ownMark + problem.NotNumber.Code
	validation.MsgExpectedString = ownMark + problem.NotText.Code
	validation.MsgExpectedBoolean = ownMark + faultBoolean.Code
	validation.MsgExpectedArray = ownMark + faultArray.Code
	validation.MsgExpectedObject = ownMark + problem.NotObject.Code
	validation.MsgExpectedMinimumNumber = named("minimum", "%v")
	validation.MsgExpectedMaximumNumber = named("maximum", "%v")
	validation.MsgExpectedMinLength = named(problem.MinLength.Code, "%d")
	validation.MsgExpectedMaxLength = named(problem.MaxLength.Code, "%d")
	validation.MsgExpectedBePattern = named("pattern", "%s")
	validation.MsgExpectedMinItems = named("minItems", "%d")
	validation.MsgExpectedMaxItems = named("maxItems", "%d")
}

// ownFault returns the fault of a message of ours, without its mark.
func ownFault(message string) *problem.Message {
	code, value, hasValue := strings.Cut(message, "\x00")
	fault, known := problem.FindMessage(code)
	switch {
	case !known:
		return faultForm
	case !hasValue:
		return fault
	case code == "enum":
		return fault.With("allowed", strings.Split(value, ", "))
	case code == "pattern" && value == "more than spaces":
		return faultSpaces
	case code == "pattern" && value == "a UUID":
		return problem.NotUUID
	case code == "pattern":
		return fault.With("expected", value)
	}
	if limit, err := strconv.ParseFloat(value, 64); err == nil && limit != math.Trunc(limit) {
		return fault.With("limit", limit)
	} else if err == nil {
		return fault.With("limit", int64(limit))
	}
	return fault.With("limit", value)
}

// newHumaError turns the faults that the library found into a problem, without the values that they hold.
func newHumaError(hc huma.Context, status int, _ string, errs ...error) huma.StatusError {
	r, w := humago.Unwrap(hc)
	p := *problem.Invalid
	switch status {
	case http.StatusBadRequest:
		p = *problem.Malformed
		if len(errs) == 0 {
			p = *p.WithDetail(detailBodyNeeded)
		}
	case http.StatusUnsupportedMediaType:
		p = *problem.UnsupportedMediaType
	case http.StatusUnprocessableEntity:
		parameters, _ := hc.Operation().Metadata[parametersKey].(parameterTexts)
		for _, err := range errs {
			p.Fields = append(p.Fields, faultsOf(err, parameters)...)
		}
		// The library reports unknown names in random order.
		slices.SortStableFunc(p.Fields,
			func(a, b problem.Field) int { return strings.Compare(a.Location, b.Location) })
		same := func(a, b problem.Field) bool { return reflect.DeepEqual(a, b) }
		p.Fields = limitFaults(slices.CompactFunc(p.Fields, same))
	default:
		p = *problem.Internal
	}
	hc.SetHeader("Cache-Control", "no-store")
	req := requestOf(r.Context())
	return answerOf(&p, req, r, NegotiateLanguage(w, r))
}

// faultsOf turns an error of the library into faults. Its messages are ours, see init, or are replaced.
func faultsOf(err error, parameters parameterTexts) []problem.Field {
	var detail *huma.ErrorDetail
	if !errors.As(err, &detail) {
		return []problem.Field{problem.FaultAt("body", faultForm)}
	}
	at, message := detail.Location, detail.Message
	value, _ := detail.Value.(string)
	var fault *problem.Message
	if member, ok := strings.CutPrefix(message, missingPrefix); ok {
		at, fault = at+"."+member, problem.Required
	} else if member, ok := strings.CutPrefix(message, memberPrefix); ok {
		at, message, _ = strings.Cut(member, "\x00")
		at, fault = "body."+at, ownFault(message)
	} else if own, ok := strings.CutPrefix(message, ownMark); ok {
		fault = ownFault(own)
	} else {
		fault = parameters.fault(at, value)
	}
	parts := strings.Split(at, ".")
	for i := range parts {
		parts[i] = showName(parts[i])
	}
	at = strings.Join(parts, ".")
	faults := []problem.Field{problem.FaultAt(at, fault)}
	isForm := fault == faultForm || strings.HasPrefix(faults[0].Message, "expected ")
	if isForm && strings.HasPrefix(at, "query.") && strings.Contains(value, " ") {
		faults = append(faults, problem.FaultAt(at, faultPlus))
	}
	return faults
}

// parameterTexts say what an operation expects of each of its parameters, by location ("query.limit"). They replace
// the messages that the library has no variable for, which quote Go types and the value.
type parameterTexts map[string]*problem.Message

// parametersKey is where an operation's metadata holds its parameterTexts.
const parametersKey = "parameterTexts"

// fill takes the texts from the schemas of a registered operation.
func (t parameterTexts) fill(o *huma.Operation) {
	for _, p := range o.Parameters {
		t[p.In+"."+p.Name] = expectation(p.Schema)
	}
}

// fault returns what is wrong with a parameter that the library could not read.
func (t parameterTexts) fault(at, value string) *problem.Message {
	fault, isKnown := t[at]
	switch {
	case !isKnown && strings.HasPrefix(at, "query."):
		return faultUnknown
	case !isKnown:
		return faultForm
	case value == "":
		return problem.Required
	}
	return fault
}

// expectation returns the fault of a value that is not of the schema's type.
func expectation(s *huma.Schema) *problem.Message {
	switch {
	case s == nil:
		return faultForm
	case s.Type == huma.TypeArray:
		return expectation(s.Items)
	case s.Type == huma.TypeInteger:
		return faultInteger
	case s.Type == huma.TypeNumber:
		return problem.NotNumber
	case s.Type == huma.TypeBoolean:
		return faultBoolean
	case s.Format == "uuid":
		return problem.NotUUID
	case s.Format == "date-time":
		return faultInstant
	}
	return faultForm
}

// The library's messages hold no location of a member. These prefixes mark messages that begin with one.
const (
	// missingPrefix marks the name of a required member that is missing.
	missingPrefix = ownMark + "missing "
	// memberPrefix marks the text of a memberError.
	memberPrefix = ownMark + "member "
)

// memberError says which member of a body can't be decoded. The library only says that it is in the body.
type memberError struct {
	at    string
	fault *problem.Message
}

func (e memberError) Error() string { return memberPrefix + e.at + "\x00" + e.fault.Code }

// nameMember turns an error of encoding/json into a memberError, without Go types and values. money.Input returns an
// UnmarshalTypeError whose Value is money.AmountFormat.
func nameMember(err error) error {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) || wrong.Field == "" {
		return err
	}
	fault := faultForm
	switch {
	case wrong.Value == money.AmountFormat:
		fault = problem.NotAmount
	case wrong.Type != nil && wrong.Type.Kind() >= reflect.Int && wrong.Type.Kind() <= reflect.Uint64:
		fault = faultDigits
	}
	return memberError{wrong.Field, fault}
}
