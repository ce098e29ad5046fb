package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"amrutam/internal/config"
	"amrutam/internal/consultation"
)

type archive struct {
	Before string `placeholder:"YYYY-MM-DD" help:"Move what was over before this day, in UTC; without it, AMRUTAM_ARCHIVE_AFTER ago."`
	DryRun bool   `help:"Only count what would be moved."`
}

func (c archive) Run(ctx context.Context) error {
	res, err := load(config.Database)
	if err != nil {
		return err
	}
	defer res.close(ctx)
	if err := res.openDatabase(ctx); err != nil {
		return err
	}
	before, err := c.before(res.db.Now(), res.cfg)
	if err != nil {
		return err
	}
	if c.DryRun {
		err = res.printArchivable(ctx, before)
	} else {
		err = res.archive(ctx, before)
	}
	if err != nil {
		return res.describeArchiveError(err)
	}
	leftovers, err := consultation.ListLeftovers(ctx, res.db, before)
	if err != nil {
		return res.describeError(err)
	}
	return printLeftovers(os.Stdout, leftovers)
}

// before returns the instant before which consultations must have been over.
func (c archive) before(now time.Time, cfg *config.Config) (time.Time, error) {
	if c.Before == "" {
		return now.Add(-cfg.ArchiveAfter), nil
	}
	before, err := time.Parse(time.DateOnly, c.Before)
	youngest := now.Add(-cfg.MinArchiveAge())
	switch {
	case err != nil:
		return before, errors.New("--before must be a day of the calendar, like 2025-11-30")
	case before.After(now):
		return before, errors.New("--before lies in the future")
	case before.After(youngest):
		return before, fmt.Errorf("--before must be %s or earlier: later ones may still get a prescription or a "+
			"review", youngest.UTC().Format(time.DateOnly))
	}
	return before, nil
}

// archiveWorkers is one for each of two processors: a batch is the work of one.
const archiveWorkers = 2

// archive moves everything that can be moved, and prints how much that is.
func (res *resources) archive(ctx context.Context, before time.Time) error {
	began := time.Now()
	shown := began
	run := consultation.ArchiveRun{DB: res.db, Before: before, Workers: archiveWorkers}
	run.Progress = func(sum consultation.Archived) {
		if now := time.Now(); now.Sub(shown) >= 2*time.Second {
			shown = now
			_, _ = fmt.Fprintf(os.Stderr, "%d consultations\n", sum.Consultations)
		}
	}
	sum, err := run.Archive(ctx)
	took := time.Since(began)
	_, _ = fmt.Printf("%d consultations that were over before %s moved to the archive, with %d prescriptions, in %d "+
		"batches (%s, %.0f a second)\n",
		sum.Consultations, before.Format(time.RFC3339), sum.Prescriptions, sum.Batches,
		took.Round(time.Millisecond), float64(sum.Consultations)/took.Seconds())
	for _, name := range sum.DroppedMonths {
		_, _ = fmt.Printf("%s was empty and is dropped\n", name)
	}
	return err
}

// printArchivable prints how many consultations would be moved.
func (res *resources) printArchivable(ctx context.Context, before time.Time) error {
	counts, err := consultation.CountArchivable(ctx, res.db, before)
	if err != nil {
		return err
	}
	total := int64(0)
	for _, c := range counts {
		total += c.Count
	}
	_, err = fmt.Printf("%d consultations that were over before %s would be moved\n", total,
		before.Format(time.RFC3339))
	return err
}

// describeArchiveError is describeError, but for errors that are about the archive and not about its database.
func (res *resources) describeArchiveError(err error) error {
	if errors.Is(err, consultation.ErrArchiveBusy) || errors.Is(err, context.Canceled) {
		return err
	}
	return res.describeError(err)
}

// printLeftovers prints a table of what is old enough for the archive and can't be moved.
func printLeftovers(w io.Writer, leftovers []consultation.StatusCount) error {
	if len(leftovers) == 0 {
		_, err := fmt.Fprintln(w, "nothing as old is left")
		return err
	}
	_, _ = fmt.Fprintln(w,
		"as old, and left where they are (see AmrutamArchiveLeftovers in docs/operations/runbook.md):")
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, l := range leftovers {
		why := "nobody ended it"
		if l.Status.IsFinal() {
			why = "money or an erasure is under way, or it changed since"
		}
		_, _ = fmt.Fprintf(table, "  %s\t%d\t%s\tfor example %v\n", l.Status, l.Count, why, l.Examples)
	}
	return table.Flush()
}
