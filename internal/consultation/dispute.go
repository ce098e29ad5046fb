package consultation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/account"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/seal"
)

// ErrDisputed refuses a second dispute of the same no-show.
var ErrDisputed = problem.Conflict("already-disputed", "The no-show was disputed already",
	"This no-show was disputed before.", "Read the dispute: it says whether it is decided, and how.")

const columnDispute = "disputes.reason"

// Dispute is a patient's word against a no-show that was recorded of them.
type Dispute struct {
	_ struct{} `doc:"A patient's word against a no-show, and what was decided"`

	ID             uuid.UUID      `json:"id" doc:"The dispute's id"`
	ConsultationID uuid.UUID      `json:"consultationId" doc:"The consultation"`
	PatientID      uuid.UUID      `json:"patientId" health:"patient" doc:"Who disputes"`
	DoctorID       uuid.UUID      `json:"doctorId" doc:"The consultation's doctor"`
	PatientName    *string        `json:"patientName" nullable:"true" doc:"Their name, for staff; null for others, and when the account is deleted"`
	DoctorName     *string        `json:"doctorName" nullable:"true" doc:"The doctor's name, for staff; null for others, and when the account is deleted"`
	Visit          *DisputedVisit `json:"visit,omitempty" doc:"When the consultation was and when its parties came, for staff; left out for others"`
	Status         DisputeStatus  `json:"status" doc:"Where it stands" example:"OPEN"`
	Reason         *string        `json:"reason,omitempty" health:"disputes.reason" doc:"What the patient says; left out for the doctor, and when the patient was erased" example:"I waited in the call for half an hour"`
	DecisionReason *string        `json:"decisionReason" doc:"Why it was decided so; null until then"`
	DecidedBy      *uuid.UUID     `json:"decidedBy" nullable:"true" doc:"Who decided; null until then, and for all but staff"`
	DecidedByName  *string        `json:"decidedByName" nullable:"true" doc:"Their name; null as decidedBy is, and when the account is deleted"`
	DecidedAt      *time.Time     `json:"decidedAt" doc:"When it was decided"`
	CreatedAt      time.Time      `json:"createdAt" doc:"When the patient disputed"`
}

// DisputedVisit has what staff compare a patient's word with.
type DisputedVisit struct {
	_ struct{} `doc:"When a disputed consultation was, and when its parties came"`

	StartTime        time.Time  `json:"startTime" doc:"When it was to begin"`
	PatientArrivedAt *time.Time `json:"patientArrivedAt" doc:"When the patient checked in; null when they didn't"`
	DoctorArrivedAt  *time.Time `json:"doctorArrivedAt" doc:"When the doctor checked in; null when they didn't"`
}

// Entity names the dispute for a stored answer.
func (d Dispute) Entity() (string, uuid.UUID) { return "dispute", d.ID }

// Location is the address of the dispute.
func (d Dispute) Location() string {
	return httpapi.Base + "/consultations/" + d.ConsultationID.String() + "/dispute"
}

// AuditReading audits that the response stored for an idempotency key was read.
func (d Dispute) AuditReading(tx *postgres.Tx, actor access.Actor) {
	d.auditRead(tx, actor, audit.Meta{"replayed": true})
}

// auditRead audits who read the dispute, and whether with the patient's words.
func (d Dispute) auditRead(tx *postgres.Tx, actor access.Actor, meta audit.Meta) {
	meta["disputeId"], meta["healthData"] = d.ID, d.Reason != nil
	audit.WriteReading(tx, actor, "consultation.read", d.ConsultationID, meta, d.PatientID)
}

// DisputeRequest says why a no-show is wrong.
type DisputeRequest struct {
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The consultation"`
	Body struct {
		_ struct{} `doc:"Why the no-show is wrong"`

		Reason string `json:"reason" health:"disputes.reason" text:"lines" minLength:"1" maxLength:"2000" pattern:"\\S" patternDescription:"more than spaces" doc:"What happened; support and administrators read it, the doctor doesn't" example:"I waited in the call for half an hour"`
	}
}

// disputeUntil returns until when a patient may dispute a no-show.
func (s *Service) disputeUntil(row ConsultationRow) time.Time {
	return row.ScheduledEnd.Add(s.Config.DisputeWithin)
}

// Dispute records that a patient disputes a no-show that was recorded of them. Of one that was the doctor's everything
// was refunded already. Returns problem.NotFound, problem.InvalidTransition, ErrTooLate, ErrDisputed.
func (s *Service) Dispute(ctx context.Context, tx *postgres.Tx, actor access.Actor, in DisputeRequest) (Dispute,
	error) {
	row, err := s.lock(ctx, tx, actor, in.ID)
	if err != nil {
		return Dispute{}, err
	}
	if row.Status != StatusNoShow || *row.Absent != access.RolePatient {
		return Dispute{}, problem.InvalidTransition.WithDetail(
			detailNotDisputable)
	}
	if err := checkWindow(tx.Now, time.Time{}, s.disputeUntil(row)); err != nil {
		return Dispute{}, err
	}
	key, err := s.patientKey(ctx, tx, row.PatientID)
	if err != nil {
		return Dispute{}, err
	}
	opened := DisputeRow{ID: tx.NewID(), ConsultationID: row.ID, PatientID: row.PatientID, DoctorID: row.DoctorID,
		Status: DisputeOpen, CreatedAt: tx.Now}
	if opened.Reason, err = key.Seal(columnDispute, opened.ID, in.Body.Reason); err != nil {
		return Dispute{}, err
	}
	err = insertDispute(ctx, tx, insertDisputeParams{ID: opened.ID, ConsultationID: opened.ConsultationID,
		PatientID: opened.PatientID, DoctorID: opened.DoctorID, Reason: opened.Reason, Now: tx.Now})
	if postgres.Violates(err, "disputes_consultation_id_key") {
		return Dispute{}, ErrDisputed
	}
	if err != nil {
		return Dispute{}, fmt.Errorf("insert a dispute: %w", err)
	}
	audit.Write(tx, actor, "dispute.open", opened.ID, audit.Meta{"consultationId": row.ID})
	d := viewDispute(opened, false)
	d.Reason = &in.Body.Reason
	return d, s.notifyParties(ctx, tx, row, "dispute-opened", nil)
}

