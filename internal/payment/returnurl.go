package payment

import (
	"net/url"
	"slices"
	"strings"

	"amrutam/internal/problem"
)

// ReturnOrigins are the origins that a checkout may lead back to, each as browsers write it: https://app.example.org.
type ReturnOrigins []string

// Check returns the address as a browser reads it, nil if it is "". Returns a problem on body.returnUrl if it is on
// none of the origins, or has what browsers and servers read differently: backslashes, control characters, user names.
func (r ReturnOrigins) Check(text string) (*string, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // none was asked for
	}
	wrong := problem.InvalidField("body.returnUrl",
		faultReturnURL)
	odd := strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c == '\\' || c >= 0x7f })
	u, err := url.Parse(text)
	if odd || err != nil || u.User != nil || u.Opaque != "" || (u.Scheme != "http" && u.Scheme != "https") ||
		!slices.Contains(r, Origin(u)) {
		return nil, wrong
	}
	whole := u.String()
	return &whole, nil
}

// Origin returns the origin of an address, in lower case and without the default port of its scheme.
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
