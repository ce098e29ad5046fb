package property_test

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
	"amrutam/internal/money"
)

// drawTime returns a random time between ten minutes ago and about six hours ahead: so near that slots often overlap.
func (m *model) drawTime(t *rapid.T, name string) time.Time {
	return m.DB.Now().Truncate(5 * time.Minute).Add(time.Duration(draw(t, name, 72)-2) * 5 * time.Minute)
}

func hasValidTimes(start, end, now time.Time) bool {
	length := end.Sub(start)
	return start.After(now) && start.Sub(now) <= 365*24*time.Hour && length >= 5*time.Minute && length <= 8*time.Hour
}

// openSlot opens a slot, mostly as a doctor.
func (m *model) openSlot(t *rapid.T) {
	d := pick(t, "doctor", m.doctors)
	actor := m.drawActor(t, d.User, m.doctors[0].User)
	for _, other := range m.doctors {
		if other.ID == actor.ID {
			d = other
		}
	}
	start := m.drawTime(t, "start")
	n := slot{
		doctor:  d,
		start:   start,
		end:     start.Add(time.Duration(draw(t, "length", 13)) * 5 * time.Minute),
		seats:   1 + draw(t, "seats", 3),
		blocked: draw(t, "blocked", 6) == 0,
	}
	body := object{"startTime": n.start, "endTime": n.end, "maxPatients": n.seats, "status": n.status()}
	a := m.check(t, "open", func() *apptest.Answer { return m.Post(actor, "availability", body) },
		func(now time.Time) result {
			switch {
			case actor.Role != access.RoleDoctor:
				return forbidden
			case !hasValidTimes(n.start, n.end, now):
				return invalid
			case !d.approved:
				return notApproved
			}
			if refusal, overlaps := m.predictOverlap(n); overlaps {
				return refusal
			}
			return result{status: 201}
		})
	if a.Status == 201 {
		n.id = a.Text("id")
		m.slots = append(m.slots, &n)
	}
}

// changeSlot moves, resizes, blocks or reopens a slot.
func (m *model) changeSlot(t *rapid.T) {
	s := pick(t, "slot", m.slots)
	actor := m.drawActor(t, s.doctor.User)
	patch, n := object{}, *s
	if draw(t, "move", 2) == 0 {
		n.start = m.drawTime(t, "start")
		n.end = n.start.Add(30 * time.Minute)
		patch["startTime"], patch["endTime"] = n.start, n.end
	}
	if draw(t, "resize", 2) == 0 {
		n.seats = 1 + draw(t, "seats", 3)
		patch["maxPatients"] = n.seats
	}
	if draw(t, "switch", 2) == 0 {
		n.blocked = draw(t, "blocked", 2) == 0
		patch["status"] = "AVAILABLE"
		if n.blocked {
			patch["status"] = "BLOCKED"
		}
	}
	moved := !n.start.Equal(s.start) || !n.end.Equal(s.end)
	a := m.check(t, "change", func() *apptest.Answer { return m.Patch(actor, "availability/"+s.id, patch) },
		func(now time.Time) result {
			full := !n.blocked && n.taken == n.seats
			changed := moved || n.seats != s.seats || n.status() != s.status()
			switch {
			case actor.Role != access.RoleDoctor:
				return forbidden
			case s.deleted || actor.ID != s.doctor.ID:
				return notFound
			case changed && !s.start.After(now):
				return conflict("slot-begun")
			case s.taken > 0 && (moved || n.blocked), n.taken > n.seats:
				return conflict("slot-has-consultations")
			case patch["status"] == "AVAILABLE" && full:
				return illegal
			case moved && !hasValidTimes(n.start, n.end, now):
				return invalid
			case changed && !n.blocked && !s.doctor.approved:
				return notApproved
			}
			if refusal, overlaps := m.predictOverlap(n); changed && overlaps {
				return refusal
			}
			return result{status: 200}
		})
	if a.Status == 200 {
		if moved || n.status() != s.status() || n.seats != s.seats && n.status() == "AVAILABLE" {
			n.closed = false // the doctor's hand decides
		}
		*s = n
		if got := a.Text("status"); got != s.status() {
			t.Fatalf("the slot is %s, want %s", got, s.status())
		}
	}
}

