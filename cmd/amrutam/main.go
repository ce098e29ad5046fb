// Command amrutam is the whole server: `amrutam serve` starts it.
package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	_ "time/tzdata" // time zones on machines that have none

	"github.com/alecthomas/kong"

	"amrutam/internal/app"
	"amrutam/internal/config"
	"amrutam/internal/postgres"
	"amrutam/internal/postgres/cluster"
	"amrutam/internal/telemetry"
)

type commands struct {
	Serve   serve   `cmd:"" help:"Serve the API. Reads only the environment; every variable is listed below."`
	Migrate migrate `cmd:"" help:"Bring the database's schema to this version."`
	Admin   admin   `cmd:"" help:"Administrators."`
	Version version `cmd:"" help:"Print the version."`
	OpenAPI openapi `cmd:"" name:"openapi" hidden:"" help:"Print the OpenAPI document."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	var all commands
	parsed := kong.Parse(&all, kong.Name("amrutam"), kong.Description("Telemedicine for Ayurveda."),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.UsageOnError(), kong.Help(help))
	parsed.FatalIfErrorf(parsed.Run())
}

// help adds the variables to a command's help.
func help(options kong.HelpOptions, ctx *kong.Context) error {
	if err := kong.DefaultHelpPrinter(options, ctx); err != nil {
		return err
	}
	if ctx.Selected() == nil || ctx.Selected().Name != "serve" {
		return nil
	}
	_, _ = fmt.Fprintln(ctx.Stdout, "\nVariables:")
	return config.Help(ctx.Stdout)
}

type version struct{}

func (version) Run() error {
	info, _ := debug.ReadBuildInfo()
	_, err := fmt.Println("amrutam", info.Main.Version, info.GoVersion)
	return err
}

// opened is what most commands need: settings, log and a migrated database.
type opened struct {
	cfg     *config.Config
	log     *slog.Logger
	db      *postgres.DB
	cluster *cluster.Cluster
}

func open(ctx context.Context) (*opened, error) {
	cfg, err := config.Load()
	if err != nil {
		return nil, err
	}
	log := telemetry.Logger(os.Stderr, cfg.LogFormat == "text" || (cfg.LogFormat == "" && terminal()))
	if err := cfg.Secrets(); err != nil {
		return nil, err
	}
	o := &opened{cfg: cfg, log: log}
	dsn := cfg.DatabaseURL
	if dsn == "" {
		if o.cluster, err = cluster.Start(ctx, cluster.Options{DataDir: cfg.DataDir, Logger: log}); err != nil {
			return nil, err
		}
		dsn = o.cluster.DSN("amrutam")
	}
	if err := postgres.Migrate(ctx, dsn); err != nil {
		o.close(ctx)
		return nil, fmt.Errorf("migrate: %s", postgres.Describe(err))
	}
	if o.db, err = postgres.Open(ctx, dsn, postgres.Options{MaxConns: cfg.DatabaseConns}); err != nil {
		o.close(ctx)
		return nil, err
	}
	return o, nil
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

type serve struct{}

func (serve) Run(ctx context.Context) error {
	o, err := open(ctx)
	if err != nil {
		return err
	}
	defer o.close(ctx)
	a, err := app.New(o.cfg, o.db, o.log)
	if err != nil {
		return err
	}
	return a.Serve(ctx)
}

type migrate struct{}

func (migrate) Run(ctx context.Context) error {
	o, err := open(ctx)
	if err != nil {
		return err
	}
	o.close(ctx)
	return nil
}

type openapi struct{}

// Run builds the server on a database it never talks to: registering the operations makes the document.
func (openapi) Run(ctx context.Context) error {
	cfg := &config.Config{Env: "development", PublicURL: "http://127.0.0.1:8080"}
	cfg.MasterKey = base64.StdEncoding.EncodeToString(make([]byte, 32))
	cfg.StubWebhookSecret = "whsec_" + cfg.MasterKey
	db, err := postgres.Open(ctx, "postgres:///none?host=/nonexistent", postgres.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	a, err := app.New(cfg, db, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	text, err := a.API.DocumentJSON()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(text)
	return err
}
