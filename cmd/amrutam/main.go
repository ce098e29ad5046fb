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
	"amrutam/internal/seal"
)

type commands struct {
	Serve   serve   `cmd:"" help:"Serve the API. Reads only the environment; every variable is listed below."`
	Migrate migrate `cmd:"" help:"Bring the database's schema to this version."`
	Admin   admin   `cmd:"" help:"Administrators."`
	Demo    demo    `cmd:"" help:"Walk the whole journey over HTTP, on the running server or on one of its own."`
	Check   check   `cmd:"" help:"Check the nine invariants; exits with 1 if one is broken."`
	Keys    keys    `cmd:"" help:"The master key."`
	Version version `cmd:"" help:"Print the version."`
	OpenAPI openapi `cmd:"" name:"openapi" hidden:"" help:"Print the OpenAPI document."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
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

type migrate struct{}

func (migrate) Run(ctx context.Context) error {
	o, err := load()
	if err != nil {
		return err
	}
	defer o.close(ctx)
	return o.open(ctx)
}

type openapi struct{}

// Run builds the server on a database it never talks to: registering the operations makes the document.
func (openapi) Run(ctx context.Context) error {
	cfg := &config.Config{Env: "development", PublicURL: "http://127.0.0.1:8080"}
	secret := make([]byte, 32)
	cfg.StubWebhookSecret = "whsec_" + base64.StdEncoding.EncodeToString(secret)
	db, err := postgres.Open(ctx, "postgres:///none?host=/nonexistent", postgres.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	sealer, err := seal.New(secret, db.Clock)
	if err != nil {
		return err
	}
	a, err := app.New(cfg, db, sealer, slog.New(slog.DiscardHandler))
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
