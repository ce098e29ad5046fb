package account

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"amrutam/internal/account/passwords"
)

const (
	passwordMax = 128
	// A password must hold so many characters that do not follow from the one before.
	minSurprises = 6
	// Parts of a name shorter than this are in too many good passphrases.
	minNamePart = 4
)

// passwordFault tells why a password may not be used by the person of that address and name, or "". fewest is in
// characters (NIST SP 800-63B-4: length, nothing about the person, nothing common or easily guessed; no rules of
// composition).
func passwordFault(password string, fewest int, email, fullName string) string {
	password = norm.NFC.String(password)
	length := utf8.RuneCountInString(password)
	switch {
	case !utf8.ValidString(password) || strings.ContainsRune(password, 0): // signing in takes no NUL either
		return "must be text"
	case length < fewest:
		return fmt.Sprintf("must have at least %d characters", fewest)
	case length > passwordMax:
		return fmt.Sprintf("must have at most %d characters", passwordMax)
	case holdsName(password, email, fullName):
		return "must not contain your name or address"
	case strings.Contains(strings.ToLower(password), strings.ToLower(issuer)):
		return "must not contain the name of this service"
	case guessable(password, fewest):
		return "must not be a sequence or a repetition"
	case passwords.Common(password):
		return "must not be one of the most common passwords"
	}
	return ""
}

func holdsName(password, email, fullName string) bool {
	local, _, _ := strings.Cut(email, "@")
	parts := append(words(fullName), words(local)...)
	parts = append(parts, local, email, strings.Join(words(fullName), " "), strings.Join(words(fullName), ""))
	low := strings.ToLower(password)
	for _, part := range parts {
		if utf8.RuneCountInString(part) >= minNamePart && strings.Contains(low, strings.ToLower(part)) {
			return true
		}
	}
	return false
}

func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return !unicode.In(r, unicode.L, unicode.M, unicode.N) })
}

var keyboardRows = []string{"1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"}

// guessable: what is repeated is shorter than a password may be, or nearly all of it follows from its beginning.
func guessable(password string, fewest int) bool {
	text := []rune(strings.ToLower(password))
	for unit := 1; unit < fewest && unit <= len(text)/2; unit++ {
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

// follows tells whether b is a, its neighbour in the alphabet or its neighbour on the keyboard.
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
