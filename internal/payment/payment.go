// Package payment stores the money of consultations: one payment each, its attempts and its refunds. It doesn't import
// package consultation, which decides what a payment means for a booking.
package payment

import (
	"time"

	"github.com/google/uuid"

	"amrutam/internal/httpapi"
	"amrutam/internal/jobs"
	"amrutam/internal/money"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/telemetry"
)

// providerNone is the provider of payments of amount zero.
const providerNone = "none"

// The refusals of payments and refunds.
var (
	ErrPaid = problem.Conflict("already-paid", "The consultation is paid already",
		"This consultation is already paid.",
		"Read the payment: it shows the successful attempt.")
	ErrExceedsCapture = problem.Conflict("refund-exceeds-capture", "The refund is too large",
		"The payment doesn't hold that much any more.",
		"Read the payment: what was captured, less every refund that isn't FAILED, can still be asked back.")
	ErrOwnRefund = problem.Conflict("own-refund", "You asked for this refund",
		"You asked for this refund yourself.",
		"Another administrator has to approve it.")
)

// Service opens payments, records what providers report, and refunds.
type Service struct {
	DB    *postgres.DB
	Queue *jobs.Queue
	// Providers by name.
	Providers map[string]Provider
	// DefaultProvider is the name of the provider of new attempts.
	DefaultProvider string
	// ReturnOrigins returns the origins that a checkout may lead back to.
	ReturnOrigins func() ReturnOrigins
	Cursors       httpapi.Cursors
	Metrics       *telemetry.Metrics
}

// Payment is the money of one consultation.
type Payment struct {
	_ struct{} `doc:"The money of one consultation"`

	ID                   uuid.UUID    `json:"id" doc:"The payment's id"`
	ConsultationID       uuid.UUID    `json:"consultationId" doc:"What it pays for"`
	Amount               money.Amount `json:"amount" doc:"What is to be paid"`
	Currency             string       `json:"currency" example:"INR" doc:"ISO 4217 currency code"`
	Status               Status       `json:"status" doc:"The newest attempt's state"`
	Provider             string       `json:"provider" example:"stub" doc:"Who takes the money; none when it costs nothing"`
	TransactionReference *string      `json:"transactionReference" doc:"The provider's name of the newest attempt" example:"stub_7QK2M"`
	CreatedAt            time.Time    `json:"createdAt" doc:"When it was opened"`
	UpdatedAt            time.Time    `json:"updatedAt" doc:"When it last changed"`
}

// Attempt is one try to pay.
type Attempt struct {
	_ struct{} `doc:"One try to pay"`

	ID                   uuid.UUID    `json:"id" doc:"The attempt's id"`
	Provider             string       `json:"provider" example:"stub" doc:"Who takes the money"`
	TransactionReference string       `json:"transactionReference" example:"stub_7QK2M" doc:"The provider's name of it; webhooks carry it"`
	Amount               money.Amount `json:"amount" doc:"What was asked"`
	Currency             string       `json:"currency" example:"INR" doc:"ISO 4217 currency code"`
	Captured             money.Amount `json:"captured" doc:"What really came, in capturedCurrency"`
	CapturedCurrency     string       `json:"capturedCurrency" example:"INR" doc:"The attempt's currency, unless money came in another one only"`
	Mismatched           []Mismatched `json:"mismatched" doc:"What came and is not what was asked, oldest first: it is in captured where the currency is, confirms nothing and goes back by itself"`
	Status               Status       `json:"status" doc:"The attempt's state"`
	FailureReason        *string      `json:"failureReason" doc:"Why it failed, in the provider's words"`
	Checkout             PageOrNull   `json:"checkout" doc:"Where the patient pays; null when the provider has no page"`
	CreatedAt            time.Time    `json:"createdAt" doc:"When it was begun"`
}

// Mismatched is money that came on an attempt and is not what it asked for.
type Mismatched struct {
	_ struct{} `doc:"Money that came and is not what was asked"`

	Amount     *money.Amount `json:"amount" nullable:"true" doc:"How much came; null when the provider didn't say"`
	Currency   *string       `json:"currency" nullable:"true" example:"USD" doc:"In which currency; null when the provider didn't say"`
	ReceivedAt time.Time     `json:"receivedAt" doc:"When it was reported"`
}

// Checkout is the provider's page.
type Checkout struct {
	_ struct{} `doc:"The provider's page for the patient"`

	URL string `json:"url" format:"uri" example:"http://127.0.0.1:8080/dev/checkout/stub_7QK2M" doc:"Open it in a browser"`
}

func viewPayment(p PaymentRow) Payment {
	return Payment{ID: p.ID, ConsultationID: p.ConsultationID, Amount: p.Amount, Currency: p.Currency,
		Status: p.Status, Provider: p.Provider, TransactionReference: p.TransactionReference,
		CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt}
}

// viewAttempt shows an attempt with its share of the payment's mismatched money.
func viewAttempt(a PaymentAttempt, mismatched []UnmatchedMoney) Attempt {
	v := Attempt{ID: a.ID, Provider: a.Provider, TransactionReference: a.TransactionReference, Amount: a.Amount,
		Currency: a.Currency, Captured: a.Captured, CapturedCurrency: a.Currency, Mismatched: []Mismatched{},
		Status: a.Status, FailureReason: a.FailureReason, CreatedAt: a.CreatedAt}
	for _, u := range mismatched {
		if u.AttemptID == nil || *u.AttemptID != a.ID {
			continue
		}
		v.Mismatched = append(v.Mismatched,
			Mismatched{Amount: u.Amount, Currency: u.Currency, ReceivedAt: u.ReceivedAt})
		switch {
		case u.Amount == nil || u.Currency == nil:
		case *u.Currency == v.CapturedCurrency:
			v.Captured += *u.Amount
		case v.Captured == 0:
			v.Captured, v.CapturedCurrency = *u.Amount, *u.Currency
		}
	}
	if a.CheckoutURL != nil && a.Status == StatusInitiated {
		v.Checkout = PageOrNull{httpapi.OrNull[Checkout]{Value: &Checkout{URL: *a.CheckoutURL}}}
	}
	return v
}
