package payment

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/cancellation"
	"amrutam/internal/money"
	"amrutam/internal/postgres"
)

// Paid is what came for a consultation, and what of that goes back or has gone back.
type Paid struct {
	// Fee is what is asked now; a move to a lower fee has given the rest back.
	Fee, Captured, Returned money.Amount
	Currency                string
}

// ReadPaid returns what came for a consultation.
func ReadPaid(ctx context.Context, db postgres.Querier, consultationID uuid.UUID) (Paid, error) {
	row, err := readPaid(ctx, db, consultationID)
	if err != nil {
		return Paid{}, fmt.Errorf("read what was paid: %w", err)
	}
	return Paid{Fee: row.Amount, Captured: row.Captured, Returned: row.Returned, Currency: row.Currency}, nil
}

// After returns what has gone back in all once a percentage of the fee is refunded.
func (p Paid) After(percent int) money.Money {
	kept := p.Fee - cancellation.Share(p.Fee, percent)
	return money.Money{Amount: max(p.Returned, p.Captured-kept, 0), Currency: p.Currency}
}
