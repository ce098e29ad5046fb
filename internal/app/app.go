// Package app builds the whole server of its packages: the only place that knows them all.
package app

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/account"
	"amrutam/internal/audit"
	"amrutam/internal/config"
	"amrutam/internal/doctor"
	"amrutam/internal/httpapi"
	"amrutam/internal/jobs"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/schedule"
	"amrutam/internal/seal"
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

	mails    *notification.Service
	accounts *account.Service
	doctors  *doctor.Service
	slots    *schedule.Service

	// self is where this server listens, once it does: the stub payment provider calls back there.
	self     atomic.Pointer[string]
	stopping atomic.Bool
}

// badSignatures of an address in a minute: a provider has none.
const badSignatures = 20

// New builds every package on an open database and the sealer that was opened on it. It starts nothing.
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
	a := &App{Config: cfg, DB: db, Queue: queue, Sealer: sealer, Metrics: metrics, Log: log, Mux: http.NewServeMux()}
	a.API = httpapi.New(a.Mux, &httpapi.API{DB: db, StaffMFA: cfg.RequireAdminMFA, Log: log, Metrics: metrics,
		Sealer: sealer, Cursors: httpapi.Cursors{Secret: cursors}, Trusted: cfg.Proxies(), Origins: cfg.CORSOrigins,
		Story: story(), HSTS: cfg.HSTS(),
		Secure: strings.HasPrefix(cfg.PublicURL, "https://"), Hosts: httpapi.HostSet(cfg.ServedHosts()...),
		Load: httpapi.NewLoad(cfg.InFlightLimit(), cfg.RequestWithin),
		Deny: func(ctx context.Context, actor access.Actor, object problem.Object, operation string) error {
			return audit.RecordDenial(ctx, db, actor, object, operation)
		}})
	metrics.WatchLoad(a.API.Load.Limit, a.API.Load.Waiting)
	if cfg.RateLimit == "on" {
		a.API.UnderWayPerUser, a.API.UnderWayPerAddress = httpapi.NewUnderWay(cfg.UnderWayPerUser),
			httpapi.NewUnderWay(cfg.UnderWayPerAddress)
		a.API.PerUser, a.API.PerAddress = httpapi.NewRate("user", cfg.RatePerUser),
			httpapi.NewRate("address", cfg.RatePerAddress)
		a.API.Unverified = httpapi.NewRate("unverified", badSignatures)
	}
	if err := a.mount(); err != nil {
		return nil, err
	}
	a.API.MountDocument()
	return a, nil
}

// ListensAt tells where this server is reached by itself ("http://127.0.0.1:8080").
func (a *App) ListensAt(url string) { a.self.Store(&url) }

// Self is that address, or "" while the server doesn't listen.
func (a *App) Self() string {
	if url := a.self.Load(); url != nil {
		return *url
	}
	return ""
}

// CreateAdmin makes an administrator who can sign in at once, see account.Service. It needs no server.
func CreateAdmin(ctx context.Context, cfg *config.Config, db *postgres.DB, sealer *seal.Sealer, email, fullName,
	password string) (uuid.UUID, error) {
	accounts := &account.Service{Config: cfg, DB: db, Sealer: sealer}
	return accounts.CreateAdmin(ctx, email, fullName, password)
}
