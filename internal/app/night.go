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
	// nightLasts is how late a night's check may begin: a server that starts later waits for the next one.
	nightLasts = 6 * time.Hour
	// checkWithin bounds one run of the check.
	checkWithin = time.Hour
)

// CheckInvariants is the check of one night.
type CheckInvariants struct {
	Night string `json:"night"` // the date of its configured hour, in UTC
}

// Kind names the job.
func (CheckInvariants) Kind() string { return "invariant.check" }

// nightOf names the night that now is in, or "" by day.
func nightOf(now time.Time, hour int) string {
	begin := now.UTC().Add(-time.Duration(hour) * time.Hour) // midnight is the hour
	if begin.Sub(begin.Truncate(24*time.Hour)) >= nightLasts {
		return ""
	}
	return begin.Format(time.DateOnly)
}

// checkNightly has one server of all check the invariants in each night.
func (a *App) checkNightly() {
	a.Queue.Nightly(func() jobs.Args {
		night := nightOf(a.DB.Now(), a.Config.CheckHour)
		if night == "" {
			return nil
		}
		return CheckInvariants{night}
	})
}

// checkInvariants alerts when a rule is broken: by a metric, the log, and a mail to every administrator. None of them
// holds anything of a row.
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

func (a *App) alertAdministrators(ctx context.Context, tx *postgres.Tx, broken []string) error {
	rows, err := tx.Query(ctx, "SELECT id FROM users WHERE role = 'ADMIN' AND is_email_verified AND deleted_at IS "+
		"NULL AND disabled_at IS NULL")
	if err != nil {
		return err
	}
	admins, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return err
	}
	for _, id := range admins {
		mail := notification.Mail{To: id, Kind: "invariant-broken",
			Data: map[string]string{"rules": strings.Join(broken, ", ")}}
		if err := a.mails.Enqueue(ctx, tx, mail); err != nil {
			return err
		}
	}
	audit.WriteFor(tx, access.System("invariant.check"), "invariant.break", "database", uuid.Nil.String(),
		audit.Meta{"rules": broken})
	return nil
}
