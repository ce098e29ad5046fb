package httpapi

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"amrutam/internal/problem"
)

// TextRule says what a text of a request may contain. The tag `text` of a field names the rule, and a field without it
// is a Line. Items of a list and the value of a patch Field follow the field around them.
type TextRule string

// The rules.
const (
	Line  TextRule = ""      // one line that people read
	Lines TextRule = "lines" // line breaks and tabs too
	// Opaque is for passwords and tokens, which people don't read, and for texts that are parsed anyway.
	Opaque TextRule = "opaque"
)

// maxMarks is how many combining marks one letter may have. No script needs more, and more would be drawn over the
// lines around it.
const maxMarks = 8

// ruleOf returns the rule of a field, whose parent has the rule around.
func ruleOf(field reflect.StructField, around TextRule) TextRule {
	if rule, ok := field.Tag.Lookup("text"); ok {
		return TextRule(rule)
	}
	if hasRequestName(field) {
		return Line
	}
	return around
}

// hasRequestName tells whether the field has a name in requests.
func hasRequestName(field reflect.StructField) bool {
	for _, key := range []string{"json", "query", "path", "header"} {
		if field.Tag.Get(key) != "" {
			return true
		}
	}
	return false
}

// Normalize brings a text to the form in which it is stored: NFC, so that equal texts are equal bytes, and for Lines
// with line feeds as line breaks.
func Normalize(text string, rule TextRule) string {
	if rule == Lines {
		text = lineBreaks.Replace(text)
	}
	return norm.NFC.String(text)
}

var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n")

// TextFault returns what is wrong with a normalized text, or nil: a character that readers don't see as it is. The
// fault names the kind of character and its code point, never the text.
func TextFault(text string, rule TextRule) *problem.Message {
	if rule == Opaque {
		return nil
	}
	runes, marks := []rune(text), 0
	for i, r := range runes {
		if fault := characterFault(runes, i, rule); fault != nil {
			return fault.With("character", codePoint(r))
		}
		switch {
		case unicode.IsMark(r) && !unicode.Is(unicode.Variation_Selector, r):
			if marks++; marks > maxMarks {
				return faultMarks.With("limit", maxMarks).With("character", codePoint(r))
			}
		case !isJoiner(r):
			marks = 0
		}
	}
	return nil
}

func codePoint(r rune) string { return fmt.Sprintf("U+%04X", r) }

// characterFault returns what is wrong with the i-th rune, or nil.
func characterFault(runes []rune, i int, rule TextRule) *problem.Message {
	switch r := runes[i]; {
	case r == utf8.RuneError || r == '\uFFFC':
		return faultReplacement
	case r == '\n' || r == '\t':
		if rule != Lines {
			return faultLineBreak
		}
	case unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp):
		return faultControl
	case unicode.Is(unicode.Bidi_Control, r):
		return faultDirection
	case unicode.Is(unicode.Join_Control, r):
		if !isJoinerAllowed(runes, i) {
			return faultNeedless
		}
	case unicode.Is(unicode.Variation_Selector, r) || r == '\u180E':
		if !isSelectorAllowed(runes, i) {
			return faultNeedless
		}
	case unicode.In(r, invisibleRunes...) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return faultInvisible
	case rule == Line && unicode.Is(unicode.Co, r):
		return faultPrivate
	case unicode.IsMark(r) && !hasBase(runes, i):
		return faultLoneMark
	}
	return nil
}

var (
	// blankRunes are invisible but not spaces: the Braille blank, Egyptian and Khitan fillers, the null note head.
	blankRunes = &unicode.RangeTable{
		R16: []unicode.Range16{{Lo: 0x2800, Hi: 0x2800, Stride: 1}},
		R32: []unicode.Range32{{Lo: 0x13441, Hi: 0x13442, Stride: 1}, {Lo: 0x16FE4, Hi: 0x16FE4, Stride: 1},
			{Lo: 0x1D159, Hi: 0x1D159, Stride: 1}},
	}
	invisibleRunes = []*unicode.RangeTable{unicode.Cf, unicode.Other_Default_Ignorable_Code_Point,
		unicode.Noncharacter_Code_Point, blankRunes}
	// joinerScripts are the scripts whose words are spelt with joiners (Unicode 23.2, RFC 5892 A.1 and A.2).
	joinerScripts = []*unicode.RangeTable{
		unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi, unicode.Gujarati, unicode.Oriya, unicode.Tamil,
		unicode.Telugu, unicode.Kannada, unicode.Malayalam, unicode.Sinhala, unicode.Khmer, unicode.Myanmar,
		unicode.Balinese, unicode.Javanese, unicode.Meetei_Mayek, unicode.Ol_Chiki, unicode.Arabic, unicode.Syriac,
		unicode.Nko, unicode.Mandaic, unicode.Mongolian, unicode.Grantha, unicode.Sharada, unicode.Tibetan,
	}
	// viramas remove the vowel of the letter before. A joiner after one chooses how the two letters are drawn, also at
	// the end of a word.
	viramas = []rune("\u094D\u09CD\u0A4D\u0ACD\u0B4D\u0BCD\u0C4D\u0CCD\u0D3B\u0D3C" +
		"\u0D4D\u0DCA\u1039\u103A\u17D2\u1B44\uA9C0\uAAF6\uABED\U00011133\U000111C0\U0001134D")
)

