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

// drawTime draws a time of the coming three hours, so that slots collide.
func (m *model) drawTime(t *rapid.T, name string) time.Time {
	return m.DB.Now().Truncate(5 * time.Minute).Add(time.Duration(draw(t, name, 72)-2) * 5 * time.Minute)
}

func hasValidTimes(start, end, now time.Time) bool {
	length := end.Sub(start)
	return start.After(now) && start.Sub(now) <= 365*24*time.Hour && length >= 5*time.Minute && length <= 8*time.Hour
}

// openSlot by a doctor, now and then by somebody else.
func (m *model) openSlot(t *rapid.T) {
	d := pick(t, "doctor", m.doctors)
	actor := m.drawActor(t, d.User, m.doctors[0].User)
	for _, o := range m.doctors {
		if o.ID == actor.ID {
			d = o
		}
	}
	start := m.drawTime(t, "start")
	n := slot{doctor: d, start: start, end: start.Add(time.Duration(draw(t, "length", 13)) * 5 * time.Minute),
		seats: 1 + draw(t, "seats", 3), blocked: draw(t, "blocked", 6) == 0}
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
			if v, clashes := m.predictOverlap(n); clashes {
				return v
			}
			return result{status: 201}
		})
	if a.Status == 201 {
		n.id = a.Text("id")
		m.slots = append(m.slots, &n)
	}
}

// changeSlot moves, resizes, blocks and opens.
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
		patch["status"] = map[bool]string{true: "BLOCKED", false: "AVAILABLE"}[n.blocked]
	}
	a := m.check(t, "change", func() *apptest.Answer { return m.Patch(actor, "availability/"+s.id, patch) },
		func(now time.Time) result {
			moved := !n.start.Equal(s.start) || !n.end.Equal(s.end)
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
			if v, clashes := m.predictOverlap(n); changed && clashes {
				return v
			}
			return result{status: 200}
		})
	if a.Status == 200 {
		*s = n
		if got := a.Text("status"); got != s.status() {
			t.Fatalf("the slot is %s, want %s", got, s.status())
		}
	}
}

// deleteSlot removes what never had a consultation.
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
			case s.used:
				return conflict("slot-has-history")
			}
			return result{status: 204}
		})
	s.deleted = s.deleted || a.Status == 204
}

// approve gives and withdraws a doctor's approval, by somebody who knows what that cancels or doesn't.
func (m *model) approve(t *rapid.T) {
	d := pick(t, "doctor", m.doctors)
	actor := m.drawActor(t, m.admin)
	yes, confirmed := draw(t, "approved", 5) > 0, draw(t, "confirmed", 3) > 0
	m.Prove(m.admin)
	before := m.DB.Now()
	a := m.check(t, "approve", func() *apptest.Answer {
		return m.Patch(actor, "doctors/"+d.ID.String()+"/approve",
			object{"approved": yes, "reason": "The register was asked.", "cancelConsultations": confirmed})
	}, func(now time.Time) result {
		switch {
		case actor.Role != access.RoleAdmin:
			return forbidden
		case !yes && d.approved && !confirmed &&
			slices.ContainsFunc(m.bookings, func(b *booking) bool { return b.isUpcoming(d, now) }):
			return conflict("has-consultations")
		}
		return result{status: 200}
	})
	if a.Status != 200 {
		return
	}
	if d.approved && !yes {
		m.applyWithdrawal(t, d, before, actor)
	}
	d.approved = yes
}

// isUpcoming tells whether the booking ends when its doctor stops.
func (b *booking) isUpcoming(d *doctor, now time.Time) bool {
	return b.slot.doctor == d && (b.status == "REQUESTED" || (b.status == "CONFIRMED" && b.end.After(now)))
}

