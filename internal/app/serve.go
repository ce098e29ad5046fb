package app

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"amrutam/internal/config"
)

// Listeners are a server's open ports. They are opened first of all: a port that is taken stops the start before
// anything else.
type Listeners struct {
	api, metrics net.Listener
	self         string
}

// Listen opens the ports, and settles where people reach the server when that isn't set.
func Listen(ctx context.Context, cfg *config.Config) (*Listeners, error) {
	var lc net.ListenConfig
	api, err := lc.Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return nil, cantListen("AMRUTAM_LISTEN", cfg.Listen, err)
	}
	addr, ok := api.Addr().(*net.TCPAddr)
	if !ok {
		return nil, errors.New("AMRUTAM_LISTEN: not an address of TCP")
	}
	l := &Listeners{api: api, self: cfg.ResolvePublicURL(addr)}
	if cfg.MetricsListen == "off" {
		return l, nil
	}
	l.metrics, err = lc.Listen(ctx, "tcp", cfg.MetricsListen)
	if errors.Is(err, syscall.EADDRINUSE) && !cfg.Production() {
		// A second server on the machine, or a Prometheus: no reason not to start.
		l.metrics, err = lc.Listen(ctx, "tcp", "127.0.0.1:0")
	}
	if err != nil {
		l.Close()
		return nil, cantListen("AMRUTAM_METRICS_LISTEN", cfg.MetricsListen, err)
	}
	return l, nil
}

func cantListen(variable, address string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is taken by another program: stop that one, or set %s to another address", address,
			variable)
	}
	return fmt.Errorf("%s: %w", variable, err)
}

// Close gives the ports back. After Serve it does nothing.
func (l *Listeners) Close() {
	_ = l.api.Close()
	if l.metrics != nil {
		_ = l.metrics.Close()
	}
}

// MetricsURL is where the metrics are, or "".
func (l *Listeners) MetricsURL() string {
	if l.metrics == nil {
		return ""
	}
	return "http://" + l.metrics.Addr().String() + "/metrics"
}

// URL is where this server is reached from its own machine.
func (l *Listeners) URL() string { return l.self }

// Serve answers until ctx ends, then stops gracefully: readiness off first, requests in flight finish, jobs hand back.
func (a *App) Serve(ctx context.Context, l *Listeners) error {
	failed := make(chan error, 2)
	api, metrics := Server(a.API.Handler()), Server(a.metricsHandler())
	a.ListensAt(l.self)
	go func() { failed <- api.Serve(l.api) }()
	if l.metrics != nil {
		go func() { failed <- metrics.Serve(l.metrics) }()
	}
	a.announce(ctx)
	a.checkNightly()
	if err := a.Queue.Start(ctx); err != nil {
		return fmt.Errorf("start the jobs: %w", err)
	}
	a.Log.Info("listening", "addr", l.api.Addr().String(), "metrics", l.MetricsURL())
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	a.Log.Info("stopping")
	a.stopping.Store(true)
	if err == nil {
		time.Sleep(a.Config.DrainFor) //nolint:forbidigo // nothing tells when the load balancers have looked
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.Config.ShutdownWithin)
	defer cancel()
	err = errors.Join(err, api.Shutdown(stopping))
	a.API.Settle()
	return errors.Join(err, a.Queue.Stop(stopping), metrics.Shutdown(stopping))
}

// Server bounds what a client can hold: the time of a request and the size of its headers.
func Server(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 60 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10}
}

func (a *App) metricsHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics",
		onlyWith(a.Config.MetricsToken, promhttp.HandlerFor(a.Metrics.Registry, promhttp.HandlerOpts{})))
	return mux
}

// onlyWith asks for the token, unless it is empty. Hashes are compared: neither the time nor the length tells
// anything.
func onlyWith(token string, next http.Handler) http.Handler {
	if token == "" {
		return next
	}
	want := sha256.Sum256([]byte(token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		sum := sha256.Sum256([]byte(strings.TrimSpace(given)))
		if subtle.ConstantTimeCompare(sum[:], want[:]) != 1 || !strings.EqualFold(scheme, "Bearer") {
			w.Header().Set("WWW-Authenticate", `Bearer realm="metrics"`)
			http.Error(w, "the metrics need AMRUTAM_METRICS_TOKEN as a bearer token", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}
