package notification

import (
	"errors"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"amrutam/internal/httpapi"
)

// idnaProfile reads names as browsers look them up (UTS 46, not transitional).
var idnaProfile = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(true), idna.BidiRule(),
	idna.CheckJoiners(true), idna.VerifyDNSLength(true))

var errInvalidDomain = errors.New("the domain of a mail address is none")

// Normalize is the one form in which an address is kept and compared: in lower case, its domain in Unicode, so that
// its two spellings (RFC 5890: U-label and A-label) are one. Upper case is a habit of keyboards, not another mailbox.
func Normalize(address string) string {
	address = norm.NFC.String(strings.ToLower(norm.NFC.String(strings.TrimSpace(address))))
	local, domain, ok := splitAddress(address)
	// UTS 46 leaves out what can't be seen: that stays, to be refused.
	if !ok || isPlainDomain(domain) || httpapi.TextFault(address, httpapi.Line) != "" {
		return address
	}
	ascii, err := idnaProfile.ToASCII(domain)
	if err != nil {
		return address
	}
	shown, err := idnaProfile.ToUnicode(ascii)
	if err != nil {
		return address
	}
	return local + "@" + shown
}

// ASCII is the form in which an address is sent to: every mail server takes a domain in ASCII.
func ASCII(address string) (string, error) {
	local, domain, ok := splitAddress(address)
	if !ok {
		return "", errInvalidDomain
	}
	if isPlainDomain(domain) {
		return address, nil
	}
	ascii, err := idnaProfile.ToASCII(domain)
	if err != nil {
		return "", errInvalidDomain // the library's words quote it
	}
	return local + "@" + ascii, nil
}

// canonicalMailbox is what the addresses of one person have in common: a sub-address (RFC 5233) arrives in the same place,
// and Gmail reads no dots. It counts mails, and tells no accounts apart.
func canonicalMailbox(address string) string {
	local, domain, ok := splitAddress(Normalize(address))
	if !ok {
		return address
	}
	if i := strings.Index(local, "+"); i > 0 {
		local = local[:i]
	}
	if slices.Contains([]string{"gmail.com", "googlemail.com"}, domain) {
		local, domain = strings.ReplaceAll(local, ".", ""), "gmail.com"
	}
	return local + "@" + domain
}

func splitAddress(address string) (local, domain string, ok bool) {
	i := strings.LastIndex(address, "@")
	if i < 1 {
		return "", "", false
	}
	return address[:i], address[i+1:], true
}

// isPlainDomain tells whether a domain is no international one in either spelling.
func isPlainDomain(domain string) bool {
	return isASCII(domain) && !strings.Contains(strings.ToLower(domain), "xn--")
}

func isASCII(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}
