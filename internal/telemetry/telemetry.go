// Package telemetry defines the logger and the metrics.
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

// Logger returns a logger that writes JSON lines, or text if text is set.
func Logger(w io.Writer, text bool) *slog.Logger {
	if text {
		return slog.New(slog.NewTextHandler(w, nil))
	}
	return slog.New(slog.NewJSONHandler(w, nil))
}

// Metrics are the server's metrics. Label values come from fixed sets: never ids, addresses or texts.
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
	ArchiveLeftovers  *prometheus.GaugeVec
	ReminderLag       prometheus.Gauge
	StreamEvents      prometheus.Counter
	WaitlistOffers    *prometheus.CounterVec
	WaitlistAnswers   prometheus.Histogram
}

// NewMetrics registers the metrics, the Go runtime's and the process's in a registry of their own.
func NewMetrics() *Metrics {
	m := &Metrics{
		Registry: prometheus.NewRegistry(),
		Requests: counters("amrutam_http_requests_total",
			"Requests answered, by method, route and status.", "method", "route", "status"),
		Durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "amrutam_http_request_duration_seconds",
			Help:    "Time to answer, by method and route.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"method", "route"}),
		InFlight: gauge("amrutam_http_requests_in_flight", "Requests in progress."),
		Shed: counters("amrutam_http_requests_shed_total",
			"Requests refused because there were too many, by lane (everybody, staff, health); they are not logged.",
			"lane"),
		Jobs: counters("amrutam_jobs_total",
			"Runs of background jobs, by kind and outcome (done, failed).", "kind", "outcome"),
		Bookings: counters("amrutam_consultations_total", "Consultations that reached a status.", "status"),
		Payments: counters("amrutam_payment_events_total",
			"Payment events, by type and outcome.", "type", "outcome"),
		Mails: counters("amrutam_mails_total",
			"Attempts to send a mail, by kind and outcome (sent, delayed, or why it was given up).",
			"kind", "outcome"),
		InvariantsBroken: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "amrutam_invariant_broken",
			Help: "Rows that broke a rule at this server's last nightly check; absent before the first check.",
		}, []string{"rule"}),
		InvariantsChecked: gauge("amrutam_invariant_check_timestamp_seconds",
			"When this server's last nightly check of the invariants ended; 0 before the first check."),
		ArchiveLeftovers: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "amrutam_archive_leftovers",
			Help: "Consultations old enough for the archive that this server's last nightly run left out, by " +
				"status; absent before the first run.",
		}, []string{"status"}),
		ReminderLag: gauge("amrutam_reminder_lag_seconds",
			"How late the latest of the reminders was that this server's last run made; 0 if none was due."),
		StreamEvents: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "amrutam_stream_events_total",
			Help: "Events sent to the streams of users.",
		}),
		WaitlistOffers: counters("amrutam_waitlist_offers_total",
			"Offers of freed seats, by what became of them (mailed to the patient; then accepted, declined or "+
				"expired).", "step"),
		WaitlistAnswers: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "amrutam_waitlist_acceptance_seconds",
			Help:    "How long after its offer a freed seat was accepted.",
			Buckets: []float64{15, 30, 60, 120, 300, 600, 900},
		}),
	}
	m.Registry.MustRegister(m.StreamEvents, m.ReminderLag, m.Requests, m.Durations, m.InFlight, m.Shed, m.Jobs,
		m.Bookings, m.Payments, m.Mails,
		m.InvariantsBroken, m.InvariantsChecked, m.ArchiveLeftovers, m.WaitlistOffers, m.WaitlistAnswers,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
}

// gaugeFunc returns a gauge whose value is read at each scrape.
func gaugeFunc(name, help string, value func() float64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
}

// counterFunc returns a counter whose value is read at each scrape.
func counterFunc(name, help string, value func() float64) prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, value)
}

// WatchLoad exports how many requests may be in progress at once, and how many wait.
func (m *Metrics) WatchLoad(limit, waiting func() int) {
	m.Registry.MustRegister(
		gaugeFunc("amrutam_http_requests_limit", "Adaptive limit of requests in progress.",
			func() float64 { return float64(limit()) }),
		gaugeFunc("amrutam_http_requests_waiting", "Requests waiting to be admitted.",
			func() float64 { return float64(waiting()) }),
	)
}

// WatchStreams exports how many streams of events are open.
func (m *Metrics) WatchStreams(open func() int) {
	m.Registry.MustRegister(gaugeFunc("amrutam_streams", "Open streams of events.",
		func() float64 { return float64(open()) }))
}

