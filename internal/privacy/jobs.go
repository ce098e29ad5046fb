package privacy

import (
	"context"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/jobs"
	"amrutam/internal/retention"
)

const (
	sweepInterval = time.Minute
	// sweepTimeout is enough to erase 200 people.
	sweepTimeout = 5 * time.Minute
	// makeTimeout is enough to export a history of many years.
	makeTimeout = 10 * time.Minute
)

// Retention says how long copies of one's data are kept.
var Retention = []retention.Rule{
	{
		Name:  "export-archives",
		What:  "Archives with a copy of one's data",
		After: "they expire, a day after they were made",
		Why:   "the person has fetched it, or asks again",
		Table: "exports",
		Since: "expires_at",
		Where: "status = 'READY'",
		Set:   "status = 'EXPIRED', archive = NULL",
	},
	{
		Name:  "exports",
		What:  "Who asked for a copy of their data, and when",
		After: "the request",
		Why:   "shows that a request was answered in time",
		Table: "exports",
		Since: "requested_at",
		Keep:  90 * retention.Day,
	},
}

// MakeExport is the job that makes a requested export.
type MakeExport struct {
	ExportID uuid.UUID `json:"exportId"`
}

// Kind names the job.
func (MakeExport) Kind() string { return "export.make" }

// Sweep is the recurring job that erases the people whose erasure is due.
type Sweep struct{}

// Kind names the job.
func (Sweep) Kind() string { return "erasure.sweep" }

// Jobs registers the package's jobs.
func (s *Service) Jobs(queue *jobs.Queue) {
	jobs.HandleWithin(queue, makeTimeout, s.makeExport)
	jobs.HandleWithin(queue, sweepTimeout, func(ctx context.Context, _ Sweep) error { return s.sweep(ctx) })
	queue.Every(sweepInterval, Sweep{})
}
