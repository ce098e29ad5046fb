package config

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Passkeys is the domain they are bound to (WebAuthn: RP ID), the origins of pages and those of apps that may use
// them.
func (c *Config) Passkeys() (domain string, pages, apps []string) {
	u, err := url.Parse(c.PublicURL)
	if err != nil || u.Host == "" {
		u = &url.URL{Scheme: "http", Host: "localhost"}
	}
	host := u.Hostname()
	if _, err := netip.ParseAddr(host); err == nil {
		// Browsers bind passkeys to names only: in development the page is opened by this one.
		host = "localhost"
	}
	if domain = c.PasskeyDomain; domain == "" {
		domain = host
	}
	self := u.Scheme + "://" + host
	if u.Port() != "" {
		self += ":" + u.Port()
	}
	for _, one := range append([]string{self}, append(c.CORSOrigins, c.PasskeyOrigins...)...) {
		switch {
		case !strings.HasPrefix(one, "http"):
			apps = append(apps, one)
		case below(one, domain) && !slices.Contains(pages, one):
			pages = append(pages, one)
		}
	}
	return domain, pages, apps
}

// below tells whether an origin's host is the domain or a name below it.
func below(origin, domain string) bool {
	u, err := url.Parse(origin)
	return err == nil && (u.Hostname() == domain || strings.HasSuffix(u.Hostname(), "."+domain))
}

func (c *Config) validatePasskeys(f *faults) {
	var all []string
	for _, one := range c.PasskeyOrigins {
		if one = strings.TrimSpace(one); one != "" {
			all = append(all, one)
		}
		if strings.HasPrefix(one, "http") && !origin.MatchString(one) {
			f.add("AMRUTAM_PASSKEY_ORIGINS", "must hold origins like https://app.example.org, in lower case and "+
				"without a path, or apps like android:apk-key-hash:…")
		}
	}
	c.PasskeyOrigins = all
	domain, pages, _ := c.Passkeys()
	for _, one := range c.PasskeyOrigins {
		if strings.HasPrefix(one, "http") && !below(one, domain) {
			f.add("AMRUTAM_PASSKEY_ORIGINS", "must hold origins below the domain of passkeys")
		}
	}
	if len(pages) == 0 {
		f.add("AMRUTAM_PASSKEY_DOMAIN", "must be the host of AMRUTAM_PUBLIC_URL or a domain above it")
	}
}
