package httpapi

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/google/uuid"

	"amrutam/internal/access"
)

// request is what the pipeline knows about a request. The log line at its end is made from it.
type request struct {
	id      string
	traceID string
	ip      string
	actor   access.Actor
	// isByCookie is set if the session came in a cookie.
	isByCookie bool
	body       []byte
	// cleanups are called at the end of the request.
	cleanups []func()

	lane lane
	// endWork returns the permit of the request, see startWork; nil before that.
	endWork func(status int)
	// cancel ends the request's context.
	cancel context.CancelCauseFunc
	// isStream is set once the answer is a stream, which lasts.
	isStream bool
	// isShed is set if the request was refused because of the load: it is counted and not logged.
	isShed bool
}

func (r *request) cleanUp() {
	for _, f := range r.cleanups {
		f()
	}
	r.cleanups = nil
}

type requestKey struct{}

// requestOf returns the request of a context, or an empty one outside a request.
func requestOf(ctx context.Context) *request {
	r, ok := ctx.Value(requestKey{}).(*request)
	if !ok {
		return &request{}
	}
	return r
}

// newRequest takes the request's id from the client if it is valid, and makes a new one otherwise.
func newRequest(r *http.Request, trusted []netip.Prefix) *request {
	id := r.Header.Get("X-Request-Id")
	if !isValidID(id) {
		id = uuid.Must(uuid.NewV7()).String()
	}
	return &request{id: id, traceID: traceID(r.Header.Get("Traceparent")), ip: clientIP(r, trusted)}
}

func isValidID(id string) bool {
	if len(id) == 0 || len(id) > 128 {
		return false
	}
	for _, c := range id {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:", c) {
			return false
		}
	}
	return true
}

// traceID returns the trace id of a W3C traceparent header (version-traceid-parent-flags in lower-case hex), or "".
func traceID(header string) string {
	parts := strings.Split(header, "-")
	if len(parts) < 4 || len(parts[0]) != 2 || parts[0] == "ff" || len(parts[1]) != 32 || len(parts[2]) != 16 {
		return ""
	}
	for _, c := range parts[1] {
		if !strings.ContainsRune("0123456789abcdef", c) {
			return ""
		}
	}
	if strings.Trim(parts[1], "0") == "" {
		return ""
	}
	return parts[1]
}

// clientIP returns the peer's address. If the peer is a trusted proxy, it returns the last address of X-Forwarded-For
// that is not a trusted proxy.
func clientIP(r *http.Request, trusted []netip.Prefix) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	peer, err := netip.ParseAddr(host)
	if err != nil {
		return ""
	}
	peer = peer.Unmap()
	if !containsAddr(peer, trusted) {
		return peer.String()
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		peer = hop.Unmap().WithZone("")
		if !containsAddr(peer, trusted) {
			break
		}
	}
	return peer.String()
}

// CoarseNetwork returns the network of an address as precisely as logs may hold it: /24, or /48 of IPv6.
func CoarseNetwork(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return ""
	}
	bits := 48
	if addr = addr.Unmap(); addr.Is4() {
		bits = 24
	}
	return netip.PrefixFrom(addr.WithZone(""), bits).Masked().String()
}

func containsAddr(addr netip.Addr, networks []netip.Prefix) bool {
	for _, n := range networks {
		if n.Contains(addr) {
			return true
		}
	}
	return false
}
