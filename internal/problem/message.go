package problem

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"amrutam/internal/language"
	"amrutam/internal/money"
)

// Message says what is wrong with a field, or this time, in every language. Code is for programs and never changes.
// Params are the numbers and names that the text holds; none is the offending value.
type Message struct {
	Code   string
	Params map[string]any
	text   plural
}

// plural is a text with {name} for each parameter. One is for the number 1, and may be empty.
type plural struct {
	One   string `json:"one"`
	Other string `json:"other"`
}

// messages has all messages by code.
var messages = map[string]*Message{}

// DefineMessage adds a message to the catalogue: its English text and, if it is another, the text for the number 1. It
// panics if the code is defined already, or has no text in another language.
func DefineMessage(code, english string, one ...string) *Message {
	if _, isDefined := messages[code]; isDefined {
		panic("problem: message defined twice: " + code)
	}
	for l, c := range translatedMessages {
		if c.Messages[code].Other == "" {
			panic(fmt.Sprintf("problem: message without a text in %s: %s", l, code))
		}
	}
	m := &Message{Code: code, text: plural{Other: english, One: strings.Join(one, "")}}
	messages[code] = m
	return m
}

// FindMessage returns the message with a code, and whether there is one.
func FindMessage(code string) (*Message, bool) {
	m, ok := messages[code]
	return m, ok
}

// With returns a copy with one more parameter: an integer, a text, a list of texts or an instant.
func (m *Message) With(name string, value any) *Message {
	c := *m
	c.Params = maps.Clone(m.Params)
	if c.Params == nil {
		c.Params = map[string]any{}
	}
	if t, ok := value.(time.Time); ok {
		value = t.UTC()
	}
	c.Params[name] = value
	return &c
}

// Error returns the English text, so that a function that checks a text for other readers too can return a Message.
func (m *Message) Error() string { return m.In(language.English) }

// In returns the text in a language.
func (m *Message) In(l language.Tag) string {
	text := m.text
	if translated, known := translatedMessages[l].Messages[m.Code]; known {
		text = translated
	}
	template := text.Other
	for name, value := range m.Params {
		if text.One != "" && strings.Contains(template, "{"+name+"}") && fmt.Sprint(value) == "1" {
			template = text.One
		}
	}
	for name, value := range m.Params {
		template = strings.ReplaceAll(template, "{"+name+"}", write(l, value))
	}
	return template
}

// write writes the value of a parameter. An instant is in UTC, because nobody's zone is known here.
func write(l language.Tag, value any) string {
	switch v := value.(type) {
	case time.Time:
		if l == language.English {
			return v.Format(time.RFC3339)
		}
		return l.DateTime(v) + " (UTC)"
	case []string:
		return strings.Join(v, ", ")
	case string:
		if word, known := translatedMessages[l].Words[v]; known {
			return word
		}
	}
	return fmt.Sprint(value)
}

// The faults of fields that several packages find.
var (
	Required     = DefineMessage("required", "is required")
	MaxLength    = DefineMessage("maxLength", "must have at most {limit} characters", "must have at most 1 character")
	MinLength    = DefineMessage("minLength", "must have at least {limit} characters", "must not be empty")
	NotUUID      = DefineMessage("uuid", "expected a UUID")
	NotDate      = DefineMessage("date", "expected a date, like 2026-11-24 (RFC 3339)")
	NotNumber    = DefineMessage("number", "expected a number")
	NotObject    = DefineMessage("object", "expected an object")
	NotText      = DefineMessage("string", "expected a string")
	NotAmount    = DefineMessage("amount", money.AmountFormat)
	NotCurrency  = DefineMessage("currency", money.CurrencyFormat)
	NotZone      = DefineMessage("time-zone", "must be an IANA time zone, like Asia/Kolkata")
	NotAfter     = DefineMessage("not-after", "must be after {field}")
	Before       = DefineMessage("before", "must not be before {field}")
	InPast       = DefineMessage("in-the-past", "must be in the future")
	TooFarAhead  = DefineMessage("too-far-ahead", "must be at most {days} days ahead")
	TooManyDays  = DefineMessage("too-many-days", "must be at most {days} days from {field}, both counted")
	TooLong      = DefineMessage("too-long", "must be at most {hours} hours after {field}")
	LongerThan   = DefineMessage("longer-than", "must not be longer than {field}")
	NotInWords   = DefineMessage("not-in-words", "must say in words why")
	TooManyAfter = DefineMessage("too-many-days-after", "must be at most {days} days after {field}")
)
