package httpapi

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// TextRule is what a text of a request may hold. A field's tag `text` names it; without one a text is a Line, and what
// a list or a patch holds follows the field around it.
type TextRule string

// The rules.
const (
	Line  TextRule = ""      // one line that people read
	Lines TextRule = "lines" // line breaks and tabs too
	// passwords and tokens, which people don't read, and what is brought to another form anyway
	Opaque TextRule = "opaque"
)

// stackedMarks is how many combining marks one letter may bear: no script needs more, and each further one writes over
// the lines around.
const stackedMarks = 8

// ruleOf is the rule of a field; the value of a Field or an item of a list has that of the field around it.
func ruleOf(field reflect.StructField, around TextRule) TextRule {
	if rule, given := field.Tag.Lookup("text"); given {
		return TextRule(rule)
	}
	if named(field) {
		return Line
	}
	return around
}

// named tells whether a client writes the name of this field.
func named(field reflect.StructField) bool {
	for _, key := range []string{"json", "query", "path", "header"} {
		if field.Tag.Get(key) != "" {
			return true
		}
	}
	return false
}

// Normalize brings a text to the form it is kept in: NFC, so that equal texts are equal bytes, and in several lines
// line feeds.
func Normalize(text string, rule TextRule) string {
	if rule == Lines {
		text = lineBreaks.Replace(text)
	}
	return norm.NFC.String(text)
}

var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n")

// TextFault tells what a normalized text holds that no reader sees as it is, or "": the kind of character, never the
// text.
func TextFault(text string, rule TextRule) string {
	if rule == Opaque {
		return ""
	}
	runes, marks := []rune(text), 0
	for i, r := range runes {
		if fault := characterFault(runes, i, rule); fault != "" {
			return fmt.Sprintf("contains %s (U+%04X)", fault, r)
		}
		switch {
		case unicode.IsMark(r) && !unicode.Is(unicode.Variation_Selector, r):
			if marks++; marks > stackedMarks {
				return fmt.Sprintf("contains more than %d combining marks on one letter (U+%04X)", stackedMarks, r)
			}
		case !joins(r):
			marks = 0
		}
	}
	return ""
}

// characterFault is what is wrong with the i-th rune, or "".
func characterFault(runes []rune, i int, rule TextRule) string {
	switch r := runes[i]; {
	case r == utf8.RuneError || r == '\uFFFC':
		return "a replacement character: something was lost on the way here"
	case r == '\n' || r == '\t':
		if rule != Lines {
			return "a line break or a tab, where one line is expected"
		}
	case unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp):
		return "a control character"
	case unicode.Is(unicode.Bidi_Control, r):
		return "a character that turns the direction of the text"
	case unicode.Is(unicode.Join_Control, r):
		if !joinerFits(runes, i) {
			return "an invisible character where no script needs it"
		}
	case unicode.Is(unicode.Variation_Selector, r) || r == '\u180E':
		if !selectorFits(runes, i) {
			return "an invisible character where no script needs it"
		}
	case unicode.In(r, invisible...) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return "an invisible character"
	case rule == Line && unicode.Is(unicode.Co, r):
		return "a character for private use, which others don't see"
	case unicode.IsMark(r) && !hasBase(runes, i):
		return "a combining mark without a letter"
	}
	return ""
}

var (
	// blanks look like nothing and are none of the spaces: the Braille blank, the null note, Egyptian and Khitan
	// fillers.
	blanks = &unicode.RangeTable{
		R16: []unicode.Range16{{Lo: 0x2800, Hi: 0x2800, Stride: 1}},
		R32: []unicode.Range32{{Lo: 0x13441, Hi: 0x13442, Stride: 1}, {Lo: 0x16FE4, Hi: 0x16FE4, Stride: 1},
			{Lo: 0x1D159, Hi: 0x1D159, Stride: 1}},
	}
	invisible = []*unicode.RangeTable{unicode.Cf, unicode.Other_Default_Ignorable_Code_Point,
		unicode.Noncharacter_Code_Point, blanks}
	// joining are the scripts whose words are spelt with joiners (Unicode 23.2, RFC 5892 A.1 and A.2).
	joining = []*unicode.RangeTable{
		unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi, unicode.Gujarati, unicode.Oriya, unicode.Tamil,
		unicode.Telugu, unicode.Kannada,
		unicode.Malayalam, unicode.Sinhala, unicode.Khmer, unicode.Myanmar, unicode.Balinese, unicode.Javanese,
		unicode.Meetei_Mayek, unicode.Ol_Chiki, unicode.Arabic, unicode.Syriac, unicode.Nko, unicode.Mandaic,
		unicode.Mongolian, unicode.Grantha, unicode.Sharada, unicode.Tibetan,
	}
	// viramas silence the vowel of the letter before; a joiner after one chooses how the two letters are written, also
	// at the end of a word.
	viramas = []rune("\u094D\u09CD\u0A4D\u0ACD\u0B4D\u0BCD\u0C4D\u0CCD\u0D3B\u0D3C" +
		"\u0D4D\u0DCA\u1039\u103A\u17D2\u1B44\uA9C0\uAAF6\uABED\U00011133\U000111C0\U0001134D")
)

