package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"time"

	"amrutam/internal/app"
	"amrutam/internal/config"
	"amrutam/internal/postgres"
	"amrutam/internal/postgres/cluster"
	"amrutam/internal/seal"
	"amrutam/internal/telemetry"
)

// opened is what most commands need: settings, log and a migrated database.
type opened struct {
	cfg     *config.Config
	log     *slog.Logger
	db      *postgres.DB
	owner   string // the database's address for who migrates
	cluster *cluster.Cluster
}

// load reads the settings that the command needs, and looks for nothing else.
func load(need config.Need) (*opened, error) {
	cfg, err := config.Load(need)
	if err != nil {
		return nil, err
	}
	return prepare(cfg, need)
}

// loadDevelopment is load for what production doesn't have, whatever else is missing there.
func loadDevelopment(refusal string) (*opened, error) {
	cfg, err := config.Load(config.Nothing)
	if err != nil {
		return nil, err
	}
	if cfg.Production() {
		return nil, errors.New(refusal)
	}
	return prepare(cfg, config.Server)
}

func prepare(cfg *config.Config, need config.Need) (*opened, error) {
	if err := cfg.Secrets(need); err != nil {
		return nil, err
	}
	return &opened{cfg: cfg, log: telemetry.Logger(os.Stderr, cfg.LogFormat == "text" ||
		(cfg.LogFormat == "" && terminal()))}, nil
}

// open reaches the database and brings its schema to this version.
func (o *opened) open(ctx context.Context) error {
	_, err := o.upgrade(ctx)
	return err
}

func (o *opened) upgrade(ctx context.Context) (postgres.Upgraded, error) {
	if err := o.connect(ctx); err != nil {
		return postgres.Upgraded{}, err
	}
	did, err := postgres.Upgrade(ctx, o.owner)
	if err != nil {
		return did, o.explainOwner(err)
	}
	// Not before: the migration makes the role that the server acts as.
	if err := o.db.Ready(ctx); errors.Is(err, postgres.ErrRole) {
		return did, err
	}
	return did, o.explain(o.db.Pool.Ping(ctx))
}

// explain says which setting leads to the database that refuses.
func (o *opened) explain(err error) error { return o.explainAs("DATABASE_URL", err) }

// explainOwner is explain for what the login that migrates did.
func (o *opened) explainOwner(err error) error {
	switch {
	case o.cfg.MigrateURL != "":
		return o.explainAs("AMRUTAM_MIGRATE_DATABASE_URL", err)
	case o.cfg.DatabaseURL != "" && postgres.NoRight(err):
		return errors.New("DATABASE_URL: the schema is not at this program's version, and the user may not make " +
			"tables there: let it own the database, " +
			"or name the login that does in AMRUTAM_MIGRATE_DATABASE_URL (docs/operations/database-roles.md)")
	}
	return o.explain(err)
}

func (o *opened) explainAs(variable string, err error) error {
	switch {
	case err == nil:
		return nil
	case o.cfg.DatabaseURL == "":
		return errors.New("the private PostgreSQL in " + o.cfg.DataDir + ": " + postgres.Explain(err))
	default:
		return errors.New(variable + ": " + postgres.Explain(err))
	}
}

// connect reaches the database, on a private PostgreSQL unless DATABASE_URL is set.
func (o *opened) connect(ctx context.Context) (err error) {
	server := o.cfg.DatabaseURL
	o.owner = cmp.Or(o.cfg.MigrateURL, server)
	if server == "" {
		if err := o.startCluster(ctx); err != nil {
			return err
		}
		server, o.owner = o.cluster.ServerDSN(cluster.Database), o.cluster.DSN(cluster.Database)
	}
	if o.db, err = postgres.Open(ctx, server, postgres.Options{MaxConns: o.cfg.DatabaseConns}); err != nil {
		return o.explain(err)
	}
	return nil
}

// app builds the packages, once the master key has proven to be this database's.
func (o *opened) app(ctx context.Context) (*app.App, error) {
	sealer, err := o.sealer(ctx)
	if err != nil {
		return nil, err
	}
	a, err := app.New(o.cfg, o.db, sealer, o.log)
	if err == nil {
		a.Metrics.Built(release(), runtime.Version(), postgres.SchemaVersion())
	}
	return a, err
}

func (o *opened) sealer(ctx context.Context) (*seal.Sealer, error) {
	return seal.Open(ctx, o.db.Pool, o.cfg.MasterKeys, o.db.Clock)
}

func (o *opened) startCluster(ctx context.Context) error {
	c, err := cluster.Start(ctx, cluster.Options{DataDir: o.cfg.DataDir, Logger: o.log})
	if err == nil {
		o.cluster = c
	}
	return err
}

const lookAgain = 2 * time.Second

// keepCluster starts the private PostgreSQL anew when it ends: it was killed, or the command that owned it is over.
// The pool finds it by itself, because its socket stays where it was.
func (o *opened) keepCluster(ctx context.Context) {
	if o.cluster == nil {
		return
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-o.cluster.Exited():
			o.log.ErrorContext(ctx, "PostgreSQL ended; starting it again", "error", fmt.Sprint(o.cluster.Err()))
		case <-time.After(lookAgain):
			if o.cluster.Owned() {
				continue
			}
		}
		if err := o.startCluster(ctx); err != nil && ctx.Err() == nil {
			o.log.ErrorContext(ctx, "start PostgreSQL again", "error", err.Error())
			select {
			case <-ctx.Done():
			case <-time.After(lookAgain):
			}
		}
	}
}

func (o *opened) close(ctx context.Context) {
	if o.db != nil {
		o.db.Close()
	}
	if o.cluster != nil {
		if err := o.cluster.Stop(context.WithoutCancel(ctx)); err != nil {
			o.log.Error("stop PostgreSQL", "error", err.Error())
		}
	}
}

func terminal() bool {
	info, err := os.Stderr.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
