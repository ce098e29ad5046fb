package config

import (
	"net/netip"
	"strings"
)

// noProxies is the value of AMRUTAM_TRUSTED_PROXIES if there are no proxies; production requires an explicit value.
const noProxies = "none"

// Proxies returns the networks of AMRUTAM_TRUSTED_PROXIES.
func (c *Config) Proxies() []netip.Prefix {
	var all []netip.Prefix
	for _, text := range c.TrustedProxies {
		if network, ok := parseNetwork(text); ok {
			all = append(all, network)
		}
	}
	return all
}

func parseNetwork(text string) (netip.Prefix, bool) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), true
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, false
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), true
}

// A network with fewer bits is wider than any operator's own. Trusting it would let strangers choose the address that
// they are counted under.
const (
	minBits4 = 8
	minBits6 = 16
)

var uniqueLocal6 = netip.MustParsePrefix("fc00::/7") // RFC 4193

func isTooWide(p netip.Prefix) bool {
	if p.Addr().Is4() {
		return p.Bits() < minBits4
	}
	private := p.Bits() >= uniqueLocal6.Bits() && uniqueLocal6.Contains(p.Addr())
	return p.Bits() < minBits6 && !private
}

func (c *Config) validateProxies(errs *settingErrors) {
	const name = "AMRUTAM_TRUSTED_PROXIES"
	c.TrustedProxies = trimList(c.TrustedProxies)
	for _, entry := range c.TrustedProxies {
		network, ok := parseNetwork(entry)
		switch {
		case entry == noProxies && len(c.TrustedProxies) > 1:
			errs.add(name, "must be none alone, or networks")
		case entry == noProxies:
		case !ok:
			errs.add(name, "must be networks like 10.0.0.0/8, comma-separated, or none")
		case isTooWide(network):
			errs.add(name, "must not hold a network as wide as the Internet: every machine in it could claim any "+
				"address; name the networks of your proxies")
		}
	}
}

// trimList removes the blanks around the entries, and empty entries.
func trimList(list []string) []string {
	var all []string
	for _, entry := range list {
		if entry = strings.TrimSpace(entry); entry != "" {
			all = append(all, entry)
		}
	}
	return all
}
