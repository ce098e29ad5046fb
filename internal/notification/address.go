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

// idnaProfile converts domains as browsers do to look them up (UTS 46, not transitional).
var idnaProfile = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(true), idna.BidiRule(),
	idna.CheckJoiners(true), idna.VerifyDNSLength(true))

var errInvalidDomain = errors.New("the domain of a mail address is invalid")

// Normalize returns the form in which addresses are stored and compared: in lower case, with the domain in Unicode, so
// that its two spellings (RFC 5890: U-label and A-label) are the same. Returns the address in lower case if its domain
// is invalid.
func Normalize(address string) string {
	address = norm.NFC.String(strings.ToLower(norm.NFC.String(strings.TrimSpace(address))))
	local, domain, ok := splitAddress(address)
	// UTS 46 would drop invisible characters: the address keeps them, so that validation refuses it.
	if !ok || isPlainDomain(domain) || httpapi.TextFault(address, httpapi.Line) != nil {
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

// ASCII returns an address with its domain in ASCII, which every mail server accepts.
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
		return "", errInvalidDomain // the library's error would quote it
	}
	return local + "@" + ascii, nil
}

// canonicalMailbox returns the mailbox of an address, for counting mails: without its sub-address (RFC 5233), and for
// Gmail without dots. Accounts are not compared by it.
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

// isPlainDomain reports whether a domain has ASCII letters alone and no A-label.
func isPlainDomain(domain string) bool {
	return isASCII(domain) && !strings.Contains(strings.ToLower(domain), "xn--")
}

func isASCII(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}
