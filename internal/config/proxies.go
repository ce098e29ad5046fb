package config

import (
	"net/netip"
	"strings"
)

// noProxies says that there are none, where that has to be said.
const noProxies = "none"

// Proxies are the networks of AMRUTAM_TRUSTED_PROXIES.
func (c *Config) Proxies() []netip.Prefix {
	var all []netip.Prefix
	for _, text := range c.TrustedProxies {
		if network, ok := network(text); ok {
			all = append(all, network)
		}
	}
	return all
}

func network(text string) (netip.Prefix, bool) {
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

// Networks that are wider than any operator's own: who trusts them lets strangers say which address they have.
const (
	widest4 = 8
	widest6 = 16
)

var private6 = netip.MustParsePrefix("fc00::/7") // RFC 4193

func tooWide(p netip.Prefix) bool {
	if p.Addr().Is4() {
		return p.Bits() < widest4
	}
	private := p.Bits() >= private6.Bits() && private6.Contains(p.Addr())
	return p.Bits() < widest6 && !private
}

func (c *Config) validateProxies(f *faults) {
	const name = "AMRUTAM_TRUSTED_PROXIES"
	c.TrustedProxies = trimmed(c.TrustedProxies)
	for _, one := range c.TrustedProxies {
		network, ok := network(one)
		switch {
		case one == noProxies && len(c.TrustedProxies) > 1:
			f.add(name, "must be none alone, or networks")
		case one == noProxies:
		case !ok:
			f.add(name, "must be networks like 10.0.0.0/8, comma-separated, or none")
		case tooWide(network):
			f.add(name, "must not hold a network as wide as the Internet: whoever is in it says itself which "+
				"address it has; name your proxies' own")
		}
	}
}

// trimmed leaves out the blanks around and the empty ones.
func trimmed(list []string) []string {
	var all []string
	for _, one := range list {
		if one = strings.TrimSpace(one); one != "" {
			all = append(all, one)
		}
	}
	return all
}
