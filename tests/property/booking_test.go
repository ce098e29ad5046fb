package property_test

import (
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
	"amrutam/internal/money"
)

func (b *booking) isLive() bool {
	return b.status == "REQUESTED" || b.status == "CONFIRMED" || b.status == "IN_PROGRESS"
}

func (b *booking) isVisibleTo(actor apptest.User) bool {
	return actor.ID == b.patient.ID || actor.ID == b.slot.doctor.ID || actor.Role == access.RoleAdmin ||
		actor.Role == access.RoleSupport
}

// finish sets a final status, which frees the seat.
func (b *booking) finish(status string) {
	b.status = status
	s := b.slot
	s.taken--
	switch {
	case !s.closed:
	case s.taken == 0:
		s.blocked = true
	default:
		s.seats = s.taken
	}
}

// cancel applies a cancellation. The zero user stands for the system.
func (b *booking) cancel(by apptest.User, at time.Time) {
	percent := 100
	if b.status == "CONFIRMED" && by.ID == b.patient.ID {
		percent = b.percentAt(at)
	}
	b.finish("CANCELLED")
	b.cancelledBy, b.cancelledByID = string(by.Role), by.ID
	if by.ID == uuid.Nil {
		b.cancelledBy, at = "SYSTEM", b.due
	}
	if by.ID == uuid.Nil || by.ID == b.patient.ID {
		b.ended = at
		if b.due.Before(at) {
			b.ended = b.due
		}
	}
	for _, a := range b.attempts {
		if a.status == "INITIATED" {
			a.status, b.payment = "FAILED", "FAILED"
		}
	}
	if percent == 100 {
		b.refundAll()
	} else {
		b.refundShare(percent)
	}
}

// percentAt returns how much a patient gets back who cancels then.
func (b *booking) percentAt(at time.Time) int {
	switch {
	case !at.After(b.created.Add(15 * time.Minute)), !at.After(b.start.Add(-24 * time.Hour)):
		return 100
	case !at.After(b.start.Add(-2 * time.Hour)):
		return 50
	}
	return 0
}

// refundShare starts the refund of a percentage of the payment, less what of it was refunded before.
func (b *booking) refundShare(percent int) {
	for _, a := range b.attempts {
		for _, s := range a.receipts {
			if s.expected && a.status == "SUCCESS" {
				share := (s.amount*money.Amount(percent) + 99) / 100
				b.addRefund(s, share-b.refundTotal(s, "PENDING")-b.refundTotal(s, "SUCCEEDED"))
			}
		}
	}
}

// refundAll starts refunds of the expected money that isn't refunded yet.
func (b *booking) refundAll() {
	for _, a := range b.attempts {
		for _, s := range a.receipts {
			if s.expected {
				b.addRefund(s, s.amount-b.refundTotal(s, "PENDING")-b.refundTotal(s, "SUCCEEDED"))
			}
		}
	}
}

// addRefund starts a refund, unless the amount is zero.
func (b *booking) addRefund(s *receipt, amount money.Amount) {
	if amount > 0 {
		b.refunds = append(b.refunds, &refund{receipt: s, amount: amount, status: "PENDING"})
	}
}

// refundTotal returns the sum of a receipt's refunds with a status.
func (b *booking) refundTotal(s *receipt, status string) (total money.Amount) {
	for _, r := range b.refunds {
		if r.receipt == s && r.status == status {
			total += r.amount
		}
	}
	return total
}

func (b *booking) paymentStatus() string {
	switch b.payment {
	case "SUCCESS":
		return "PAID"
	case "FAILED":
		return "FAILED"
	default:
		return "PENDING"
	}
}
