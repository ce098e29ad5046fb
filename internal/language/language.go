// Package language has the languages that Amrutam speaks, and writes times and amounts as each of them does (CLDR for
// en-IN and hi).
package language

import (
	_ "embed"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// Tag is one of the languages, as a BCP 47 tag.
type Tag string

// The languages. English is the default.
const (
	English Tag = "en"
	Hindi   Tag = "hi"
)

// All has every language, the default first.
var All = []Tag{English, Hindi}

// ErrMalformed says that a text is no language tag.
var ErrMalformed = errors.New("not a language tag (BCP 47)")

var matcher = language.NewMatcher([]language.Tag{language.English, language.Hindi})

// maxTag and maxHeader limit what is parsed, in bytes. A browser's list of languages is shorter.
const maxTag, maxHeader = 35, 256

// Match returns the language nearest to a tag. Returns ErrMalformed if it is not a tag; a tag of an unknown language
// is one.
func Match(tag string) (Tag, error) {
	if len(tag) > maxTag || strings.ContainsAny(tag, "_ ") {
		return English, ErrMalformed
	}
	parsed, err := language.Parse(tag)
	var unknown language.ValueError
	if tag == "" || (err != nil && !errors.As(err, &unknown)) {
		return English, ErrMalformed
	}
	return nearest(parsed), nil
}

// Accepted returns the language that the header Accept-Language asks for. It is English if the header asks for none of
// the languages, or can't be read.
func Accepted(header string) Tag {
	if header == "" || len(header) > maxHeader {
		return English
	}
	tags, _, err := language.ParseAcceptLanguage(header)
	if err != nil {
		return English
	}
	return nearest(tags...)
}

func nearest(tags ...language.Tag) Tag {
	_, index, confidence := matcher.Match(tags...)
	if confidence == language.No {
		return English
	}
	return All[index]
}

//go:embed hi.json
var hindiNames []byte

// names are the words of dates in a language.
type names struct {
	Weekdays []string `json:"weekdays"`
	Months   []string `json:"months"`
}

var hindi = readNames(hindiNames)

func readNames(text []byte) (n names) {
	if err := json.Unmarshal(text, &n); err != nil {
		panic(err)
	}
	return n
}

// DateTime writes a date with its day of the week, and the time of day, in the location of the time.
func (l Tag) DateTime(t time.Time) string {
	if l == Hindi {
		return hindi.Weekdays[t.Weekday()] + ", " + l.Date(t) + ", " + l.Clock(t)
	}
	return t.Format("Monday, 2 January 2006 at 15:04")
}

// Date writes a date.
func (l Tag) Date(t time.Time) string {
	if l == Hindi {
		return t.Format("2 ") + hindi.Months[t.Month()-1] + t.Format(" 2006")
	}
	return t.Format("2 January 2006")
}

// Clock writes a time of day.
func (l Tag) Clock(t time.Time) string {
	if l == Hindi {
		return t.Format("3:04 pm")
	}
	return t.Format("15:04")
}

// printers print the symbols of currencies. Our English is that of India.
var printers = map[Tag]*message.Printer{
	English: message.NewPrinter(language.MustParse("en-IN")),
	Hindi:   message.NewPrinter(language.Hindi),
}

// Money writes a decimal amount with its currency. It returns both as they are if the currency is not one of ISO 4217.
func (l Tag) Money(amount, code string) string {
	unit, err := currency.ParseISO(code)
	if err != nil {
		return amount + " " + code
	}
	symbol := printers[l].Sprint(currency.Symbol(unit))
	if isASCIILetter(symbol[len(symbol)-1]) {
		symbol += "\u00a0"
	}
	return symbol + group(amount)
}

func isASCIILetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

// group separates thousands, lakhs and crores.
func group(amount string) string {
	whole, fraction, hasFraction := strings.Cut(amount, ".")
	grouped := ""
	for size := 3; len(whole) > size; size = 2 {
		grouped = "," + whole[len(whole)-size:] + grouped
		whole = whole[:len(whole)-size]
	}
	if hasFraction {
		return whole + grouped + "." + fraction
	}
	return whole + grouped
}
