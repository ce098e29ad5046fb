package payment

import (
	"github.com/danielgtaylor/huma/v2"

	"amrutam/internal/httpapi"
)

// Status is the state of a payment or of one of its attempts.
type Status string

// The states of a payment.
const (
	StatusInitiated Status = "INITIATED"
	StatusSuccess   Status = "SUCCESS"
	StatusFailed    Status = "FAILED"
)

// Schema lists the states.
func (Status) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "PaymentStatus", "Where a payment or one of its attempts stands", StatusInitiated,
		StatusSuccess, StatusFailed)
}

// RefundStatus is the state of a refund.
type RefundStatus string

// The states of a refund.
const (
	RefundStatusRequested RefundStatus = "REQUESTED" // it waits for an administrator
	RefundStatusPending   RefundStatus = "PENDING"
	RefundStatusSucceeded RefundStatus = "SUCCEEDED"
	RefundStatusFailed    RefundStatus = "FAILED"
)

// Schema lists the states.
func (RefundStatus) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "RefundStatus", "Where a refund stands", refundStatuses()...)
}

func refundStatuses() []RefundStatus {
	return []RefundStatus{RefundStatusRequested, RefundStatusPending, RefundStatusSucceeded, RefundStatusFailed}
}

// UnmatchedKind is what unmatched money is.
type UnmatchedKind string

const (
	kindPayment UnmatchedKind = "PAYMENT"
	kindRefund  UnmatchedKind = "REFUND"
)

// Schema lists the kinds.
func (UnmatchedKind) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "UnmatchedMoneyKind", "Whether unmatched money came, or was given back",
		unmatchedKinds()...)
}

func unmatchedKinds() []UnmatchedKind { return []UnmatchedKind{kindPayment, kindRefund} }

// UnmatchedReason is why money is unmatched.
type UnmatchedReason string

const (
	reasonUnknown    UnmatchedReason = "UNKNOWN_REFERENCE"
	reasonAmount     UnmatchedReason = "WRONG_AMOUNT"
	reasonCurrency   UnmatchedReason = "WRONG_CURRENCY"
	reasonIncomplete UnmatchedReason = "INCOMPLETE"
	reasonExceeds    UnmatchedReason = "EXCEEDS_CAPTURE"
	// reasonContradicts: something else is stored under the refund's name.
	reasonContradicts UnmatchedReason = "WRONG_REFUND"
)

// Schema lists the reasons.
func (UnmatchedReason) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "UnmatchedMoneyReason", "What is wrong with unmatched money", reasonUnknown, reasonAmount,
		reasonCurrency, reasonIncomplete, reasonExceeds, reasonContradicts)
}

// UnmatchedStatus is where unmatched money stands.
type UnmatchedStatus string

const (
	statusWaiting   UnmatchedStatus = "WAITING"
	statusReturning UnmatchedStatus = "RETURNING"
	statusReturned  UnmatchedStatus = "RETURNED"
	statusMatched   UnmatchedStatus = "MATCHED"
	statusClosed    UnmatchedStatus = "CLOSED"
)

// Schema lists the states.
func (UnmatchedStatus) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "UnmatchedMoneyStatus", "Where unmatched money stands", unmatchedStatuses()...)
}

func unmatchedStatuses() []UnmatchedStatus {
	return []UnmatchedStatus{statusWaiting, statusReturning, statusReturned, statusMatched, statusClosed}
}

// UnmatchedAction is what an administrator can do about unmatched money.
type UnmatchedAction string

const (
	actionRefund UnmatchedAction = "REFUND"
	actionClose  UnmatchedAction = "CLOSE"
)

// Schema lists the actions.
func (UnmatchedAction) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "UnmatchedMoneyAction", "What an administrator can do about unmatched money", actionRefund,
		actionClose)
}
