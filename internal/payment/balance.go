package payment

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/money"
	"amrutam/internal/postgres"
)

// InitiateBalance returns the open attempt to pay the balance of a consultation whose payment has succeeded, and
// begins one if there is none. The caller has locked the consultation. The payment stays as it is until the balance is
// paid.
func (s *Service) InitiateBalance(ctx context.Context, tx *postgres.Tx, consultationID uuid.UUID, balance money.Amount,
	returnURL string) (Payment, Attempt, error) {
	checkedURL, err := s.ReturnOrigins().Check(returnURL)
	if err != nil {
		return Payment{}, Attempt{}, err
	}
	row, err := lockPayment(ctx, tx, consultationID)
	if err != nil {
		return Payment{}, Attempt{}, fmt.Errorf("lock the payment: %w", err)
	}
	open, err := s.findUsableAttempt(ctx, tx, row, checkedURL)
	switch {
	case err != nil:
		return Payment{}, Attempt{}, err
	case open != nil:
		return viewPayment(row), viewAttempt(*open, nil), nil
	}
	attempt := s.newAttempt(tx, row.ID, money.Money{Amount: balance, Currency: row.Currency})
	attempt.IsBalance = true
	if err := storeAttempt(ctx, tx, attempt, checkedURL); err != nil {
		return Payment{}, Attempt{}, err
	}
	return viewPayment(row), viewAttempt(attempt, nil), nil
}

// EndBalance closes the open attempt to pay the balance of a consultation. The caller has locked the consultation.
func (s *Service) EndBalance(ctx context.Context, tx *postgres.Tx, consultationID uuid.UUID) error {
	if err := endBalanceAttempts(ctx, tx, tx.Now, consultationID); err != nil {
		return fmt.Errorf("end the attempts to pay the balance: %w", err)
	}
	return nil
}

// Lower lowers the amount of a payment that has succeeded, and begins the refund of the difference, as far as it
// hasn't been given back for another reason.
func (s *Service) Lower(ctx context.Context, tx *postgres.Tx, actor access.Actor, consultationID uuid.UUID,
	amount money.Amount, reason string) error {
	row, err := lockPayment(ctx, tx, consultationID)
	if err != nil {
		return fmt.Errorf("lock the payment: %w", err)
	}
	rest := row.Amount - amount
	if err := setPaymentAmount(ctx, tx, amount, tx.Now, row.ID); err != nil {
		return fmt.Errorf("lower the payment: %w", err)
	}
	refundable, err := readRefundable(ctx, tx, row.ID)
	if err != nil {
		return err
	}
	for _, a := range refundable {
		part := min(rest, a.Remaining)
		if part <= 0 {
			continue
		}
		rest -= part
		refund := RefundRow{PaymentID: &row.ID, AttemptID: &a.ID, Amount: part, Currency: row.Currency, Reason: reason,
			RequestedBy: &actor.ID}
		if err := s.openRefund(ctx, tx, actor, refund, 0); err != nil {
			return err
		}
	}
	return nil
}

// captureBalance captures the money of an attempt to pay a balance, and adds it to the payment.
func (s *Service) captureBalance(ctx context.Context, tx *postgres.Tx, actor access.Actor, e Event, row PaymentRow,
	a PaymentAttempt) (Outcome, error) {
	if err := saveAttempt(ctx, tx, a); err != nil {
		return "", err
	}
	if err := setPaymentAmount(ctx, tx, row.Amount+a.Amount, tx.Now, row.ID); err != nil {
		return "", fmt.Errorf("raise the payment: %w", err)
	}
	return Captured, s.matchAttempt(ctx, tx, actor, e, row, a)
}