// runeAt returns the i-th rune, or 0 outside the text.
func runeAt(runes []rune, i int) rune {
	if i < 0 || i >= len(runes) {
		return 0
	}
	return runes[i]
}

// isJoiner tells whether a rune is one of the invisible characters ZWJ and ZWNJ.
func isJoiner(r rune) bool { return unicode.Is(unicode.Join_Control, r) }

// usesJoiners tells whether a rune is a letter or a mark of one of the joinerScripts.
func usesJoiners(r rune) bool {
	return unicode.In(r, joinerScripts...) && unicode.In(r, unicode.L, unicode.M)
}

// isJoinerAllowed tells whether the joiner at i is between two letters of joinerScripts, after a virama, or (U+200D)
// between two pictographs of one emoji.
func isJoinerAllowed(runes []rune, i int) bool {
	before, after := runeAt(runes, i-1), runeAt(runes, i+1)
	switch {
	case slices.Contains(viramas, before):
		return !isJoiner(after)
	case usesJoiners(before):
		return usesJoiners(after)
	case runes[i] != '\u200D':
		return false
	}
	for k := i - 1; ; k-- {
		r := runeAt(runes, k)
		isModifier := r == '\uFE0F' || unicode.Is(unicode.Sk, r) // a variation selector or a skin tone
		if !isModifier {
			return isPictograph(r) && isPictograph(after)
		}
	}
}

// isPictograph tells whether a rune can be part of an emoji. The ranges include emoji that are newer than Go's tables.
func isPictograph(r rune) bool {
	return unicode.Is(unicode.So, r) || (r >= 0x2190 && r <= 0x21FF) || (r >= 0x1F000 && r <= 0x1FAFF)
}

// isSelectorAllowed tells whether the variation selector at i follows something that has variants: pictographs and
// keycaps (U+FE0E, U+FE0F), Chinese characters (some names need them), Myanmar, Mongolian and Phags-pa letters.
func isSelectorAllowed(runes []rune, i int) bool {
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

// hasBase tells whether the mark at i follows a character that it can combine with.
func hasBase(runes []rune, i int) bool {
	for k := i - 1; k >= 0; k-- {
		if r := runes[k]; !unicode.IsMark(r) && !isJoiner(r) {
			return !unicode.In(r, unicode.Z, unicode.C)
		}
	}
	return false
}

// CleanText returns at most maxLength characters of a text that a program made, like the name of a browser. It drops
// the characters that TextFault would refuse.
func CleanText(text string, maxLength int) string {
	out := make([]rune, 0, maxLength)
	for _, r := range Normalize(strings.ToValidUTF8(text, "?"), Line) {
		if len(out) == maxLength {
			break
		}
		if TextFault(string(append(out, r)), Line) == nil {
			out = append(out, r)
		}
	}
	return string(out)
}

// isVisible tells whether a text has a visible character.
func isVisible(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return !unicode.In(r, unicode.Z, unicode.C, unicode.M) })
}

// HasWord tells whether a text has a word: at least three letters, not all the same.
func HasWord(text string) bool {
	if !utf8.ValidString(text) {
		return false
	}
	var word []rune
	for _, r := range norm.NFC.String(text) + " " {
		switch {
		case unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r): // Hangul's fillers are invisible letters
		// Vowel signs count as letters; accents, which belong to every script, don't.
		case unicode.IsLetter(r) || (unicode.IsMark(r) && !unicode.Is(unicode.Inherited, r)):
			word = append(word, unicode.ToLower(r))
		case isJoiner(r) || unicode.IsMark(r):
		case len(word) >= 3 && len(slices.Compact(word)) > 1:
			return true
		default:
			word = word[:0]
		}
	}
	return false
}