func runeAt(runes []rune, i int) rune {
	if i < 0 || i >= len(runes) {
		return 0
	}
	return runes[i]
}

func joins(r rune) bool { return unicode.Is(unicode.Join_Control, r) }

// spelling tells whether a rune is a letter or a mark of a script that is spelt with joiners.
func spelling(r rune) bool { return unicode.In(r, joining...) && unicode.In(r, unicode.L, unicode.M) }

// joinerFits tells whether a joiner stands between two letters of a script that is spelt with joiners, after a virama,
// or (U+200D) between two pictures that make one.
func joinerFits(runes []rune, i int) bool {
	before, after := runeAt(runes, i-1), runeAt(runes, i+1)
	switch {
	case slices.Contains(viramas, before):
		return !joins(after)
	case spelling(before):
		return spelling(after)
	case runes[i] != '\u200D':
		return false
	}
	for k := i - 1; ; k-- {
		// the form of a picture, its skin's tone
		if r := runeAt(runes, k); r != '\uFE0F' && !unicode.Is(unicode.Sk, r) {
			return picture(r) && picture(after)
		}
	}
}

// picture tells whether a rune is what emoji are made of, those too that are newer than this library's tables.
func picture(r rune) bool {
	return unicode.Is(unicode.So, r) || (r >= 0x2190 && r <= 0x21FF) || (r >= 0x1F000 && r <= 0x1FAFF)
}

// selectorFits tells whether a variation selector follows what has variants: pictures and keycaps (U+FE0E, U+FE0F),
// Chinese characters (others have names that need them), Myanmar, Mongolian and Phags-pa letters.
func selectorFits(runes []rune, i int) bool {
	before := runeAt(runes, i-1)
	switch r := runes[i]; {
	case r == '\uFE0E' || r == '\uFE0F':
		return unicode.In(before, unicode.S, unicode.P) || (before >= '0' && before <= '9') || before == '\u2139' ||
			(before >= 0x1F000 && before <= 0x1FAFF)
	case r >= 0x180B && r <= 0x180F:
		return unicode.Is(unicode.Mongolian, before)
	default:
		return unicode.In(before, unicode.Han, unicode.Myanmar, unicode.Phags_Pa) ||
			(r == '\uFE00' && unicode.Is(unicode.Sm, before))
	}
}

// hasBase tells whether there is something that the i-th rune, a mark, can stand on.
func hasBase(runes []rune, i int) bool {
	for k := i - 1; k >= 0; k-- {
		if r := runes[k]; !unicode.IsMark(r) && !joins(r) {
			return !unicode.In(r, unicode.Z, unicode.C)
		}
	}
	return false
}

// Readable is the first characters of a text that no person chose, like the name of a browser, without what TextFault
// would refuse in it.
func Readable(text string, most int) string {
	out := make([]rune, 0, most)
	for _, r := range Normalize(strings.ToValidUTF8(text, "?"), Line) {
		if len(out) == most {
			break
		}
		if out = append(out, r); TextFault(string(out), Line) != "" {
			out = out[:len(out)-1]
		}
	}
	return string(out)
}

// speaks tells whether there is something to see in a text.
func speaks(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return !unicode.In(r, unicode.Z, unicode.C, unicode.M) })
}

// HasText tells whether a text says something in words: one of at least three letters, not all the same. Signs and
// figures say nothing.
func HasText(text string) bool {
	if !utf8.ValidString(text) {
		return false
	}
	var word []rune
	for _, r := range norm.NFC.String(text) + " " {
		switch {
		// Vowel signs are letters of their word, accents (which belong to every script) are not.
		// Hangul's fillers are letters, and nothing to see
		case unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r):
		case unicode.IsLetter(r) || (unicode.IsMark(r) && !unicode.Is(unicode.Inherited, r)):
			word = append(word, unicode.ToLower(r))
		case joins(r) || unicode.IsMark(r):
		case len(word) >= 3 && len(slices.Compact(word)) > 1:
			return true
		default:
			word = word[:0]
		}
	}
	return false
}
