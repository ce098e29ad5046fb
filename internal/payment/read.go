package payment

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ReadRequest names a consultation.
type ReadRequest struct {
	ConsultationID uuid.UUID `path:"consultationId" format:"uuid" doc:"The consultation that is paid"`
}

// Detail is a payment with its history. A doctor sees neither the attempts nor the transaction reference.
type Detail struct {
	_ struct{} `doc:"The money of one consultation, with its attempts and refunds"`

	Payment
	Attempts []Attempt `json:"attempts" doc:"Every try to pay, oldest first; empty for the doctor"`
	Refunds  []Refund  `json:"refunds" doc:"The refunds, oldest first; only staff see requests for a refund that nobody has approved"`
}

// read returns the payment of a consultation. Returns NotFound to actors who may not see it.
func (s *Service) read(ctx context.Context, r *postgres.Read, actor access.Actor, in ReadRequest) (Detail, error) {
	row, err := findPayment(ctx, r, in.ConsultationID)
	if postgres.NoRows(err) {
		return Detail{}, problem.NotFound
	}
	if err != nil {
		return Detail{}, fmt.Errorf("find the payment: %w", err)
	}
	if !canRead(actor, row.PatientID, row.DoctorID, row.BookedBy) {
		return Detail{}, problem.NotFoundAudited("payment", row.ID)
	}
	out := Detail{Attempts: []Attempt{}, Refunds: []Refund{}, Payment: viewPayment(PaymentRow{ID: row.ID,
		ConsultationID: row.ConsultationID, Amount: row.Amount, Currency: row.Currency, Status: row.Status,
		Provider: row.Provider, TransactionReference: row.TransactionReference, CreatedAt: row.CreatedAt,
		UpdatedAt: row.UpdatedAt})}
	if actor.Is(access.RoleDoctor) {
		out.TransactionReference = nil
	} else if out.Attempts, err = readAttempts(ctx, r, row.ID); err != nil {
		return Detail{}, err
	}
	refunds, err := listRefunds(ctx, r, &row.ID, actor.IsStaff())
	if err != nil {
		return Detail{}, fmt.Errorf("list the refunds: %w", err)
	}
	for _, f := range refunds {
		out.Refunds = append(out.Refunds, viewRefund(f, actor.IsStaff()))
	}
	return out, nameStaff(ctx, r, out.Refunds)
}

func readAttempts(ctx context.Context, r *postgres.Read, paymentID uuid.UUID) ([]Attempt, error) {
	rows, err := listAttempts(ctx, r, paymentID)
	if err != nil {
		return nil, fmt.Errorf("list the attempts: %w", err)
	}
	// Money that came but is not what an attempt asked for.
	mismatched, err := listMismatched(ctx, r, &paymentID)
	if err != nil {
		return nil, fmt.Errorf("list the mismatched money: %w", err)
	}
	attempts := []Attempt{}
	for _, a := range rows {
		attempts = append(attempts, viewAttempt(a, mismatched))
	}
	return attempts, nil
}

// ForEach calls fn for every payment of a patient, the oldest first: for the copy of all that is stored about them.
func (s *Service) ForEach(ctx context.Context, r *postgres.Read, patient uuid.UUID, fn func(Detail) error) error {
	consultations, err := listConsultations(ctx, r, patient)
	if err != nil {
		return fmt.Errorf("list the patient's payments: %w", err)
	}
	for _, id := range consultations {
		d, err := s.read(ctx, r, access.Actor{ID: patient, Role: access.RolePatient}, ReadRequest{ConsultationID: id})
		if err != nil {
			return err
		}
		if err := fn(d); err != nil {
			return err
		}
	}
	return nil
}
