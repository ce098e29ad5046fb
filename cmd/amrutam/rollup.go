package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"amrutam/internal/analytics"
	"amrutam/internal/config"
	"amrutam/internal/postgres"
)

// maxRepairDays is how many days one command counts.
const maxRepairDays = 10 * 366

type rollup struct {
	From string `required:"" help:"The first day to count, in UTC." placeholder:"2026-01-01"`
	To   string `help:"The last day; the last of the next month when left out." placeholder:"2026-12-31"`
}

func (c rollup) Run(ctx context.Context) error {
	res, err := load(config.Database)
	if err != nil {
		return err
	}
	defer res.close(ctx)
	first, last, err := c.days(time.Now())
	if err != nil {
		return err
	}
	if err := res.openDatabase(ctx); err != nil {
		return err
	}
	rollups := &analytics.Service{DB: res.db}
	err = repairRollups(ctx, os.Stdout, res.db.Now, rollups, first, last)
	if err != nil {
		return fmt.Errorf("%s; run it again from the day after the last one that is listed", postgres.Describe(err))
	}
	return nil
}

// days returns the first and the last day, as midnights in UTC.
func (c rollup) days(now time.Time) (first, last time.Time, err error) {
	first, err = time.Parse(time.DateOnly, c.From)
	if err != nil {
		return first, last, errors.New("--from must be a date like 2026-01-01")
	}
	// Consultations can be booked ahead.
	last = time.Date(now.UTC().Year(), now.UTC().Month()+2, 0, 0, 0, 0, 0, time.UTC)
	if c.To != "" {
		if last, err = time.Parse(time.DateOnly, c.To); err != nil {
			return first, last, errors.New("--to must be a date like 2026-12-31")
		}
	}
	switch {
	case last.Before(first):
		return first, last, errors.New("--to must not be before --from")
	case last.Sub(first) > maxRepairDays*24*time.Hour:
		return first, last, errors.New("--to must be at most ten years after --from")
	}
	return first, last, nil
}

// repairRollups counts the days anew, and prints a line for each month and the sum.
func repairRollups(ctx context.Context, w io.Writer, now func() time.Time, rollups *analytics.Service, first,
	last time.Time) error {
	begun, begunMonth := now(), now()
	days, daysOfMonth := 0, 0
	err := rollups.Repair(ctx, first, last, func(day time.Time) {
		days++
		daysOfMonth++
		if day.Equal(last) || day.AddDate(0, 0, 1).Day() == 1 {
			_, _ = fmt.Fprintf(w, "until %s: %d days in %s\n", day.Format(time.DateOnly), daysOfMonth,
				now().Sub(begunMonth).Round(time.Millisecond))
			begunMonth, daysOfMonth = now(), 0
		}
	})
	if err == nil {
		_, _ = fmt.Fprintf(w, "%d days in %s\n", days, now().Sub(begun).Round(time.Millisecond))
	}
	return err
}
