package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"amrutam/internal/config"
	"amrutam/internal/jobs"
	"amrutam/internal/postgres"
)

type migrate struct {
	Status bool `help:"Only print the schema's version, what is missing, and which jobs wait; exits with 1 if something is missing."`
}

func (m migrate) Run(ctx context.Context) error {
	res, err := load(config.Database)
	if err != nil {
		return err
	}
	defer res.close(ctx)
	if m.Status {
		return res.printStatus(ctx, os.Stdout)
	}
	result, err := res.upgradeSchema(ctx)
	if err != nil {
		return err
	}
	summary := "nothing to do"
	if result.Applied+result.QueueApplied > 0 {
		summary = fmt.Sprintf("%d migrations applied, and %d of the job queue", result.Applied, result.QueueApplied)
	}
	_, err = fmt.Printf("schema at version %d, %s\n", result.Version, summary)
	return err
}

// printStatus prints the state of the schema and of the job queue, and changes nothing.
func (res *resources) printStatus(ctx context.Context, w io.Writer) error {
	if err := res.connect(ctx); err != nil {
		return err
	}
	s, err := postgres.SchemaStatus(ctx, res.ownerDSN)
	if err != nil {
		return res.describeOwnerError(err)
	}
	_, _ = fmt.Fprintf(w, "schema at version %d, this program's is %d\n", s.Version, postgres.SchemaVersion())
	for _, name := range s.Missing {
		_, _ = fmt.Fprintln(w, "missing:", name)
	}
	for _, version := range s.QueueMissing {
		_, _ = fmt.Fprintf(w, "missing: version %d of the job queue\n", version)
	}
	switch {
	case s.Version > postgres.SchemaVersion():
		return errors.New("the database is newer than this program: run the newer program")
	case len(s.Missing)+len(s.QueueMissing) > 0:
		return errors.New("the schema is not at this program's version: run amrutam migrate")
	}
	waiting, err := jobs.CountDueJobs(ctx, res.db)
	if err != nil {
		return res.describeError(err)
	}
	for _, kind := range waiting {
		_, _ = fmt.Fprintf(w, "waiting: %d of %s, the oldest since %s\n", kind.Count, kind.Kind,
			kind.Since.Format("2006-01-02T15:04:05Z"))
	}
	return nil
}
