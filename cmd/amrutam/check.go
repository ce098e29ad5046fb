package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"amrutam/internal/config"
	"amrutam/internal/invariant"
	"amrutam/internal/postgres"
)

type check struct{}

func (check) Run(ctx context.Context) error {
	res, err := load(config.Database)
	if err != nil {
		return err
	}
	defer res.close(ctx)
	if err := res.openForCheck(ctx); err != nil {
		return err
	}
	results, err := invariant.Check(ctx, res.db)
	if err != nil {
		return fmt.Errorf("the invariants can't be checked (does the schema need amrutam migrate?): %s",
			postgres.Describe(err))
	}
	return printResults(os.Stdout, results)
}

// openForCheck reaches the database. It doesn't migrate one that DATABASE_URL names: check only reads it.
func (res *resources) openForCheck(ctx context.Context) error {
	if res.cfg.DatabaseURL == "" {
		return res.openDatabase(ctx)
	}
	if err := res.connect(ctx); err != nil {
		return err
	}
	return res.describeError(res.db.Pool.Ping(ctx))
}

// printResults prints a table of the rules and their results. Returns an error if a rule is broken.
func printResults(w io.Writer, results []invariant.Result) error {
	broken := 0
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i, r := range results {
		status := "ok"
		if r.Broken > 0 {
			status = "BROKEN"
			broken++
		}
		_, _ = fmt.Fprintf(table, "%d\t%s\t%s\t%d\n", i+1, status, r.Name, r.Broken)
		if r.Broken > 0 {
			_, _ = fmt.Fprintf(table, "\t\t%s\t\n\t\tfor example %v\t\n", r.Description, r.Examples)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if broken > 0 {
		return fmt.Errorf("%d of %d invariants are broken", broken, len(results))
	}
	return nil
}
