package audit

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
)

// Entry is one row of the log (ER document: AuditLog).
type Entry struct {
	_ struct{} `doc:"An entry of the audit log"`

	ID         uuid.UUID      `json:"id" format:"uuid" doc:"The entry's id"`
	ActorID    *uuid.UUID     `json:"actorId" format:"uuid" nullable:"true" doc:"Who did it; null when nobody was signed in or the system did it: metadata.job then names the job"`
	ActorRole  *access.Role   `json:"actorRole" nullable:"true" doc:"The actor's role at that time, or null" example:"PATIENT"`
	Action     string         `json:"action" doc:"What was done, as entity.verb; access.deny is a refused access" example:"consultation.book"`
	EntityType string         `json:"entityType" doc:"What kind of object it was done to" example:"consultation"`
	EntityID   string         `json:"entityId" doc:"Which object; a UUID for most types"`
	Metadata   map[string]any `json:"metadata" doc:"Ids, states, names of changed fields, the requestId, and for the system's own deeds the job; never health data" example:"{\"requestId\": \"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7084\", \"from\": \"REQUESTED\", \"to\": \"CONFIRMED\"}"`
	IPAddress  *string        `json:"ipAddress" doc:"The client's address, IPv4 or IPv6, or null when there was no client" example:"203.0.113.7"`
	CreatedAt  time.Time      `json:"createdAt" doc:"When it was done"`

	ActorName  *string       `json:"actorName,omitempty" doc:"The actor's name as it is today; left out in exports, when nobody was signed in, and when it was erased" example:"Asha Rao"`
	EntityName *string       `json:"entityName,omitempty" doc:"The name of the person that the object is, as it is today; left out as actorName is, and when it is no person" example:"Dr. Meera Iyer"`
	Visit      *AuditedVisit `json:"visit,omitempty" doc:"Which visit the object is; left out in exports, and when it is none"`
}

// AuditedVisit says which consultation the object of an entry is.
type AuditedVisit struct {
	_ struct{} `doc:"Which visit the object of an entry is"`

	StartTime   time.Time `json:"startTime" doc:"When it begins" example:"2026-11-24T04:30:00Z"`
	PatientName *string   `json:"patientName" nullable:"true" doc:"The patient's name as it is today; null when it was erased"`
	DoctorName  *string   `json:"doctorName" nullable:"true" doc:"The doctor's name as it is today; null when it was erased"`
}

const selectEntry = `SELECT id, actor_id, actor_role, action, entity_type, entity_id, metadata, ip_address, created_at
	FROM audit_logs`

func scanEntry(row pgx.CollectableRow) (e Entry, err error) {
	err = row.Scan(&e.ID, &e.ActorID, &e.ActorRole, &e.Action, &e.EntityType, &e.EntityID, &e.Metadata, &e.IPAddress,
		&e.CreatedAt)
	return e, err
}

// ReadRequest names the entry to read.
type ReadRequest struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The entry's id" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
}

// read returns one entry, and leaves an entry itself. Returns problem.NotFound if there is none.
func (s *Service) read(ctx context.Context, tx *postgres.Tx, actor access.Actor, in ReadRequest) (Entry, error) {
	e, err := findEntry(ctx, tx, in.ID)
	if postgres.NoRows(err) {
		var leaf []byte
		if _, leaf, err = s.findInFiles(ctx, tx, in.ID); err == nil {
			e, err = parseEntry(leaf)
		}
	}
	if err != nil {
		return Entry{}, err
	}
	Write(tx, actor, "audit-log.read", e.ID, nil)
	one := []Entry{e}
	err = describe(ctx, tx, one)
	return one[0], err
}

// around returns an hour before and after the time in an id: the id is made a moment after the transaction's time, and
// by another clock.
func around(id uuid.UUID) (from, to time.Time) {
	created := time.Unix(id.Time().UnixTime())
	return created.Add(-time.Hour), created.Add(time.Hour)
}

// findEntry looks for an entry around the time in its id, and then in all partitions.
func findEntry(ctx context.Context, tx *postgres.Tx, id uuid.UUID) (Entry, error) {
	if id.Version() == 7 {
		from, to := around(id)
		e, err := queryEntry(ctx, tx, selectEntry+" WHERE id = $1 AND created_at BETWEEN $2 AND $3", id, from, to)
		if !postgres.NoRows(err) {
			return e, err
		}
	}
	return queryEntry(ctx, tx, selectEntry+" WHERE id = $1", id)
}

// queryEntry runs a statement that selects one entry.
func queryEntry(ctx context.Context, tx *postgres.Tx, sql string, args ...any) (Entry, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return Entry{}, err
	}
	return pgx.CollectExactlyOneRow(rows, scanEntry)
}
