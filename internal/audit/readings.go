package audit

import (
	"bytes"
	"cmp"
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
	"amrutam/internal/problem"
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
	DependantID    *uuid.UUID    `json:"dependantId" format:"uuid" nullable:"true" doc:"Whose record, when it was a dependant's; null when it was yours"`
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
	Others bool      `query:"others" doc:"true leaves out what you read yourself" example:"true"`
	From   time.Time `query:"from" doc:"Only what was read at this time or later; any offset. Needed for months that are compressed, which is after 90 days or more" example:"2026-11-01T00:00:00+05:30"`
	To     time.Time `query:"to" doc:"Only what was read before this time; any offset" example:"2026-12-01T00:00:00+05:30"`
}

// selectReadings has the conditions of the partial index in a materialized part: the planner can't know how few rows a
// patient has, and would else read the whole log by its time.
const selectReadings = `-- name: listReadings :many
WITH a AS MATERIALIZED (
    SELECT id, action, actor_id, actor_role, entity_id, metadata, created_at FROM audit_logs
    WHERE action IN ('consultation.read', 'consultation.list', 'prescription.read', 'prescription.list')
        AND coalesce(metadata -> 'patientIds', metadata -> 'patientId') ? $1::text
        AND created_at >= greatest(made_at($1::text::uuid), $6)
)
SELECT a.id, a.action, a.actor_id, CASE WHEN k.destroyed_at IS NULL THEN p.full_name END, a.actor_role,
coalesce((a.metadata ->> 'healthData')::boolean, true),
    CASE a.action WHEN 'consultation.read' THEN a.entity_id ELSE a.metadata ->> 'consultationId' END::uuid,
    CASE a.action WHEN 'prescription.read' THEN a.entity_id END::uuid, a.metadata ->> 'purpose', a.created_at
FROM a LEFT JOIN profiles p ON p.user_id = a.actor_id LEFT JOIN data_keys k ON k.user_id = a.actor_id
WHERE (NOT $2 OR a.actor_id <> $7) AND (a.created_at, a.id) < ($3, $4)
ORDER BY a.created_at DESC, a.id DESC LIMIT $5`

// listReadings lists who read the records of the caller and of the caller's dependants, the newest first. Lists
// without health data, like the staff's search, leave no entry.
func (s *Service) listReadings(ctx context.Context, r *postgres.Read, actor access.Actor,
	in ListReadingsRequest) (httpapi.Page[Reading], error) {
	var none httpapi.Page[Reading]
	if fault := httpapi.PeriodFault(in.From, in.To); fault != nil {
		return none, problem.InvalidField("query.to", fault)
	}
	f := readingFilter{reader: actor.ID, others: in.Others, from: in.From.UTC(), to: in.To.UTC()}
	scope := fmt.Sprintf("access-log %t %s %s", in.Others, f.from.Format(time.RFC3339Nano),
		f.to.Format(time.RFC3339Nano))
	if _, err := s.Cursors.Decode(scope, in.Cursor, &f.after); err != nil {
		return none, err
	}
	found, resume, err := s.findReadingsOf(ctx, r, actor.People(), f, in.Limit+1)
	if err != nil {
		return none, err
	}
	page := httpapi.NewPage(s.Cursors, scope, in.Limit, found,
		func(v Reading) any { return position{Value: v.CreatedAt, ID: v.ID} })
	if page.NextCursor == "" && !resume.Value.IsZero() {
		page.NextCursor = s.Cursors.Encode(scope, resume)
	}
	return page, nil
}

// readingFilter says which readings of a patient's record are asked for. Times and after may be zero.
type readingFilter struct {
	patient  uuid.UUID
	reader   uuid.UUID // the account that acts for the patient
	others   bool      // without the reader's own
	from, to time.Time
	after    position
}

// queryArgs returns the arguments of selectReadings; limit 0 is none.
func (f readingFilter) queryArgs(now time.Time, limit int) []any {
	after := position{Value: now.AddDate(1, 0, 0), ID: uuid.Max} // the clocks of other servers may be ahead
	if !f.to.IsZero() {
		after = position{Value: f.to, ID: uuid.Nil}
	}
	if !f.after.Value.IsZero() {
		after = f.after
	}
	var most *int
	if limit > 0 {
		most = &limit
	}
	return []any{f.patient.String(), f.others, after.Value, after.ID, most, f.from, f.reader}
}

