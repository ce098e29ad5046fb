package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/backup"
	"amrutam/internal/postgres"
	"amrutam/internal/postgres/cluster"
	"amrutam/internal/restoremode"
	"amrutam/internal/seal"
)

// Restored is what a restore has reached.
type Restored struct {
	Reached time.Time // the last transaction that was replayed; zero if there was none
}

// Restore restores a database as planned, turns its restore mode on, and moves it into place.
func Restore(ctx context.Context, plan backup.Plan, draft *cluster.Draft,
	keys func() ([][]byte, error)) (r Restored, err error) {
	c, err := backup.Restore(ctx, plan, draft)
	if err != nil {
		return r, err
	}
	r, err = holdRestored(ctx, plan, c, keys)
	if err = errors.Join(err, c.Stop(context.WithoutCancel(ctx))); err != nil {
		return r, err
	}
	return r, draft.Keep()
}

// holdRestored checks that the master key opens the restored database, and turns its restore mode on.
func holdRestored(ctx context.Context, plan backup.Plan, c *cluster.Cluster,
	keys func() ([][]byte, error)) (r Restored, err error) {
	db, err := postgres.Open(ctx, c.ServerDSN(cluster.Database), postgres.Options{MaxConns: 2})
	if err != nil {
		return r, err
	}
	defer db.Close()
	if _, err := seal.Open(ctx, db.Pool, keys, db.Clock); err != nil {
		return r, fmt.Errorf("the restored database: %w", err)
	}
	var reached *time.Time
	if err := db.Pool.QueryRow(ctx, "SELECT pg_last_xact_replay_timestamp()").Scan(&reached); err != nil {
		return r, fmt.Errorf("read the time that was reached: %w", err)
	}
	if reached != nil {
		r.Reached = *reached
	}
	err = db.Write(ctx, func(tx *postgres.Tx) error {
		err := restoremode.TurnOn(ctx, tx, access.System("restore"), "restored from the backup "+plan.Base.ID,
			audit.Meta{"backup": plan.Base.ID, "reached": r.Reached})
		if errors.Is(err, restoremode.ErrAlready) { // it was on then, too
			return nil
		}
		return err
	})
	return r, err
}
