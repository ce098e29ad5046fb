package payment

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/money"
	"amrutam/internal/postgres"
)

// Listed is a payment with its refunds, as the patient sees it.
type Listed struct {
	Payment
	// PaidAt is when what was paid last came, or nil.
	PaidAt *time.Time
	// Paid is what was paid in all, before refunds.
	Paid    money.Amount
	Refunds []Refund
}

// ListOf returns the payments of consultations, by the consultation. Every consultation has one.
func ListOf(ctx context.Context, db postgres.Querier, consultations []uuid.UUID) (map[uuid.UUID]Listed, error) {
	rows, err := listPaymentsOf(ctx, db, consultations)
	if err != nil {
		return nil, fmt.Errorf("list the payments of consultations: %w", err)
	}
	out := make(map[uuid.UUID]Listed, len(rows))
	consultationOf := make(map[uuid.UUID]uuid.UUID, len(rows))
	ids := make([]uuid.UUID, len(rows))
	for i, row := range rows {
		p := row.PaymentRow
		ids[i], consultationOf[p.ID] = p.ID, p.ConsultationID
		listed := Listed{Payment: viewPayment(p), Paid: row.Paid, Refunds: []Refund{}}
		if row.PaidAt.After(time.Unix(0, 0)) {
			listed.PaidAt = &row.PaidAt
		}
		out[p.ConsultationID] = listed
	}
	refunds, err := listRefundsOf(ctx, db, ids)
	if err != nil {
		return nil, fmt.Errorf("list the refunds of payments: %w", err)
	}
	for _, f := range refunds {
		id := consultationOf[*f.PaymentID]
		listed := out[id]
		listed.Refunds = append(listed.Refunds, viewRefund(f, false))
		out[id] = listed
	}
	return out, nil
}
