package account

import (
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

// phoneRegion is where a number without a country's code belongs, for people in DefaultTimezone.
const phoneRegion = "IN"

// phoneSign reports whether a rune may stand between digits; invisible ones come with pasted numbers.
func phoneSign(r rune) bool {
	return strings.ContainsRune("().（）\u2212", r) || unicode.In(r, unicode.Zs, unicode.Pd, unicode.Cf)
}

// plainPhone has ASCII digits, whatever script they came in, behind at most one plus sign.
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

// digit is the value of a decimal digit: each script's ten follow each other, and those of a range of Nd begin with
// zero.
func digit(r rune) rune {
	zero := r
	for unicode.Is(unicode.Nd, zero-1) && r-zero < 50 {
		zero--
	}
	return (r - zero) % 10
}

// normalizePhone is the E.164 form of a number, or "" when it is none. Without a country's code it is one of
// phoneRegion, if the person's time zone is that region's: elsewhere the same digits can be somebody else's.
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

// phoneSpellings are the forms under which a number can be stored: E.164, and in old rows with the trunk's zero behind
// the country's code.
func phoneSpellings(phone string) []string {
	number, err := phonenumbers.Parse(phone, phoneRegion)
	if err != nil {
		return []string{phone}
	}
	code := phone[:len(phone)-len(phonenumbers.GetNationalSignificantNumber(number))]
	return []string{phone, code + "0" + phone[len(code):]}
}

const noPhone = "must be a phone number with its country's code, like +91 98123 45678"

func phoneFault(phone string) string {
	if phone == "" {
		return noPhone
	}
	return ""
}
