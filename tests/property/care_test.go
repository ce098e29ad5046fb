package property_test

import (
	"context"
	"slices"
	"time"

	"pgregory.net/rapid"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
)

// drawBooking returns a random booking, mostly one with one of the statuses.
func (m *model) drawBooking(t *rapid.T, statuses ...string) *booking {
	from := m.bookings
	if draw(t, "suitable", 4) > 0 {
		var suitable []*booking
		for _, b := range m.bookings {
			if slices.Contains(statuses, b.status) {
				suitable = append(suitable, b)
			}
		}
		if len(suitable) > 0 {
			from = suitable
		}
	}
	return pick(t, "booking", from)
}

// compare compares the API's consultation with the model's.
func (b *booking) compare(t *rapid.T, a *apptest.Answer) {
	by, _ := a.At("cancelledBy").(string)
	absent, _ := a.At("absent").(string)
	for _, f := range []struct{ name, got, want string }{
		{"status", a.Text("status"), b.status},
		{"paymentStatus", a.Text("paymentStatus"), b.paymentStatus()},
		{"fee", a.Text("fee"), b.fee.String()},
		{"patientId", a.Text("patientId"), b.patient.ID.String()},
		{"doctorId", a.Text("doctorId"), b.slot.doctor.ID.String()},
		{"slotId", a.Text("slotId"), b.slot.id},
		{"cancelledBy", by, b.cancelledBy},
		{"absent", absent, b.absent},
	} {
		if f.got != f.want {
			t.Fatalf("%s is %s, want %s: %s", f.name, f.got, f.want, a.Body)
		}
	}
	if !parse(t, a.Text("startTime")).Equal(b.start) || !parse(t, a.Text("endTime")).Equal(b.end) {
		t.Fatalf("the time is not %s to %s: %s", b.start, b.end, a.Body)
	}
}

// cancel cancels a consultation as a user of any role, with or without a part in it.
func (m *model) cancel(t *rapid.T) {
	b := m.drawBooking(t, "REQUESTED", "CONFIRMED", "IN_PROGRESS")
	actor := m.drawActor(t, b.patient, b.slot.doctor.User, m.admin, m.support)
	reason := pick(t, "reason", []string{"", "  ", "I am travelling"})
	a := m.check(t, "cancel", func() *apptest.Answer {
		return m.Do(actor, "POST", "consultations/"+b.id+"/cancel", object{"reason": reason})
	}, func(now time.Time) result {
		if reason == "  " {
			return invalid
		}
		if !b.isVisibleTo(actor) {
			return notFound
		}
		patient := actor.Role == access.RolePatient
		switch {
		case b.status == "REQUESTED":
			return result{status: 200}
		case b.status == "CANCELLED" && b.cancelledByID == actor.ID: // a repeated request, after a lost response
			return result{status: 200}
		case b.status == "CONFIRMED" && now.After(b.start):
			return tooLate
		case b.status == "CONFIRMED":
			return result{status: 200}
		case b.status != "IN_PROGRESS" || patient:
			return illegal
		case reason == "":
			return invalid
		}
		return result{status: 200}
	})
	if a.Status == 200 {
		if b.status != "CANCELLED" {
			b.cancel(actor, parse(t, a.Text("cancelledAt")))
		}
		b.compare(t, a)
	}
}

