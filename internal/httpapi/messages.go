package httpapi

import "amrutam/internal/problem"

// What is wrong with a field.
var (
	faultNUL      = problem.DefineMessage("nul-character", "must not contain a NUL character")
	faultTwice    = problem.DefineMessage("duplicate-key", "duplicate key")
	faultRepeated = problem.DefineMessage("repeated", "given more than once")
	faultSpaces   = problem.DefineMessage("spaces-alone", "must not be spaces alone")
	faultPurpose  = problem.DefineMessage("purpose-in-words",
		"must say in words why you read this, one of them with three letters or more")
	faultCursor  = problem.DefineMessage("cursor", "is not a cursor of this list; start again without one")
	faultNull    = problem.DefineMessage("null", "must not be null")
	faultUnknown = problem.DefineMessage("unknown", "is unknown here")
	faultForm    = problem.DefineMessage("form", "has the wrong form")
	faultYear    = problem.DefineMessage("year", "must be a time in the years 1900 to 9999")
	faultInteger = problem.DefineMessage("integer", "expected a whole number")
	faultDigits  = problem.DefineMessage("digits", "expected a whole number, written without a fraction or exponent")
	faultBoolean = problem.DefineMessage("boolean", "expected true or false")
	faultArray   = problem.DefineMessage("array", "expected an array")
	faultInstant = problem.DefineMessage("date-time",
		"expected a date and time with its offset, like 2026-11-24T10:00:00Z (RFC 3339)")
	faultPlus = problem.DefineMessage("space-in-query",
		"holds a space: in a query + is a space, write %2B")
)

// The faults that the library finds. Their parameter is what it names.
var _ = []*problem.Message{
	problem.DefineMessage("uri", "expected a URI (RFC 3986)"),
	problem.DefineMessage("absolute-uri", "expected a URI with its scheme (RFC 3986)"),
	problem.DefineMessage("email", "expected an e-mail address"),
	problem.DefineMessage("enum", "expected one of {allowed}"),
	problem.DefineMessage("minimum", "must be at least {limit}"),
	problem.DefineMessage("maximum", "must be at most {limit}"),
	problem.DefineMessage("pattern", "expected {expected}"),
	problem.DefineMessage("minItems", "must have at least {limit} items", "must have at least 1 item"),
	problem.DefineMessage("maxItems", "must have at most {limit} items", "must have at most 1 item"),
}

// The characters that readers don't see as they are.
var (
	faultReplacement = problem.DefineMessage("replacement-character",
		"contains a replacement character: something was lost on the way here ({character})")
	faultLineBreak = problem.DefineMessage("line-break",
		"contains a line break or a tab, where one line is expected ({character})")
	faultControl   = problem.DefineMessage("control-character", "contains a control character ({character})")
	faultDirection = problem.DefineMessage("direction-character",
		"contains a character that turns the direction of the text ({character})")
	faultNeedless = problem.DefineMessage("needless-character",
		"contains an invisible character where no script needs it ({character})")
	faultInvisible = problem.DefineMessage("invisible-character", "contains an invisible character ({character})")
	faultPrivate   = problem.DefineMessage("private-character",
		"contains a character for private use, which others don't see ({character})")
	faultLoneMark = problem.DefineMessage("lone-mark",
		"contains a combining mark without a letter ({character})")
	faultMarks = problem.DefineMessage("too-many-marks",
		"contains more than {limit} combining marks on one letter ({character})")
)

// Details of refusals.
var (
	detailNotJSON      = problem.DefineMessage("not-json", "The body isn't well-formed JSON.")
	detailBrokeOff     = problem.DefineMessage("body-broke-off", "The body broke off.")
	detailSecondFactor = problem.DefineMessage("second-factor-too-old",
		"This needs a second factor that was proven in the last five minutes.")
	detailQuery     = problem.DefineMessage("query-unreadable", "The query can't be read.")
	detailQueryText = problem.DefineMessage("query-not-text",
		"A query parameter isn't valid UTF-8 or holds a NUL character.")
	detailCompressed = problem.DefineMessage("body-compressed",
		"A compressed body isn't read: send it without Content-Encoding.")
	detailNotUTF8       = problem.DefineMessage("body-not-utf8", "The body isn't valid UTF-8.")
	detailTooManyValues = problem.DefineMessage("too-many-values",
		"The body holds more values than this operation takes.")
	detailSurrogate = problem.DefineMessage("half-character",
		"The body holds half of a character: an escaped surrogate without its pair.")
	detailTwoValues  = problem.DefineMessage("two-values", "The body holds more than one JSON value.")
	detailConcurrent = problem.DefineMessage("too-many-at-once",
		"As many of your requests are under way as may be at a time.")
	detailBodyNeeded = problem.DefineMessage("body-needed", "This operation needs a JSON body.")
)
