package schedule_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

// join puts a patient on the waitlist of a doctor for the next 60 days, and returns the entry.
func join(c *apptest.Clinic, patient, doctor apptest.User) string {
	now := c.DB.Now()
	return c.Post(patient, "waitlist", map[string]any{"doctorId": doctor.ID, "from": now.Format(time.DateOnly),
		"to": now.Add(60 * 24 * time.Hour).Format(time.DateOnly)}).Want(201).Text("id")
}

// waiting returns an entry of a patient.
func waiting(t *testing.T, c *apptest.Clinic, patient apptest.User, id string) map[string]any {
	t.Helper()
	for _, item := range c.Get(patient, "waitlist").Want(200).Items() {
		if item["id"] == id {
			return item
		}
	}
	t.Fatalf("entry %s is not listed", id)
	return nil
}

func wantStatus(t *testing.T, c *apptest.Clinic, patient apptest.User, id, status string) {
	t.Helper()
	if e := waiting(t, c, patient, id); e["status"] != status || (e["offer"] != nil) != (status == "OFFERED") {
		t.Errorf("the entry is %v, want %s", e, status)
	}
}

func cancelBooking(c *apptest.Clinic, patient apptest.User, id string) {
	c.Post(patient, "consultations/"+id+"/cancel", nil).Want(200)
}

func accept(c *apptest.Clinic, patient apptest.User, entry string) *apptest.Answer {
	return c.Do(patient, "POST", "waitlist/"+entry+"/accept", map[string]any{"reason": "Back pain"}, "Idempotency-Key",
		uuid.NewString())
}

// A freed seat goes to the first in line, whom nobody can overtake, and from one to the next when nobody answers.
func TestWaitlist(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, holder, direct := c.Doctor("0.00"), c.Patient(), c.Patient()
	slot := c.Slot(doctor, 48*time.Hour, 1)
	booked := c.Book(holder, slot)
	first, second, third := c.Patient(), c.Patient(), c.Patient()
	entries := []string{join(c, first, doctor), join(c, second, doctor), join(c, third, doctor)}
	c.Post(first, "waitlist", map[string]any{"doctorId": doctor.ID, "from": c.DB.Now().Format(time.DateOnly),
		"to": c.DB.Now().Format(time.DateOnly)}).Want(409, "already-waiting")
	wantStatus(t, c, first, entries[0], "WAITING")

	cancelBooking(c, holder, booked)
	wantStatus(t, c, first, entries[0], "OFFERED")
	wantStatus(t, c, second, entries[1], "WAITING")
	offer, _ := waiting(t, c, first, entries[0])["offer"].(map[string]any)
	if offer["slotId"] != slot.String() {
		t.Errorf("the offer is %v", offer)
	}
	c.CheckInvariants()
	for _, other := range []apptest.User{direct, second, holder} {
		bookSlot(c, other, slot).Want(409, "slot-taken")
	}
	if free := c.Get(direct, "availability/doctor/"+doctor.ID.String()).Want(200).Items(); len(free) != 0 {
		t.Errorf("the held slot is listed: %v", free)
	}
	accept(c, second, entries[1]).Want(409, "no-offer")
	accept(c, second, entries[0]).Want(404)
	c.Await("the mail", func() bool {
		return c.Count("SELECT count(*) FROM mails WHERE kind = 'waitlist-offer'") == 1
	})

	c.Clock.Advance(15*time.Minute + time.Second)
	c.Await("the next offer", func() bool { return waiting(t, c, second, entries[1])["status"] == "OFFERED" })
	wantStatus(t, c, first, entries[0], "WAITING")
	accept(c, first, entries[0]).Want(409, "no-offer")
	c.CheckInvariants()

	c.Do(second, "DELETE", "waitlist/"+entries[1], nil).Want(204)
	c.Do(second, "DELETE", "waitlist/"+entries[1], nil).Want(204)
	wantStatus(t, c, third, entries[2], "OFFERED")
	made := accept(c, third, entries[2]).Want(201)
	if made.Text("status") != "CONFIRMED" || made.Text("slotId") != slot.String() ||
		made.Header.Get("Location") == "" {
		t.Errorf("the booking is %s", made.Body)
	}
	wantStatus(t, c, third, entries[2], "ACCEPTED")
	c.Do(third, "DELETE", "waitlist/"+entries[2], nil).Want(409, "illegal-transition")
	c.CheckInvariants()

	// The first isn't offered the same slot again: it opens to all.
	cancelBooking(c, third, made.Text("id"))
	wantStatus(t, c, first, entries[0], "WAITING")
	bookSlot(c, direct, slot).Want(201)
	c.CheckInvariants()
}

func bookSlot(c *apptest.Clinic, patient apptest.User, slot uuid.UUID) *apptest.Answer {
	return c.Do(patient, "POST", "consultations", map[string]any{"slotId": slot, "reason": "Back pain"},
		"Idempotency-Key", uuid.NewString())
}

