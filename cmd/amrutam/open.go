package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
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

func load() (*opened, error) {
	cfg, err := config.Load()
	if err != nil {
		return nil, err
	}
	if err := cfg.Secrets(); err != nil {
		return nil, err
	}
	return &opened{cfg: cfg, log: telemetry.Logger(os.Stderr, cfg.LogFormat == "text" || (cfg.LogFormat == "" && terminal()))}, nil
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
		return did, o.explain(err)
	}
	// Not before: the migration makes the role that the server acts as.
	if err := o.db.Ready(ctx); errors.Is(err, postgres.ErrRole) {
		return did, err
	}
	return did, o.explain(o.db.Pool.Ping(ctx))
}

// explain says which setting leads to the database that refuses.
func (o *opened) explain(err error) error {
	switch {
	case err == nil:
		return nil
	case o.cfg.DatabaseURL == "":
		return errors.New("the private PostgreSQL in " + o.cfg.DataDir + ": " + postgres.Explain(err))
	default:
		return errors.New("DATABASE_URL: " + postgres.Explain(err))
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

// app builds the rooms, once the master key has proven to be this database's.
func (o *opened) app(ctx context.Context) (*app.App, error) {
	sealer, err := seal.Open(ctx, o.db.Pool, o.cfg.MasterKeys, o.db.Clock)
	if err != nil {
		return nil, err
	}
	return app.New(o.cfg, o.db, sealer, o.log)
}

func (o *opened) startCluster(ctx context.Context) error {
	c, err := cluster.Start(ctx, cluster.Options{DataDir: o.cfg.DataDir, Logger: o.log})
	if err == nil {
		o.cluster = c
	}
	return err
}

const lookAgain = 2 * time.Second

// keepCluster starts the private PostgreSQL anew when it ends: it was killed, or the command that owned it is over. The
// pool finds it by itself, because its socket stays where it was.
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
