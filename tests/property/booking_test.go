package property_test

import (
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
	"amrutam/internal/money"
)

func (b *booking) live() bool {
	return b.status == "REQUESTED" || b.status == "CONFIRMED" || b.status == "IN_PROGRESS"
}

func (b *booking) sees(actor apptest.User) bool {
	return actor.ID == b.patient.ID || actor.ID == b.slot.of.ID || actor.Role == access.RoleAdmin ||
		actor.Role == access.RoleSupport
}

// end makes a status final: the seat is free.
func (b *booking) finish(status string) {
	b.status = status
	b.slot.taken--
}

// cancel is what a cancellation does, by nobody when the system does it.
func (b *booking) cancel(by apptest.User, at time.Time) {
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
	b.refundAll()
}

// refundAll gives back what came and is not on its way.
func (b *booking) refundAll() {
	for _, a := range b.attempts {
		for _, s := range a.came {
			if s.own {
				b.owe(s, s.amount-b.back(s, "PENDING")-b.back(s, "SUCCEEDED"))
			}
		}
	}
}

// owe begins a refund.
func (b *booking) owe(s *sum, amount money.Amount) {
	if amount > 0 {
		b.refunds = append(b.refunds, &refund{of: s, amount: amount, status: "PENDING"})
	}
}

// back is what goes back of a sum, or has gone.
func (b *booking) back(s *sum, status string) (all money.Amount) {
	for _, r := range b.refunds {
		if r.of == s && r.status == status {
			all += r.amount
		}
	}
	return all
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
