package payment

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/money"
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
	open, err := s.findUsableAttempt(ctx, tx, row, checkedURL)
	switch {
	case err != nil:
		return Payment{}, Attempt{}, err
	case open != nil:
		return viewPayment(row), viewAttempt(*open, nil), nil
	}
	return s.beginAttempt(ctx, tx, row, checkedURL)
}

// findUsableAttempt returns the open attempt of a locked payment with the return address, or nil if there is none or
// money that doesn't match came on it.
func (s *Service) findUsableAttempt(ctx context.Context, tx *postgres.Tx, row PaymentRow,
	returnURL *string) (*PaymentAttempt, error) {
	open, err := findOpenAttempt(ctx, tx, row.ID)
	if postgres.NoRows(err) {
		return nil, nil //nolint:nilnil // there is none
	}
	if err != nil {
		return nil, fmt.Errorf("find the open attempt: %w", err)
	}
	mismatched, err := hasMismatch(ctx, tx, &open.ID)
	if err != nil {
		return nil, fmt.Errorf("look for mismatched money: %w", err)
	}
	if mismatched {
		return nil, nil //nolint:nilnil // none that can be used
	}
	if returnURL != nil {
		if err := setReturnURL(ctx, tx, returnURL, open.ID); err != nil {
			return nil, fmt.Errorf("store the return address: %w", err)
		}
	}
	return &open, nil
}

// beginAttempt stores a new attempt, the payment's only open one.
func (s *Service) beginAttempt(ctx context.Context, tx *postgres.Tx, row PaymentRow,
	returnURL *string) (Payment, Attempt, error) {
	attempt := s.newAttempt(tx, row.ID, money.Money{Amount: row.Amount, Currency: row.Currency})
	row.Status, row.Provider, row.TransactionReference, row.UpdatedAt = attempt.Status, attempt.Provider,
		&attempt.TransactionReference, tx.Now
	if err := storeAttempt(ctx, tx, attempt, returnURL); err != nil {
		return Payment{}, Attempt{}, err
	}
	if err := savePayment(ctx, tx, row, attempt); err != nil {
		return Payment{}, Attempt{}, err
	}
	return viewPayment(row), viewAttempt(attempt, nil), nil
}

// newAttempt returns a new open attempt to pay an amount to the default provider.
func (s *Service) newAttempt(tx *postgres.Tx, paymentID uuid.UUID, asked money.Money) PaymentAttempt {
	reference, checkoutURL := s.Providers[s.DefaultProvider].BeginAttempt()
	return PaymentAttempt{ID: uuid.Must(uuid.NewV7()), PaymentID: paymentID, Provider: s.DefaultProvider,
		TransactionReference: reference, Amount: asked.Amount, Currency: asked.Currency,
		Status: StatusInitiated, CheckoutURL: checkoutURL, CreatedAt: tx.Now}
}

// storeAttempt stores a new attempt and ends the open one before it.
func storeAttempt(ctx context.Context, tx *postgres.Tx, a PaymentAttempt, returnURL *string) error {
	if err := supersedeAttempts(ctx, tx, tx.Now, a.PaymentID, a.ID); err != nil {
		return fmt.Errorf("supersede the open attempt: %w", err)
	}
	err := insertAttempt(ctx, tx, insertAttemptParams{ID: a.ID, PaymentID: a.PaymentID, Provider: a.Provider,
		TransactionReference: a.TransactionReference, Amount: a.Amount, Currency: a.Currency,
		CheckoutURL: a.CheckoutURL, ReturnURL: returnURL, IsBalance: a.IsBalance, Now: tx.Now})
	if err != nil {
		return fmt.Errorf("insert the attempt: %w", err)
	}
	return nil
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
