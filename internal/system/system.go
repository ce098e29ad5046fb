// Package system tells administrators the state of the running system: what waits, what has failed, and what to do
// about it. It reads no names, no health data and no text of an error.
package system

import (
	"context"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/analytics"
	"amrutam/internal/audit"
	"amrutam/internal/consultation"
	"amrutam/internal/jobs"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/restoremode"
	"amrutam/internal/telemetry"
)

// Service reads the state of the system.
type Service struct {
	AuditLog *audit.Service
	// Version returns the version of the program.
	Version func() Version
	// Backup returns the state of the backups of the private PostgreSQL, or false where this server makes none.
	Backup func() (telemetry.Backup, bool)
	// ArchiveAfter is the age at which consultations are archived.
	ArchiveAfter time.Duration
}

// State is the state of the system.
type State struct {
	_ struct{} `doc:"The state of the running system"`

	At          time.Time    `json:"at" doc:"When it was read" example:"2026-11-23T18:00:00Z"`
	Warnings    []Warning    `json:"warnings" doc:"What needs somebody, each by the heading of docs/operations/runbook.md that says what to do; the thresholds are those of the alerts"`
	Version     Version      `json:"version" doc:"The program that answered"`
	Jobs        Jobs         `json:"jobs" doc:"The background jobs of all servers"`
	Mails       Mails        `json:"mails" doc:"The mails that were not delivered"`
	Partitions  []Partition  `json:"partitions" doc:"The partitions that are made in advance, by table"`
	Archive     Archive      `json:"archive" doc:"How far old consultations are archived"`
	Backup      *Backup      `json:"backup,omitempty" doc:"The backup of the private PostgreSQL; left out where the server that answered makes none"`
	RestoreMode *RestoreMode `json:"restoreMode,omitempty" doc:"Since when this is a restored copy that sends nothing; left out if it isn't one"`
	AuditLog    Seal         `json:"auditLog" doc:"How far the audit log is sealed"`
	Rollups     Rollups      `json:"rollups" doc:"How far the figures of the reports are"`
}

// Version is the version of the program.
type Version struct {
	_ struct{} `doc:"The version of a program"`

	Program string `json:"program" doc:"The version of Amrutam, as amrutam version prints it" example:"v1.4.0"`
	Go      string `json:"go" doc:"The version of Go that it was built with" example:"go1.26.1"`
	Schema  int64  `json:"schema" doc:"The version of the schema that it works on" example:"60"`
}

// Jobs counts the background jobs.
type Jobs struct {
	_ struct{} `doc:"Background jobs. A state of which there are many is counted up to 2,000"`

	Waiting       int       `json:"waiting" doc:"Those that are due and wait for a worker" example:"3"`
	OldestSeconds int64     `json:"oldestSeconds" doc:"How long the oldest of these has waited; 0 if none waits" example:"2"`
	Running       int       `json:"running" doc:"Those that run" example:"1"`
	Scheduled     int       `json:"scheduled" doc:"Those that run later" example:"40"`
	Retrying      int       `json:"retrying" doc:"Those that failed and are tried again" example:"1"`
	GivenUp       int       `json:"givenUp" doc:"Those that failed so often that they aren't tried again; they are kept for a week" example:"0"`
	Kinds         []JobKind `json:"kinds" doc:"The kinds of which a job waits or has failed, by their name"`
}

// JobKind counts the jobs of a kind.
type JobKind struct {
	_ struct{} `doc:"The background jobs of a kind that wait or have failed"`

	Kind         string        `json:"kind" doc:"The kind" example:"mail.send"`
	Waiting      int           `json:"waiting" doc:"Those that are due and wait for a worker" example:"0"`
	Retrying     int           `json:"retrying" doc:"Those that failed and are tried again" example:"1"`
	GivenUp      int           `json:"givenUp" doc:"Those that aren't tried again" example:"0"`
	LastFailedAt *time.Time    `json:"lastFailedAt,omitempty" format:"date-time" doc:"When the last try failed of those that failed; left out when none did" example:"2026-11-23T17:58:00Z"`
	LastFailure  *FailureClass `json:"lastFailure,omitempty" doc:"How it failed; left out when none did" example:"NETWORK"`
}

// Mails counts what was not delivered.
type Mails struct {
	_ struct{} `doc:"Mails that were not delivered. Each number ends at 10,000"`

	Waiting  int64            `json:"waiting" doc:"Those that wait to be sent" example:"2"`
	OldestAt *time.Time       `json:"oldestAt" format:"date-time" doc:"When the oldest of these was written; null if none waits" example:"2026-11-23T17:59:30Z"`
	GivenUp  map[string]int64 `json:"givenUp" doc:"Those that were given up within the last day, by why" example:"{\"recipient-refused\": 1}"`
}

// Partition says how far a table is prepared.
type Partition struct {
	_ struct{} `doc:"The partitions of a table"`

	Table  string `json:"table" doc:"The table" example:"consultations"`
	Period string `json:"period" enum:"month,day" doc:"What a partition holds" example:"month"`
	Ahead  int    `json:"ahead" doc:"How many follow the current one without a gap" example:"3"`
}

