package config

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Passkeys returns the domain that passkeys are bound to (the RP ID of WebAuthn), and the origins of the pages and of
// the apps that may use them.
func (c *Config) Passkeys() (domain string, pages, apps []string) {
	u, err := url.Parse(c.PublicURL)
	if err != nil || u.Host == "" {
		u = &url.URL{Scheme: "http", Host: "localhost"}
	}
	host := u.Hostname()
	if _, err := netip.ParseAddr(host); err == nil {
		// Browsers bind passkeys only to names: in development, the pages are opened at localhost.
		host = "localhost"
	}
	if domain = c.PasskeyDomain; domain == "" {
		domain = host
	}
	self := u.Scheme + "://" + host
	if u.Port() != "" {
		self += ":" + u.Port()
	}
	for _, entry := range slices.Concat([]string{self}, c.CORSOrigins, c.PasskeyOrigins) {
		switch {
		case !strings.HasPrefix(entry, "http"):
			apps = append(apps, entry)
		case isBelow(entry, domain) && !slices.Contains(pages, entry):
			pages = append(pages, entry)
		}
	}
	return domain, pages, apps
}

// isBelow reports whether an origin's host is the domain or a name below it.
func isBelow(origin, domain string) bool {
	u, err := url.Parse(origin)
	return err == nil && (u.Hostname() == domain || strings.HasSuffix(u.Hostname(), "."+domain))
}

func (c *Config) validatePasskeys(errs *settingErrors) {
	var all []string
	for _, entry := range c.PasskeyOrigins {
		if entry = strings.TrimSpace(entry); entry != "" {
			all = append(all, entry)
		}
		if strings.HasPrefix(entry, "http") && !originPattern.MatchString(entry) {
			errs.add("AMRUTAM_PASSKEY_ORIGINS", "must hold origins like https://app.example.org, in lower case and "+
				"without a path, or apps like android:apk-key-hash:…")
		}
	}
	c.PasskeyOrigins = all
	domain, pages, _ := c.Passkeys()
	for _, entry := range c.PasskeyOrigins {
		if strings.HasPrefix(entry, "http") && !isBelow(entry, domain) {
			errs.add("AMRUTAM_PASSKEY_ORIGINS", "must hold origins below the domain of passkeys")
		}
	}
	if len(pages) == 0 {
		errs.add("AMRUTAM_PASSKEY_DOMAIN", "must be the host of AMRUTAM_PUBLIC_URL or a domain above it")
	}
}
