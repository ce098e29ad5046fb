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

// ApprovalInput is an administrator's decision.
type ApprovalInput struct {
	httpapi.IfMatch
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The doctor's id" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
	Body struct {
		Approved bool    `json:"approved" doc:"true approves, false refuses an application or withdraws an approval" example:"true"`
		Reason   *string `json:"reason,omitempty" minLength:"1" maxLength:"2000" pattern:"\\S" patternDescription:"more than spaces" doc:"Why; required when approved is false, and mailed to the doctor" example:"The registration was checked with the state council."`
	}
}

// Approve lets patients find a doctor, or no longer. The same decision again changes nothing and mails nobody.
// Errors: problem.NotFound, problem.PreconditionFailed.
func (s *Service) Approve(ctx context.Context, tx *postgres.Tx, who access.Actor, in ApprovalInput) (Doctor, error) {
	if !in.Body.Approved && in.Body.Reason == nil {
		return Doctor{}, problem.Wrong("body.reason", "is required when approved is false")
	}
	row, err := query.lockDoctor(ctx, tx, in.ID)
	if postgres.NoRows(err) {
		return Doctor{}, problem.NotFound
	}
	if err != nil {
		return Doctor{}, err
	}
	d := row.doctor()
	if err := in.Check(d.ETag()); err != nil {
		return Doctor{}, err
	}
	action, mail := "doctor.approve", "doctor-approved"
	if !in.Body.Approved {
		action, mail = "doctor.withdraw", "doctor-application-refused"
		if row.IsApproved {
			mail = "doctor-approval-withdrawn"
		}
	}
	// Not approved is where an application starts: refusing it is a decision only the first time.
	if row.IsApproved == in.Body.Approved && (row.IsApproved || row.ApprovalDecidedAt != nil) {
		audit.Write(tx, who, action, d.ID, audit.Meta{"changed": []string{}})
		return withNextSlot(ctx, tx, tx.Now, d)
	}
	d.IsApproved, d.UpdatedAt = in.Body.Approved, tx.Now
	if err := query.decideApproval(ctx, tx, decideApprovalParams{
		ID: d.ID, IsApproved: d.IsApproved, Reason: in.Body.Reason, Now: &tx.Now,
	}); err != nil {
		return Doctor{}, err
	}
	data := map[string]string{}
	if in.Body.Reason != nil {
		data["reason"] = *in.Body.Reason
	}
	if err := s.Mails.Enqueue(ctx, tx, notification.Mail{To: d.ID, Kind: mail, Data: data}); err != nil {
		return Doctor{}, err
	}
	audit.Write(tx, who, action, d.ID, audit.Meta{"changed": []string{"isApproved"}})
	return withNextSlot(ctx, tx, tx.Now, d)
}
