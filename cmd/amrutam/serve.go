package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"amrutam/internal/app"
	"amrutam/internal/config"
)

type serve struct {
	Demo bool `help:"Create demo data: approved doctors with free slots, a patient, an administrator. Not in production."`
}

func (s serve) Run(ctx context.Context) error {
	res, err := load(config.Server)
	if err != nil {
		return err
	}
	if s.Demo && res.cfg.Production() {
		return errors.New("production has no demo data: leave --demo out")
	}
	ports, err := app.Listen(ctx, res.cfg)
	if err != nil {
		return err
	}
	defer ports.Close()
	defer res.close(ctx)
	if err := res.openDatabase(ctx); err != nil {
		return err
	}
	stopSupervising := res.startSupervising(ctx)
	defer stopSupervising() // before res.close stops the private PostgreSQL, or it would be started again
	a, err := res.newApp(ctx)
	if err != nil {
		return err
	}
	if err := a.ReadRestoreMode(ctx); err != nil {
		return err
	}
	stopArchiving, err := res.startArchiving(ctx, a)
	if err != nil {
		return err
	}
	defer stopArchiving() // before PostgreSQL is stopped
	if s.Demo {
		if err := printWelcome(ctx, os.Stdout, a, ports); err != nil {
			return err
		}
	}
	return a.Serve(ctx, ports)
}

// startSupervising runs superviseCluster until the function that it returns is called.
func (res *resources) startSupervising(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		res.superviseCluster(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

// printWelcome creates the demo data and prints the addresses and accounts that a newcomer needs.
func printWelcome(ctx context.Context, w io.Writer, a *app.App, ports *app.Listeners) error {
	accounts, err := a.CreateDemoData(ctx)
	if err != nil {
		return err
	}
	password, err := a.DemoPassword()
	if err != nil {
		return err
	}
	secret, err := a.DemoSecret()
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	url := a.Config.PublicURL
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(table, format+"\n", args...) }
	line("Amrutam serves on %s", url)
	line("")
	line("  console\t%s/", url)
	line("  API reader\t%s/docs/", url)
	if a.Config.SMTPURL == "" {
		line("  mailbox\t%s/dev/mailbox", url)
	}
	if ports.MetricsURL() != "" {
		line("  metrics\t%s", ports.MetricsURL())
	}
	line("")
	line("Demo accounts, all with the password %s", password)
	for _, account := range accounts {
		line("  %s\t%s\t%s", account.Email, account.Role, account.Name)
	}
	line("The administrator's authenticator has the secret %s (amrutam code prints the current code)", secret)
	line("")
	return table.Flush()
}