// deleteSlot deletes a slot; one that has had a consultation is refused.
func (m *model) deleteSlot(t *rapid.T) {
	s := pick(t, "slot", m.slots)
	actor := m.drawActor(t, s.doctor.User)
	a := m.check(t, "delete", func() *apptest.Answer { return m.Do(actor, "DELETE", "availability/"+s.id, nil) },
		func(time.Time) result {
			switch {
			case actor.Role != access.RoleDoctor:
				return forbidden
			case s.deleted || actor.ID != s.doctor.ID:
				return notFound
			case s.taken > 0:
				return conflict("slot-has-consultations")
			case s.everBooked:
				return conflict("slot-has-history")
			}
			return result{status: 204}
		})
	s.deleted = s.deleted || a.Status == 204
}

// setApproval gives or withdraws a doctor's approval, with or without the confirmation that it cancels consultations.
func (m *model) setApproval(t *rapid.T) {
	d := pick(t, "doctor", m.doctors)
	actor := m.drawActor(t, m.admin)
	approved := draw(t, "approved", 5) > 0
	confirmed := draw(t, "confirmed", 3) > 0
	m.Prove(m.admin)
	before := m.DB.Now()
	a := m.check(t, "approve", func() *apptest.Answer {
		return m.Patch(actor, "doctors/"+d.ID.String()+"/approve",
			object{"approved": approved, "reason": "The register was asked.", "cancelConsultations": confirmed})
	}, func(now time.Time) result {
		switch {
		case actor.Role != access.RoleAdmin:
			return forbidden
		case !approved && d.approved && !confirmed &&
			slices.ContainsFunc(m.bookings, func(b *booking) bool { return b.isCancelledByWithdrawal(d, now) }):
			return conflict("has-consultations")
		}
		return result{status: 200}
	})
	if a.Status != 200 {
		return
	}
	if d.approved && !approved {
		m.applyWithdrawal(d, before, actor)
	}
	d.approved = approved
}

// isCancelledByWithdrawal reports whether withdrawing the doctor's approval cancels the booking.
func (b *booking) isCancelledByWithdrawal(d *doctor, now time.Time) bool {
	return b.slot.doctor == d && (b.status == "REQUESTED" || (b.status == "CONFIRMED" && b.end.After(now)))
}

// applyWithdrawal applies a withdrawal of the doctor's approval, which the server made at an instant after before. A
// booking may have ended, and a slot may have started, before that instant: then only the server knows what it did.
func (m *model) applyWithdrawal(d *doctor, before time.Time, by apptest.User) {
	after := m.DB.Now()
	for _, b := range m.bookings {
		if !b.isCancelledByWithdrawal(d, before) {
			continue
		}
		if !b.isCancelledByWithdrawal(d, after) && m.Get(m.support, "consultations/"+b.id).Text("status") == b.status {
			continue
		}
		b.cancel(by, after)
	}
	for _, s := range m.slots {
		if s.doctor != d || s.deleted || s.blocked || !s.start.After(before) {
			continue
		}
		if !s.start.After(after) && m.Get(d.User, "availability/"+s.id).Text("status") == s.status() {
			continue
		}
		s.closed = true
		if s.taken == 0 {
			s.blocked = true
		} else {
			s.seats = s.taken
		}
	}
}

// changeFee changes a doctor's fee, which must not change existing bookings.
func (m *model) changeFee(t *rapid.T) {
	d := pick(t, "doctor", m.doctors)
	fee := pick(t, "fee", []money.Amount{0, 1, 50000, 99999})
	m.check(t, "fee", func() *apptest.Answer {
		return m.Patch(d.User, "doctors/"+d.ID.String(), object{"consultationFee": fee})
	}, func(time.Time) result { return result{status: 200} })
	d.fee = fee
}

