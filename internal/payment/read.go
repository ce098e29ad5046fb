package payment

import (
	"context"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/jobs"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ReadIn names a consultation.
type ReadIn struct {
	ConsultationID uuid.UUID `path:"consultationId" format:"uuid" doc:"The consultation that is paid"`
}

// Detail is a payment with its history. A doctor sees amounts only: no attempts.
type Detail struct {
	Payment
	Attempts []Attempt `json:"attempts" nullable:"false" doc:"Every try to pay, oldest first; empty for the doctor"`
	Refunds  []Refund  `json:"refunds" nullable:"false" doc:"What was or is being given back, oldest first; for staff also what is or was only asked for"`
}

func (s *Service) read(ctx context.Context, r *postgres.Read, actor access.Actor, in ReadIn) (Detail, error) {
	row, err := findPayment(ctx, r, in.ConsultationID)
	if postgres.NoRows(err) {
		return Detail{}, problem.NotFound
	}
	if err != nil {
		return Detail{}, err
	}
	if !canRead(actor, row.PatientID, row.DoctorID) {
		return Detail{}, problem.NotFoundAudited("payment", row.ID)
	}
	out := Detail{Attempts: []Attempt{}, Refunds: []Refund{}, Payment: viewPayment(PaymentRow{ID: row.ID,
		ConsultationID: row.ConsultationID, Amount: row.Amount, Currency: row.Currency, Status: row.Status,
		Provider: row.Provider, TransactionReference: row.TransactionReference, CreatedAt: row.CreatedAt,
		UpdatedAt: row.UpdatedAt})}
	if actor.Is(access.RoleDoctor) {
		out.TransactionReference = nil
	} else {
		attempts, err := listAttempts(ctx, r, row.ID)
		if err != nil {
			return Detail{}, err
		}
		unasked, err := unmatchedOfPayment(ctx, r, &row.ID)
		if err != nil {
			return Detail{}, err
		}
		for _, a := range attempts {
			out.Attempts = append(out.Attempts, viewAttempt(a, unasked))
		}
	}
	refunds, err := listRefunds(ctx, r, &row.ID, actor.Staff())
	for _, f := range refunds {
		out.Refunds = append(out.Refunds, viewRefund(f, actor.Staff()))
	}
	return out, err
}

// canRead: the parties and staff.
func canRead(actor access.Actor, patient, doctor uuid.UUID) bool {
	return actor.Staff() || actor.ID == patient || actor.ID == doctor
}

// Routes registers the operations and the refund job, which runs outside a transaction because it asks the provider.
func (s *Service) Routes(api *httpapi.API) {
	jobs.Handle(s.Queue, s.sendRefund)
	httpapi.Query(api, httpapi.Op{
		Method: "GET", Path: "/payments/consultation/{consultationId}", ID: "read-payment", Tag: "payments",
		Summary: "Read a consultation's payment",
		Doc: "With its attempts and refunds. A doctor sees amounts only. A refund that was asked for is seen " +
			"by staff until it is approved.",
		Roles: access.SignedIn,
	}, s.read)
	httpapi.Query(api, httpapi.Op{
		Method: "GET", Path: "/refunds", ID: "list-refunds", Tag: "payments",
		Summary: "List refunds",
		Doc:     "For staff, the newest first: those with status REQUESTED wait for an administrator's approval.",
		Roles:   access.Support | access.Admin,
	}, s.list)
	httpapi.Query(api, httpapi.Op{
		Method: "GET", Path: "/admin/unmatched-money", ID: "list-unmatched-money", Tag: "payments",
		Summary: "List money that matches nothing",
		Doc: "What providers reported that belongs to no attempt or isn't what was asked, the newest first. What " +
			"an attempt can be told of goes back by itself; " +
			"what is WAITING needs a decision, and actions say which.",
		Roles: access.Admin,
	}, s.listUnmatched)
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/admin/unmatched-money/{id}/resolve", ID: "resolve-unmatched-money", Tag: "payments",
		Summary: "Decide on money that matches nothing",
		Doc: "Sends it back to whom it came from, or closes it with your reason. It needs a second factor " +
			"proven in the five minutes before.",
		Roles: access.Admin, Key: httpapi.Honoured,
		Refusals: []*problem.Error{problem.InvalidTransition},
		Fresh:    true,
	}, s.resolve)
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/payments/{id}/refunds", ID: "request-refund", Tag: "payments",
		Summary: "Ask for a refund outside the policy",
		Doc: "Keeps the amount for it until another administrator approves or declines; when the consultation " +
			"is cancelled before, everything goes back and the request ends.",
		Roles: access.Support | access.Admin, Status: 201, Key: httpapi.Honoured,
		Refusals: []*problem.Error{ErrExceedsCapture},
	}, s.request)
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/refunds/{id}/approve", ID: "approve-refund", Tag: "payments",
		Summary: "Approve a refund that another one asked for",
		Doc:     "The money is then on its way. It needs a second factor proven in the five minutes before.",
		Roles:   access.Admin, Key: httpapi.Honoured,
		Refusals: []*problem.Error{ErrOwnRefund, problem.InvalidTransition},
		Fresh:    true,
	}, s.approve)
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/refunds/{id}/decline", ID: "decline-refund", Tag: "payments",
		Summary: "Decline a refund that was asked for",
		Doc:     "It ends FAILED with your reason, and its amount can be asked for anew.",
		Roles:   access.Admin, Key: httpapi.Honoured,
		Refusals: []*problem.Error{problem.InvalidTransition},
		Fresh:    true,
	}, s.decline)
}