// Waitlist is what waits for seats of slots: the number of entries, those to whom a seat is offered, and for how long
// the seat of an offer that has ended has been held.
type Waitlist struct {
	Waiting, Offered int64
	Late             time.Duration
}

// WatchWaitlist exports the state of the waitlist.
func (m *Metrics) WatchWaitlist(read func(ctx context.Context) (Waitlist, error)) {
	entries := prometheus.NewDesc("amrutam_waitlist_entries",
		"Entries of the waitlist, by state (waiting; offered: a seat is held for them).", []string{"state"}, nil)
	late := prometheus.NewDesc("amrutam_waitlist_late_seconds",
		"How long ago the oldest offer ended whose seat isn't passed on yet.", nil, nil)
	m.Registry.MustRegister(&queryCollector{[]*prometheus.Desc{entries, late},
		func(ctx context.Context, send func(*prometheus.Desc, float64, ...string)) error {
			state, err := read(ctx)
			if err == nil {
				send(entries, float64(state.Waiting), "waiting")
				send(entries, float64(state.Offered), "offered")
				send(late, state.Late.Seconds())
			}
			return err
		}})
}

// WatchPool exports the state of the connection pool, and how many transactions were retried.
func (m *Metrics) WatchPool(pool *pgxpool.Pool, retried func() int64) {
	m.Registry.MustRegister(
		gaugeFunc("amrutam_pool_connections", "Open connections.",
			func() float64 { return float64(pool.Stat().TotalConns()) }),
		gaugeFunc("amrutam_pool_connections_busy", "Connections in use.",
			func() float64 { return float64(pool.Stat().AcquiredConns()) }),
		gaugeFunc("amrutam_pool_connections_max", "The pool's size.",
			func() float64 { return float64(pool.Stat().MaxConns()) }),
		counterFunc("amrutam_pool_waits_total", "Requests for a connection that had to wait.",
			func() float64 { return float64(pool.Stat().EmptyAcquireCount()) }),
		counterFunc("amrutam_pool_timeouts_total", "Requests for a connection that gave up.",
			func() float64 { return float64(pool.Stat().CanceledAcquireCount()) }),
		counterFunc("amrutam_transactions_retried_total", "Transactions retried after a conflict with another one.",
			func() float64 { return float64(retried()) }),
	)
}

// SetBuildInfo exports the version of the program. Call it once.
func (m *Metrics) SetBuildInfo(version, goVersion string, schema int64) {
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "amrutam_build_info",
		Help: "The program: its version, Go's and the schema's. Always 1.",
		ConstLabels: prometheus.Labels{
			"version":   version,
			"goversion": goVersion,
			"schema":    strconv.FormatInt(schema, 10),
		},
	})
	info.Set(1)
	m.Registry.MustRegister(info)
}

// Backlog is the state of the job queue: the number of jobs by state, and how long the oldest due job has waited.
type Backlog struct {
	Jobs   map[string]int
	Oldest time.Duration
}

// WatchQueue exports the state of the job queue.
func (m *Metrics) WatchQueue(read func(ctx context.Context) (Backlog, error)) {
	jobs := prometheus.NewDesc("amrutam_queue_jobs",
		"Background jobs of all servers, by state (available: due and waiting for a worker; retryable: failed, "+
			"to be tried again; discarded: given up).", []string{"state"}, nil)
	oldest := prometheus.NewDesc("amrutam_queue_oldest_seconds",
		"How long the oldest due background job has waited.", nil, nil)
	m.Registry.MustRegister(&queryCollector{[]*prometheus.Desc{jobs, oldest},
		func(ctx context.Context, send func(*prometheus.Desc, float64, ...string)) error {
			backlog, err := read(ctx)
			if err != nil {
				return err
			}
			for state, n := range backlog.Jobs {
				send(jobs, float64(n), state)
			}
			send(oldest, backlog.Oldest.Seconds())
			return nil
		}})
}

// WatchPartitions exports how many partitions each partitioned table has for the time to come.
func (m *Metrics) WatchPartitions(read func(ctx context.Context) (map[string]int, error)) {
	ahead := prometheus.NewDesc("amrutam_partitions_ahead",
		"Partitions made in advance, by table: months of consultations and audit_logs, days of idempotency_keys.",
		[]string{"table"}, nil)
	m.Registry.MustRegister(&queryCollector{[]*prometheus.Desc{ahead},
		func(ctx context.Context, send func(*prometheus.Desc, float64, ...string)) error {
			partitions, err := read(ctx)
			for table, n := range partitions {
				send(ahead, float64(n), table)
			}
			return err
		}})
}

