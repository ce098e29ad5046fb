package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"amrutam/internal/app"
	"amrutam/internal/config"
	"amrutam/internal/postgres"
	"amrutam/internal/retention"
)

type retentionCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

func (c retentionCommand) Run(ctx context.Context) error {
	res, err := load(config.Database)
	if err != nil {
		return err
	}
	defer res.close(ctx)
	if err := res.openForCheck(ctx); err != nil {
		return err
	}
	all, err := app.NewRetention(res.db).ReadStatus(ctx)
	if err != nil {
		return fmt.Errorf("the tables can't be read (does the schema need amrutam migrate?): %s",
			postgres.Describe(err))
	}
	if c.JSON {
		return printRetentionJSON(os.Stdout, all)
	}
	return printRetention(os.Stdout, all)
}

// printRetention prints a table of the rules, what they would remove now, and what they removed.
func printRetention(w io.Writer, all []retention.Status) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "RULE\tOLDEST\tDUE\tNEXT RUN\tLAST RUN\tREMOVED\tIN ALL RUNS\tKEPT")
	for _, s := range all {
		ran, removed := "never", ""
		if s.LastRun != nil {
			ran, removed = minuteOf(s.LastRun.At), fmt.Sprint(s.LastRun.Removed)
		}
		oldest := "none"
		if s.Oldest != nil {
			oldest = minuteOf(*s.Oldest)
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\t%s\t%d\t%s\n", s.Name, oldest, dueText(s), s.NextRun, ran,
			removed, s.Total, s.KeptFor())
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(w)
	for _, s := range all {
		_, _ = fmt.Fprintf(table, "%s\t%s\n\t%s\n", s.Name, s.What, s.Why)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, "\nTimes are UTC. docs/data.md says what is kept longer, and why.")
	return err
}

func dueText(s retention.Status) string {
	if s.DueAtLeast {
		return fmt.Sprintf("%d or more", s.Due)
	}
	return fmt.Sprint(s.Due)
}

func minuteOf(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// ruleJSON is a rule as programs read it.
type ruleJSON struct {
	Rule             string         `json:"rule"`
	What             string         `json:"what"`
	Why              string         `json:"why"`
	Table            string         `json:"table"`
	Kept             string         `json:"kept"`
	KeptSeconds      int64          `json:"keptSeconds"`
	Oldest           *time.Time     `json:"oldest"`
	Due              int64          `json:"due"`
	DueAtLeast       bool           `json:"dueAtLeast"`
	NextRun          int64          `json:"nextRun"`
	LastRun          *retention.Run `json:"lastRun"`
	RemovedInAllRuns int64          `json:"removedInAllRuns"`
}

func printRetentionJSON(w io.Writer, all []retention.Status) error {
	rules := make([]ruleJSON, len(all))
	for i, s := range all {
		rules[i] = ruleJSON{s.Name, s.What, s.Why, s.Table, s.KeptFor(), int64(s.Keep.Seconds()), s.Oldest, s.Due,
			s.DueAtLeast, s.NextRun, s.LastRun, s.Total}
	}
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(map[string]any{"rules": rules})
}

// dataPage prints docs/data.md.
type dataPage struct{}

// Run needs no database: it only describes the rules.
func (dataPage) Run() error { return app.NewRetention(nil).WritePage(os.Stdout, app.Kept, app.Outside) }
