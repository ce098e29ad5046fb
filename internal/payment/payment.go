// Package payment keeps the money of consultations: one payment each, its attempts, and what was given back. It knows
// no consultation: what money means for a booking is decided there.
package payment

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/httpapi"
	"amrutam/internal/jobs"
	"amrutam/internal/money"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/telemetry"
)

// ErrPaid refuses another attempt.
var ErrPaid = problem.Conflict("already-paid", "This consultation is already paid.",
	"Read the payment: it shows the successful attempt.")

const (
	providerStub = "stub"
	// providerNone settles what costs nothing.
	providerNone = "none"
)

// Service opens, records and refunds payments.
type Service struct {
	DB    *postgres.DB
	Queue *jobs.Queue
	// ReturnTo gives the origins that a checkout may lead back to.
	ReturnTo func() ReturnTo
	Cursors  httpapi.Cursors
	Stub     *Stub
	Metrics  *telemetry.Metrics
	Log      *slog.Logger
}

// Payment is the money of one consultation.
type Payment struct {
	ID                   uuid.UUID    `json:"id" doc:"The payment's id"`
	ConsultationID       uuid.UUID    `json:"consultationId" doc:"What it pays for"`
	Amount               money.Amount `json:"amount" doc:"What is to be paid"`
	Currency             string       `json:"currency" example:"INR" doc:"ISO 4217 currency code"`
	Status               string       `json:"status" enum:"INITIATED,SUCCESS,FAILED" doc:"The newest attempt's state"`
	Provider             string       `json:"provider" example:"stub" doc:"Who takes the money; none when it costs nothing"`
	TransactionReference *string      `json:"transactionReference" doc:"The provider's name of the newest attempt" example:"stub_7QK2M"`
	CreatedAt            time.Time    `json:"createdAt" doc:"When it was opened"`
	UpdatedAt            time.Time    `json:"updatedAt" doc:"When it last changed"`
}

// Attempt is one try to pay.
type Attempt struct {
	ID                   uuid.UUID    `json:"id" doc:"The attempt's id"`
	Provider             string       `json:"provider" example:"stub" doc:"Who takes the money"`
	TransactionReference string       `json:"transactionReference" example:"stub_7QK2M" doc:"The provider's name of it; webhooks carry it"`
	Amount               money.Amount `json:"amount" doc:"What was asked"`
	Currency             string       `json:"currency" example:"INR" doc:"ISO 4217 currency code"`
	Captured             money.Amount `json:"captured" doc:"What really came, in capturedCurrency"`
	CapturedCurrency     string       `json:"capturedCurrency" example:"INR" doc:"The attempt's currency, unless money came in another one only"`
	Mismatched           []Mismatched `json:"mismatched" nullable:"false" doc:"What came and is not what was asked, oldest first: it is in captured where the currency is, confirms nothing and goes back by itself"`
	Status               string       `json:"status" enum:"INITIATED,SUCCESS,FAILED" doc:"The attempt's state"`
	FailureReason        *string      `json:"failureReason" doc:"Why it failed, in the provider's words" example:"card declined"`
	Checkout             PageOrNull   `json:"checkout" doc:"Where the patient pays; null when the provider has no page"`
	CreatedAt            time.Time    `json:"createdAt" doc:"When it was begun"`
}

// Mismatched is money that came on an attempt and is not what it asked for.
type Mismatched struct {
	Amount     *money.Amount `json:"amount" nullable:"true" doc:"How much came; null when the provider didn't say"`
	Currency   *string       `json:"currency" nullable:"true" example:"USD" doc:"In which currency; null when the provider didn't say"`
	ReceivedAt time.Time     `json:"receivedAt" doc:"When it was reported"`
}

// Checkout is the provider's page.
type Checkout struct {
	URL string `json:"url" format:"uri" example:"http://127.0.0.1:8080/dev/checkout/stub_7QK2M" doc:"Open it in a browser"`
}

// Open adds the payment of a new consultation to the transaction. An amount of zero is settled at once.
func Open(tx *postgres.Tx, consultationID uuid.UUID, amount money.Amount, currency string) {
	status, provider := StatusInitiated, providerStub
	if amount == 0 {
		status, provider = StatusSuccess, providerNone
	}
	queueInsertPayment(tx, queueInsertPaymentParams{ID: uuid.Must(uuid.NewV7()), ConsultationID: consultationID,
		Amount: amount, Currency: currency, Status: status, Provider: provider, Now: tx.Now})
}

