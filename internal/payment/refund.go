package payment

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/account"
	"amrutam/internal/audit"
	"amrutam/internal/cancellation"
	"amrutam/internal/httpapi"
	"amrutam/internal/money"
	"amrutam/internal/postgres"
)

// Refund is money that is or was given back, or is asked for.
type Refund struct {
	_ struct{} `doc:"Money that goes back to the patient"`

	ID              uuid.UUID    `json:"id" doc:"The refund's id"`
	AttemptID       *uuid.UUID   `json:"attemptId" nullable:"true" doc:"The attempt whose money it is; null: money that came without one"`
	Amount          money.Amount `json:"amount" doc:"How much is given back"`
	Currency        string       `json:"currency" example:"INR" doc:"ISO 4217 currency code"`
	Reason          string       `json:"reason" health:"none" doc:"Why"`
	Status          RefundStatus `json:"status" doc:"REQUESTED waits for an administrator and is seen by staff only, PENDING is under way at the provider"`
	FailureReason   *string      `json:"failureReason" doc:"Why the provider refused, after which another refund follows; of a request, why it was declined, or superseded when everything went back"`
	AtProvider      bool         `json:"atProvider" doc:"true when it was made at the provider and not by us"`
	RequestedBy     *uuid.UUID   `json:"requestedBy" nullable:"true" doc:"Who asked for it, or whose cancellation began it; null when the system did, and for all but staff"`
	ApprovedBy      *uuid.UUID   `json:"approvedBy" nullable:"true" doc:"Who approved it; null when nobody had to or has yet, and for all but staff"`
	RequestedByName *string      `json:"requestedByName" nullable:"true" doc:"The name of who asked for it; null as requestedBy is, and when the account is deleted" example:"Ravi Menon"`
	ApprovedByName  *string      `json:"approvedByName" nullable:"true" doc:"The name of who decided it; null as approvedBy is, and when the account is deleted" example:"Leela Das"`
	CreatedAt       time.Time    `json:"createdAt" doc:"When it was begun"`
	UpdatedAt       time.Time    `json:"updatedAt" doc:"When it last changed"`

	consultation uuid.UUID
}

// Location is the address of the payment that the refund is read with.
func (r Refund) Location() string {
	return httpapi.Base + "/payments/consultation/" + r.consultation.String()
}

// Entity names the refund for a stored answer.
func (r Refund) Entity() (string, uuid.UUID) { return "refund", r.ID }

// RefundAll begins the refund of everything that was captured for the consultation and is not being refunded yet, and
// returns how much that is. Requests without a decision end, because their money is in it.
func (s *Service) RefundAll(ctx context.Context, tx *postgres.Tx, actor access.Actor, consultationID uuid.UUID,
	reason string) (money.Money, error) {
	row, err := lockPayment(ctx, tx, consultationID)
	if err != nil {
		return money.Money{}, fmt.Errorf("lock the payment: %w", err)
	}
	if err := supersedeRequests(ctx, tx, actor, row.ID); err != nil {
		return money.Money{}, err
	}
	// After the statement above, which waits for an approval under way: that refund is pending then.
	refundable, err := readRefundable(ctx, tx, row.ID)
	if err != nil {
		return money.Money{}, err
	}
	total := money.Money{Currency: row.Currency}
	var attempts []uuid.UUID
	for _, a := range refundable {
		total.Amount += a.Remaining
		attempts = append(attempts, a.ID)
	}
	return total, s.refundAttempts(ctx, tx, actor, row, reason, attempts...)
}

// RefundShare is RefundAll for a percentage of the fee: what was refunded of it before counts.
func (s *Service) RefundShare(ctx context.Context, tx *postgres.Tx, actor access.Actor, consultationID uuid.UUID,
	percent int, reason string) (money.Money, error) {
	row, err := lockPayment(ctx, tx, consultationID)
	if err != nil {
		return money.Money{}, fmt.Errorf("lock the payment: %w", err)
	}
	if err := supersedeRequests(ctx, tx, actor, row.ID); err != nil {
		return money.Money{}, err
	}
	// After the statement above, as in RefundAll.
	refundable, err := readRefundable(ctx, tx, row.ID)
	if err != nil {
		return money.Money{}, err
	}
	due := cancellation.Share(row.Amount, percent) - row.Amount // less than everything by what is kept
	for _, a := range refundable {
		if a.Status == StatusSuccess {
			due += a.Remaining
		}
	}
	total := money.Money{Currency: row.Currency}
	for _, a := range refundable {
		amount := min(a.Remaining, due-total.Amount)
		if a.Status != StatusSuccess || amount <= 0 {
			continue
		}
		total.Amount += amount
		refund := RefundRow{PaymentID: &row.ID, AttemptID: &a.ID, Amount: amount, Currency: row.Currency,
			Reason: reason, RequestedBy: requester(actor)}
		if err := s.openRefund(ctx, tx, actor, refund, 0); err != nil {
			return money.Money{}, err
		}
	}
	return total, nil
}

