// Package retention removes what is kept for a time only. Each package that owns a table says in rules what of it goes
// when, and why; the server applies them hourly, and `amrutam retention` shows them.
package retention

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/postgres"
)

// The units in which rules say how long something is kept.
const (
	Day  = 24 * time.Hour
	Year = 366 * Day // never shorter than a year of the calendar
)

// Rule says how long something is kept, and what happens to it after that. Its SQL has the arguments @now and, in
// Where, nothing else.
type Rule struct {
	Name string
	// What, After and Why are for people: "Tokens of sessions" are kept until Keep has passed after "they expired",
	// because "…".
	What, After, Why string

	// Since is the column of Table with the time from which Keep counts. It has an index.
	Table, Since string
	Keep         time.Duration
	// WholeDays means that rows go together when the day (UTC) of the last of them is over.
	WholeDays bool
	// Where limits the rule to some rows of the table; "" means all.
	Where string
	// Set empties columns of the rows, as in an UPDATE; "" deletes the rows.
	Set string
	// Remove replaces the statement made of the fields above, for at most so many rows with a time before the given
	// one.
	Remove func(ctx context.Context, tx *postgres.Tx, before time.Time, most int) (int64, error)
	// Job is the job that applies the rule by itself, and calls Record.
	Job string
}

// before returns the time before which rows are due.
func (r Rule) before(now time.Time) time.Time {
	due := now.Add(-r.Keep)
	if r.WholeDays {
		due = due.UTC().Truncate(Day)
	}
	return due
}

// overdue returns how long a row of that time is due already.
func (r Rule) overdue(since, now time.Time) time.Duration {
	due := since.Add(r.Keep)
	if r.WholeDays {
		due = due.UTC().Truncate(Day).Add(Day)
	}
	return max(now.Sub(due), 0)
}

// KeptFor says how long it is kept, like "90 days after they were written".
func (r Rule) KeptFor() string {
	switch {
	case r.Keep == 0:
		return "until " + r.After
	case r.Keep%Year == 0:
		return number(int(r.Keep/Year), "year") + " after " + r.After
	case r.Keep%Day == 0:
		return number(int(r.Keep/Day), "day") + " after " + r.After
	default:
		return number(int(r.Keep/time.Hour), "hour") + " after " + r.After
	}
}

func number(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}

func (r Rule) filter() string {
	if r.Where == "" {
		return ""
	}
	return " AND " + r.Where
}

// Statements returns the SQL of the rule: the time of its oldest row, a count of the rows that are due, and their
// removal ("" if it has a function or a job for that). The arguments are @now, @before and @most.
func (r Rule) Statements() (oldest, count, remove string) {
	// The names come from the source, never from outside. The order keeps the planner on the index.
	due := " FROM " + r.Table + " WHERE " + r.Since + " < @before" + r.filter() +
		" ORDER BY " + r.Since + " LIMIT @most"
	oldest = "SELECT " + r.Since + " FROM " + r.Table + " WHERE " + r.Since + " IS NOT NULL" + r.filter() +
		" ORDER BY " + r.Since + " LIMIT 1"
	count = "SELECT count(*) FROM (SELECT" + due + ") due"
	if r.Remove != nil || r.Job != "" {
		return oldest, count, ""
	}
	change, lock := "DELETE FROM "+r.Table, "FOR UPDATE"
	if r.Set != "" {
		// Doesn't keep others from referring to the row.
		change, lock = "UPDATE "+r.Table+" SET "+r.Set, "FOR NO KEY UPDATE"
	}
	remove = change + " WHERE ctid = ANY (ARRAY(SELECT ctid" + due + " " + lock + " SKIP LOCKED))"
	return oldest, count, remove
}

// remove removes at most so many rows that are due. It leaves out those that another transaction has locked.
func (r Rule) remove(ctx context.Context, tx *postgres.Tx, now time.Time, most int) (int64, error) {
	if r.Remove != nil {
		return r.Remove(ctx, tx, r.before(now), most)
	}
	_, _, sql := r.Statements()
	done, err := tx.Exec(ctx, sql, r.arguments(now, most))
	return done.RowsAffected(), err
}

func (r Rule) arguments(now time.Time, most int) pgx.NamedArgs {
	return pgx.NamedArgs{"now": now, "before": r.before(now), "most": most}
}
