package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/app"
	"amrutam/internal/config"
	"amrutam/internal/postgres"
	"amrutam/internal/restoremode"
)

type restoreModeCommands struct {
	Show restoreModeShow `cmd:"" default:"1" help:"Show whether the mode is on, and what waits."`
	On   restoreModeOn   `cmd:"" help:"Turn the mode on, for a copy that was restored by other means. Running servers follow within seconds."`
	Off  restoreModeOff  `cmd:"" help:"Let mails, refunds and jobs go out again. Running servers follow within seconds."`
}

type restoreModeShow struct{}

func (restoreModeShow) Run(ctx context.Context) error {
	res, err := load(config.Database)
	if err != nil {
		return err
	}
	defer res.close(ctx)
	if err := res.openForCheck(ctx); err != nil {
		return err
	}
	return res.printMode(ctx, os.Stdout)
}

// printMode prints the mode, and what goes out when it is off.
func (res *resources) printMode(ctx context.Context, w io.Writer) error {
	mode, err := restoremode.Read(ctx, res.db)
	if err != nil {
		return res.describeError(err)
	}
	if !mode.On {
		_, err := fmt.Fprintln(w, "restore mode is off")
		return err
	}
	waiting, err := restoremode.ListWaiting(ctx, res.db)
	if err != nil {
		return res.describeError(err)
	}
	_, _ = fmt.Fprintf(w, "restore mode is on since %s: %s\nwhat goes out when it is turned off:\n",
		mode.Since.Format(time.RFC3339), mode.Reason)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, j := range waiting.Jobs {
		_, _ = fmt.Fprintf(table, "  jobs\t%s\t%d\tthe oldest since %s\n", j.Kind, j.Count,
			j.Since.Format(time.RFC3339))
	}
	for _, m := range waiting.Mails {
		_, _ = fmt.Fprintf(table, "  mails\t%s\t%d\t\n", m.Kind, m.Count)
	}
	for _, r := range waiting.Refunds {
		_, _ = fmt.Fprintf(table, "  refunds\t%s\t%d\t%s in all\n", r.Total.Currency, r.Count, r.Total.Amount)
	}
	if len(waiting.Jobs)+len(waiting.Mails)+len(waiting.Refunds) == 0 {
		_, _ = fmt.Fprintln(table, "  nothing")
	}
	return table.Flush()
}

type restoreModeOn struct {
	Reason string `default:"turned on by an operator" help:"Why; it is shown and logged."`
}

func (c restoreModeOn) Run(ctx context.Context) error {
	res, err := load(config.Database)
	if err != nil {
		return err
	}
	defer res.close(ctx)
	if err := res.openDatabase(ctx); err != nil {
		return err
	}
	err = res.db.Write(ctx, func(tx *postgres.Tx) error {
		return restoremode.TurnOn(ctx, tx, access.System("restore-mode on"), c.Reason, nil)
	})
	return res.printChange(err, "on")
}

type restoreModeOff struct {
	Yes bool `help:"Turn it off; without it, only show what would go out."`
}

func (c restoreModeOff) Run(ctx context.Context) error {
	res, err := load(config.Keys)
	if err != nil {
		return err
	}
	defer res.close(ctx)
	if err := res.openDatabase(ctx); err != nil {
		return err
	}
	sealer, err := res.openSealer(ctx)
	if err != nil {
		return err
	}
	signer, err := app.AuditSigner(sealer)
	if err != nil {
		return err
	}
	if err := res.printMode(ctx, os.Stdout); err != nil {
		return err
	}
	if !c.Yes {
		return errors.New("nothing was changed: look at what would go out, and add --yes")
	}
	err = res.db.Write(ctx, func(tx *postgres.Tx) error {
		return restoremode.TurnOff(ctx, tx, access.System("restore-mode off"), signer)
	})
	return res.printChange(err, "off")
}

// printChange prints what a change of the mode did.
func (res *resources) printChange(err error, mode string) error {
	if errors.Is(err, restoremode.ErrAlready) {
		_, err = fmt.Println("restore mode was " + mode + " already")
		return err
	}
	if err != nil {
		return res.describeError(err)
	}
	_, err = fmt.Println("restore mode is " + mode + "; running servers follow within seconds")
	return err
}