// findReadingsOf is findReadings for several patients. The first is the reader.
func (s *Service) findReadingsOf(ctx context.Context, r *postgres.Read, people []uuid.UUID, f readingFilter,
	limit int) (all []Reading, resume position, err error) {
	for _, person := range people {
		f.patient = person
		found, next, err := s.findReadings(ctx, r, f, limit)
		if err != nil {
			return nil, resume, err
		}
		for i := range found {
			if person != f.reader {
				found[i].DependantID = &person
			}
		}
		all = append(all, found...)
		if next.Value.After(resume.Value) {
			resume = next
		}
	}
	slices.SortStableFunc(all, compareReadings)
	all = slices.CompactFunc(all, func(a, b Reading) bool { return a.ID == b.ID })
	if !resume.Value.IsZero() {
		all = slices.DeleteFunc(all, func(v Reading) bool { return v.CreatedAt.Before(resume.Value) })
	}
	return all[:min(limit, len(all))], resume, nil
}

// findReadings returns the first readings of a filter, out of the database and of files. If it has read as many of the
// files as one request may, resume is where to go on.
func (s *Service) findReadings(ctx context.Context, r *postgres.Read, f readingFilter, limit int) (found []Reading,
	resume position, err error) {
	rows, err := r.Query(ctx, selectReadings, f.queryArgs(r.Now, limit)...)
	if err == nil {
		found, err = pgx.CollectRows(rows, scanReading)
	}
	if err != nil {
		return nil, resume, fmt.Errorf("list readings: %w", err)
	}
	if f.from.IsZero() || !f.from.Before(r.Now.Add(-s.CompressAfter)) {
		return found, resume, nil
	}
	keptSince, err := readKeptSince(ctx, r)
	if err != nil || !f.from.Before(keptSince) ||
		len(found) == limit && !found[limit-1].CreatedAt.Before(keptSince) {
		return found, resume, err
	}
	old, resume, err := s.searchReadings(ctx, r, f, keptSince, limit)
	if err != nil {
		return nil, resume, err
	}
	found = append(found, old...)
	slices.SortFunc(found, compareReadings)
	found = slices.CompactFunc(found, func(a, b Reading) bool { return a.ID == b.ID })
	found = slices.DeleteFunc(found, func(v Reading) bool { return v.CreatedAt.Before(resume.Value) })
	return found[:min(limit, len(found))], resume, nil
}

// compareReadings compares readings in the order of the list.
func compareReadings(a, b Reading) int {
	return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), bytes.Compare(b.ID[:], a.ID[:]))
}

// searchReadings returns the readings of a filter that are in files; limit 0 is none.
func (s *Service) searchReadings(ctx context.Context, r *postgres.Read, f readingFilter, until time.Time,
	limit int) ([]Reading, position, error) {
	patient := f.patient.String()
	inFiles := search{
		folder: s.Folder, from: f.from, to: until, after: f.after, limit: limit,
		keys: []string{key(keyPatient, patient)}, texts: [][]byte{[]byte(`"` + patient + `"`)},
		matches: func(e Entry) bool {
			return slices.Contains(readings, ReadingAction(e.Action)) && slices.Contains(e.patients(), patient) &&
				e.ActorID != nil && (!f.others || *e.ActorID != f.reader)
		},
	}
	if !f.to.IsZero() && f.to.Before(until) {
		inFiles.to = f.to
	}
	entries, resume, err := inFiles.run(ctx, r)
	if err != nil {
		return nil, resume, describeFiles(err)
	}
	found := make([]Reading, len(entries))
	var actors []uuid.UUID
	for i, e := range entries {
		found[i] = e.reading()
		actors = append(actors, found[i].ActorID)
	}
	names, err := namesOf(ctx, r, actors)
	if err != nil {
		return nil, resume, err
	}
	for i := range found {
		found[i].ActorName = names[found[i].ActorID]
	}
	return found, resume, nil
}

// reading returns the entry as the access log shows it, without the actor's name.
func (e Entry) reading() Reading {
	v := Reading{ID: e.ID, Action: ReadingAction(e.Action), HealthData: e.Metadata["healthData"] != false,
		CreatedAt: e.CreatedAt}
	if e.ActorID != nil {
		v.ActorID = *e.ActorID
	}
	if e.ActorRole != nil {
		v.ActorRole = *e.ActorRole
	}
	if purpose, ok := e.Metadata["purpose"].(string); ok {
		v.Purpose = &purpose
	}
	consultation, _ := e.Metadata["consultationId"].(string)
	switch v.Action {
	case "consultation.read":
		consultation = e.EntityID
	case "prescription.read":
		if id, err := uuid.Parse(e.EntityID); err == nil {
			v.PrescriptionID = &id
		}
	}
	if id, err := uuid.Parse(consultation); err == nil {
		v.ConsultationID = &id
	}
	return v
}

func scanReading(row pgx.CollectableRow) (v Reading, err error) {
	err = row.Scan(&v.ID, &v.Action, &v.ActorID, &v.ActorName, &v.ActorRole, &v.HealthData, &v.ConsultationID,
		&v.PrescriptionID, &v.Purpose, &v.CreatedAt)
	return v, err
}
