package app

import (
	"context"
	"time"

	"amrutam/internal/consultation"
	"amrutam/internal/jobs"
)

// archiveTimeout limits one run of the archive. What is left then is moved in the next night.
const archiveTimeout = 2 * time.Hour

// ArchiveConsultations is the job that moves old consultations to the archive in one night.
type ArchiveConsultations struct {
	Night string `json:"night"` // as of CheckInvariants
}

// Kind returns the kind of the job.
func (ArchiveConsultations) Kind() string { return consultation.ArchiveJob }

// archiveNightly schedules the archive of each night, in the hours of the check.
func (a *App) archiveNightly() {
	a.Queue.Nightly(func() jobs.Args {
		night := nightOf(a.DB.Now(), a.Config.CheckHour)
		if night == "" {
			return nil
		}
		return ArchiveConsultations{night}
	})
}

// archiveConsultations archives with pauses, so that it needs a third of a core and of the disk. It reports by a
// metric and in the log what is old enough and can't be archived.
func (a *App) archiveConsultations(ctx context.Context, _ ArchiveConsultations) error {
	before := a.DB.Now().Add(-a.Config.ArchiveAfter)
	run := consultation.ArchiveRun{DB: a.DB, Before: before,
		Pause: func(took time.Duration) time.Duration { return 2 * took }}
	moved, err := run.Archive(ctx)
	if moved.Batches > 0 || len(moved.DroppedMonths) > 0 {
		a.Log.InfoContext(ctx, "archived", "consultations", moved.Consultations, "prescriptions", moved.Prescriptions,
			"batches", moved.Batches, "droppedMonths", moved.DroppedMonths)
	}
	if err != nil {
		return err
	}
	leftovers, err := consultation.ListLeftovers(ctx, a.DB, before)
	if err != nil {
		return err
	}
	for _, status := range consultation.Statuses {
		a.Metrics.ArchiveLeftovers.WithLabelValues(string(status)).Set(0)
	}
	for _, l := range leftovers {
		a.Metrics.ArchiveLeftovers.WithLabelValues(string(l.Status)).Set(float64(l.Count))
		a.Log.WarnContext(ctx, "too old, but not archived", "status", l.Status, "consultations", l.Count,
			"examples", l.Examples)
	}
	return nil
}
