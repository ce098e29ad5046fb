package doctor

import (
	"context"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ApprovalRequest is an administrator's decision.
type ApprovalRequest struct {
	httpapi.IfMatch
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The doctor's id" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
	Body struct {
		_ struct{} `doc:"The decision, and why"`

		Approved            bool    `json:"approved" doc:"true approves, false refuses an application or withdraws an approval" example:"true"`
		Reason              *string `json:"reason,omitempty" text:"lines" minLength:"1" maxLength:"2000" pattern:"\\S" patternDescription:"more than spaces" doc:"Why; required when approved is false, and mailed to the doctor" example:"The registration was checked with the state council."`
		CancelConsultations bool    `json:"cancelConsultations,omitempty" doc:"Confirms that consultations to come are cancelled" example:"true"`
	}
}

// Approve approves a doctor, refuses an application or withdraws an approval. withdrawn reports that an approval
// ended: the caller then cancels the doctor's consultations. A repeated decision changes nothing and sends no mail. A
// refusal frees the registration number; an approval takes it again. Returns problem.Invalid if the reason is missing,
// problem.NotFound if there is no such doctor, problem.PreconditionFailed if the doctor has changed, and
// ErrRegistrationTaken if another doctor has the number.
func (s *Service) Approve(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in ApprovalRequest) (d Doctor, withdrawn bool, err error) {
	if !in.Body.Approved && in.Body.Reason == nil {
		return Doctor{}, false, problem.InvalidField("body.reason", faultReasonNeeded)
	}
	row, err := lockDoctor(ctx, tx, in.ID)
	if postgres.NoRows(err) {
		return Doctor{}, false, problem.NotFound
	}
	if err != nil {
		return Doctor{}, false, err
	}
	if d, err = row.doctor(); err != nil {
		return Doctor{}, false, err
	}
	if err := in.Check(d.ETag()); err != nil {
		return Doctor{}, false, err
	}
	action := "doctor.approve"
	if !in.Body.Approved {
		action = "doctor.withdraw"
	}
	// A new application isn't approved either, so its first refusal is a change.
	decided := row.IsApproved || row.ApprovalDecidedAt != nil
	if decided && row.IsApproved == in.Body.Approved {
		audit.Write(tx, actor, action, d.ID, audit.Meta{"changed": []string{}})
		d, err = withSameNumber(ctx, tx, s.withPolicy(d))
		return d, false, err
	}
	d.IsApproved, d.UpdatedAt = in.Body.Approved, tx.Now
	d.Application = decision{
		isApproved:  in.Body.Approved,
		reason:      in.Body.Reason,
		decidedAt:   &tx.Now,
		holdsNumber: row.IsApproved,
	}.application()
	if err := s.storeDecision(ctx, tx, row, in); err != nil {
		return Doctor{}, false, err
	}
	audit.Write(tx, actor, action, d.ID, audit.Meta{"changed": []string{"isApproved"}})
	d, err = withSameNumber(ctx, tx, s.withPolicy(d))
	return d, row.IsApproved, err
}

// storeDecision stores a decision about a locked doctor, and mails the doctor.
func (s *Service) storeDecision(ctx context.Context, tx *postgres.Tx, row lockDoctorRow, in ApprovalRequest) error {
	decision := decideApprovalParams{
		ID:              row.ID,
		IsApproved:      in.Body.Approved,
		Reason:          in.Body.Reason,
		RegistrationKey: row.RegistrationKey,
		Now:             &tx.Now,
	}
	mail := notification.Mail{To: row.ID, Data: map[string]string{}}
	switch {
	case in.Body.Approved:
		mail.Kind = "doctor-approved"
		decision.RegistrationKey = new(RegistrationKey(row.RegistrationNumber))
	case row.IsApproved:
		mail.Kind = "doctor-approval-withdrawn"
	default:
		mail.Kind = "doctor-application-refused"
		decision.RegistrationKey = nil
	}
	err := decideApproval(ctx, tx, decision)
	if isRegistrationTaken(err) {
		return ErrRegistrationTaken
	}
	if err != nil {
		return err
	}
	if in.Body.Reason != nil {
		mail.Data["reason"] = *in.Body.Reason
	}
	return s.Mails.Enqueue(ctx, tx, mail)
}