// requester returns who asked for a refund, or nil for the system.
func requester(actor access.Actor) *uuid.UUID {
	if actor.ID == uuid.Nil {
		return nil
	}
	return &actor.ID
}

// refundAttempts begins the refund of what remains of the named attempts.
func (s *Service) refundAttempts(ctx context.Context, tx *postgres.Tx, actor access.Actor, row PaymentRow,
	reason string, attempts ...uuid.UUID) error {
	refundable, err := readRefundable(ctx, tx, row.ID)
	if err != nil {
		return err
	}
	for _, a := range refundable {
		if a.Remaining <= 0 || !slices.Contains(attempts, a.ID) {
			continue
		}
		refund := RefundRow{PaymentID: &row.ID, AttemptID: &a.ID, Amount: a.Remaining, Currency: row.Currency,
			Reason: reason, RequestedBy: requester(actor)}
		if err := s.openRefund(ctx, tx, actor, refund, 0); err != nil {
			return err
		}
	}
	return nil
}

// readRefundable returns what can still be refunded of each attempt of a payment.
func readRefundable(ctx context.Context, tx *postgres.Tx, paymentID uuid.UUID) ([]listRefundableRow, error) {
	rows, err := listRefundable(ctx, tx, paymentID)
	if err != nil {
		return nil, fmt.Errorf("list the refundable amounts: %w", err)
	}
	return rows, nil
}

// openRefund stores a pending refund and inserts the job that sends it, no sooner than after the wait.
func (s *Service) openRefund(ctx context.Context, tx *postgres.Tx, actor access.Actor, r RefundRow,
	wait time.Duration) error {
	r.ID, r.Status = uuid.Must(uuid.NewV7()), RefundStatusPending
	audit.Write(tx, actor, "refund.open", r.ID, audit.Meta{"paymentId": r.PaymentID, "amount": r.Amount,
		"currency": r.Currency})
	if err := createRefund(ctx, tx, r); err != nil {
		return err
	}
	if err := s.Queue.InsertAfter(ctx, tx, SendRefund{r.ID}, wait); err != nil {
		return fmt.Errorf("insert the job that sends a refund: %w", err)
	}
	return nil
}

func createRefund(ctx context.Context, tx *postgres.Tx, r RefundRow) error {
	err := insertRefund(ctx, tx, insertRefundParams{ID: r.ID, PaymentID: r.PaymentID, AttemptID: r.AttemptID,
		UnmatchedID: r.UnmatchedID, Amount: r.Amount, Currency: r.Currency, Reason: r.Reason, Status: r.Status,
		RequestedBy: r.RequestedBy, ApprovedBy: r.ApprovedBy, OnRequest: r.OnRequest, AtProvider: r.AtProvider,
		ProviderRefundID: r.ProviderRefundID, Now: tx.Now})
	if err != nil {
		return fmt.Errorf("insert the refund: %w", err)
	}
	return nil
}

// Refunded returns how much of a consultation's fee has been refunded so far.
func (s *Service) Refunded(ctx context.Context, tx *postgres.Tx, consultationID uuid.UUID) (money.Amount, error) {
	amount, err := readRefundedFee(ctx, tx, consultationID)
	if err != nil {
		return 0, fmt.Errorf("read the refunded amount: %w", err)
	}
	return amount, nil
}

// nameStaff adds to refunds as staff sees them the names of those who asked for and approved them.
func nameStaff(ctx context.Context, db postgres.Querier, refunds []Refund) error {
	people := make([]*uuid.UUID, 0, 2*len(refunds))
	for _, r := range refunds {
		people = append(people, r.RequestedBy, r.ApprovedBy)
	}
	names, err := account.Names(ctx, db, people...)
	if err != nil {
		return err
	}
	for i := range refunds {
		r := &refunds[i]
		r.RequestedByName, r.ApprovedByName = names.Of(r.RequestedBy), names.Of(r.ApprovedBy)
	}
	return nil
}

// viewForStaff returns a refund as staff sees it.
func viewForStaff(ctx context.Context, db postgres.Querier, r RefundRow) (Refund, error) {
	one := []Refund{viewRefund(r, true)}
	err := nameStaff(ctx, db, one)
	return one[0], err
}

func viewRefund(r RefundRow, staff bool) Refund {
	v := Refund{ID: r.ID, AttemptID: r.AttemptID, Amount: r.Amount, Currency: r.Currency, Reason: r.Reason,
		Status: r.Status, FailureReason: r.FailureReason, AtProvider: r.AtProvider, CreatedAt: r.CreatedAt,
		UpdatedAt: r.UpdatedAt}
	if staff {
		v.RequestedBy, v.ApprovedBy = r.RequestedBy, r.ApprovedBy
	}
	return v
}
