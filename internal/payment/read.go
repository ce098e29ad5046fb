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
	Refunds  []Refund  `json:"refunds" nullable:"false" doc:"What was or is being given back"`
}

func (s *Service) read(ctx context.Context, r *postgres.Read, who access.Actor, in ReadIn) (Detail, error) {
	row, err := query.findPayment(ctx, r, in.ConsultationID)
	if postgres.NoRows(err) {
		return Detail{}, problem.NotFound
	}
	if err != nil {
		return Detail{}, err
	}
	if !canRead(who, row.PatientID, row.DoctorID) {
		return Detail{}, problem.Hidden("payment", row.ID)
	}
	out := Detail{Attempts: []Attempt{}, Refunds: []Refund{}, Payment: viewPayment(PaymentRow{ID: row.ID,
		ConsultationID: row.ConsultationID, Amount: row.Amount, Currency: row.Currency, Status: row.Status, Provider: row.Provider,
		TransactionReference: row.TransactionReference, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt})}
	if who.Is(access.RoleDoctor) {
		out.TransactionReference = nil
	} else {
		attempts, err := query.listAttempts(ctx, r, row.ID)
		if err != nil {
			return Detail{}, err
		}
		for _, a := range attempts {
			out.Attempts = append(out.Attempts, viewAttempt(a))
		}
	}
	refunds, err := query.listRefunds(ctx, r, row.ID)
	for _, f := range refunds {
		out.Refunds = append(out.Refunds, Refund{ID: f.ID, AttemptID: f.AttemptID, Amount: f.Amount, Currency: f.Currency,
			Reason: f.Reason, Status: string(f.Status), FailureReason: f.FailureReason, CreatedAt: f.CreatedAt, UpdatedAt: f.UpdatedAt})
	}
	return out, err
}

// canRead: the parties and staff.
func canRead(who access.Actor, patient, doctor uuid.UUID) bool {
	return who.Staff() || who.ID == patient || who.ID == doctor
}

// Routes registers the operations and the refund job, which runs outside a transaction because it asks the provider.
func (s *Service) Routes(api *httpapi.API) {
	jobs.Handle(s.Queue, s.sendRefund)
	httpapi.Query(api, httpapi.Op{Method: "GET", Path: "/payments/consultation/{consultationId}", ID: "read-payment", Tag: "payments",
		Summary: "Read a consultation's payment", Doc: "With its attempts and refunds. A doctor sees amounts only.",
		Roles: access.SignedIn}, s.read)
}
