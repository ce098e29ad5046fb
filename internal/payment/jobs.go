package payment

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/jobs"
	"amrutam/internal/money"
	"amrutam/internal/postgres"
	"amrutam/internal/retention"
)

// SendRefund asks the provider for a refund.
type SendRefund struct {
	RefundID uuid.UUID `json:"refundId"`
}

// Kind names the job.
func (SendRefund) Kind() string { return "payment.refund" }

// Retention says how long the messages of providers are kept. Payments, attempts and refunds are kept.
var Retention = []retention.Rule{{
	Name:  "payment-webhooks",
	What:  "What payment providers reported, as it came",
	After: "it was received",
	Why:   "a charge can be disputed for a year and a half; what it caused stays in payments",
	Table: "payment_webhooks",
	Since: "received_at",
	Keep:  2 * retention.Year,
}}

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
