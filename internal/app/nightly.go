package app

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/invariant"
	"amrutam/internal/jobs"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
)

const (
	// nightLength is how long after the configured hour the check may begin. A server that starts later waits for the
	// next night.
	nightLength = 6 * time.Hour
	// checkTimeout limits one run of the check.
	checkTimeout = time.Hour
)

// CheckInvariants is the job that checks the invariants in one night.
type CheckInvariants struct {
	Night string `json:"night"` // the date of the configured hour, in UTC
}

// Kind returns the kind of the job.
func (CheckInvariants) Kind() string { return "invariant.check" }

// nightOf returns the date of the night of an instant, or "" by day. A night begins at the hour, in UTC.
func nightOf(now time.Time, hour int) string {
	shifted := now.UTC().Add(-time.Duration(hour) * time.Hour) // so that the night begins at midnight
	if shifted.Sub(shifted.Truncate(24*time.Hour)) >= nightLength {
		return ""
	}
	return shifted.Format(time.DateOnly)
}

// checkNightly schedules the check of each night, which runs on one of the servers.
func (a *App) checkNightly() {
	a.Queue.Nightly(func() jobs.Args {
		night := nightOf(a.DB.Now(), a.Config.CheckHour)
		if night == "" {
			return nil
		}
		return CheckInvariants{night}
	})
}

// checkInvariants reports broken rules by a metric, in the log, and by a mail to every administrator. None of them
// holds values of a row.
func (a *App) checkInvariants(ctx context.Context, _ CheckInvariants) error {
	results, ok, err := invariant.CheckOnce(ctx, a.DB)
	if err != nil || !ok {
		return err
	}
	var broken []string
	for _, r := range results {
		a.Metrics.InvariantsBroken.WithLabelValues(r.Name).Set(float64(r.Broken))
		if r.Broken > 0 {
			a.Log.ErrorContext(ctx, "invariant broken", "rule", r.Name, "rows", r.Broken, "text", r.Description)
			broken = append(broken, r.Name)
		}
	}
	a.Metrics.InvariantsChecked.Set(float64(a.DB.Now().Unix()))
	if len(broken) == 0 {
		return nil
	}
	return a.DB.Write(ctx, func(tx *postgres.Tx) error { return a.alertAdministrators(ctx, tx, broken) })
}

// alertAdministrators mails the names of the broken rules to every administrator.
func (a *App) alertAdministrators(ctx context.Context, tx *postgres.Tx, broken []string) error {
	rows, err := tx.Query(ctx, `SELECT id FROM users
		WHERE role = 'ADMIN' AND is_email_verified AND deleted_at IS NULL AND disabled_at IS NULL`)
	if err != nil {
		return err
	}
	admins, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return err
	}
	for _, id := range admins {
		mail := notification.Mail{
			To:   id,
			Kind: "invariant-broken",
			Data: map[string]string{"rules": strings.Join(broken, ", ")},
		}
		if err := a.mails.Enqueue(ctx, tx, mail); err != nil {
			return err
		}
	}
	audit.WriteFor(tx, access.System("invariant.check"), "invariant.break", "database", uuid.Nil.String(),
		audit.Meta{"rules": broken})
	return nil
}
