package password

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	// minSurprises is how many characters must not follow from the character before them.
	minSurprises = 6
	// minNamePart is the length, in characters, from which a part of a name must not occur in a password. Shorter
	// parts occur in too many good passphrases.
	minNamePart = 4
)

// What is wrong with a password.
const (
	NotText     = "not-text"
	TooShort    = "too-short"
	TooLong     = "too-long"
	HasName     = "has-name"
	HasService  = "has-service"
	IsGuessable = "is-guessable"
	IsCommon    = "is-common"
)

// MaxLength is in characters.
const MaxLength = 128

// Policy says which passwords may be used: long ones, without the user's name or address, not common and not easily
// guessed, with no rules about kinds of characters (NIST SP 800-63B-4).
type Policy struct {
	// MinLength is in characters.
	MinLength int
	// Service is the name of this service, which a password must not contain.
	Service string
}

// Fault says why a user with an address and a name may not use a password: one of the constants, or "".
func (p Policy) Fault(password, email, fullName string) string {
	password = norm.NFC.String(password)
	length := utf8.RuneCountInString(password)
	switch {
	case !utf8.ValidString(password) || strings.ContainsRune(password, 0): // a sign-in refuses NUL too
		return NotText
	case length < p.MinLength:
		return TooShort
	case length > MaxLength:
		return TooLong
	case containsName(password, email, fullName):
		return HasName
	case strings.Contains(strings.ToLower(password), strings.ToLower(p.Service)):
		return HasService
	case guessable(password, p.MinLength):
		return IsGuessable
	case isCommon(password):
		return IsCommon
	}
	return ""
}

func containsName(password, email, fullName string) bool {
	local, _, _ := strings.Cut(email, "@")
	parts := append(words(fullName), words(local)...)
	parts = append(parts, local, email, strings.Join(words(fullName), " "), strings.Join(words(fullName), ""))
	lower := strings.ToLower(password)
	for _, part := range parts {
		if utf8.RuneCountInString(part) >= minNamePart && strings.Contains(lower, strings.ToLower(part)) {
			return true
		}
	}
	return false
}

func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return !unicode.In(r, unicode.L, unicode.M, unicode.N) })
}

var keyboardRows = []string{"1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"}

// guessable reports whether the password repeats a part that is shorter than minLength, or whether nearly all of its
// characters follow from the ones before them.
func guessable(password string, minLength int) bool {
	text := []rune(strings.ToLower(password))
	for unit := 1; unit < minLength && unit <= len(text)/2; unit++ {
		if repeats(text, unit) {
			return true
		}
	}
	surprises := 1
	for i := 1; i < len(text); i++ {
		if !follows(text[i-1], text[i]) {
			surprises++
		}
	}
	return surprises < minSurprises
}

func repeats(text []rune, unit int) bool {
	for i := unit; i < len(text); i++ {
		if text[i] != text[i-unit] {
			return false
		}
	}
	return true
}

// follows reports whether b is the same as a, or its neighbour in the alphabet or on the keyboard.
func follows(a, b rune) bool {
	if a-b <= 1 && b-a <= 1 {
		return true
	}
	for _, row := range keyboardRows {
		i, j := strings.IndexRune(row, a), strings.IndexRune(row, b)
		if i >= 0 && j >= 0 {
			return i-j <= 1 && j-i <= 1
		}
	}
	return false
}