// changeStatus starts or completes a consultation, or records a no-show.
func (m *model) changeStatus(t *rapid.T) {
	b := m.drawBooking(t, "CONFIRMED", "IN_PROGRESS")
	actor := m.drawActor(t, b.slot.doctor.User)
	to := pick(t, "to", []string{"IN_PROGRESS", "IN_PROGRESS", "COMPLETED", "NO_SHOW"})
	a := m.check(t, "move", func() *apptest.Answer {
		return m.Patch(actor, "consultations/"+b.id+"/status", object{"status": to, "notes": "Advised rest"})
	}, func(now time.Time) result {
		switch {
		case actor.Role != access.RoleDoctor:
			return forbidden
		case actor.ID != b.slot.doctor.ID:
			return notFound
		case b.status == "CONFIRMED" && to == "IN_PROGRESS" && now.Before(b.start.Add(-15*time.Minute)):
			return tooEarly
		case b.status == "CONFIRMED" && to == "IN_PROGRESS" && now.After(b.end):
			return tooLate
		case b.status == "CONFIRMED" && to == "NO_SHOW" &&
			now.Before(b.start.Add(min(10*time.Minute, b.end.Sub(b.start)/2))):
			return tooEarly
		case b.status == "CONFIRMED" && to == "NO_SHOW" && now.After(b.end):
			return tooLate
		case b.status == "CONFIRMED" && to == "IN_PROGRESS" && !b.slot.doctor.approved:
			return notApproved
		case b.status == "CONFIRMED" && to == "IN_PROGRESS" && m.isDoctorBusy(b.slot):
			return conflict("consultation-in-progress")
		case b.status == "CONFIRMED" && to != "COMPLETED", b.status == "IN_PROGRESS" && to == "COMPLETED":
			return result{status: 200}
		}
		return illegal
	})
	if a.Status != 200 {
		return
	}
	if to == "IN_PROGRESS" {
		b.status = to
	} else {
		b.finish(to)
	}
	if to == "NO_SHOW" {
		b.absent = "PATIENT"
	}
	if to == "COMPLETED" {
		b.endedAt = parse(t, a.Text("endedAt"))
	}
	b.compare(t, a)
}

// isDoctorBusy reports whether the slot's doctor has a consultation of another slot in progress.
func (m *model) isDoctorBusy(s *slot) bool {
	return slices.ContainsFunc(m.bookings,
		func(b *booking) bool { return b.status == "IN_PROGRESS" && b.slot.doctor == s.doctor && b.slot != s })
}

// prescribe writes a prescription, or a correction of one.
func (m *model) prescribe(t *rapid.T) {
	b := m.drawBooking(t, "IN_PROGRESS", "COMPLETED")
	actor := m.drawActor(t, b.slot.doctor.User)
	body := object{
		"consultationId": b.id,
		"medications":    []any{object{"name": "Tulsi", "dosage": "1 cup", "frequency": "daily"}},
	}
	var old *prescription
	isSameConsultation := true
	if draw(t, "correct", 2) == 0 {
		corrected := b
		if draw(t, "foreign", 4) == 0 {
			corrected = pick(t, "corrected", m.bookings)
		}
		if len(corrected.prescriptions) > 0 {
			old = pick(t, "old", corrected.prescriptions)
			isSameConsultation = corrected == b
			body["supersedes"] = old.id
		}
	}
	a := m.check(t, "prescribe", func() *apptest.Answer { return m.Post(actor, "prescriptions", body) },
		func(now time.Time) result {
			switch {
			case actor.Role != access.RoleDoctor:
				return forbidden
			case actor.ID != b.slot.doctor.ID:
				return notFound
			case b.status != "IN_PROGRESS" && (b.status != "COMPLETED" || now.After(b.endedAt.Add(7*24*time.Hour))):
				return conflict("prescription-not-possible")
			case !b.slot.doctor.approved:
				return notApproved
			case !isSameConsultation:
				return invalid
			case old != nil && old.superseded:
				return conflict("already-superseded")
			}
			return result{status: 201}
		})
	if a.Status == 201 {
		b.prescriptions = append(b.prescriptions, &prescription{id: a.Text("id")})
		if old != nil {
			old.superseded = true
		}
	}
}

// sweep runs the job that cancels unpaid bookings, records missed consultations and completes overdue ones.
func (m *model) sweep(t *rapid.T) {
	before := m.DB.Now()
	if err := m.consultations.Sweep(context.Background()); err != nil {
		t.Fatalf("sweep: %v", err)
	}
	after := m.DB.Now()
	due := func(b *booking, at time.Time) bool {
		if !at.After(before) || at.After(after) {
			return !at.After(before)
		}
		// It became due during the sweep: only the server knows whether in time.
		return m.Get(m.support, "consultations/"+b.id).Text("status") != b.status
	}
	for _, b := range m.bookings {
		switch {
		case b.status == "REQUESTED" && due(b, b.due):
			b.cancel(apptest.User{}, after)
		case b.status == "CONFIRMED" && due(b, b.end):
			b.finish("NO_SHOW")
			b.absent = "DOCTOR"
			b.refundAll()
		case b.status == "IN_PROGRESS" && due(b, b.end.Add(2*time.Hour)):
			b.finish("COMPLETED")
			b.endedAt = b.end
		}
	}
}

