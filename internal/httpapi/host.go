package httpapi

import (
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

// hosted tells whether a request names a host of this server. A page of another site whose name was made to lead here
// (DNS rebinding) names its own. Load balancers ask for the health by whatever address there is.
func (a *API) hosted(r *http.Request) bool {
	host := hostname(r.Host)
	if a.Hosts == nil || asksHealth(r) {
		return true
	}
	if _, port, err := net.SplitHostPort(r.Host); err == nil {
		if _, err := strconv.ParseUint(port, 10, 16); port != "" && err != nil {
			return false
		}
	}
	switch host {
	case "localhost", "127.0.0.1", "::1":
		return true
	}
	return a.Hosts[host] || host == listening(r)
}

// listening is the address that the request's connection came to.
func listening(r *http.Request) string {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok {
		return ""
	}
	return local.AddrPort().Addr().Unmap().String()
}

// hostname of a Host header or of the host of an address, without its port and in the one form that is compared.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap().String()
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// HostSet is what Hosts is made of.
func HostSet(hosts ...string) map[string]bool {
	set := map[string]bool{}
	for _, host := range hosts {
		set[hostname(host)] = true
	}
	return set
}
