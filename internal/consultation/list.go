package consultation

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ListRequest filters consultations by status and by their start.
type ListRequest struct {
	httpapi.Paging
	Status []Status  `query:"status" maxItems:"6" doc:"Only these; several are separated by commas" example:"CONFIRMED"`
	From   time.Time `query:"from" doc:"Only those that start then or later" example:"2026-11-23T00:00:00Z"`
	To     time.Time `query:"to" doc:"Only those that start before" example:"2026-12-07T00:00:00Z"`
	Sort   Sort      `query:"sort" default:"latest" doc:"By the start of the consultation: latest first, or earliest first" example:"latest"`
}

// DoctorListRequest is a ListRequest of a doctor, who may also name a patient, or ask for a day instead.
type DoctorListRequest struct {
	ListRequest
	PatientID httpapi.UUID `query:"patientId" doc:"Only this patient's" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
	Date      string       `query:"date" format:"date" doc:"A whole day in the time zone of your profile, with what is free; goes with no other parameter" example:"2026-11-24"`
}

// pageEnd is the start and id of a page's last consultation.
type pageEnd = httpapi.Position[time.Time]

// SearchRequest is a ListRequest of staff, who may also name the parties.
type SearchRequest struct {
	ListRequest
	PatientID httpapi.UUID `query:"patientId" doc:"Only this patient's" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
	DoctorID  httpapi.UUID `query:"doctorId" doc:"Only this doctor's" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
}

// ListMine lists the consultations of the patient and of the patient's dependants with their health data. Each call is
// audited.
func (s *Service) ListMine(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in ListRequest) (httpapi.Page[Consultation], error) {
	var people [][]filter
	for _, person := range actor.People() {
		people = append(people, []filter{{ofPatient, person}})
	}
	page, err := s.list(ctx, tx, in, "consultations/me", releasedData, people...)
	patients := patientsOf(page.Items)
	if !slices.Contains(patients, actor.ID) {
		patients = append(patients, actor.ID)
	}
	audit.WriteReading(tx, actor, "consultation.list", actor.ID, nil, patients...)
	return page, err
}

// ListOfDoctor lists the doctor's own consultations with their health data. Each call is audited.
func (s *Service) ListOfDoctor(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in DoctorListRequest) (DoctorConsultationPage, error) {
	if in.Date != "" {
		return s.listDay(ctx, tx, actor, in)
	}
	filters := []filter{{ofDoctor, actor.ID}}
	if in.PatientID != "" {
		filters = append(filters, filter{ofPatient, uuid.MustParse(string(in.PatientID))})
	}
	page, err := s.list(ctx, tx, in.ListRequest, "consultations/doctor/me", allData, filters)
	audit.WriteReading(tx, actor, "consultation.list", actor.ID, nil, patientsOf(page.Items)...)
	return DoctorConsultationPage{Page: page}, err
}

// Search lists the consultations of all users without health data, for staff. Each page is audited with the patients
// that it shows.
func (s *Service) Search(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in SearchRequest) (httpapi.Page[Consultation], error) {
	var filters []filter
	if in.PatientID != "" {
		filters = append(filters, filter{ofPatient, uuid.MustParse(string(in.PatientID))})
	}
	if in.DoctorID != "" {
		filters = append(filters, filter{ofDoctor, uuid.MustParse(string(in.DoctorID))})
	}
	page, err := s.list(ctx, tx, in.ListRequest, "consultations", noHealthData, filters)
	audit.Write(tx, actor, "consultation.search", actor.ID,
		audit.Meta{"filters": in.usedFilters(), "patientIds": patientsOf(page.Items)})
	return page, err
}

// usedFilters returns the names of the filters in use, without their values.
func (in SearchRequest) usedFilters() []string {
	names := []string{}
	filters := []struct {
		name string
		used bool
	}{
		{"status", len(in.Status) > 0},
		{"from", !in.From.IsZero()},
		{"to", !in.To.IsZero()},
		{"patientId", in.PatientID != ""},
		{"doctorId", in.DoctorID != ""},
	}
	for _, f := range filters {
		if f.used {
			names = append(names, f.name)
		}
	}
	return names
}

// patientsOf returns the patients of a page, each once.
func patientsOf(page []Consultation) []uuid.UUID {
	ids := []uuid.UUID{}
	for _, c := range page {
		if !slices.Contains(ids, c.PatientID) {
			ids = append(ids, c.PatientID)
		}
	}
	return ids
}

// list reads a page of the consultations that fulfil the request and all filters of one of the lists. Each list is
// read by itself: one statement for several people would sort what all have. scope names the list in its cursors.
func (s *Service) list(ctx context.Context, tx *postgres.Tx, in ListRequest, scope string, sight sight,
	lists ...[]filter) (httpapi.Page[Consultation], error) {
	var page httpapi.Page[Consultation]
	if fault := httpapi.PeriodFault(in.From, in.To); fault != nil {
		return page, problem.InvalidField("query.to", fault)
	}
	scope += " " + string(in.Sort)
	rows, err := s.listRows(ctx, tx, tx.Now, in, scope, lists)
	if err != nil {
		return page, err
	}
	items := make([]Consultation, len(rows))
	for i, row := range rows {
		if items[i], err = s.response(row, sight); err != nil {
			return page, err
		}
	}
	endOf := func(c Consultation) any { return pageEnd{Value: c.StartTime, ID: c.ID} }
	return httpapi.NewPage(s.Cursors, scope, in.Limit, items, endOf), nil
}

// listRows reads the rows of a page of list, and one more.
func (s *Service) listRows(ctx context.Context, db postgres.Querier, now time.Time, in ListRequest, scope string,
	lists [][]filter) (rows []fullRow, err error) {
	var last *pageEnd
	if _, err := s.Cursors.Decode(scope, in.Cursor, &last); err != nil {
		return nil, err
	}
	for _, filters := range lists {
		found, err := in.readRows(ctx, db, now, last, filters)
		if err != nil {
			return nil, err
		}
		rows = in.merge(rows, found)
	}
	return rows, nil
}

// readRows reads the rows of a page, and one more, that are live or in the archive.
func (in ListRequest) readRows(ctx context.Context, db postgres.Querier, now time.Time, last *pageEnd,
	filters []filter) ([]fullRow, error) {
	rows, err := in.readPage(ctx, db, liveRows, last, filters)
	if err != nil || !in.reachesArchive(now, last, rows, filters) {
		return rows, err
	}
	archived, err := in.ofArchive().readPage(ctx, db, archivedRows, last, filters)
	return in.merge(rows, archived), err
}

// readPage reads the rows of a page, and one more, of the live consultations or of the archive.
func (in ListRequest) readPage(ctx context.Context, db postgres.Querier, from string, last *pageEnd,
	filters []filter) ([]fullRow, error) {
	var c postgres.Conditions
	for _, f := range filters {
		c.And(f.condition, f.value)
	}
	name := in.queryName(&c)
	if from == archivedRows {
		name += "InArchive"
	}
	// The joins with names and keys are outside of the page's query, so that they read the rows of the page only.
	order := in.order("c.scheduled_start", "c.id")
	query := selectConsultations("("+in.pageQuery(from, &c, last)+")") + order.OrderBy()
	return postgres.List(ctx, db, name, query, c.Args(), scanRow)
}

// queryName names the query in statistics and plans: each name has conditions that share a plan.
func (in ListRequest) queryName(c *postgres.Conditions) string {
	name := "listConsultations"
	if !c.Empty() {
		name += "OfParty"
	}
	if !in.From.IsZero() || !in.To.IsZero() {
		name += "InPeriod"
	}
	return name
}

// Where consultations are: the tables with a column archived.
const (
	liveRows     = "(SELECT *, false AS archived FROM consultations)"
	archivedRows = "(SELECT *, true AS archived FROM archived_consultations)"
	allRows      = "all_consultations"
)

// selectConsultations returns a query for what scanRow reads, from one of these or from a query in brackets.
func selectConsultations(from string) string { return listColumns + " FROM " + from + listJoins }

const listColumns = `SELECT c.id, c.patient_id, c.doctor_id, c.slot_id, c.status, c.reason, c.notes, c.payment_status,
	c.fee, c.currency, c.scheduled_start, c.scheduled_end, c.payment_due_at, c.cancelled_by, c.cancellation_reason,
	c.cancelled_at, c.started_at, c.ended_at, c.absent, c.cancellation_policy, c.grace_until, c.notes_draft,
	c.patient_arrived_at, c.doctor_arrived_at, c.rescheduled_from_slot, c.rescheduled_from_start,
	c.reschedule_count, c.balance_due, c.balance_due_at, c.booked_by, c.relation, c.is_minor, c.created_at,
	c.updated_at, c.archived, k.wrapped,
	pp.full_name, dp.full_name, CASE WHEN c.payment_status = 'PAID'
		THEN (SELECT coalesce(sum(r.amount), 0) FROM refunded_fees r WHERE r.consultation_id = c.id)
		ELSE 0 END,
	c.status IN ('REQUESTED', 'CONFIRMED', 'IN_PROGRESS') AND coalesce((SELECT true FROM consultation_consents x
		WHERE x.consultation_id = c.id AND x.withdrawn_at IS NULL LIMIT 1), false),
	c.status = 'COMPLETED' AND coalesce((SELECT true FROM reviews v WHERE v.consultation_id = c.id), false),
	c.status = 'NO_SHOW' AND coalesce((SELECT true FROM disputes d WHERE d.consultation_id = c.id), false)`

const listJoins = ` c
	JOIN data_keys k ON k.user_id = c.patient_id
	JOIN profiles pp ON pp.user_id = c.patient_id
	JOIN profiles dp ON dp.user_id = c.doctor_id`

// scan reads a row of selectConsultations for a response.
func (s *Service) scan(row pgx.CollectableRow, sight sight) (Consultation, error) {
	full, err := scanRow(row)
	if err != nil {
		return Consultation{}, err
	}
	return s.response(full, sight)
}

// scanRow reads a row of selectConsultations.
func scanRow(row pgx.CollectableRow) (full fullRow, err error) {
	c := &full.ConsultationRow
	err = row.Scan(&c.ID, &c.PatientID, &c.DoctorID, &c.SlotID, &c.Status, &c.Reason, &c.Notes, &c.PaymentStatus,
		&c.Fee, &c.Currency, &c.ScheduledStart, &c.ScheduledEnd, &c.PaymentDueAt, &c.CancelledBy,
		&c.CancellationReason, &c.CancelledAt, &c.StartedAt, &c.EndedAt, &c.Absent, &c.CancellationPolicy,
		&c.GraceUntil, &c.NotesDraft, &c.PatientArrivedAt, &c.DoctorArrivedAt, &c.RescheduledFromSlot,
		&c.RescheduledFromStart, &c.RescheduleCount, &c.BalanceDue, &c.BalanceDueAt, &c.BookedBy, &c.Relation,
		&c.IsMinor, &c.CreatedAt, &c.UpdatedAt, &full.archived, &full.Wrapped, &full.PatientName, &full.DoctorName,
		&full.Refunded, &full.HasConsent, &full.HasReview, &full.HasDispute)
	return full, err
}
