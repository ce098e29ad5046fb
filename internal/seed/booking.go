package seed

import (
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/consultation"
	"amrutam/internal/money"
)

// outcome is how a booking ends.
type outcome int

const (
	completed outcome = iota
	overrun           // the doctor forgot to complete it
	cancelledByPatient
	cancelledByDoctor
	cancelledBySupport
	cancelledUnpaid
	expired
	patientAbsent
	doctorAbsent
	brokeDown // the call, while it was in progress
)

var outcomes = []weighted[outcome]{{completed, 570}, {overrun, 30}, {cancelledByPatient, 125}, {cancelledByDoctor, 40},
	{cancelledBySupport, 10}, {cancelledUnpaid, 20}, {expired, 110}, {patientAbsent, 65}, {doctorAbsent, 20},
	{brokeDown, 10}}

// booking is a consultation: what is decided about it, up to its end. What comes after the base date doesn't happen.
type booking struct {
	id       uuid.UUID
	slot     slot
	patient  person
	fee      money.Amount
	outcome  outcome
	created  time.Time
	due      time.Time // zero without a fee
	attempts []attempt
	paid     time.Time
	started  time.Time
	ended    time.Time
	base     time.Time
}

// attempt is an attempt to pay. One that is left open has no done time.
type attempt struct {
	at, done time.Time
	failed   bool
}

// happened tells whether a step that is decided was taken by the base date.
func (b *booking) happened(at time.Time) bool { return !at.IsZero() && !at.After(b.base) }

func (b *booking) status() consultation.Status {
	switch {
	case b.happened(b.ended):
		return b.final()
	case b.happened(b.started):
		return consultation.StatusInProgress
	case b.happened(b.paid):
		return consultation.StatusConfirmed
	}
	return consultation.StatusRequested
}

func (b *booking) final() consultation.Status {
	switch b.outcome {
	case completed, overrun:
		return consultation.StatusCompleted
	case patientAbsent, doctorAbsent:
		return consultation.StatusNoShow
	default:
		return consultation.StatusCancelled
	}
}

func (b *booking) isFinal() bool     { return b.happened(b.ended) }
func (b *booking) isCancelled() bool { return b.status() == consultation.StatusCancelled }

// refunds tells whether what was paid goes back.
func (b *booking) refunds() bool {
	return b.fee > 0 && b.happened(b.paid) && (b.isCancelled() || b.outcome == doctorAbsent && b.isFinal())
}

// canceller returns the role of who cancelled, or "" for the system.
func (b *booking) canceller() access.Role {
	switch b.outcome {
	case cancelledByPatient, cancelledUnpaid:
		return access.RolePatient
	case cancelledByDoctor, brokeDown:
		return access.RoleDoctor
	case cancelledBySupport:
		return access.RoleSupport
	default:
		return ""
	}
}

// updated returns the time of the last step.
func (b *booking) updated() time.Time {
	last := b.created
	steps := []time.Time{b.paid, b.started, b.ended}
	for _, a := range b.attempts {
		steps = append(steps, a.at, a.done)
	}
	for _, at := range steps {
		if b.happened(at) && at.After(last) {
			last = at
		}
	}
	return last
}

// decide chooses how a booking goes and when.
func (g *generator) decide(b *booking) {
	b.base = g.plan.base
	b.outcome = pickWeighted(g.random, outcomes)
	start, end := b.slot.start, b.slot.end
	if b.fee > 0 {
		b.due = b.created.Add(g.cfg.PayWithin)
		if b.due.After(start) {
			b.due = start
		}
		g.decidePayment(b)
	} else {
		if b.outcome == expired || b.outcome == cancelledUnpaid {
			b.outcome = completed
		}
		b.paid = b.created
	}
	g.decideEnd(b, start, end)
	// A doctor has one slot in progress: nobody forgets to end the last one before the base date.
	if b.outcome == overrun && b.ended.After(b.base) {
		b.outcome = completed
		g.decideEnd(b, start, end)
	}
	if !b.isFinal() {
		g.live[b.patient.id]++
	}
}

// decidePayment chooses the attempts to pay.
func (g *generator) decidePayment(b *booking) {
	at := b.created.Add(g.between(15*time.Second, 2*time.Minute))
	if b.outcome == expired || b.outcome == cancelledUnpaid {
		switch g.IntN(4) {
		case 0: // left at the checkout
			b.attempts = []attempt{{at: at}}
		case 1:
			b.attempts = []attempt{{at: at, done: at.Add(g.between(5*time.Second, time.Minute)), failed: true}}
		}
		return
	}
	for range g.failures() {
		done := at.Add(g.between(5*time.Second, time.Minute))
		b.attempts = append(b.attempts, attempt{at: at, done: done, failed: true})
		at = done.Add(g.between(5*time.Second, time.Minute))
	}
	b.paid = at.Add(g.between(10*time.Second, 2*time.Minute))
	b.attempts = append(b.attempts, attempt{at: at, done: b.paid})
}

// failures returns how many attempts fail before one succeeds.
func (g *generator) failures() int {
	return pickWeighted(g.random, []weighted[int]{{0, 88}, {1, 9}, {2, 3}})
}

// decideEnd chooses when the consultation starts and ends.
func (g *generator) decideEnd(b *booking, start, end time.Time) {
	length := end.Sub(start)
	until := start.Add(-time.Duration(g.cfg.CancellationPolicy[0].HoursBefore) * time.Hour) // everything is refunded
	b.started, b.ended = time.Time{}, time.Time{}
	if b.outcome == cancelledByPatient && until.Before(b.paid.Add(time.Minute)) {
		b.outcome = completed // too late to cancel
	}
	switch b.outcome {
	case completed:
		b.started = start.Add(g.between(0, length/5))
		b.ended = end.Add(-g.between(0, length/4))
	case overrun:
		b.started = start.Add(g.between(0, length/5))
		b.ended = end.Add(g.cfg.CompleteAfter + g.between(0, 5*time.Second))
	case cancelledByPatient:
		b.ended = g.instant(b.paid.Add(time.Minute), until)
	case cancelledByDoctor, cancelledBySupport:
		b.ended = g.instant(b.paid.Add(time.Minute), start)
	case cancelledUnpaid:
		b.ended = b.created.Add(g.between(4*time.Minute, 10*time.Minute))
	case expired:
		b.ended = b.due.Add(g.between(0, 5*time.Second))
	case patientAbsent:
		b.ended = start.Add(length*7/10 + g.between(0, length/5))
	case doctorAbsent:
		b.ended = end.Add(g.between(0, 5*time.Second))
	case brokeDown:
		b.started = start.Add(g.between(0, length/5))
		b.ended = b.started.Add(g.between(time.Minute, length/2))
	}
}
