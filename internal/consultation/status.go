package consultation

// Status is where a consultation stands.
type Status string

// The states of a consultation.
const (
	StatusRequested  Status = "REQUESTED"
	StatusConfirmed  Status = "CONFIRMED"
	StatusInProgress Status = "IN_PROGRESS"
	StatusCompleted  Status = "COMPLETED"
	StatusCancelled  Status = "CANCELLED"
	StatusNoShow     Status = "NO_SHOW"
)

// PaymentState is what a consultation knows of its payment.
type PaymentState string

// The states of the payment. It is PAID exactly when the payment succeeded.
const (
	PaymentPending PaymentState = "PENDING"
	PaymentPaid    PaymentState = "PAID"
	PaymentFailed  PaymentState = "FAILED"
)
