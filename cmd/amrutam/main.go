// Command amrutam is the server and its administration commands. `amrutam serve` starts the server.
package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	_ "time/tzdata" // time zones on machines that have none

	"github.com/alecthomas/kong"

	"amrutam/internal/app"
	"amrutam/internal/config"
	"amrutam/internal/postgres"
	"amrutam/internal/seal"
)

type commands struct {
	PrintVersion kong.VersionFlag `name:"version" help:"Print the version."`

	Serve      serve         `cmd:"" help:"Serve the API. Reads only the environment; every variable is listed below."`
	Migrate    migrate       `cmd:"" help:"Bring the database's schema to this version; needs the database's addresses only."`
	Admin      admin         `cmd:"" help:"Administrators."`
	Demo       demo          `cmd:"" help:"Walk the whole journey over HTTP, on the running server or on one of its own."`
	Code       code          `cmd:"" help:"Print the one-time code of the demo administrator's authenticator."`
	Seed       seedCommand   `cmd:"" help:"Fill an empty development database with 13 months of made-up consultations (docs/operations/seed.md has sizes and times)."`
	Check      check         `cmd:"" help:"Check the invariants; exits with 1 if one is broken."`
	Audit      auditCommands `cmd:"" help:"The audit log."`
	Rollup     rollup        `cmd:"" help:"Count the rollups of the reports anew."`
	Archive    archive       `cmd:"" help:"Move old consultations to the archive, and tell what can't be moved."`
	Partitions partitions    `cmd:"" help:"Make the partitions of the coming months and days, and count them."`

	Backup      backupCommand       `cmd:"" help:"Back up the private PostgreSQL now, to AMRUTAM_BACKUP_DIR, beside a running server or alone."`
	Restore     restoreCommand      `cmd:"" help:"Restore the private PostgreSQL from a backup into an empty data folder; it starts in restore mode."`
	RestoreMode restoreModeCommands `cmd:"" name:"restore-mode" help:"Whether this database is a restored copy that sends nothing."`
	Retention   retentionCommand    `cmd:"" help:"Show what is kept how long, what would be removed now, and what was (docs/data.md)."`

	Keys    keys    `cmd:"" help:"The master key."`
	Version version `cmd:"" help:"Print the version of the program and of the schema it works on."`
	OpenAPI openapi `cmd:"" name:"openapi" hidden:"" help:"Print the OpenAPI document."`

	Settings settings `cmd:"" hidden:"" help:"Print the reference of the settings in Markdown."`
	DataPage dataPage `cmd:"" hidden:"" help:"Print what is kept how long in Markdown."`
}

// usageError is the exit code for a wrong command line, as in most programs.
const usageError = 2

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	defer stop()
	var all commands
	parser := kong.Must(&all, kong.Name("amrutam"), kong.Description("Telemedicine for Ayurveda."),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Help(help), kong.Vars{"version": versionText()})
	arguments := os.Args[1:]
	if len(arguments) > 0 && arguments[0] == "help" {
		arguments = append(arguments[1:], "--help")
	}
	parsed, err := parser.Parse(arguments)
	if err != nil {
		parser.Errorf("%s; try amrutam --help", err)
		stop()
		os.Exit(usageError)
	}
	parsed.FatalIfErrorf(parsed.Run())
}

// help prints a command's help; for serve it adds the environment variables.
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
	_, err := fmt.Println(versionText())
	return err
}

// built is the output of git describe, set by `make build`: the tag, the commits since, and whether files were
// changed.
var built string

func versionText() string {
	return fmt.Sprintf("amrutam %s %s schema %d", programVersion(), runtime.Version(), postgres.SchemaVersion())
}

func programVersion() string {
	info, _ := debug.ReadBuildInfo()
	return resolveVersion(built, info)
}

// resolveVersion returns built. If that is empty, it returns the commit or the module version that Go has recorded.
func resolveVersion(built string, info *debug.BuildInfo) string {
	if built != "" || info == nil {
		return cmp.Or(built, "unknown")
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	revision := settings["vcs.revision"]
	if revision == "" {
		return cmp.Or(strings.Trim(info.Main.Version, "()"), "unknown")
	}
	revision = revision[:min(len(revision), 12)]
	if settings["vcs.modified"] == "true" {
		revision += "-dirty"
	}
	return revision
}

type settings struct{}

func (settings) Run() error { return config.Reference(os.Stdout) }

type openapi struct{}

// Run builds the app with a database that it never connects to: registering the operations creates the document.
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
