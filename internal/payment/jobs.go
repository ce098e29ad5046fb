package payment

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/jobs"
	"amrutam/internal/money"
	"amrutam/internal/postgres"
)

// SendRefund asks the provider for a refund.
type SendRefund struct {
	RefundID uuid.UUID `json:"refundId"`
}

// Kind names the job.
func (SendRefund) Kind() string { return "payment.refund" }

// Jobs registers the package's worker.
func (s *Service) Jobs(queue *jobs.Queue) { jobs.Handle(queue, s.sendRefund) }

var errNoProvider = errors.New("payment: the provider of a refund is not configured")

// sendRefund asks the provider for a pending refund, outside a transaction because it uses the network. Asking twice
// is one refund: the provider is given its id.
func (s *Service) sendRefund(ctx context.Context, args SendRefund) error {
	var refund findPendingRefundRow
	err := s.DB.Read(ctx, func(r *postgres.Read) (err error) {
		refund, err = findPendingRefund(ctx, r, args.RefundID)
		return err
	})
	if postgres.NoRows(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find the pending refund: %w", err)
	}
	provider, known := s.Providers[refund.Provider]
	if !known {
		return errNoProvider
	}
	if err := provider.Refund(ctx, refund.ID, refund.TransactionReference,
		money.Money{Amount: refund.Amount, Currency: refund.Currency}); err != nil {
		return fmt.Errorf("ask the provider for the refund: %w", err)
	}
	return nil
}