// book books a slot, with a new, a used or no idempotency key.
func (m *model) book(t *rapid.T) {
	from := m.slots
	if draw(t, "free", 4) > 0 {
		if free := m.freeSlots(); len(free) > 0 {
			from = free
		}
	}
	s := pick(t, "slot", from)
	actor := m.drawActor(t, m.patients...)
	k := m.drawKey(t, actor)
	request := object{"slotId": s.id, "reason": "Back pain"}
	mismatch := false
	switch draw(t, "variant", 10) {
	case 0:
		request["slotId"] = uuid.NewString()
	case 1:
		other := pick(t, "doctor", m.doctors)
		request["doctorId"] = other.ID
		mismatch = other != s.doctor
	case 2:
		request["reason"] = " \n"
	}
	body := encode(request)
	a := m.check(t, "book", func() *apptest.Answer { return m.post(actor, "consultations", k.key, body) },
		func(now time.Time) result {
			switch {
			case actor.Role != access.RolePatient:
				return forbidden
			case request["reason"] != "Back pain":
				return invalid
			case k.key == "":
				return result{400, "idempotency-key-required"}
			}
			if replay, isReplay := m.predictReplay(k, "consultations", body, now); isReplay {
				return replay
			}
			return m.predictBooking(actor, s, request["slotId"] == s.id, mismatch, now)
		})
	if !m.storeAnswer(t, k, "consultations", body, a) {
		return
	}
	b := &booking{
		id:      a.Text("id"),
		patient: actor,
		slot:    s,
		start:   s.start,
		end:     s.end,
		created: parse(t, a.Text("createdAt")),
		status:  "REQUESTED",
		payment: "INITIATED",
		fee:     s.doctor.fee,
	}
	if b.fee == 0 {
		b.status, b.payment = "CONFIRMED", "SUCCESS"
	} else {
		b.due = parse(t, a.Text("paymentDueAt"))
		timeToPay := b.due.Sub(b.created)
		if timeToPay != min(15*time.Minute, b.start.Sub(b.created)) {
			t.Fatalf("payment is due after %s", timeToPay)
		}
	}
	s.taken++
	s.everBooked = true
	m.bookings = append(m.bookings, b)
	b.compare(t, a)
}

// freeSlots returns the slots that can be booked now.
func (m *model) freeSlots() (free []*slot) {
	for _, s := range m.slots {
		if !s.deleted && s.status() == "AVAILABLE" && s.doctor.approved && s.start.After(m.DB.Now()) {
			free = append(free, s)
		}
	}
	return free
}

// predictBooking returns the prediction for a booking. known means that the request names the slot, and mismatch that
// it names another doctor.
func (m *model) predictBooking(actor apptest.User, s *slot, known, mismatch bool, now time.Time) result {
	unpaid, endedUnpaid, active, withDoctor, overlap := 0, 0, 0, 0, false
	for _, b := range m.bookings {
		if b.patient.ID != actor.ID {
			continue
		}
		ended := b.ended
		if b.status == "REQUESTED" { // it ends when its payment is due, even if no sweep has cancelled it yet
			if b.due.After(now) {
				unpaid++
			} else {
				ended = b.due
			}
		}
		if b.fee > 0 && b.paymentStatus() != "PAID" && ended.After(now.Add(-24*time.Hour)) {
			endedUnpaid++
		}
		if !b.isLive() {
			continue
		}
		active++
		if b.slot.doctor == s.doctor {
			withDoctor++
		}
		overlap = overlap || (b.start.Before(s.end) && s.start.Before(b.end))
	}
	switch {
	case !known || s.deleted:
		return notFound
	case s.blocked || !s.start.After(now) || !s.doctor.approved:
		return conflict("slot-not-bookable")
	case s.taken == s.seats:
		return conflict("slot-taken")
	case overlap:
		return conflict("seat-overlap")
	case mismatch:
		return invalid
	case unpaid >= 3:
		return conflict("too-many-unpaid")
	case endedUnpaid >= 5:
		return conflict("too-many-abandoned")
	case active >= 5:
		return conflict("too-many-bookings")
	case withDoctor >= 3:
		return conflict("too-many-with-doctor")
	}
	return result{status: 201}
}

func parse(t *rapid.T, s string) time.Time {
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatalf("not a time: %v", err)
	}
	return at
}
