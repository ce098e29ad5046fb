package audit

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
)

// Reading is an entry of a patient's access log: somebody read the patient's record (FHIR: AuditEvent of type "read").
type Reading struct {
	_ struct{} `doc:"Somebody read your record"`

	ID             uuid.UUID     `json:"id" format:"uuid" doc:"The reading's id" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
	Action         ReadingAction `json:"action" doc:"What was read: one of them, or a list that had yours in it" example:"prescription.read"`
	ActorID        uuid.UUID     `json:"actorId" format:"uuid" doc:"Who read; your own id where it was you" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7082"`
	ActorName      *string       `json:"actorName" doc:"The reader's name as it is today; null when it was erased" example:"Dr. Asha Nair"`
	ActorRole      access.Role   `json:"actorRole" doc:"The role in which it was read" example:"DOCTOR"`
	HealthData     bool          `json:"healthData" doc:"Whether reason, notes or prescriptions were shown; false when only the appointment was" example:"true"`
	ConsultationID *uuid.UUID    `json:"consultationId" format:"uuid" nullable:"true" doc:"Which consultation, where it was one"`
	PrescriptionID *uuid.UUID    `json:"prescriptionId" format:"uuid" nullable:"true" doc:"Which prescription, where it was one" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7084"`
	Purpose        *string       `json:"purpose" doc:"Why, as an administrator has to say it; null for others" example:"Complaint of the patient"`
	CreatedAt      time.Time     `json:"createdAt" doc:"When it was read" example:"2026-11-23T10:00:00Z"`
}

// ReadingAction is an action that the access log shows.
type ReadingAction string

var readings = []ReadingAction{"consultation.read", "consultation.list", "prescription.read", "prescription.list"}

// Schema lists the actions.
func (ReadingAction) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "RecordReadingAction", "What was read of a record: one thing, or a list", readings...)
}

// WriteReading queues the row of a reading, which the access logs of these patients show. With healthData false in the
// metadata only the appointment was shown. The pipeline refuses an answer with health data of any other patient.
func WriteReading(tx *postgres.Tx, actor access.Actor, action string, entity uuid.UUID, meta Meta,
	patients ...uuid.UUID) {
	all := Meta{"patientIds": patients}
	if len(patients) == 1 {
		all = Meta{"patientId": patients[0]}
	}
	maps.Copy(all, meta)
	Write(tx, actor, action, entity, all)
	if slices.Contains(readings, ReadingAction(action)) && meta["healthData"] != false {
		tx.MarkRead(patients...)
	}
}

// ListReadingsRequest asks for a page of the patient's own access log.
type ListReadingsRequest struct {
	httpapi.Paging
	Others bool `query:"others" doc:"true leaves out what you read yourself" example:"true"`
}

// selectReadings has the conditions of the partial index in a materialized part: the planner can't know how few rows a
// patient has, and would else read the whole log by its time.
const selectReadings = `-- name: listReadings :many
WITH a AS MATERIALIZED (
    SELECT id, action, actor_id, actor_role, entity_id, metadata, created_at FROM audit_logs
    WHERE action IN ('consultation.read', 'consultation.list', 'prescription.read', 'prescription.list')
        AND coalesce(metadata -> 'patientIds', metadata -> 'patientId') ? $1::text
        AND created_at >= made_at($1::text::uuid)
)
SELECT a.id, a.action, a.actor_id, CASE WHEN k.destroyed_at IS NULL THEN p.full_name END, a.actor_role,
coalesce((a.metadata ->> 'healthData')::boolean, true),
    CASE a.action WHEN 'consultation.read' THEN a.entity_id ELSE a.metadata ->> 'consultationId' END::uuid,
    CASE a.action WHEN 'prescription.read' THEN a.entity_id END::uuid, a.metadata ->> 'purpose', a.created_at
FROM a LEFT JOIN profiles p ON p.user_id = a.actor_id LEFT JOIN data_keys k ON k.user_id = a.actor_id
WHERE (NOT $2 OR a.actor_id <> $1::text::uuid) AND (a.created_at, a.id) < ($3, $4)
ORDER BY a.created_at DESC, a.id DESC LIMIT $5`

// listReadings lists who read the caller's record, the newest first. Lists without health data, like the staff's
// search, leave no entry.
func (s *Service) listReadings(ctx context.Context, r *postgres.Read, actor access.Actor,
	in ListReadingsRequest) (httpapi.Page[Reading], error) {
	scope := "access-log"
	if in.Others {
		scope = "access-log others"
	}
	after := position{Value: r.Now.AddDate(1, 0, 0), ID: uuid.Max} // the clocks of other servers may be ahead
	if _, err := s.Cursors.Decode(scope, in.Cursor, &after); err != nil {
		return httpapi.Page[Reading]{}, err
	}
	rows, err := r.Query(ctx, selectReadings, actor.ID.String(), in.Others, after.Value, after.ID, in.Limit+1)
	if err != nil {
		return httpapi.Page[Reading]{}, fmt.Errorf("list readings: %w", err)
	}
	found, err := pgx.CollectRows(rows, scanReading)
	if err != nil {
		return httpapi.Page[Reading]{}, fmt.Errorf("list readings: %w", err)
	}
	return httpapi.NewPage(s.Cursors, scope, in.Limit, found,
		func(v Reading) any { return position{Value: v.CreatedAt, ID: v.ID} }), nil
}

func scanReading(row pgx.CollectableRow) (v Reading, err error) {
	err = row.Scan(&v.ID, &v.Action, &v.ActorID, &v.ActorName, &v.ActorRole, &v.HealthData, &v.ConsultationID,
		&v.PrescriptionID, &v.Purpose, &v.CreatedAt)
	return v, err
}
