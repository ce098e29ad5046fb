package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"amrutam/internal/config"
	"amrutam/internal/postgres"
)

type partitions struct{}

func (partitions) Run(ctx context.Context) error {
	res, err := load(config.Database)
	if err != nil {
		return err
	}
	defer res.close(ctx)
	if err := res.openDatabase(ctx); err != nil {
		return err
	}
	var failed []string
	var all []postgres.Partitions
	err = res.db.Write(ctx, func(tx *postgres.Tx) (err error) {
		if failed, err = postgres.MakePartitions(ctx, tx); err != nil {
			return err
		}
		all, err = postgres.ListPartitions(ctx, tx, tx.Now)
		return err
	})
	if err != nil {
		return res.describeError(err)
	}
	return printPartitions(os.Stdout, all, failed)
}

// printPartitions prints a table of the partitions. Returns an error if some could not be made.
func printPartitions(w io.Writer, all []postgres.Partitions, failed []string) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, p := range all {
		_, _ = fmt.Fprintf(table, "%s\t%d partitions\t%d ahead, one a %s\n", p.Table, p.Count, p.Ahead, p.Period)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, name := range failed {
		_, _ = fmt.Fprintf(w, "%s can't be made: rows of its time lie in the default partition\n", name)
	}
	if len(failed) > 0 {
		return fmt.Errorf("%d partitions can't be made: see AmrutamPartitionsMissing in docs/operations/runbook.md",
			len(failed))
	}
	return nil
}
