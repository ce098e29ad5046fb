package payment

// Status is the state of a payment or of one of its attempts.
type Status string

// The states of a payment.
const (
	StatusInitiated Status = "INITIATED"
	StatusSuccess   Status = "SUCCESS"
	StatusFailed    Status = "FAILED"
)

// RefundStatus is the state of a refund.
type RefundStatus string

// The states of a refund.
const (
	RefundStatusRequested RefundStatus = "REQUESTED" // it waits for an administrator
	RefundStatusPending   RefundStatus = "PENDING"
	RefundStatusSucceeded RefundStatus = "SUCCEEDED"
	RefundStatusFailed    RefundStatus = "FAILED"
)
