package system

import (
	"time"

	"github.com/danielgtaylor/huma/v2"

	"amrutam/internal/httpapi"
	"amrutam/internal/notification"
)

// Warning is the heading of docs/operations/runbook.md that says what to do.
type Warning string

// What State can tell. deploy/prometheus/alerts.yaml has alerts of the same names.
const (
	RestoreModeOn     Warning = "AmrutamRestoreMode"
	QueueBehind       Warning = "AmrutamQueueBehind"
	JobsFailing       Warning = "AmrutamJobsFailing"
	MailsDelayed      Warning = "AmrutamMailsDelayed"
	MailsGivenUp      Warning = "AmrutamMailsGivenUp"
	PartitionsMissing Warning = "AmrutamPartitionsMissing"
	BackupWALOld      Warning = "AmrutamBackupWALOld" //nolint:gosec // the name of an alert
	BackupOld         Warning = "AmrutamBackupOld"
	ArchiveLeftovers  Warning = "AmrutamArchiveLeftovers"
	AuditUnsealed     Warning = "AmrutamAuditUnsealed"
	AuditUnpublished  Warning = "AmrutamAuditUnpublished"
	RollupsLate       Warning = "AmrutamRollupsLate"
)

var warnings = []Warning{RestoreModeOn, QueueBehind, JobsFailing, MailsDelayed, MailsGivenUp, PartitionsMissing,
	BackupWALOld, BackupOld, ArchiveLeftovers, AuditUnsealed, AuditUnpublished, RollupsLate}

// Schema lists the warnings.
func (Warning) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "SystemWarning", "A heading of docs/operations/runbook.md", warnings...)
}

const (
	late = 15 * time.Minute
	// leftoverAfter is how long after the age of the archive a consultation is still there for a reason: it was booked
	// up to a year before it was over, and a night may have been left out.
	leftoverAfter = 400 * 24 * time.Hour
)

// findWarnings returns what needs somebody, the most urgent first. In the restore mode no job runs, so what waits then
// is no fault.
func (s State) findWarnings() []Warning {
	if s.RestoreMode != nil {
		return []Warning{RestoreModeOn}
	}
	refused := s.Mails.GivenUp[string(notification.RecipientRefused)] +
		s.Mails.GivenUp[string(notification.MessageRefused)]
	fewAhead := false
	for _, p := range s.Partitions {
		fewAhead = fewAhead || p.Ahead < 2
	}
	before := func(at *time.Time, instant time.Time) bool { return at != nil && at.Before(instant) }
	is := map[Warning]bool{
		QueueBehind:       s.Jobs.OldestSeconds > 300,
		JobsFailing:       s.Jobs.Retrying > 5 || s.Jobs.GivenUp > 0,
		MailsDelayed:      before(s.Mails.OldestAt, s.At.Add(-late)),
		MailsGivenUp:      refused > 10,
		PartitionsMissing: fewAhead,
		ArchiveLeftovers:  before(s.Archive.OldestAt, s.Archive.Before.Add(-leftoverAfter)),
		AuditUnsealed:     s.AuditLog.UnsealedSeconds > int64(late.Seconds()),
		AuditUnpublished:  s.AuditLog.Unpublished > 15,
		RollupsLate:       before(s.Rollups.CompleteUntil, s.At.Add(-late)),
	}
	if b := s.Backup; b != nil {
		is[BackupWALOld] = b.RestorableTo.Before(s.At.Add(-3 * time.Minute))
		is[BackupOld] = b.BaseAt.Before(s.At.Add(-26 * time.Hour))
	}
	all := []Warning{}
	for _, w := range warnings {
		if is[w] {
			all = append(all, w)
		}
	}
	return all
}
