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
	o, err := load(config.Database)
	if err != nil {
		return err
	}
	defer o.close(ctx)
	// A database of somebody else's is only read.
	reach := o.open
	if o.cfg.DatabaseURL != "" {
		reach = func(ctx context.Context) error {
			if err := o.connect(ctx); err != nil {
				return err
			}
			return o.explain(o.db.Pool.Ping(ctx))
		}
	}
	if err := reach(ctx); err != nil {
		return err
	}
	results, err := invariant.Check(ctx, o.db)
	if err != nil {
		return fmt.Errorf("the invariants can't be checked (does the schema need amrutam migrate?): %s",
			postgres.Describe(err))
	}
	broken := 0
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for i, r := range results {
		word := "ok"
		if r.Broken > 0 {
			word = "BROKEN"
			broken++
		}
		_, _ = fmt.Fprintf(table, "%d\t%s\t%s\t%d\n", i+1, word, r.Name, r.Broken)
		if r.Broken > 0 {
			_, _ = fmt.Fprintf(table, "\t\t%s\t\n\t\tfor example %v\t\n", r.Text, r.Some)
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