// Initiate gives the open attempt, or begins a new one when there is none, or money that it didn't ask for came on it.
// The caller has checked that the consultation may be paid. Error: ErrPaid.
func (s *Service) Initiate(ctx context.Context, tx *postgres.Tx, consultationID uuid.UUID, returnURL string) (Payment,
	Attempt, error) {
	back, err := s.ReturnTo().Check(returnURL)
	if err != nil {
		return Payment{}, Attempt{}, err
	}
	row, err := lockPayment(ctx, tx, consultationID)
	if err != nil {
		return Payment{}, Attempt{}, err
	}
	if row.Status == StatusSuccess {
		return Payment{}, Attempt{}, ErrPaid
	}
	open, err := openAttempt(ctx, tx, row.ID)
	if err == nil {
		used, err := cameUnasked(ctx, tx, &open.ID)
		if err != nil {
			return Payment{}, Attempt{}, err
		}
		if used {
			return s.begin(ctx, tx, row, back)
		}
		if back != nil {
			err = setReturnURL(ctx, tx, back, open.ID)
		}
		return viewPayment(row), viewAttempt(open, nil), err
	}
	if !postgres.NoRows(err) {
		return Payment{}, Attempt{}, err
	}
	return s.begin(ctx, tx, row, back)
}

// begin makes a new attempt, the only open one.
func (s *Service) begin(ctx context.Context, tx *postgres.Tx, row PaymentRow, back *string) (Payment, Attempt, error) {
	begun := PaymentAttempt{ID: uuid.Must(uuid.NewV7()), PaymentID: row.ID, Provider: providerStub,
		TransactionReference: newReference(), Amount: row.Amount, Currency: row.Currency,
		Status: StatusInitiated, CreatedAt: tx.Now}
	begun.CheckoutURL = s.Stub.checkoutURL(begun.TransactionReference)
	row.Status, row.Provider, row.TransactionReference, row.UpdatedAt = begun.Status, begun.Provider,
		&begun.TransactionReference, tx.Now
	err := errors.Join(
		supersedeAttempts(ctx, tx, tx.Now, row.ID, begun.ID),
		insertAttempt(ctx, tx, insertAttemptParams{ID: begun.ID, PaymentID: row.ID, Provider: begun.Provider,
			TransactionReference: begun.TransactionReference, Amount: begun.Amount, Currency: begun.Currency,
			CheckoutURL: begun.CheckoutURL, ReturnURL: back, Now: tx.Now}),
		updatePayment(ctx, tx, updatePaymentParams{Status: row.Status, Provider: row.Provider,
			TransactionReference: row.TransactionReference, Now: tx.Now, ID: row.ID}))
	return viewPayment(row), viewAttempt(begun, nil), err
}

// EndAttempts closes the open attempt to pay for a consultation that has ended, whose lock the caller holds, and tells
// whether there was one.
func (s *Service) EndAttempts(ctx context.Context, tx *postgres.Tx, consultationID uuid.UUID) (bool, error) {
	n, err := endAttempts(ctx, tx, tx.Now, consultationID)
	return n > 0, err
}

// newReference is unguessable: the checkout page is found by it.
func newReference() string {
	raw := make([]byte, 20)
	_, _ = rand.Read(raw)
	return providerStub + "_" + base32.StdEncoding.EncodeToString(raw)
}

func viewPayment(p PaymentRow) Payment {
	return Payment{ID: p.ID, ConsultationID: p.ConsultationID, Amount: p.Amount, Currency: p.Currency,
		Status: string(p.Status), Provider: p.Provider, TransactionReference: p.TransactionReference,
		CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt}
}

// viewAttempt shows an attempt; unasked is what came of its payment besides.
func viewAttempt(a PaymentAttempt, unasked []UnmatchedMoney) Attempt {
	v := Attempt{ID: a.ID, Provider: a.Provider, TransactionReference: a.TransactionReference, Amount: a.Amount,
		Currency: a.Currency, Captured: a.Captured, CapturedCurrency: a.Currency, Mismatched: []Mismatched{},
		Status: string(a.Status), FailureReason: a.FailureReason, CreatedAt: a.CreatedAt}
	for _, u := range unasked {
		if u.AttemptID == nil || *u.AttemptID != a.ID {
			continue
		}
		v.Mismatched = append(v.Mismatched, Mismatched{u.Amount, u.Currency, u.ReceivedAt})
		switch {
		case u.Amount == nil || u.Currency == nil:
		case *u.Currency == v.CapturedCurrency:
			v.Captured += *u.Amount
		case v.Captured == 0:
			v.Captured, v.CapturedCurrency = *u.Amount, *u.Currency
		}
	}
	if a.CheckoutURL != nil && a.Status == StatusInitiated {
		v.Checkout = PageOrNull{&Checkout{URL: *a.CheckoutURL}}
	}
	return v
}
