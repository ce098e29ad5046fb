package account

import (
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"amrutam/internal/httpapi"
	"amrutam/internal/language"
	"amrutam/internal/notification"
	"amrutam/internal/problem"
)

// faults collects everything that is wrong with a request, for one answer.
type faults []problem.Field

func (f *faults) add(location string, fault *problem.Message) {
	if fault != nil {
		*f = append(*f, problem.FaultAt(location, fault))
	}
}

func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	e := *problem.Invalid
	e.Fields = f
	return &e
}

// normalizeEmail returns the form in which an address is stored and looked up.
func normalizeEmail(email string) string { return notification.Normalize(email) }

// emailFault says what is wrong with a normalized address, or returns nil. Errors of net/mail are not used, because
// they quote the value.
func emailFault(email string) *problem.Message {
	parsed, err := mail.ParseAddress(email)
	local, domain, _ := strings.Cut(email, "@")
	ascii, asciiErr := notification.ASCII(email)
	if err != nil || asciiErr != nil || len(ascii) > 254 || httpapi.TextFault(email, httpapi.Line) != nil ||
		strings.ContainsFunc(email, unseen) || len(local) > 64 || !hostForm(domain) || parsed.Address != email ||
		parsed.Name != "" || len(email) > 254 || strings.HasSuffix(email, "]") {
		return faultEmail
	}
	return nil
}

// reachFault says what is wrong with an address that the mail server can't deliver to, or returns nil.
func reachFault(reached bool) *problem.Message {
	if reached {
		return nil
	}
	return faultUnreachable
}

// unseen reports whether a character is invisible: two different addresses would look the same.
func unseen(r rune) bool { return unicode.In(r, unicode.C, unicode.Z) }

// hostForm reports whether the labels of a domain have the form of RFC 1123, with letters of all scripts (RFC 6531).
func hostForm(domain string) bool {
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return false
		}
	}
	return true
}

// trimText returns the form in which a name or a postal address is stored.
func trimText(text string) string { return norm.NFC.String(strings.TrimSpace(text)) }

func nameFault(name string) *problem.Message {
	switch {
	case !visible(name):
		return problem.MinLength.With("limit", 1)
	case utf8.RuneCountInString(name) > 200:
		return problem.MaxLength.With("limit", 200)
	}
	return httpapi.TextFault(name, httpapi.Line)
}

// visible reports whether a text has a visible character. Some scripts need zero-width characters inside words, but a
// text of these alone is empty.
func visible(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) &&
			!unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
	})
}

// birthFault allows every day until today in the user's time zone, because a newborn child may be signed up on its
// first day.
func birthFault(date, zone string, now time.Time) *problem.Message {
	place, known := httpapi.Zone(zone)
	if !known {
		place = time.UTC
	}
	day, err := time.Parse(time.DateOnly, date)
	switch {
	case err != nil:
		return faultNotBirth
	case date > now.In(place).Format(time.DateOnly):
		return faultBornLater
	case day.Year() < 1900:
		return faultBornEarlier
	}
	return nil
}

func addressFault(address string) *problem.Message {
	switch {
	case !visible(address):
		return faultEmptyAddress
	case utf8.RuneCountInString(address) > 500:
		return problem.MaxLength.With("limit", 500)
	}
	return nil
}

// matchLanguage returns the language nearest to a tag, and what is wrong with the tag, or nil.
func matchLanguage(tag string) (nearest string, fault *problem.Message) {
	l, err := language.Match(tag)
	if err != nil {
		return string(l), faultLanguage
	}
	return string(l), nil
}

func zoneFault(name string) *problem.Message {
	if _, ok := httpapi.Zone(name); !ok {
		return problem.NotZone
	}
	return nil
}
