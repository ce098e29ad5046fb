package payment

// Status is where a payment or one of its attempts stands.
type Status string

// The states of a payment.
const (
	StatusInitiated Status = "INITIATED"
	StatusSuccess   Status = "SUCCESS"
	StatusFailed    Status = "FAILED"
)

// RefundStatus is where a refund stands.
type RefundStatus string

// The states of a refund.
const (
	RefundStatusRequested RefundStatus = "REQUESTED" // it waits for an administrator
	RefundStatusPending   RefundStatus = "PENDING"
	RefundStatusSucceeded RefundStatus = "SUCCEEDED"
	RefundStatusFailed    RefundStatus = "FAILED"
)
