package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Serve listens until ctx ends, then stops gracefully: readiness off first, requests in flight finish, jobs hand back.
func (a *App) Serve(ctx context.Context) error {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", a.Config.Listen)
	if err != nil {
		return fmt.Errorf("AMRUTAM_LISTEN: %w", err)
	}
	api := server(a.API.Handler())
	failed := make(chan error, 2)
	go func() { failed <- api.Serve(listener) }()
	metrics, err := a.serveMetrics(ctx, failed)
	if err != nil {
		return err
	}
	a.ListensAt("http://" + listener.Addr().String())
	if err := a.Queue.Start(ctx); err != nil {
		return fmt.Errorf("start the jobs: %w", err)
	}
	a.Log.Info("listening", "addr", listener.Addr().String())
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	a.Log.Info("stopping")
	a.stopping.Store(true)
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.Config.ShutdownWithin)
	defer cancel()
	return errors.Join(err, api.Shutdown(stopping), a.Queue.Stop(stopping), metrics.Shutdown(stopping))
}

func server(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 60 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10}
}

func (a *App) serveMetrics(ctx context.Context, failed chan<- error) (*http.Server, error) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.Metrics.Registry, promhttp.HandlerOpts{}))
	s := server(mux)
	if a.Config.MetricsListen == "" {
		return s, nil
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", a.Config.MetricsListen)
	if err != nil {
		return nil, fmt.Errorf("AMRUTAM_METRICS_LISTEN: %w", err)
	}
	go func() { failed <- s.Serve(listener) }()
	return s, nil
}
