package payment

import (
	"net/url"
	"slices"
	"strings"

	"amrutam/internal/problem"
)

// ReturnTo are the origins that a checkout may lead back to, each as browsers write it: https://app.example.org.
type ReturnTo []string

// Check gives an address as a browser reads it, when it is on one of the origins. What browsers and servers read
// differently (backslashes, control characters, user names) is refused. Error: problem.Invalid on body.returnUrl.
func (r ReturnTo) Check(text string) (*string, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // none was asked for
	}
	wrong := problem.InvalidField("body.returnUrl",
		"must be an http or https address on this server or on an origin of AMRUTAM_RETURN_ORIGINS")
	odd := strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c == '\\' || c >= 0x7f })
	u, err := url.Parse(text)
	if odd || err != nil || u.User != nil || u.Opaque != "" || (u.Scheme != "http" && u.Scheme != "https") ||
		!slices.Contains(r, Origin(u)) {
		return nil, wrong
	}
	whole := u.String()
	return &whole, nil
}

// Origin of an address, in lower case and without its scheme's own port.
func Origin(u *url.URL) string {
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" && (u.Scheme != "http" || port != "80") && (u.Scheme != "https" || port != "443") {
		host += ":" + port
	}
	return u.Scheme + "://" + host
}