// applyWithdrawal is what a withdrawal after an instant does.
func (m *model) applyWithdrawal(t *rapid.T, d *doctor, before time.Time, by apptest.User) {
	after := m.DB.Now()
	for _, b := range m.bookings {
		switch was := b.isUpcoming(d, before); {
		// it was over meanwhile
		case was && !b.isUpcoming(d, after) && m.Get(m.support, "consultations/"+b.id).Text("status") == b.status:
		case was:
			b.cancel(by, after)
		}
	}
	for _, s := range m.slots {
		if s.doctor != d || s.deleted || s.blocked || !s.start.After(before) {
			continue
		}
		// it began meanwhile
		if !s.start.After(after) && m.Get(d.User, "availability/"+s.id).Text("status") == s.status() {
			continue
		}
		if s.taken == 0 {
			s.blocked = true
		} else {
			s.seats = s.taken
		}
	}
}

// changeFee must not touch what is booked.
func (m *model) changeFee(t *rapid.T) {
	d := pick(t, "doctor", m.doctors)
	fee := pick(t, "fee", []money.Amount{0, 1, 50000, 99999})
	m.check(t, "fee", func() *apptest.Answer {
		return m.Patch(d.User, "doctors/"+d.ID.String(), object{"consultationFee": fee})
	}, func(time.Time) result { return result{status: 200} })
	d.fee = fee
}

// book a slot, with keys new, used and missing.
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
	ask := object{"slotId": s.id, "reason": "Back pain"}
	mismatch := false
	switch draw(t, "variant", 10) {
	case 0:
		ask["slotId"] = uuid.NewString()
	case 1:
		other := pick(t, "doctor", m.doctors)
		ask["doctorId"], mismatch = other.ID, other != s.doctor
	case 2:
		ask["reason"] = " \n"
	}
	body := encode(ask)
	a := m.check(t, "book", func() *apptest.Answer { return m.post(actor, "consultations", k.key, body) },
		func(now time.Time) result {
			switch {
			case actor.Role != access.RolePatient:
				return forbidden
			case ask["reason"] != "Back pain":
				return invalid
			case k.key == "":
				return result{400, "idempotency-key-required"}
			}
			if v, done := m.predictReplay(k, "consultations", body, now); done {
				return v
			}
			return m.predictBooking(actor, s, ask["slotId"] == s.id, mismatch, now)
		})
	if !m.storeAnswer(t, k, "consultations", body, a) {
		return
	}
	b := &booking{id: a.Text("id"), patient: actor, slot: s, start: s.start, end: s.end, status: "REQUESTED",
		payment: "INITIATED", fee: s.doctor.fee}
	if b.fee == 0 {
		b.status, b.payment = "CONFIRMED", "SUCCESS"
	} else {
		b.due = parse(t, a.Text("paymentDueAt"))
		if wait := b.due.Sub(parse(t, a.Text("createdAt"))); wait != min(15*time.Minute,
			b.start.Sub(parse(t, a.Text("createdAt")))) {
			t.Fatalf("payment is due after %s", wait)
		}
	}
	s.taken++
	s.used = true
	m.bookings = append(m.bookings, b)
	b.compare(t, a)
}

func (m *model) freeSlots() (free []*slot) {
	for _, s := range m.slots {
		if !s.deleted && s.status() == "AVAILABLE" && s.doctor.approved && s.start.After(m.DB.Now()) {
			free = append(free, s)
		}
	}
	return free
}

func (m *model) predictBooking(actor apptest.User, s *slot, known, mismatch bool, now time.Time) result {
	unpaid, abandoned, live, with, overlap := 0, 0, 0, 0, false
	for _, b := range m.bookings {
		if b.patient.ID != actor.ID {
			continue
		}
		ended := b.ended
		if b.status == "REQUESTED" { // over when it is due, though no sweep has seen it
			if b.due.After(now) {
				unpaid++
			} else {
				ended = b.due
			}
		}
		if b.fee > 0 && b.paymentStatus() != "PAID" && ended.After(now.Add(-24*time.Hour)) {
			abandoned++
		}
		if !b.isLive() {
			continue
		}
		live++
		if b.slot.doctor == s.doctor {
			with++
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
	case abandoned >= 5:
		return conflict("too-many-abandoned")
	case live >= 5:
		return conflict("too-many-bookings")
	case with >= 3:
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
