package payment

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
)

// Initiate returns the open attempt. It begins a new one if there is none, or if money that doesn't match came on it.
// The caller has locked the consultation and checked that it may be paid. Returns ErrPaid if the payment succeeded.
func (s *Service) Initiate(ctx context.Context, tx *postgres.Tx, consultationID uuid.UUID,
	returnURL string) (Payment, Attempt, error) {
	checkedURL, err := s.ReturnOrigins().Check(returnURL)
	if err != nil {
		return Payment{}, Attempt{}, err
	}
	row, err := lockPayment(ctx, tx, consultationID)
	if err != nil {
		return Payment{}, Attempt{}, fmt.Errorf("lock the payment: %w", err)
	}
	if row.Status == StatusSuccess {
		return Payment{}, Attempt{}, ErrPaid
	}
	open, err := findOpenAttempt(ctx, tx, row.ID)
	if postgres.NoRows(err) {
		return s.beginAttempt(ctx, tx, row, checkedURL)
	}
	if err != nil {
		return Payment{}, Attempt{}, fmt.Errorf("find the open attempt: %w", err)
	}
	mismatched, err := hasMismatch(ctx, tx, &open.ID)
	if err != nil {
		return Payment{}, Attempt{}, fmt.Errorf("look for mismatched money: %w", err)
	}
	if mismatched {
		return s.beginAttempt(ctx, tx, row, checkedURL)
	}
	if checkedURL != nil {
		if err := setReturnURL(ctx, tx, checkedURL, open.ID); err != nil {
			return Payment{}, Attempt{}, fmt.Errorf("store the return address: %w", err)
		}
	}
	return viewPayment(row), viewAttempt(open, nil), nil
}

// beginAttempt stores a new attempt, the payment's only open one.
func (s *Service) beginAttempt(ctx context.Context, tx *postgres.Tx, row PaymentRow,
	returnURL *string) (Payment, Attempt, error) {
	reference, checkoutURL := s.Providers[s.DefaultProvider].BeginAttempt()
	attempt := PaymentAttempt{ID: uuid.Must(uuid.NewV7()), PaymentID: row.ID, Provider: s.DefaultProvider,
		TransactionReference: reference, Amount: row.Amount, Currency: row.Currency,
		Status: StatusInitiated, CheckoutURL: checkoutURL, CreatedAt: tx.Now}
	row.Status, row.Provider, row.TransactionReference, row.UpdatedAt = attempt.Status, attempt.Provider,
		&attempt.TransactionReference, tx.Now
	if err := supersedeAttempts(ctx, tx, tx.Now, row.ID, attempt.ID); err != nil {
		return Payment{}, Attempt{}, fmt.Errorf("supersede the open attempt: %w", err)
	}
	if err := insertAttempt(ctx, tx, insertAttemptParams{ID: attempt.ID, PaymentID: row.ID,
		Provider: attempt.Provider, TransactionReference: attempt.TransactionReference, Amount: attempt.Amount,
		Currency: attempt.Currency, CheckoutURL: checkoutURL, ReturnURL: returnURL, Now: tx.Now}); err != nil {
		return Payment{}, Attempt{}, fmt.Errorf("insert the attempt: %w", err)
	}
	if err := savePayment(ctx, tx, row, attempt); err != nil {
		return Payment{}, Attempt{}, err
	}
	return viewPayment(row), viewAttempt(attempt, nil), nil
}

// EndAttempts closes the open attempt of a consultation that has ended, and reports if there was one. The caller
// has locked the consultation.
func (s *Service) EndAttempts(ctx context.Context, tx *postgres.Tx, consultationID uuid.UUID) (bool, error) {
	n, err := endAttempts(ctx, tx, tx.Now, consultationID)
	if err != nil {
		return false, fmt.Errorf("end the attempts to pay: %w", err)
	}
	return n > 0, nil
}