// Nobody is offered what they couldn't book or don't want.
func TestWaitlistOffersWhatFits(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, holder := c.Doctor("0.00"), c.Patient()
	slot := c.Slot(doctor, 48*time.Hour, 1)
	start := c.DB.Now().Add(48 * time.Hour)
	booked := c.Book(holder, slot)
	elsewhere, gone, otherDay, otherPart, last := c.Patient(), c.Patient(), c.Patient(), c.Patient(), c.Patient()
	join(c, elsewhere, doctor)
	c.Book(elsewhere, c.Slot(c.Doctor("0.00"), 48*time.Hour, 1))
	join(c, gone, doctor)
	c.Exec("UPDATE users SET disabled_at = now() WHERE id = $1", gone.ID)
	days := func(patient apptest.User, from, to time.Time, part string) string {
		body := map[string]any{"doctorId": doctor.ID, "from": from.Format(time.DateOnly),
			"to": to.Format(time.DateOnly)}
		if part != "" {
			body["partOfDay"] = part
		}
		return c.Post(patient, "waitlist", body).Want(201).Text("id")
	}
	name, _ := c.Get(elsewhere, "waitlist").Want(200).Items()[0]["timezone"].(string)
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	local := start.In(zone)
	part, other := "EVENING", "MORNING"
	switch {
	case local.Hour() < 12:
		part, other = "MORNING", "AFTERNOON"
	case local.Hour() < 17:
		part, other = "AFTERNOON", "EVENING"
	}
	days(otherDay, local.AddDate(0, 0, 1), local.AddDate(0, 0, 5), "")
	days(otherPart, local, local, other)
	wanted := days(last, local, local, part)
	cancelBooking(c, holder, booked)
	wantStatus(t, c, last, wanted, "OFFERED")
	c.CheckInvariants()
	accept(c, last, wanted).Want(201)
	c.CheckInvariants()
}

func TestWaitlistRefusals(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor("0.00"), c.Patient()
	now := c.DB.Now()
	day := func(n int) string { return now.AddDate(0, 0, n).Format(time.DateOnly) }
	for want, body := range map[string]map[string]any{
		"body.from: must not be before today": {"doctorId": doctor.ID, "from": day(-2), "to": day(5)},
		"body.to: must not be before from":    {"doctorId": doctor.ID, "from": day(5), "to": day(4)},
		"body.to: must be at most 92 days":    {"doctorId": doctor.ID, "from": day(5), "to": day(97)},
		"body.from: must be at most 365 days": {"doctorId": doctor.ID, "from": day(400), "to": day(401)},
		"body.partOfDay": {"doctorId": doctor.ID, "from": day(1), "to": day(1),
			"partOfDay": "NIGHT"},
	} {
		a := c.Post(patient, "waitlist", body).Want(422)
		location, message, _ := strings.Cut(want, ": ")
		if text := string(a.Body); !strings.Contains(text, location) || !strings.Contains(text, message) {
			t.Errorf("%s: %s", want, text)
		}
	}
	c.Post(patient, "waitlist", map[string]any{"doctorId": uuid.New(), "from": day(1), "to": day(1)}).Want(404)
	c.Do(patient, "DELETE", "waitlist/"+uuid.NewString(), nil).Want(404)
	for range 10 {
		join(c, patient, c.Doctor("0.00"))
	}
	c.Post(patient, "waitlist", map[string]any{"doctorId": doctor.ID, "from": day(1), "to": day(1)}).
		Want(409, "too-many-waiting")
	// An account that is disabled gives its places up.
	c.Patch(c.Admin(), "users/"+patient.ID.String()+"/disable",
		map[string]any{"disabled": true, "reason": "asked"}).Want(200)
	if n := c.Count("SELECT count(*) FROM waitlist_entries WHERE patient_id = $1 AND status = 'WAITING'",
		patient.ID); n != 0 {
		t.Errorf("%d entries of a disabled patient wait", n)
	}
	c.CheckInvariants()
}

// Whatever comes first, the held seat goes to one person.
func TestWaitlistRaces(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, holder := c.Doctor("0.00"), c.Patient()
	slot := c.Slot(doctor, 48*time.Hour, 1)
	first, second := c.Patient(), c.Patient()
	entries := []string{join(c, first, doctor), join(c, second, doctor)}
	rivals := []apptest.User{c.Patient(), c.Patient(), c.Patient(), c.Patient()}
	id := c.Book(holder, slot)
	var group sync.WaitGroup
	run := func(f func()) { group.Go(f) }
	run(func() { cancelBooking(c, holder, id) })
	for _, rival := range rivals {
		run(func() { bookSlot(c, rival, slot) })
	}
	group.Wait()
	wantStatus(t, c, first, entries[0], "OFFERED")
	c.CheckInvariants()
	for _, rival := range rivals {
		run(func() { bookSlot(c, rival, slot) })
	}
	run(func() { accept(c, first, entries[0]) })
	run(func() { c.Do(first, "DELETE", "waitlist/"+entries[0], nil) })
	run(func() { accept(c, second, entries[1]) })
	run(func() { c.Patch(doctor, "availability/"+slot.String(), map[string]any{"status": "BLOCKED"}) })
	group.Wait()
	c.CheckInvariants()
	if n := c.Count("SELECT count(*) FROM seats WHERE slot_id = $1", slot); n > 1 {
		t.Errorf("%d seats are taken", n)
	}
}

// A slot can be cancelled and booked again as often as one likes.
func TestCancelAndBookAgain(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient, waits := c.Doctor("0.00"), c.Patient(), c.Patient()
	slot := c.Slot(doctor, 48*time.Hour, 1)
	for i := range 100 {
		id := c.Book(patient, slot)
		if i == 50 {
			entry := join(c, waits, doctor)
			cancelBooking(c, patient, id)
			bookSlot(c, patient, slot).Want(409, "slot-taken")
			id = accept(c, waits, entry).Want(201).Text("id")
			cancelBooking(c, waits, id)
			continue
		}
		cancelBooking(c, patient, id)
	}
	c.CheckInvariants()
}
