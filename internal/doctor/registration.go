package doctor

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// RegistrationKey returns the form by which registration numbers are compared: letters and digits alone, in NFKC and
// case folded, with the digits of every script as ASCII ones. MH-91, mh 91 and ＭＨ९१ are one number.
func RegistrationKey(number string) string {
	folded := norm.NFKC.String(cases.Fold().String(norm.NFKC.String(number)))
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Nd, r):
			return asciiDigit(r)
		case unicode.IsLetter(r), unicode.IsNumber(r):
			return r
		}
		return -1
	}, folded)
}

// asciiDigit returns the ASCII form of a decimal digit. The ten digits of a script follow each other in Unicode,
// beginning with zero (chapter 4.6); a range of unicode.Nd holds one or more such tens.
func asciiDigit(r rune) rune {
	for _, row := range unicode.Nd.R16 {
		if rune(row.Lo) <= r && r <= rune(row.Hi) {
			return '0' + (r-rune(row.Lo))%10
		}
	}
	for _, row := range unicode.Nd.R32 {
		if rune(row.Lo) <= r && r <= rune(row.Hi) { //nolint:gosec // code points fit
			return '0' + (r-rune(row.Lo))%10 //nolint:gosec // code points fit
		}
	}
	return r
}

// checkRegistration returns problem.Invalid if the number has neither letters nor digits.
func checkRegistration(number string) error {
	if RegistrationKey(number) == "" {
		return problem.InvalidField("body.registrationNumber", faultNoLetters)
	}
	return nil
}

// isRegistrationTaken reports whether the database refused a row because another doctor has the number.
func isRegistrationTaken(err error) bool {
	return postgres.Violates(err, "doctors_registration_number_key")
}
