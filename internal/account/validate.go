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

func (f *faults) add(location, message string) {
	if message != "" {
		*f = append(*f, problem.Field{Location: location, Message: message})
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

// emailFault says what is wrong with a normalized address, or returns "". Errors of net/mail are not used, because
// they quote the value.
func emailFault(email string) string {
	parsed, err := mail.ParseAddress(email)
	local, domain, _ := strings.Cut(email, "@")
	ascii, asciiErr := notification.ASCII(email)
	if err != nil || asciiErr != nil || len(ascii) > 254 || httpapi.TextFault(email, httpapi.Line) != "" ||
		strings.ContainsFunc(email, unseen) || len(local) > 64 || !hostForm(domain) || parsed.Address != email ||
		parsed.Name != "" || len(email) > 254 || strings.HasSuffix(email, "]") {
		return "must be a plain e-mail address like asha@example.org"
	}
	return ""
}

// reachFault says what is wrong with an address that the mail server can't deliver to, or returns "".
func reachFault(reached bool) string {
	if reached {
		return ""
	}
	return "can't be reached: our mail server takes only ASCII letters before the @; use another address"
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

func nameFault(name string) string {
	switch {
	case !visible(name):
		return "must not be empty"
	case utf8.RuneCountInString(name) > 200:
		return "must have at most 200 characters"
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
func birthFault(date, zone string, now time.Time) string {
	place, known := httpapi.Zone(zone)
	if !known {
		place = time.UTC
	}
	day, err := time.Parse(time.DateOnly, date)
	switch {
	case err != nil:
		return "must be a date like 1990-05-17"
	case date > now.In(place).Format(time.DateOnly):
		return "must not be after today"
	case day.Year() < 1900:
		return "must be 1900 or later"
	}
	return ""
}

func addressFault(address string) string {
	switch {
	case !visible(address):
		return "must not be empty; null clears it"
	case utf8.RuneCountInString(address) > 500:
		return "must have at most 500 characters"
	}
	return ""
}

// matchLanguage returns the language nearest to a tag, and what is wrong with the tag, or "".
func matchLanguage(tag string) (nearest, fault string) {
	l, err := language.Match(tag)
	if err != nil {
		return string(l), "must be a language tag (BCP 47) like hi or en-IN"
	}
	return string(l), ""
}

func zoneFault(name string) string {
	if _, ok := httpapi.Zone(name); !ok {
		return httpapi.InvalidZone
	}
	return ""
}
