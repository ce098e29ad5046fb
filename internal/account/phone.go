package account

import (
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"

	"amrutam/internal/problem"
)

// phoneRegion is the region of numbers without a country code, for users in DefaultTimezone.
const phoneRegion = "IN"

// phoneSign reports whether a rune may be between digits. Invisible ones occur in pasted numbers.
func phoneSign(r rune) bool {
	return strings.ContainsRune("().（）\u2212", r) || unicode.In(r, unicode.Zs, unicode.Pd, unicode.Cf)
}

// plainPhone returns a number in ASCII digits, whatever its script, with at most one plus sign before them.
func plainPhone(phone string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case phoneSign(r):
			return -1
		case r == '＋':
			return '+'
		case unicode.Is(unicode.Nd, r) && r > unicode.MaxASCII:
			return '0' + digit(r)
		}
		return r
	}, strings.TrimSpace(phone))
}

// digit returns the ASCII digit of a decimal digit in any script. In each range of Nd the digits are consecutive from
// zero.
func digit(r rune) rune {
	zero := r
	for unicode.Is(unicode.Nd, zero-1) && r-zero < 50 {
		zero--
	}
	return (r - zero) % 10
}

// normalizePhone returns a number in E.164, or "" if it is invalid. A number without a country code belongs to
// phoneRegion if that is the region of the user's time zone. In other zones it is invalid, because it could be another
// person's number.
func normalizePhone(phone, zone string) string {
	plain := plainPhone(phone)
	if strings.Trim(strings.TrimPrefix(plain, "+"), "0123456789") != "" {
		return ""
	}
	region := phonenumbers.UNKNOWN_REGION
	if zone == "" || zone == DefaultTimezone || zone == "Asia/Calcutta" {
		region = phoneRegion
	}
	number, err := phonenumbers.Parse(plain, region)
	if err != nil || phonenumbers.IsPossibleNumberWithReason(number) != phonenumbers.IS_POSSIBLE {
		return ""
	}
	return phonenumbers.Format(number, phonenumbers.E164)
}

// phoneSpellings returns the forms in which a number may be stored: E.164, and in rows of older releases with the
// trunk prefix 0 after the country code.
func phoneSpellings(phone string) []string {
	number, err := phonenumbers.Parse(phone, phoneRegion)
	if err != nil {
		return []string{phone}
	}
	code := phone[:len(phone)-len(phonenumbers.GetNationalSignificantNumber(number))]
	return []string{phone, code + "0" + phone[len(code):]}
}

func phoneFault(phone string) *problem.Message {
	if phone == "" {
		return faultPhone
	}
	return nil
}
