package account

import (
	"net/mail"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"amrutam/internal/httpapi"
	"amrutam/internal/problem"
)

// faults collects what is wrong with a request, to tell it all at once.
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

// canonicalEmail is the form an address is kept and looked up in. Upper case is a habit of keyboards, not another mailbox.
func canonicalEmail(email string) string {
	return norm.NFC.String(strings.ToLower(norm.NFC.String(strings.TrimSpace(email))))
}

// emailFault tells what is wrong with a canonical address, or "". net/mail's own words quote the value, so they stay here.
func emailFault(email string) string {
	parsed, err := mail.ParseAddress(email)
	// U+FFFD is what became of bytes that are no text.
	local, domain, _ := strings.Cut(email, "@")
	if err != nil || strings.ContainsRune(email, utf8.RuneError) || strings.ContainsFunc(email, unseen) || len(local) > 64 || !hostForm(domain) || parsed.Address != email || parsed.Name != "" || len(email) > 254 || strings.HasSuffix(email, "]") {
		return "must be a plain e-mail address like asha@example.org"
	}
	return ""
}

// unseen characters make two addresses that look alike.
func unseen(r rune) bool { return unicode.In(r, unicode.C, unicode.Z) }

// hostForm tells whether the labels of a domain are what RFC 1123 has, other scripts aside (RFC 6531).
func hostForm(domain string) bool {
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return false
		}
	}
	return true
}

// trimText is the form a name or a postal address is kept in.
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

// visible tells whether there is anything to see: zero-width characters, which some scripts need inside words, alone are nothing.
func visible(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
	})
}

// E.164 numbers have at most 15 digits; shorter than 7 none is dialled from abroad.
var phoneForm = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// canonicalPhone drops what people put between digits, so that equal numbers are equal texts.
func canonicalPhone(phone string) string {
	return strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", ".", "").Replace(phone)
}

func phoneFault(phone string) string {
	if !phoneForm.MatchString(phone) {
		return "must be an international number: + and 7 to 15 digits"
	}
	return ""
}

func birthFault(date string, now time.Time) string {
	day, err := time.Parse(time.DateOnly, date)
	switch {
	case err != nil:
		return "must be a date like 1990-05-17"
	case !day.Before(now.Truncate(24 * time.Hour)):
		return "must be in the past"
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

func zoneFault(name string) string {
	if _, ok := httpapi.Zone(name); !ok {
		return httpapi.NoZone
	}
	return ""
}