// WatchRetention exports how long the oldest row of each rule of retention has been due.
func (m *Metrics) WatchRetention(read func(ctx context.Context) (map[string]time.Duration, error)) {
	overdue := prometheus.NewDesc("amrutam_retention_overdue_seconds",
		"How long the oldest row that a rule of retention removes has been due, by rule.", []string{"rule"}, nil)
	m.Registry.MustRegister(&queryCollector{[]*prometheus.Desc{overdue},
		func(ctx context.Context, send func(*prometheus.Desc, float64, ...string)) error {
			rules, err := read(ctx)
			for rule, late := range rules {
				send(overdue, late.Seconds(), rule)
			}
			return err
		}})
}

// WatchAuditTree exports what the tree over the audit log doesn't have yet: the age of the oldest entry that isn't
// sealed, and the number of checkpoints that are only in the database.
func (m *Metrics) WatchAuditTree(read func(ctx context.Context) (unsealed time.Duration, unpublished int, err error)) {
	age := prometheus.NewDesc("amrutam_audit_unsealed_seconds",
		"Age of the oldest entry of the audit log that isn't sealed.", nil, nil)
	waiting := prometheus.NewDesc("amrutam_audit_checkpoints_unpublished",
		"Checkpoints of the audit log that are not written outside of the database.", nil, nil)
	m.Registry.MustRegister(&queryCollector{[]*prometheus.Desc{age, waiting},
		func(ctx context.Context, send func(*prometheus.Desc, float64, ...string)) error {
			unsealed, unpublished, err := read(ctx)
			if err == nil {
				send(age, unsealed.Seconds())
				send(waiting, float64(unpublished))
			}
			return err
		}})
}

// WatchRollups exports how old the rollups are.
func (m *Metrics) WatchRollups(read func(ctx context.Context) (time.Duration, error)) {
	lag := prometheus.NewDesc("amrutam_rollup_lag_seconds",
		"How long ago the rollups of the reports had every change.", nil, nil)
	m.Registry.MustRegister(&queryCollector{[]*prometheus.Desc{lag},
		func(ctx context.Context, send func(*prometheus.Desc, float64, ...string)) error {
			age, err := read(ctx)
			if err == nil {
				send(lag, age.Seconds())
			}
			return err
		}})
}

// WatchRestoreMode exports whether this server is a restored copy that sends nothing.
func (m *Metrics) WatchRestoreMode(isOn func() bool) {
	m.Registry.MustRegister(gaugeFunc("amrutam_restore_mode",
		"1 while the database is a restored copy that sends no mail, payment, refund or job.", func() float64 {
			if isOn() {
				return 1
			}
			return 0
		}))
}

// Backup is the state of the backups of the private PostgreSQL.
type Backup struct {
	WALAge  time.Duration
	BaseAge time.Duration
	Waiting int64 // bytes
}

// WatchBackup exports the state of the backups. read returns false where nothing is backed up.
func (m *Metrics) WatchBackup(read func() (Backup, bool)) {
	wal := prometheus.NewDesc("amrutam_backup_wal_age_seconds",
		"How long ago the last moment was to which the private PostgreSQL can be restored from its backup.", nil, nil)
	base := prometheus.NewDesc("amrutam_backup_base_age_seconds",
		"Age of the last base backup that was verified; at least a day if there is none.", nil, nil)
	waiting := prometheus.NewDesc("amrutam_backup_wal_waiting_bytes",
		"WAL that PostgreSQL keeps because it is not in the backup.", nil, nil)
	m.Registry.MustRegister(&queryCollector{[]*prometheus.Desc{wal, base, waiting},
		func(_ context.Context, send func(*prometheus.Desc, float64, ...string)) error {
			if state, ok := read(); ok {
				send(wal, state.WALAge.Seconds())
				send(base, state.BaseAge.Seconds())
				send(waiting, float64(state.Waiting))
			}
			return nil
		}})
}

// queryCollector has gauges whose values are asked of the database at each scrape; those that collect doesn't send are
// left out.
type queryCollector struct {
	descriptions []*prometheus.Desc
	collect      func(ctx context.Context, send func(d *prometheus.Desc, value float64, labels ...string)) error
}

// Describe implements prometheus.Collector.
func (q *queryCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range q.descriptions {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (q *queryCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_ = q.collect(ctx, func(d *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	})
}
