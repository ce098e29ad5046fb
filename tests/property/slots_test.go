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

// minutes draws a time of the coming three hours, so that slots collide.
func (w *world) minutes(t *rapid.T, name string) time.Time {
	return w.DB.Now().Truncate(5 * time.Minute).Add(time.Duration(dice(t, name, 72)-2) * 5 * time.Minute)
}

func checkTimes(start, end, now time.Time) bool {
	length := end.Sub(start)
	return start.After(now) && start.Sub(now) <= 365*24*time.Hour && length >= 5*time.Minute && length <= 8*time.Hour
}

// openSlot by a doctor, now and then by somebody else.
func (w *world) openSlot(t *rapid.T) {
	d := pick(t, "doctor", w.doctors)
	actor := w.anyone(t, d.User, w.doctors[0].User)
	for _, o := range w.doctors {
		if o.ID == actor.ID {
			d = o
		}
	}
	start := w.minutes(t, "start")
	n := slot{of: d, start: start, end: start.Add(time.Duration(dice(t, "length", 13)) * 5 * time.Minute),
		seats: 1 + dice(t, "seats", 3), blocked: dice(t, "blocked", 6) == 0}
	body := object{"startTime": n.start, "endTime": n.end, "maxPatients": n.seats, "status": n.status()}
	a := w.check(t, "open", func() *apptest.Answer { return w.Post(actor, "availability", body) },
		func(now time.Time) verdict {
			switch {
			case actor.Role != access.RoleDoctor:
				return forbidden
			case !checkTimes(n.start, n.end, now):
				return invalid
			case !d.approved:
				return notApproved
			}
			if v, clashes := w.clash(n); clashes {
				return v
			}
			return verdict{status: 201}
		})
	if a.Status == 201 {
		n.id = a.Text("id")
		w.slots = append(w.slots, &n)
	}
}

// changeSlot moves, resizes, blocks and opens.
func (w *world) changeSlot(t *rapid.T) {
	s := pick(t, "slot", w.slots)
	actor := w.anyone(t, s.of.User)
	patch, n := object{}, *s
	if dice(t, "move", 2) == 0 {
		n.start = w.minutes(t, "start")
		n.end = n.start.Add(30 * time.Minute)
		patch["startTime"], patch["endTime"] = n.start, n.end
	}
	if dice(t, "resize", 2) == 0 {
		n.seats = 1 + dice(t, "seats", 3)
		patch["maxPatients"] = n.seats
	}
	if dice(t, "switch", 2) == 0 {
		n.blocked = dice(t, "blocked", 2) == 0
		patch["status"] = map[bool]string{true: "BLOCKED", false: "AVAILABLE"}[n.blocked]
	}
	a := w.check(t, "change", func() *apptest.Answer { return w.Patch(actor, "availability/"+s.id, patch) },
		func(now time.Time) verdict {
			moved := !n.start.Equal(s.start) || !n.end.Equal(s.end)
			full := !n.blocked && n.taken == n.seats
			changed := moved || n.seats != s.seats || n.status() != s.status()
			switch {
			case actor.Role != access.RoleDoctor:
				return forbidden
			case s.deleted || actor.ID != s.of.ID:
				return notFound
			case changed && !s.start.After(now):
				return conflict("slot-begun")
			case s.taken > 0 && (moved || n.blocked), n.taken > n.seats:
				return conflict("slot-has-consultations")
			case patch["status"] == "AVAILABLE" && full:
				return illegal
			case moved && !checkTimes(n.start, n.end, now):
				return invalid
			case changed && !n.blocked && !s.of.approved:
				return notApproved
			}
			if v, clashes := w.clash(n); changed && clashes {
				return v
			}
			return verdict{status: 200}
		})
	if a.Status == 200 {
		*s = n
		if got := a.Text("status"); got != s.status() {
			t.Fatalf("the slot is %s, want %s", got, s.status())
		}
	}
}

// deleteSlot removes what never had a consultation.
func (w *world) deleteSlot(t *rapid.T) {
	s := pick(t, "slot", w.slots)
	actor := w.anyone(t, s.of.User)
	a := w.check(t, "delete", func() *apptest.Answer { return w.Do(actor, "DELETE", "availability/"+s.id, nil) },
		func(time.Time) verdict {
			switch {
			case actor.Role != access.RoleDoctor:
				return forbidden
			case s.deleted || actor.ID != s.of.ID:
				return notFound
			case s.taken > 0:
				return conflict("slot-has-consultations")
			case s.used:
				return conflict("slot-has-history")
			}
			return verdict{status: 204}
		})
	s.deleted = s.deleted || a.Status == 204
}

