package main

import (
	"context"
	"fmt"
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
	// A database of somebody else's is only read.
	open := res.openDatabase
	if res.cfg.DatabaseURL != "" {
		open = func(ctx context.Context) error {
			if err := res.connect(ctx); err != nil {
				return err
			}
			return res.describeError(res.db.Pool.Ping(ctx))
		}
	}
	if err := open(ctx); err != nil {
		return err
	}
	results, err := invariant.Check(ctx, res.db)
	if err != nil {
		return fmt.Errorf("the invariants can't be checked (does the schema need amrutam migrate?): %s",
			postgres.Describe(err))
	}
	broken := 0
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
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
