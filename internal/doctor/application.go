package doctor

import (
	"time"

	"github.com/danielgtaylor/huma/v2"

	"amrutam/internal/httpapi"
)

// ApplicationState is where a doctor's application stands.
type ApplicationState string

// The states of an application.
const (
	ApplicationWaiting   ApplicationState = "WAITING"
	ApplicationApproved  ApplicationState = "APPROVED"
	ApplicationDeclined  ApplicationState = "DECLINED"
	ApplicationWithdrawn ApplicationState = "WITHDRAWN"
)

// Schema lists the states.
func (ApplicationState) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "DoctorApplicationState",
		"Where an application stands: WAITING for a decision; APPROVED; DECLINED, after which the doctor may apply "+
			"anew with POST /doctors; WITHDRAWN when an approval ended, which an administrator can give again",
		ApplicationWaiting, ApplicationApproved, ApplicationDeclined, ApplicationWithdrawn)
}

// Application is what was decided about a doctor.
type Application struct {
	_ struct{} `doc:"What was decided about a doctor's application, and why"`

	State     ApplicationState `json:"state" doc:"Where it stands" example:"APPROVED"`
	Reason    *string          `json:"reason" health:"none" doc:"What the administrator wrote to the last decision; null when there is none" example:"The registration was checked with the state council."`
	DecidedAt *time.Time       `json:"decidedAt" doc:"When it was last decided; null while it waits for its first decision"`
}

// decision has the columns of a doctor that tell of the application.
type decision struct {
	isApproved bool
	reason     *string
	decidedAt  *time.Time
	// holdsNumber says that no other doctor can take the registration number. A refusal alone frees it.
	holdsNumber bool
}

func (d decision) application() *Application {
	a := Application{State: ApplicationDeclined, Reason: d.reason, DecidedAt: d.decidedAt}
	switch {
	case d.isApproved:
		a.State = ApplicationApproved
	case d.decidedAt == nil:
		a.State = ApplicationWaiting
	case d.holdsNumber:
		a.State = ApplicationWithdrawn
	}
	return &a
}
