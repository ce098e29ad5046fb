package consultation

// Status is the state of a consultation.
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

// PaymentState is the state of the payment that a consultation stores.
type PaymentState string

// The states of a consultation's payment. It is PAID exactly when the payment succeeded.
const (
	PaymentPending PaymentState = "PENDING"
	PaymentPaid    PaymentState = "PAID"
	PaymentFailed  PaymentState = "FAILED"
)