// Archive says how far consultations are archived.
type Archive struct {
	_ struct{} `doc:"How far old consultations are archived"`

	Before   time.Time  `json:"before" doc:"What was over before this instant moves to the archive in the next night" example:"2025-11-23T18:00:00Z"`
	OldestAt *time.Time `json:"oldestAt" format:"date-time" doc:"When the oldest consultation was booked that isn't in the archive; null when there is none" example:"2025-11-20T05:00:00Z"`
}

// Backup is the state of the backup.
type Backup struct {
	_ struct{} `doc:"The backup of the private PostgreSQL"`

	RestorableTo time.Time `json:"restorableTo" doc:"The last moment to which the database can be restored" example:"2026-11-23T17:59:40Z"`
	BaseAt       time.Time `json:"baseAt" doc:"When the last base backup was verified; a day before the server began to make backups, or earlier, if there is none" example:"2026-11-23T02:00:00Z"`
	WaitingBytes int64     `json:"waitingBytes" doc:"What PostgreSQL keeps because it isn't in the backup" example:"0"`
}

// RestoreMode says that this is a restored copy.
type RestoreMode struct {
	_ struct{} `doc:"A restored copy, which sends nothing"`

	Since time.Time `json:"since" doc:"Since when" example:"2026-11-23T12:00:00Z"`
}

// Seal says how far the log is sealed.
type Seal struct {
	_ struct{} `doc:"How far the audit log is sealed"`

	CheckpointAt    *time.Time `json:"checkpointAt" format:"date-time" doc:"When it was sealed last; null before the first time" example:"2026-11-23T17:59:00Z"`
	UnsealedSeconds int64      `json:"unsealedSeconds" doc:"The age of the oldest entry that isn't sealed; 0 if all are" example:"30"`
	Unpublished     int        `json:"unpublished" doc:"Checkpoints that are only in the database, though another place is configured for them" example:"0"`
}

// Rollups says how far the figures are.
type Rollups struct {
	_ struct{} `doc:"How far the figures of the reports are"`

	CompleteUntil *time.Time `json:"completeUntil" format:"date-time" doc:"Every change until this instant is counted; null while the first count is under way" example:"2026-11-23T17:59:30Z"`
}

// Read returns the state of the system. Each part is one small read, with a bound on what it counts.
func (s *Service) Read(ctx context.Context, r *postgres.Read, _ access.Actor, _ struct{}) (State, error) {
	out := State{At: r.Now, Version: s.Version(), Archive: Archive{Before: r.Now.Add(-s.ArchiveAfter)}}
	for _, read := range []func(context.Context, *postgres.Read, *State) error{
		readJobs, readMails, readPartitions, readRestoreMode, s.readAuditLog,
	} {
		if err := read(ctx, r, &out); err != nil {
			return State{}, err
		}
	}
	var err error
	if out.Archive.OldestAt, err = consultation.ReadOldestLive(ctx, r); err != nil {
		return State{}, err
	}
	if out.Rollups.CompleteUntil, err = analytics.ReadCompleteUntil(ctx, r); err != nil {
		return State{}, err
	}
	if backup, ok := s.Backup(); ok {
		out.Backup = &Backup{RestorableTo: r.Now.Add(-backup.WALAge), BaseAt: r.Now.Add(-backup.BaseAge),
			WaitingBytes: backup.Waiting}
	}
	out.Warnings = out.findWarnings()
	return out, nil
}

func readJobs(ctx context.Context, r *postgres.Read, out *State) error {
	counts, err := jobs.CountKinds(ctx, r)
	if err != nil {
		return err
	}
	out.Jobs = countJobs(counts)
	return nil
}

func readMails(ctx context.Context, r *postgres.Read, out *State) error {
	backlog, err := notification.ReadBacklog(ctx, r)
	out.Mails = Mails{Waiting: backlog.Waiting, OldestAt: backlog.Oldest, GivenUp: map[string]int64{}}
	for failure, n := range backlog.GivenUp {
		out.Mails.GivenUp[string(failure)] = n
	}
	return err
}

func readPartitions(ctx context.Context, r *postgres.Read, out *State) error {
	all, err := postgres.ListPartitions(ctx, r, r.Now)
	for _, p := range all {
		out.Partitions = append(out.Partitions, Partition{Table: p.Table, Period: p.Period, Ahead: p.Ahead})
	}
	return err
}

func readRestoreMode(ctx context.Context, r *postgres.Read, out *State) error {
	mode, err := restoremode.Find(ctx, r)
	if mode.On {
		out.RestoreMode = &RestoreMode{Since: mode.Since}
	}
	return err
}

func (s *Service) readAuditLog(ctx context.Context, r *postgres.Read, out *State) error {
	state, err := s.AuditLog.ReadSealState(ctx, r)
	out.AuditLog = Seal{CheckpointAt: state.Checkpoint, UnsealedSeconds: int64(state.Unsealed.Seconds()),
		Unpublished: state.Unpublished}
	return err
}
