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
	"amrutam/internal/console"
)

// Listeners are the open ports of a server. They are opened first, so that the start fails early if a port is taken.
type Listeners struct {
	api, metrics net.Listener
	url          string
}

// Listen opens the ports, and sets the public URL from them if it isn't configured. Returns console.ErrNotBundled if
// the program has no pages to serve.
func Listen(ctx context.Context, cfg *config.Config) (*Listeners, error) {
	if err := console.Check(); err != nil {
		return nil, err
	}
	var lc net.ListenConfig
	api, err := lc.Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return nil, listenError("AMRUTAM_LISTEN", cfg.Listen, err)
	}
	addr, ok := api.Addr().(*net.TCPAddr)
	if !ok {
		return nil, errors.New("AMRUTAM_LISTEN: not a TCP address")
	}
	l := &Listeners{api: api, url: cfg.ResolvePublicURL(addr)}
	if cfg.MetricsListen == "off" {
		return l, nil
	}
	l.metrics, err = lc.Listen(ctx, "tcp", cfg.MetricsListen)
	if errors.Is(err, syscall.EADDRINUSE) && !cfg.Production() {
		// In development another server of the machine may use the port; any other will do.
		l.metrics, err = lc.Listen(ctx, "tcp", "127.0.0.1:0")
	}
	if err != nil {
		l.Close()
		return nil, listenError("AMRUTAM_METRICS_LISTEN", cfg.MetricsListen, err)
	}
	return l, nil
}

// listenError says which setting names the address that can't be opened.
func listenError(variable, address string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is taken by another program: stop that one, or set %s to another address", address,
			variable)
	}
	return fmt.Errorf("%s: %w", variable, err)
}

// Close closes the ports. After Serve it does nothing.
func (l *Listeners) Close() {
	_ = l.api.Close()
	if l.metrics != nil {
		_ = l.metrics.Close()
	}
}

// MetricsURL returns the address of the metrics, or "" if they are off.
func (l *Listeners) MetricsURL() string {
	if l.metrics == nil {
		return ""
	}
	return "http://" + l.metrics.Addr().String() + "/metrics"
}

// URL returns the address of the server for programs on its own machine.
func (l *Listeners) URL() string { return l.url }

// Serve serves until ctx ends, and then stops gracefully: it reports that it isn't ready, ends the streams of events,
// waits for the load balancers to see that, finishes the requests in progress and stops the jobs.
func (a *App) Serve(ctx context.Context, l *Listeners) error {
	if err := a.ReadRestoreMode(ctx); err != nil {
		return err
	}
	failed := make(chan error, 2)
	api, metrics := Server(a.API.Handler()), Server(a.metricsHandler())
	a.SetURL(l.url)
	go func() { failed <- api.Serve(l.api) }()
	if l.metrics != nil {
		go func() { failed <- metrics.Serve(l.metrics) }()
	}
	a.logSetup(ctx)
	a.checkNightly()
	a.archiveNightly()
	if err := a.Queue.MakePartitions(ctx); err != nil {
		return fmt.Errorf("make partitions: %w", err)
	}
	following, stopFollowing := context.WithCancel(ctx)
	defer stopFollowing()
	awaitFollowing, err := a.startJobs(following)
	if err != nil {
		return err
	}
	a.Log.Info("listening", "addr", l.api.Addr().String(), "metrics", l.MetricsURL())
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	a.Log.Info("stopping")
	a.isStopping.Store(true)
	a.Streams.Close()
	stopFollowing()
	awaitFollowing()
	if err == nil {
		time.Sleep(a.Config.DrainFor) //nolint:forbidigo // load balancers don't say when they have noticed
	}
	stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.Config.ShutdownWithin)
	defer cancel()
	err = errors.Join(err, api.Shutdown(stopCtx))
	a.API.WaitForDenials()
	return errors.Join(err, a.Queue.Stop(stopCtx), metrics.Shutdown(stopCtx))
}

// Server returns an HTTP server with limits for the time of a request and the size of its headers.
func Server(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
	}
}

func (a *App) metricsHandler() http.Handler {
	handler := promhttp.HandlerFor(a.Metrics.Registry, promhttp.HandlerOpts{})
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", requireToken(a.Config.MetricsToken, handler))
	return mux
}

// requireToken requires a bearer token, unless token is "". It compares hashes, so the time shows nothing about the
// token or its length.
func requireToken(token string, next http.Handler) http.Handler {
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