// ReadDispute returns the dispute of a consultation to its parties and staff. The doctor doesn't get the patient's
// words. Returns problem.NotFound.
func (s *Service) ReadDispute(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in ReadDisputeRequest) (Dispute, error) {
	row, err := readDispute(ctx, tx, in.ID)
	if postgres.NoRows(err) {
		return Dispute{}, problem.NotFound
	}
	if err != nil {
		return Dispute{}, fmt.Errorf("read a dispute: %w", err)
	}
	parties := ConsultationRow{PatientID: row.DisputeRow.PatientID, DoctorID: row.DisputeRow.DoctorID}
	if !canSee(actor, parties) {
		return Dispute{}, problem.NotFoundAudited("consultation", in.ID)
	}
	d := viewDispute(row.DisputeRow, actor.IsStaff())
	if !isDoctor(actor, parties) {
		if d, err = s.openDispute(row.DisputeRow, row.Wrapped, actor.IsStaff()); err != nil {
			return Dispute{}, err
		}
	}
	d.auditRead(tx, actor, audit.Meta{})
	if !actor.IsStaff() {
		return d, nil
	}
	return describeDispute(ctx, tx, d)
}

// describeDisputes adds for staff the people of disputes and their visits.
func describeDisputes(ctx context.Context, tx *postgres.Tx, disputes []Dispute) error {
	var people []*uuid.UUID
	var consultations []uuid.UUID
	for _, d := range disputes {
		people = append(people, &d.PatientID, &d.DoctorID, d.DecidedBy)
		consultations = append(consultations, d.ConsultationID)
	}
	names, err := account.Names(ctx, tx, people...)
	if err != nil {
		return err
	}
	rows, err := listDisputedVisits(ctx, tx, consultations)
	if err != nil {
		return fmt.Errorf("list the visits of disputes: %w", err)
	}
	visits := map[uuid.UUID]*DisputedVisit{}
	for _, row := range rows {
		visits[row.ID] = &DisputedVisit{StartTime: row.ScheduledStart, PatientArrivedAt: row.PatientArrivedAt,
			DoctorArrivedAt: row.DoctorArrivedAt}
	}
	for i := range disputes {
		d := &disputes[i]
		d.PatientName, d.DoctorName, d.Visit = names[d.PatientID], names[d.DoctorID], visits[d.ConsultationID]
		d.DecidedByName = names.Of(d.DecidedBy)
	}
	return nil
}

// describeDispute is describeDisputes for one.
func describeDispute(ctx context.Context, tx *postgres.Tx, d Dispute) (Dispute, error) {
	one := []Dispute{d}
	err := describeDisputes(ctx, tx, one)
	return one[0], err
}

// ReadDisputeRequest names a consultation.
type ReadDisputeRequest struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The consultation"`
}

// openDispute returns a dispute with the patient's words, which an erased patient's has not.
func (s *Service) openDispute(row DisputeRow, wrapped []byte, staff bool) (Dispute, error) {
	d := viewDispute(row, staff)
	if row.Reason == nil {
		return d, nil
	}
	key, err := s.Sealer.UnwrapCached(row.PatientID, wrapped)
	if errors.Is(err, seal.ErrErased) {
		return d, nil
	}
	if err != nil {
		return d, err
	}
	reason, err := key.Open(columnDispute, row.ID, row.Reason)
	d.Reason = &reason
	return d, err
}

// viewDispute returns a dispute without the patient's words.
func viewDispute(row DisputeRow, staff bool) Dispute {
	d := Dispute{ID: row.ID, ConsultationID: row.ConsultationID, PatientID: row.PatientID, DoctorID: row.DoctorID,
		Status: row.Status, DecisionReason: row.DecisionReason, DecidedAt: row.DecidedAt, CreatedAt: row.CreatedAt}
	if staff {
		d.DecidedBy = row.DecidedBy
	}
	return d
}

// ForEachDispute calls fn with every dispute of a patient, the oldest first. The export of a person's data has all of
// them.
func (s *Service) ForEachDispute(ctx context.Context, r *postgres.Read, patient uuid.UUID,
	fn func(Dispute) error) error {
	rows, err := listDisputesOfPatient(ctx, r, patient)
	if err != nil {
		return fmt.Errorf("list a patient's disputes: %w", err)
	}
	for _, row := range rows {
		d, err := s.openDispute(row.DisputeRow, row.Wrapped, false)
		if err != nil {
			return err
		}
		if err := fn(d); err != nil {
			return err
		}
	}
	return nil
}
