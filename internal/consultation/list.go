package consultation

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ListIn filters by status and by when the consultation is.
type ListIn struct {
	httpapi.Paging
	Status []Status  `query:"status" maxItems:"6" doc:"Only these; several are separated by commas" example:"CONFIRMED"`
	From   time.Time `query:"from" doc:"Only those that start then or later" example:"2026-11-23T00:00:00Z"`
	To     time.Time `query:"to" doc:"Only those that start before" example:"2026-12-07T00:00:00Z"`
	Sort   Sort      `query:"sort" default:"latest" doc:"By the start of the consultation: latest first, or earliest first" example:"latest"`
}

// place is where a page ended: its last consultation's start and id.
type place = httpapi.Place[time.Time]

// SearchIn is ListIn for staff, who may also name the parties.
type SearchIn struct {
	ListIn
	PatientID httpapi.UUID `query:"patientId" doc:"Only this patient's" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
	DoctorID  httpapi.UUID `query:"doctorId" doc:"Only this doctor's" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
}

// ListMine is the patient's own list, with health data: each call is audited.
func (s *Service) ListMine(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in ListIn) (httpapi.Page[Consultation], error) {
	audit.WriteReading(tx, actor, "consultation.list", actor.ID, nil, actor.ID)
	var c postgres.Conditions
	c.And(ofPatient, actor.ID)
	return s.list(ctx, tx, in, "consultations/me", true, &c)
}

// ListOfDoctor is the doctor's own list.
func (s *Service) ListOfDoctor(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in ListIn) (httpapi.Page[Consultation], error) {
	var c postgres.Conditions
	c.And(ofDoctor, actor.ID)
	page, err := s.list(ctx, tx, in, "consultations/doctor/me", true, &c)
	audit.WriteReading(tx, actor, "consultation.list", actor.ID, nil, patientsOf(page.Items)...)
	return page, err
}

// Search is for staff: every consultation, without health data. Whose staff sees is noted, page by page.
func (s *Service) Search(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in SearchIn) (httpapi.Page[Consultation], error) {
	var c postgres.Conditions
	if in.PatientID != "" {
		c.And(ofPatient, in.PatientID)
	}
	if in.DoctorID != "" {
		c.And(ofDoctor, in.DoctorID)
	}
	page, err := s.list(ctx, tx, in.ListIn, "consultations", false, &c)
	audit.Write(tx, actor, "consultation.search", actor.ID,
		audit.Meta{"filters": in.names(), "patientIds": patientsOf(page.Items)})
	return page, err
}

// names of the filters that are used, without what they ask for.
func (in SearchIn) names() []string {
	names := []string{}
	for _, one := range []struct {
		name string
		used bool
	}{
		{"status", len(in.Status) > 0}, {"from", !in.From.IsZero()}, {"to", !in.To.IsZero()},
		{"patientId", in.PatientID != ""}, {"doctorId", in.DoctorID != ""},
	} {
		if one.used {
			names = append(names, one.name)
		}
	}
	return names
}

// patientsOf a page, each once.
func patientsOf(page []Consultation) []uuid.UUID {
	seen, ids := map[uuid.UUID]bool{}, []uuid.UUID{}
	for _, c := range page {
		if !seen[c.PatientID] {
			seen[c.PatientID], ids = true, append(ids, c.PatientID)
		}
	}
	return ids
}

// list reads a page of what fits c and was asked for.
func (s *Service) list(ctx context.Context, db postgres.Querier, in ListIn, scope string, health bool,
	c *postgres.Conditions) (httpapi.Page[Consultation], error) {
	var page httpapi.Page[Consultation]
	if !in.To.IsZero() && !in.To.After(in.From) {
		return page, problem.InvalidField("query.to", "must be after from")
	}
	scope += " " + string(in.Sort)
	name := "listConsultations"
	if !c.Empty() {
		name += "OfParty"
	}
	if !in.From.IsZero() || !in.To.IsZero() {
		name += "InPeriod"
	}
	var last *place
	if _, err := s.Cursors.Open(scope, in.Cursor, &last); err != nil {
		return page, err
	}
	found := in.page(c, last)
	// Names and keys are looked up for the page alone.
	items, err := postgres.List(ctx, db, name, listed("("+found+")")+in.order("c.scheduled_start", "c.id").By(),
		c.Args(), func(row pgx.CollectableRow) (Consultation, error) { return s.scan(row, health) })
	if err != nil {
		return page, err
	}
	return httpapi.NewPage(s.Cursors, scope, in.Limit, items,
		func(c Consultation) any { return place{Value: c.StartTime, ID: c.ID} }), nil
}

// listed reads consultations from a table or from what was found in it.
func listed(from string) string { return listColumns + " FROM " + from + listJoins }

const listColumns = `SELECT c.id, c.patient_id, c.doctor_id, c.slot_id, c.status, c.reason, c.notes, c.payment_status,
	c.fee, c.currency, c.scheduled_start, c.scheduled_end, c.payment_due_at, c.cancelled_by, c.cancellation_reason,
	c.cancelled_at, c.started_at, c.ended_at, c.absent, c.created_at, c.updated_at, k.wrapped, pp.full_name,
	dp.full_name, CASE WHEN c.payment_status = 'PAID' THEN (SELECT coalesce(sum(r.amount), 0) FROM refunded_fees r
	WHERE r.consultation_id = c.id)
		ELSE 0 END`

const listJoins = ` c
	JOIN data_keys k ON k.user_id = c.patient_id
	JOIN profiles pp ON pp.user_id = c.patient_id
	JOIN profiles dp ON dp.user_id = c.doctor_id`

func (s *Service) scan(row pgx.CollectableRow, health bool) (Consultation, error) {
	var full readConsultationRow
	c := &full.ConsultationRow
	err := row.Scan(&c.ID, &c.PatientID, &c.DoctorID, &c.SlotID, &c.Status, &c.Reason, &c.Notes, &c.PaymentStatus,
		&c.Fee, &c.Currency, &c.ScheduledStart, &c.ScheduledEnd, &c.PaymentDueAt, &c.CancelledBy,
		&c.CancellationReason, &c.CancelledAt, &c.StartedAt, &c.EndedAt, &c.Absent, &c.CreatedAt, &c.UpdatedAt,
		&full.Wrapped, &full.PatientName, &full.DoctorName, &full.Refunded)
	if err != nil {
		return Consultation{}, err
	}
	return s.view(full, health)
}
