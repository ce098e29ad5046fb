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

// request is what the pipeline learns of one request on its way in; the log line at the end reads it.
type request struct {
	id      string
	traceID string
	ip      string
	actor   access.Actor
	// byCookie: the session came in a cookie.
	byCookie bool
	body     []byte
	// whenOver is what is to be called when the request is over.
	whenOver []func()

	lane lane
	// leave gives the place back that the work on the request holds; nil before it was taken.
	leave func(status int)
	// cancel ends the request's context.
	cancel context.CancelCauseFunc
	// shed requests are counted and not logged.
	shed bool
}

func (r *request) over() {
	for _, do := range r.whenOver {
		do()
	}
}

type requestKey struct{}

func requestOf(ctx context.Context) *request {
	r, ok := ctx.Value(requestKey{}).(*request)
	if !ok {
		return &request{}
	}
	return r
}

// Visitor is the actor of a page: nobody signed in, with this request's id and address.
func Visitor(r *http.Request) access.Actor {
	req := requestOf(r.Context())
	return access.Actor{IP: req.ip, RequestID: req.id, UserAgent: r.UserAgent()}
}

// newRequest gives the request its id: the client's own when it is sane, else a new one.
func newRequest(r *http.Request, trusted []netip.Prefix) *request {
	id := r.Header.Get("X-Request-Id")
	if !saneID(id) {
		id = uuid.Must(uuid.NewV7()).String()
	}
	return &request{id: id, traceID: traceID(r.Header.Get("Traceparent")), ip: clientIP(r, trusted)}
}

func saneID(id string) bool {
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

// traceID reads the trace id of a W3C traceparent: version-traceid-parent-flags, in lower-case hex.
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

// clientIP is the peer's address, or behind a trusted proxy the right-most hop that is no trusted proxy itself.
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
	if !within(peer, trusted) {
		return peer.String()
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		peer = hop.Unmap().WithZone("")
		if !within(peer, trusted) {
			break
		}
	}
	return peer.String()
}

// Neighbourhood is the network of an address, as far as the log may say where a request came from: /24, or /48 of
// IPv6.
func Neighbourhood(ip string) string {
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

func within(addr netip.Addr, networks []netip.Prefix) bool {
	for _, n := range networks {
		if n.Contains(addr) {
			return true
		}
	}
	return false
}