// advance moves the clock, mostly by minutes, sometimes past the life of an idempotency key or the time to prescribe.
func (m *model) advance(t *rapid.T) {
	m.Clock.Advance(pick(t, "by", []time.Duration{
		time.Second, time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour,
		25 * time.Hour, 8 * 24 * time.Hour,
	}))
}

// advanceToDeadline moves the clock to an instant at which the possible commands for a booking change, or to five
// seconds before it.
func (m *model) advanceToDeadline(t *rapid.T) {
	b := m.drawBooking(t, "REQUESTED", "CONFIRMED", "IN_PROGRESS")
	at := pick(t, "instant", []time.Time{
		b.due,
		b.start.Add(-24 * time.Hour),
		b.start.Add(-2 * time.Hour),
		b.created.Add(15 * time.Minute),
		b.start.Add(-15 * time.Minute),
		b.start,
		b.start.Add(10 * time.Minute),
		b.end,
		b.end.Add(2 * time.Hour),
		b.endedAt.Add(7 * 24 * time.Hour),
	})
	if draw(t, "before", 2) == 0 {
		at = at.Add(-5 * time.Second)
	}
	if ahead := at.Sub(m.DB.Now()); ahead > 0 {
		m.Clock.Advance(ahead)
	}
}

// readAsAnyone reads a consultation as a random user.
func (m *model) readAsAnyone(t *rapid.T) {
	b := pick(t, "booking", m.bookings)
	m.read(t, b, m.drawActor(t, b.patient, b.slot.doctor.User, m.admin, m.support),
		pick(t, "purpose", []string{"", "complaint 17"}))
}

// read reads a consultation, its payment and its prescriptions, and compares them with the model.
func (m *model) read(t *rapid.T, b *booking, actor apptest.User, purpose string) {
	isParticipant := actor.ID == b.patient.ID || actor.ID == b.slot.doctor.ID
	seesHealth := isParticipant || (actor.Role == access.RoleAdmin && purpose != "")
	get := func(path string) *apptest.Answer {
		if purpose == "" {
			return m.Get(actor, path)
		}
		m.Prove(m.admin)
		return m.Do(actor, "GET", path, nil, "X-Purpose", purpose)
	}
	want := result{status: 200}
	if !b.isVisibleTo(actor) {
		want = notFound
	}
	a := m.check(t, "read", func() *apptest.Answer { return get("consultations/" + b.id) },
		func(time.Time) result { return want })
	if a.Status == 200 {
		b.compare(t, a)
		if shown := a.At("reason") != nil; shown != seesHealth {
			t.Fatalf("%s sees the reason: %v", actor.Role, shown)
		}
		if a.At("notes") != nil && !seesHealth {
			t.Fatalf("%s sees notes", actor.Role)
		}
	}
	a = m.check(t, "payment", func() *apptest.Answer { return get("payments/consultation/" + b.id) },
		func(time.Time) result { return want })
	if a.Status == 200 {
		b.compareMoney(t, a, actor)
	}
	a = m.check(t, "prescriptions", func() *apptest.Answer { return get("prescriptions/consultation/" + b.id) },
		func(time.Time) result {
			switch {
			case actor.Role == access.RoleSupport:
				return forbidden
			case !seesHealth:
				return notFound
			}
			return result{status: 200}
		})
	if a.Status == 200 && len(a.Items()) != len(b.prescriptions) {
		t.Fatalf("%d prescriptions, want %d", len(a.Items()), len(b.prescriptions))
	}
}