// approve gives and withdraws a doctor's approval, by somebody who knows what that cancels or doesn't.
func (w *world) approve(t *rapid.T) {
	d := pick(t, "doctor", w.doctors)
	actor := w.anyone(t, w.admin)
	yes, confirmed := dice(t, "approved", 5) > 0, dice(t, "confirmed", 3) > 0
	w.Prove(w.admin)
	before := w.DB.Now()
	a := w.check(t, "approve", func() *apptest.Answer {
		return w.Patch(actor, "doctors/"+d.ID.String()+"/approve",
			object{"approved": yes, "reason": "The register was asked.", "cancelConsultations": confirmed})
	}, func(now time.Time) verdict {
		switch {
		case actor.Role != access.RoleAdmin:
			return forbidden
		case !yes && d.approved && !confirmed &&
			slices.ContainsFunc(w.bookings, func(b *booking) bool { return b.toCome(d, now) }):
			return conflict("has-consultations")
		}
		return verdict{status: 200}
	})
	if a.Status != 200 {
		return
	}
	if d.approved && !yes {
		w.stop(t, d, before, actor)
	}
	d.approved = yes
}

// toCome tells whether the booking ends when its doctor stops.
func (b *booking) toCome(d *doctor, now time.Time) bool {
	return b.slot.of == d && (b.status == "REQUESTED" || (b.status == "CONFIRMED" && b.end.After(now)))
}

// stop is what a withdrawal after an instant does.
func (w *world) stop(t *rapid.T, d *doctor, before time.Time, by apptest.User) {
	after := w.DB.Now()
	for _, b := range w.bookings {
		switch was := b.toCome(d, before); {
		// it was over meanwhile
		case was && !b.toCome(d, after) && w.Get(w.support, "consultations/"+b.id).Text("status") == b.status:
		case was:
			b.cancel(by, after)
		}
	}
	for _, s := range w.slots {
		if s.of != d || s.deleted || s.blocked || !s.start.After(before) {
			continue
		}
		// it began meanwhile
		if !s.start.After(after) && w.Get(d.User, "availability/"+s.id).Text("status") == s.status() {
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
func (w *world) changeFee(t *rapid.T) {
	d := pick(t, "doctor", w.doctors)
	fee := pick(t, "fee", []money.Amount{0, 1, 50000, 99999})
	w.check(t, "fee", func() *apptest.Answer {
		return w.Patch(d.User, "doctors/"+d.ID.String(), object{"consultationFee": fee})
	}, func(time.Time) verdict { return verdict{status: 200} })
	d.fee = fee
}

// book a slot, with keys new, used and missing.
func (w *world) book(t *rapid.T) {
	from := w.slots
	if dice(t, "free", 4) > 0 {
		if free := w.free(); len(free) > 0 {
			from = free
		}
	}
	s := pick(t, "slot", from)
	actor := w.anyone(t, w.patients...)
	k := w.key(t, actor)
	ask := object{"slotId": s.id, "reason": "Back pain"}
	mismatch := false
	switch dice(t, "variant", 10) {
	case 0:
		ask["slotId"] = uuid.NewString()
	case 1:
		other := pick(t, "doctor", w.doctors)
		ask["doctorId"], mismatch = other.ID, other != s.of
	case 2:
		ask["reason"] = " \n"
	}
	body := text(ask)
	a := w.check(t, "book", func() *apptest.Answer { return w.post(actor, "consultations", k.key, body) },
		func(now time.Time) verdict {
			switch {
			case actor.Role != access.RolePatient:
				return forbidden
			case ask["reason"] != "Back pain":
				return invalid
			case k.key == "":
				return verdict{400, "idempotency-key-required"}
			}
			if v, done := w.replay(k, "consultations", body, now); done {
				return v
			}
			return w.mayBook(actor, s, ask["slotId"] == s.id, mismatch, now)
		})
	if !w.store(t, k, "consultations", body, a) {
		return
	}
	b := &booking{id: a.Text("id"), patient: actor, slot: s, start: s.start, end: s.end, status: "REQUESTED",
		payment: "INITIATED", fee: s.of.fee}
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
	w.bookings = append(w.bookings, b)
	b.compare(t, a)
}

func (w *world) free() (free []*slot) {
	for _, s := range w.slots {
		if !s.deleted && s.status() == "AVAILABLE" && s.of.approved && s.start.After(w.DB.Now()) {
			free = append(free, s)
		}
	}
	return free
}

func (w *world) mayBook(actor apptest.User, s *slot, known, mismatch bool, now time.Time) verdict {
	unpaid, abandoned, live, with, overlap := 0, 0, 0, 0, false
	for _, b := range w.bookings {
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
		if !b.live() {
			continue
		}
		live++
		if b.slot.of == s.of {
			with++
		}
		overlap = overlap || (b.start.Before(s.end) && s.start.Before(b.end))
	}
	switch {
	case !known || s.deleted:
		return notFound
	case s.blocked || !s.start.After(now) || !s.of.approved:
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
	return verdict{status: 201}
}

func parse(t *rapid.T, s string) time.Time {
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatalf("not a time: %v", err)
	}
	return at
}
