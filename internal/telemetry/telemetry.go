// Package telemetry makes the logger and the metrics.
package telemetry

import (
	"context"
	"io"
	"log/slog"
	"strconv"
	"time"

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
	Registry          *prometheus.Registry
	Requests          *prometheus.CounterVec
	Durations         *prometheus.HistogramVec
	InFlight          prometheus.Gauge
	Shed              *prometheus.CounterVec
	Jobs              *prometheus.CounterVec
	Bookings          *prometheus.CounterVec
	Payments          *prometheus.CounterVec
	Mails             *prometheus.CounterVec
	InvariantsBroken  *prometheus.GaugeVec
	InvariantsChecked prometheus.Gauge
}

// NewMetrics registers everything that is counted.
func NewMetrics() *Metrics {
	m := &Metrics{
		Registry: prometheus.NewRegistry(),
		Requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "amrutam_http_requests_total",
			Help: "Requests answered, by method, route and status."}, []string{"method", "route", "status"}),
		Durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "amrutam_http_request_duration_seconds",
			Help:    "Time to answer, by method and route.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}},
			[]string{"method", "route"}),
		InFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "amrutam_http_requests_in_flight",
			Help: "Requests being answered."}),
		Shed: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "amrutam_http_requests_shed_total",
			Help: "Requests turned away because there were too many, by whose places were taken (everybody, staff, " +
				"health); they are not logged."}, []string{"lane"}),
		Jobs: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "amrutam_jobs_total",
			Help: "Runs of background jobs, by kind and outcome (done, failed)."}, []string{"kind", "outcome"}),
		Bookings: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "amrutam_consultations_total",
			Help: "Consultations that reached a status."}, []string{"status"}),
		Payments: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "amrutam_payment_events_total",
			Help: "Payment events, by type and outcome."}, []string{"type", "outcome"}),
		Mails: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "amrutam_mails_total",
			Help: "Attempts to hand over a mail, by kind and outcome (sent, delayed, or why it was given up)."},
			[]string{"kind", "outcome"}),
		InvariantsBroken: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "amrutam_invariant_broken",
			Help: "Rows that broke a rule at this server's last nightly check; absent until it did one."},
			[]string{"rule"}),
		InvariantsChecked: prometheus.NewGauge(prometheus.GaugeOpts{Name: "amrutam_invariant_check_timestamp_seconds",
			Help: "When this server's last nightly check of the invariants ended; 0 until it did one."}),
	}
	m.Registry.MustRegister(m.Requests, m.Durations, m.InFlight, m.Shed, m.Jobs, m.Bookings, m.Payments, m.Mails,
		m.InvariantsBroken, m.InvariantsChecked, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// WatchLoad exports how many requests are let in at once, and how many wait.
func (m *Metrics) WatchLoad(limit, waiting func() int) {
	m.Registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "amrutam_http_requests_limit",
			Help: "Requests worked on at once at most, as adapted."},
			func() float64 { return float64(limit()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "amrutam_http_requests_waiting",
			Help: "Requests that wait for their turn."},
			func() float64 { return float64(waiting()) }))
}

// WatchPool exports the connection pool's state, and how many transactions ran anew.
func (m *Metrics) WatchPool(pool *pgxpool.Pool, retried func() int64) {
	gauge := func(name, help string, value func(*pgxpool.Stat) float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help},
			func() float64 { return value(pool.Stat()) })
	}
	m.Registry.MustRegister(
		gauge("amrutam_pool_connections", "Open connections.",
			func(s *pgxpool.Stat) float64 { return float64(s.TotalConns()) }),
		gauge("amrutam_pool_connections_busy", "Connections in use.",
			func(s *pgxpool.Stat) float64 { return float64(s.AcquiredConns()) }),
		gauge("amrutam_pool_connections_max", "The pool's size.",
			func(s *pgxpool.Stat) float64 { return float64(s.MaxConns()) }),
		gauge("amrutam_pool_waits", "Acquisitions that had to wait, since the start.",
			func(s *pgxpool.Stat) float64 { return float64(s.EmptyAcquireCount()) }),
		gauge("amrutam_pool_timeouts", "Acquisitions given up, since the start.",
			func(s *pgxpool.Stat) float64 { return float64(s.CanceledAcquireCount()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "amrutam_transactions_retried_total",
			Help: "Transactions that ran anew because they had lost to another."},
			func() float64 { return float64(retried()) }),
	)
}

// SetBuildInfo tells which program this is.
func (m *Metrics) SetBuildInfo(version, goVersion string, schema int64) {
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "amrutam_build_info",
		Help: "The program: its version, Go's and the schema's. Always 1.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": goVersion,
			"schema": strconv.FormatInt(schema, 10)}})
	info.Set(1)
	m.Registry.MustRegister(info)
}

// Backlog is the state of the job queue: jobs by state, and how long the one that is due longest waits.
type Backlog struct {
	Jobs   map[string]int
	Oldest time.Duration
}

// WatchQueue exports the job queue's state. look asks the database at each scrape; while it can't, the figures are
// left out.
func (m *Metrics) WatchQueue(read func(ctx context.Context) (Backlog, error)) {
	m.Registry.MustRegister(&backlogCollector{read: read,
		jobs: prometheus.NewDesc("amrutam_queue_jobs",
			"Background jobs of all servers, by state (available: due and waiting for a worker; "+
				"retryable: failed, to be tried again; discarded: given up).", []string{"state"}, nil),
		oldest: prometheus.NewDesc("amrutam_queue_oldest_seconds",
			"How long the background job that is due longest has waited.", nil, nil)})
}

type backlogCollector struct {
	read         func(ctx context.Context) (Backlog, error)
	jobs, oldest *prometheus.Desc
}

// Describe names the figures.
func (b *backlogCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- b.jobs
	ch <- b.oldest
}

// Collect asks for them.
func (b *backlogCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	backlog, err := b.read(ctx)
	if err != nil {
		return
	}
	for state, n := range backlog.Jobs {
		ch <- prometheus.MustNewConstMetric(b.jobs, prometheus.GaugeValue, float64(n), state)
	}
	ch <- prometheus.MustNewConstMetric(b.oldest, prometheus.GaugeValue, backlog.Oldest.Seconds())
}
