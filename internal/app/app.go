// Package app builds the server from its packages. It is the only package that knows all others.
package app

import (
	"context"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/account"
	"amrutam/internal/account/password"
	"amrutam/internal/analytics"
	"amrutam/internal/audit"
	"amrutam/internal/backup"
	"amrutam/internal/config"
	"amrutam/internal/consultation"
	"amrutam/internal/doctor"
	"amrutam/internal/events"
	"amrutam/internal/httpapi"
	"amrutam/internal/jobs"
	"amrutam/internal/notification"
	"amrutam/internal/payment"
	"amrutam/internal/postgres"
	"amrutam/internal/prescription"
	"amrutam/internal/problem"
	"amrutam/internal/retention"
	"amrutam/internal/review"
	"amrutam/internal/schedule"
	"amrutam/internal/seal"
	"amrutam/internal/system"
	"amrutam/internal/telemetry"
)

// App is the server without its listeners.
type App struct {
	Config  *config.Config
	DB      *postgres.DB
	API     *httpapi.API
	Queue   *jobs.Queue
	Sealer  *seal.Sealer
	Metrics *telemetry.Metrics
	Log     *slog.Logger
	Mux     *http.ServeMux
	// Rollups are what the reports are made of.
	Rollups *analytics.Service
	// Passwords bounds how many passwords this server hashes at once.
	Passwords *password.Hasher
	Retention *retention.Service
	Streams   *events.Service

	auditLog *audit.Service
	mails    *notification.Service
	accounts *account.Service
	doctors  *doctor.Service
	slots    *schedule.Service

	// These make the demo data.
	stub          *payment.Stub
	consultations *consultation.Service
	prescriptions *prescription.Service
	reviews       *review.Service

	// url is the address of this server while it listens. The stub payment provider calls it.
	url        atomic.Pointer[string]
	isStopping atomic.Bool
	archiver   atomic.Pointer[backup.Archiver]
	build      atomic.Pointer[system.Version]
	// isHeld is set while the restore mode is on, as far as this server knows.
	isHeld atomic.Bool
}

// maxBadSignatures is how many webhooks with a wrong signature an address may send in a minute. A provider sends none.
const maxBadSignatures = 20

// New builds every package, on an open database and the sealer that was opened on it. It starts nothing.
func New(cfg *config.Config, db *postgres.DB, sealer *seal.Sealer, log *slog.Logger) (*App, error) {
	cursors, err := sealer.Derive("amrutam cursors", 32)
	if err != nil {
		return nil, err
	}
	metrics := telemetry.NewMetrics()
	metrics.WatchPool(db.Pool, db.Retried)
	queue, err := jobs.New(db, log, metrics)
	if err != nil {
		return nil, err
	}
	metrics.WatchQueue(queue.Backlog)
	metrics.WatchPartitions(db.PartitionsAhead)
	a := &App{
		Config: cfg, DB: db, Queue: queue, Sealer: sealer, Metrics: metrics, Log: log, Mux: http.NewServeMux(),
		Passwords: account.NewHasher(), Retention: NewRetention(db),
	}
	a.API = httpapi.New(a.Mux, &httpapi.API{
		DB:       db,
		Log:      log,
		Metrics:  metrics,
		Sealer:   sealer,
		Cursors:  httpapi.Cursors{Secret: cursors},
		StaffMFA: cfg.RequireAdminMFA,
		Load:     httpapi.NewLoadLimit(cfg.InFlightLimit(), cfg.RequestWithin),
		Hosts:    httpapi.HostSet(cfg.ServedHosts()...),
		Secure:   strings.HasPrefix(cfg.PublicURL, "https://"),
		HSTS:     cfg.HSTS(),
		Trusted:  cfg.Proxies(),
		Origins:  cfg.CORSOrigins,
		Story:    story(),
		Held:     a.Held,
		AuditDenial: func(ctx context.Context, actor access.Actor, object problem.Object, operation string) error {
			return audit.RecordDenial(ctx, db, actor, object, operation)
		},
	})
	metrics.WatchRestoreMode(a.Held)
	metrics.WatchBackup(a.backupStatus)
	metrics.WatchLoad(a.API.Load.Limit, a.API.Load.Queued)
	if cfg.RateLimit == "on" {
		a.API.RatePerUser = httpapi.NewRateLimit("user", cfg.RatePerUser)
		a.API.RatePerAddress = httpapi.NewRateLimit("address", cfg.RatePerAddress)
		a.API.RateUnverified = httpapi.NewRateLimit("unverified", maxBadSignatures)
		a.API.ConcurrentPerUser = httpapi.NewConcurrencyLimit(cfg.UnderWayPerUser)
		a.API.ConcurrentPerAddress = httpapi.NewConcurrencyLimit(cfg.UnderWayPerAddress)
	}
	if err := a.mount(); err != nil {
		return nil, err
	}
	a.API.MountDocument()
	return a, nil
}

// SetVersion says which program this is. Call it once.
func (a *App) SetVersion(program, goVersion string, schema int64) {
	a.Metrics.SetBuildInfo(program, goVersion, schema)
	a.build.Store(&system.Version{Program: program, Go: goVersion, Schema: schema})
}

func (a *App) version() system.Version {
	if v := a.build.Load(); v != nil {
		return *v
	}
	return system.Version{Program: "unknown", Go: runtime.Version(), Schema: postgres.SchemaVersion()}
}

// SetURL sets the address under which this server reaches itself, like "http://127.0.0.1:8080".
func (a *App) SetURL(url string) { a.url.Store(&url) }

// URL returns that address, or "" while the server doesn't listen.
func (a *App) URL() string {
	if url := a.url.Load(); url != nil {
		return *url
	}
	return ""
}

// CreateAdmin creates an administrator who can sign in at once, see account.Service. It needs no running server.
func CreateAdmin(ctx context.Context, cfg *config.Config, db *postgres.DB, sealer *seal.Sealer, email, fullName,
	password string) (uuid.UUID, error) {
	accounts := &account.Service{Config: cfg, DB: db, Sealer: sealer, Passwords: account.NewHasher()}
	return accounts.CreateAdmin(ctx, email, fullName, password)
}
