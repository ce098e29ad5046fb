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
	Demo bool `help:"Make demo data: approved doctors with free slots, a patient, an administrator. Not in production."`
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
	// Stopped before the cluster is, which it would start again.
	supervising, stop := context.WithCancel(ctx)
	supervised := make(chan struct{})
	go func() { defer close(supervised); res.superviseCluster(supervising) }()
	defer func() { stop(); <-supervised }()
	a, err := res.newApp(ctx)
	if err != nil {
		return err
	}
	if s.Demo {
		if err := printWelcome(ctx, os.Stdout, a, ports); err != nil {
			return err
		}
	}
	return a.Serve(ctx, ports)
}

// printWelcome makes the demo data and tells a newcomer where everything is.
func printWelcome(ctx context.Context, w io.Writer, a *app.App, ports *app.Listeners) error {
	accounts, err := a.MakeDemoData(ctx)
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
	line("The administrator's authenticator holds the secret %s (amrutam code prints its code of the moment)", secret)
	line("")
	return table.Flush()
}
