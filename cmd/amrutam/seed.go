package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"amrutam/internal/postgres"
	"amrutam/internal/seed"
)

type seedCommand struct {
	Scale  float64 `default:"0.01" help:"Size: 1 is 36.5 million consultations, 0.01 is 365,000."`
	Seed   uint64  `default:"1" help:"Number that all choices follow from: the same one makes the same rows."`
	Months int     `default:"13" help:"Months until the base date."`
	Until  string  `placeholder:"YYYY-MM-DD" help:"Base date, a UTC day; the data end at 05:00 of it, with bookings for two weeks more. Without it, the latest that is past."`
}

// Help says what it needs, as measured on two cores.
func (seedCommand) Help() string {
	return "The database must have no users, and its login must own the schema. A scale of 0.01 takes 4 GB of disk " +
		"and 3 to 5 minutes on two busy cores, 1 takes 410 GB and 5 to 8 hours; PostgreSQL's log needs 8 GB more. " +
		"Memory stays below 300 MiB. An interrupted run can't be resumed. See docs/operations/seed.md."
}

// forLoading are settings of a PostgreSQL that this command starts: fewer checkpoints, after each of which whole pages
// go to the log again.
var forLoading = map[string]string{
	"max_wal_size":       "8GB",
	"checkpoint_timeout": "30min",
	"shared_buffers":     "512MB",
}

func (c seedCommand) Run(ctx context.Context) error {
	until := seed.LatestBase(time.Now())
	if c.Until != "" {
		day, err := time.Parse(time.DateOnly, c.Until)
		if err != nil {
			return errors.New("--until: write the day as YYYY-MM-DD")
		}
		if day.After(until) {
			return fmt.Errorf("--until: the latest is %s", until.Format(time.DateOnly))
		}
		until = day
	}
	options := seed.Options{Scale: c.Scale, Seed: c.Seed, Months: c.Months, Until: until}
	if err := options.Check(); err != nil {
		return err
	}
	res, err := loadDevelopment("production has no made-up data: amrutam seed is for development and measurements")
	if err != nil {
		return err
	}
	defer res.close(ctx)
	res.settings = forLoading
	if err := res.openDatabase(ctx); err != nil {
		return err
	}
	a, err := res.newApp(ctx)
	if err != nil {
		return err
	}
	owner, err := postgres.Open(ctx, res.ownerDSN, postgres.Options{Owner: true})
	if err != nil {
		return res.describeOwnerError(err)
	}
	defer owner.Close()
	return a.Seed(ctx, owner, options, os.Stderr, stderrIsTerminal())
}
