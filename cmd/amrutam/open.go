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

// resources are what most commands need: settings, logger and a migrated database.
type resources struct {
	cfg      *config.Config
	log      *slog.Logger
	db       *postgres.DB
	ownerDSN string            // the database's address for the login that migrates
	cluster  *cluster.Cluster  // nil with DATABASE_URL
	settings map[string]string // of a private PostgreSQL that this command starts
}

// load reads the settings that the command needs.
func load(need config.Need) (*resources, error) {
	cfg, err := config.Load(need)
	if err != nil {
		return nil, err
	}
	return prepare(cfg, need)
}

// loadDevelopment is load for a command that production doesn't have. In production it returns refusal as the error,
// whatever settings are missing.
func loadDevelopment(refusal string) (*resources, error) {
	cfg, err := config.Load(config.Nothing)
	if err != nil {
		return nil, err
	}
	if cfg.Production() {
		return nil, errors.New(refusal)
	}
	return prepare(cfg, config.Server)
}

func prepare(cfg *config.Config, need config.Need) (*resources, error) {
	if err := cfg.LoadSecrets(need); err != nil {
		return nil, err
	}
	return newResources(cfg), nil
}

// newResources returns resources without secrets.
func newResources(cfg *config.Config) *resources {
	asText := cfg.LogFormat == "text" || (cfg.LogFormat == "" && stderrIsTerminal())
	return &resources{cfg: cfg, log: telemetry.Logger(os.Stderr, asText)}
}

// openDatabase connects to the database and brings its schema to this version.
func (res *resources) openDatabase(ctx context.Context) error {
	_, err := res.upgradeSchema(ctx)
	return err
}

func (res *resources) upgradeSchema(ctx context.Context) (postgres.UpgradeResult, error) {
	if err := res.connect(ctx); err != nil {
		return postgres.UpgradeResult{}, err
	}
	result, err := postgres.Upgrade(ctx, res.ownerDSN)
	if err != nil {
		return result, res.describeOwnerError(err)
	}
	// Only after the migration, which creates the role that the server uses.
	if err := res.db.Ready(ctx); errors.Is(err, postgres.ErrRole) {
		return result, err
	}
	return result, res.describeError(res.db.Pool.Ping(ctx))
}

// describeError names the setting with the address of the database that returned the error.
func (res *resources) describeError(err error) error {
	return res.describeSettingError("DATABASE_URL", err)
}

// describeOwnerError is describeError for errors of the login that migrates.
func (res *resources) describeOwnerError(err error) error {
	switch {
	case res.cfg.MigrateURL != "":
		return res.describeSettingError("AMRUTAM_MIGRATE_DATABASE_URL", err)
	case res.cfg.DatabaseURL != "" && postgres.LacksPrivilege(err):
		return errors.New("DATABASE_URL: the schema is not at this program's version, and the user may not create " +
			"tables there: let it own the database, or name the login that does in AMRUTAM_MIGRATE_DATABASE_URL " +
			"(docs/operations/database-roles.md)")
	}
	return res.describeError(err)
}

func (res *resources) describeSettingError(setting string, err error) error {
	switch {
	case err == nil:
		return nil
	case res.cfg.DatabaseURL == "":
		return errors.New("the private PostgreSQL in " + res.cfg.DataDir + ": " + postgres.Explain(err))
	default:
		return errors.New(setting + ": " + postgres.Explain(err))
	}
}

// connect opens the connection pool. Without DATABASE_URL it starts the private PostgreSQL first.
func (res *resources) connect(ctx context.Context) (err error) {
	serverDSN := res.cfg.DatabaseURL
	res.ownerDSN = cmp.Or(res.cfg.MigrateURL, serverDSN)
	if serverDSN == "" {
		if err := res.startCluster(ctx); err != nil {
			return err
		}
		serverDSN, res.ownerDSN = res.cluster.ServerDSN(cluster.Database), res.cluster.DSN(cluster.Database)
	}
	if res.db, err = postgres.Open(ctx, serverDSN, postgres.Options{MaxConns: res.cfg.DatabaseConns}); err != nil {
		return res.describeError(err)
	}
	return nil
}

// newApp builds the app after checking that the master key belongs to this database.
func (res *resources) newApp(ctx context.Context) (*app.App, error) {
	sealer, err := res.openSealer(ctx)
	if err != nil {
		return nil, err
	}
	a, err := app.New(res.cfg, res.db, sealer, res.log)
	if err == nil {
		a.SetVersion(programVersion(), runtime.Version(), postgres.SchemaVersion())
	}
	return a, err
}

func (res *resources) openSealer(ctx context.Context) (*seal.Sealer, error) {
	return seal.Open(ctx, res.db.Pool, res.cfg.MasterKeys, res.db.Clock)
}

func (res *resources) startCluster(ctx context.Context) error {
	c, err := cluster.Start(ctx, cluster.Options{DataDir: res.cfg.DataDir, Logger: res.log, Settings: res.settings})
	if err == nil {
		res.cluster = c
	}
	return err
}

const clusterCheckInterval = 2 * time.Second

// superviseCluster restarts the private PostgreSQL when it ends, because it was killed or because the command that
// owned it has ended. The pool reconnects by itself: the path of the socket stays the same.
func (res *resources) superviseCluster(ctx context.Context) {
	if res.cluster == nil {
		return
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-res.cluster.Exited():
			res.log.ErrorContext(ctx, "PostgreSQL ended; starting it again", "error", fmt.Sprint(res.cluster.Err()))
		case <-time.After(clusterCheckInterval):
			if res.cluster.IsOwner() {
				continue
			}
		}
		if err := res.startCluster(ctx); err != nil && ctx.Err() == nil {
			res.log.ErrorContext(ctx, "PostgreSQL can't be started again", "error", err.Error())
			select {
			case <-ctx.Done():
			case <-time.After(clusterCheckInterval):
			}
		}
	}
}

func (res *resources) close(ctx context.Context) {
	if res.db != nil {
		res.db.Close()
	}
	if res.cluster != nil {
		if err := res.cluster.Stop(context.WithoutCancel(ctx)); err != nil {
			res.log.Error("PostgreSQL can't be stopped", "error", err.Error())
		}
	}
}

func stderrIsTerminal() bool {
	info, err := os.Stderr.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
