package seed

import (
	"context"
	"time"

	"amrutam/internal/access"
)

// run makes everything, and ends the writer's work.
func (g *generator) run(ctx context.Context) error {
	defer close(g.writer.people)
	var err error
	if g.batch, err = g.writer.next(ctx); err != nil {
		return err
	}
	if err := g.staff(); err != nil {
		return err
	}
	if err := g.addDoctors(); err != nil {
		return err
	}
	for n := range g.plan.days {
		if err := g.fillDay(ctx, n); err != nil {
			return err
		}
	}
	return g.flush(ctx, true)
}

// fillDay makes the slots of a day and their bookings, hour by hour.
func (g *generator) fillDay(ctx context.Context, n int) error {
	midnight := g.plan.first.AddDate(0, 0, n).UTC()
	for i, d := range g.doctors {
		if (n+i)%28 == 0 && n >= d.firstDay && n < g.plan.past { // before the session of the last four weeks ends
			g.session(d.person, midnight.Add(7*time.Hour+g.between(0, time.Hour)))
		}
	}
	for _, hour := range g.openings(n) {
		clear(g.busy)
		for i, o := range hour {
			s := slot{doctor: o.doctor, seats: o.seats, demand: o.demand}
			s.start = midnight.Add(time.Duration(o.minute) * time.Minute)
			s.end = s.start.Add(time.Duration(o.minutes) * time.Minute)
			s.created = g.opened(s, midnight, n, i)
			if s.created.After(g.plan.base) {
				continue
			}
			s.id = g.id(s.created)
			if err := g.fillSlot(s); err != nil {
				return err
			}
			if err := g.flush(ctx, false); err != nil {
				return err
			}
		}
	}
	return nil
}

// opened returns when the doctor opened a slot: in the evening of one day of the week, two or three weeks before.
func (g *generator) opened(s slot, midnight time.Time, n, i int) time.Time {
	release := midnight.Add(-time.Duration(15+(n+s.doctor.number)%7) * day)
	release = release.Add(20*time.Hour + time.Duration(i%3600)*time.Second)
	if soonest := s.doctor.approved.Add(time.Hour + time.Duration(i%600)*time.Second); release.Before(soonest) {
		return soonest
	}
	return release
}

// fillSlot books a slot and adds its rows.
func (g *generator) fillSlot(s slot) error {
	blocked := g.chance(0.015)
	taken, updated := 0, s.created
	for range s.seats {
		if blocked || !g.chance(s.demand) {
			continue
		}
		held, last, err := g.fillSeat(s)
		if err != nil {
			return err
		}
		if held {
			taken++
		}
		if last.After(updated) {
			updated = last
		}
	}
	status := "AVAILABLE"
	switch {
	case blocked:
		status = "BLOCKED"
	case taken == s.seats:
		status = "BOOKED"
	}
	t := g.batch.slots
	t.row()
	t.id(s.id)
	t.id(s.doctor.id)
	t.time(s.start)
	t.time(s.end)
	t.text(status)
	t.int32(s.seats)
	t.int32(taken)
	t.time(s.created)
	t.time(updated)
	g.audit(s.created, g.request(s.doctor.person, s.created), "slot.create", "slot", s.id.String(), "")
	return nil
}

// fillSeat books one seat of a slot, and books it again after a cancellation, at most three times. held says that the
// last consultation isn't finished.
func (g *generator) fillSeat(s slot) (held bool, updated time.Time, err error) {
	free := s.created
	for range 3 {
		b, booked := g.newBooking(s, free)
		if !booked {
			return false, updated, nil
		}
		if err := g.choosePatient(&b); err != nil {
			return false, updated, err
		}
		g.decide(&b)
		if err := g.addConsultation(&b); err != nil {
			return false, updated, err
		}
		updated = b.updated()
		if !b.isCancelled() {
			return !b.isFinal(), updated, nil
		}
		if free = b.ended; !g.chance(0.6) {
			return false, updated, nil
		}
	}
	return false, updated, nil
}

const (
	// soonest is how long after the slot's opening, or after another's cancellation, a booking is made.
	soonest = 5 * time.Minute
	// latest is how long before its start a slot is booked at the latest.
	latest = 25 * time.Minute
)

// newBooking returns a booking of a slot that is free since an instant, if it was made by the base date.
func (g *generator) newBooking(s slot, free time.Time) (b booking, ok bool) {
	from, to := free.Add(soonest), s.start.Add(-latest)
	if !from.Before(to) {
		return b, false
	}
	lead := g.exponential(3 * day)
	if g.chance(0.3) {
		lead = g.between(latest, 9*time.Hour)
	}
	created := s.start.Add(-lead)
	if created.Before(from) || created.After(to) {
		created = g.instant(from, to)
	}
	if hour := created.In(india).Hour(); hour < 6 { // at night people sleep
		if later := created.Add(time.Duration(7-hour) * time.Hour); later.Before(to) {
			created = later
		}
	}
	if created.After(g.plan.base) {
		return b, false
	}
	return booking{id: g.id(created), slot: s, created: created, fee: s.doctor.fee}, true
}

// breather is how long after a consultation a patient sees the same doctor again at the soonest.
const breather = 4 * day

// choosePatient gives the booking a patient: one whom the doctor or another one has seen, or a new one.
func (g *generator) choosePatient(b *booking) (err error) {
	d := b.slot.doctor
	if known := g.chooseKnown(b, d); known != nil {
		known.last = b.slot.start.Unix()
		b.patient = person{id: known.id, role: access.RolePatient, number: int(known.number),
			created: time.Unix(known.created, 0).UTC()}
		if g.chance(0.4) {
			g.session(b.patient, b.created.Add(-g.between(time.Minute, 10*time.Minute)))
		}
	} else {
		if b.patient, err = g.newPatient(b.created); err != nil {
			return err
		}
		if g.chance(0.4) { // others come once
			d.remember(b.patient, b.slot.start)
		}
	}
	g.busy[b.patient.id] = true
	return nil
}

// chooseKnown returns a patient of the doctor, or of another one, who can come at that time, or nil.
func (g *generator) chooseKnown(b *booking, d *physician) *acquaintance {
	for range 3 {
		if g.chance(0.2) {
			return nil
		}
		from := d
		if g.chance(0.1) {
			from = pick(g.random, g.doctors)
		}
		if len(from.known) == 0 {
			continue
		}
		p := &from.known[g.IntN(len(from.known))]
		if g.busy[p.id] || g.live[p.id] >= 3 || b.created.Unix()-p.created < int64(day.Seconds()) ||
			b.slot.start.Unix()-p.last < int64(breather.Seconds()) {
			continue
		}
		return p
	}
	return nil
}
