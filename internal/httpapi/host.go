package httpapi

import (
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

// isOwnHost tells whether the Host header of a request names this server. It protects from DNS rebinding: a page of
// another site whose name was made to resolve to this server sends its own name. Load balancers may ask for the health
// by any address.
func (a *API) isOwnHost(r *http.Request) bool {
	if a.Hosts == nil || isHealthProbe(r) {
		return true
	}
	if _, port, err := net.SplitHostPort(r.Host); err == nil && port != "" {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return false
		}
	}
	host := hostname(r.Host)
	switch host {
	case "localhost", "127.0.0.1", "::1":
		return true
	}
	return a.Hosts[host] || host == localAddress(r)
}

// localAddress returns the address that the request's connection was made to, or "" if it is unknown.
func localAddress(r *http.Request) string {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok {
		return ""
	}
	return local.AddrPort().Addr().Unmap().String()
}

// hostname returns the host without its port, in the form in which hosts are compared: lower case, no brackets, no
// final dot.
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

// HostSet returns a value for API.Hosts.
func HostSet(hosts ...string) map[string]bool {
	set := map[string]bool{}
	for _, host := range hosts {
		set[hostname(host)] = true
	}
	return set
}
