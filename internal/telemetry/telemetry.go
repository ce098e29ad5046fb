// Package telemetry makes the logger and the metrics.
package telemetry

import (
	"io"
	"log/slog"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Logger writes JSON lines, or text for people.
func Logger(w io.Writer, text bool) *slog.Logger {
	if text {
		return slog.New(slog.NewTextHandler(w, nil))
	}
	return slog.New(slog.NewJSONHandler(w, nil))
}

// Metrics are the server's counters. Their labels come from fixed sets: never ids, addresses or texts.
type Metrics struct {
	Registry  *prometheus.Registry
	Requests  *prometheus.CounterVec
	Durations *prometheus.HistogramVec
	InFlight  prometheus.Gauge
	Jobs      *prometheus.CounterVec
	Bookings  *prometheus.CounterVec
	Payments  *prometheus.CounterVec
	Mails     *prometheus.CounterVec
}

// NewMetrics registers everything that is counted.
func NewMetrics() *Metrics {
	m := &Metrics{
		Registry: prometheus.NewRegistry(),
		Requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "amrutam_http_requests_total",
			Help: "Requests answered, by method, route and status."}, []string{"method", "route", "status"}),
		Durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "amrutam_http_request_duration_seconds",
			Help: "Time to answer, by method and route.", Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}},
			[]string{"method", "route"}),
		InFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "amrutam_http_requests_in_flight", Help: "Requests being answered."}),
		Jobs: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "amrutam_jobs_total",
			Help: "Runs of background jobs, by kind and outcome (done, failed)."}, []string{"kind", "outcome"}),
		Bookings: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "amrutam_consultations_total",
			Help: "Consultations that reached a status."}, []string{"status"}),
		Payments: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "amrutam_payment_events_total",
			Help: "Payment events, by type and outcome."}, []string{"type", "outcome"}),
		Mails: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "amrutam_mails_total",
			Help: "Attempts to hand over a mail, by kind and outcome (sent, delayed, or why it was given up)."}, []string{"kind", "outcome"}),
	}
	m.Registry.MustRegister(m.Requests, m.Durations, m.InFlight, m.Jobs, m.Bookings, m.Payments, m.Mails,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// WatchPool exports the connection pool's state.
func (m *Metrics) WatchPool(pool *pgxpool.Pool) {
	gauge := func(name, help string, value func(*pgxpool.Stat) float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return value(pool.Stat()) })
	}
	m.Registry.MustRegister(
		gauge("amrutam_pool_connections", "Open connections.", func(s *pgxpool.Stat) float64 { return float64(s.TotalConns()) }),
		gauge("amrutam_pool_connections_busy", "Connections in use.", func(s *pgxpool.Stat) float64 { return float64(s.AcquiredConns()) }),
		gauge("amrutam_pool_connections_max", "The pool's size.", func(s *pgxpool.Stat) float64 { return float64(s.MaxConns()) }),
		gauge("amrutam_pool_waits", "Acquisitions that had to wait, since the start.", func(s *pgxpool.Stat) float64 { return float64(s.EmptyAcquireCount()) }),
		gauge("amrutam_pool_timeouts", "Acquisitions given up, since the start.", func(s *pgxpool.Stat) float64 { return float64(s.CanceledAcquireCount()) }),
	)
}
