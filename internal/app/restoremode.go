package app

import (
	"context"
	"fmt"
	"time"

	"amrutam/internal/backup"
	"amrutam/internal/postgres"
	"amrutam/internal/restoremode"
	"amrutam/internal/telemetry"
)

// modeInterval is how often a server looks whether the restore mode was turned on or off.
const modeInterval = 2 * time.Second

// Held reports whether the restore mode is on: nothing may leave this server.
func (a *App) Held() bool { return a.isHeld.Load() }

// ReadRestoreMode reads the mode. A server does so before it begins to work.
func (a *App) ReadRestoreMode(ctx context.Context) error {
	mode, err := restoremode.Read(ctx, a.DB)
	if err != nil {
		return err
	}
	if was := a.isHeld.Swap(mode.On); mode.On && !was {
		a.Log.WarnContext(ctx, "restore mode: this is a restored copy of the database; no mail, payment, refund or "+
			"job leaves it until amrutam restore-mode off", "reason", mode.Reason, "since", mode.Since)
	}
	return nil
}

// startJobs starts the jobs unless the restore mode is on, and starts and stops them when it changes, until ctx ends.
// The function that it returns waits for that.
func (a *App) startJobs(ctx context.Context) (wait func(), err error) {
	if !a.Held() {
		if err := a.Queue.Start(ctx); err != nil {
			return nil, fmt.Errorf("start the jobs: %w", err)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.followRestoreMode(ctx)
	}()
	return func() { <-done }, nil
}

func (a *App) followRestoreMode(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(modeInterval):
		}
		mode, err := restoremode.Read(ctx, a.DB)
		if err != nil || mode.On == a.Held() {
			continue // without the database no job runs either
		}
		if err := a.changeMode(ctx, mode); err != nil {
			a.Log.ErrorContext(ctx, "the jobs can't follow the restore mode", "error", postgres.Describe(err))
		}
	}
}

// changeMode starts or stops the jobs.
func (a *App) changeMode(ctx context.Context, mode restoremode.Mode) error {
	if !mode.On {
		a.Log.InfoContext(ctx, "restore mode is off: jobs begin")
		if err := a.Queue.Start(ctx); err != nil {
			return err
		}
		a.isHeld.Store(false)
		return nil
	}
	a.isHeld.Store(true)
	a.Log.WarnContext(ctx, "restore mode is on: jobs end", "reason", mode.Reason)
	stopCtx, cancel := context.WithTimeout(ctx, a.Config.ShutdownWithin)
	defer cancel()
	return a.Queue.Pause(stopCtx)
}

// SetArchiver names what backs up the private PostgreSQL, for the metrics.
func (a *App) SetArchiver(archiver *backup.Archiver) { a.archiver.Store(archiver) }

func (a *App) backupStatus() (telemetry.Backup, bool) {
	if archiver := a.archiver.Load(); archiver != nil {
		return archiver.Status()
	}
	return telemetry.Backup{}, false
}
