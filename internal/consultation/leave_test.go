package consultation_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

// exception is the body of a leave or extra hours that begin in so many hours.
func exception(c *apptest.Clinic, kind string, in, length time.Duration) map[string]any {
	from := c.DB.Now().Add(in).Truncate(time.Minute)
	return map[string]any{"kind": kind, "from": from, "to": from.Add(length)}
}

func bookFree(t *testing.T, c *apptest.Clinic, patient apptest.User, slot uuid.UUID) string {
	t.Helper()
	return c.Post(patient, "consultations", map[string]any{"slotId": slot, "reason": "Pain"}).Want(201).Text("id")
}

func TestLeaveOffersOtherSlots(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, other, patient, neighbour := c.Doctor("0.00"), c.Doctor("100.00"), c.Patient(), c.Patient()
	booked, free := c.Slot(doctor, 48*time.Hour, 1), c.Slot(doctor, 50*time.Hour, 1)
	shared := c.Slot(doctor, 52*time.Hour, 3)
	outside := c.Slot(doctor, 72*time.Hour, 1)
	elsewhere := c.Slot(other, 49*time.Hour, 1)
	c.Slot(other, 96*time.Hour, 1)
	id := bookFree(t, c, patient, booked)
	second := bookFree(t, c, neighbour, shared)

	leave := exception(c, "LEAVE", 47*time.Hour, 10*time.Hour)
	a := c.Post(doctor, "availability/exceptions", leave).Want(409, "has-consultations")
	for _, named := range []string{id, second} {
		if !strings.Contains(a.Text("detail"), named) {
			t.Errorf("%s doesn't name %s", a.Body, named)
		}
	}
	if n := len(c.Get(doctor, "availability/exceptions").Want(200).Items()); n != 0 {
		t.Errorf("%d leaves are stored", n)
	}
	leave["confirm"] = true
	created := c.Post(doctor, "availability/exceptions", leave).Want(201)
	if affected, _ := created.At("slots", "outside").([]any); len(affected) != 2 {
		t.Errorf("the answer is %s", created.Body)
	}
	for slot, status := range map[uuid.UUID]string{booked: "BOOKED", free: "BLOCKED", shared: "BOOKED",
		outside: "AVAILABLE"} {
		if got := c.Get(doctor, "availability/"+slot.String()).Text("status"); got != status {
			t.Errorf("%s is %s, want %s", slot, got, status)
		}
	}
	if got := c.Get(patient, "consultations/"+id).Want(200).Text("status"); got != "CONFIRMED" {
		t.Errorf("the consultation is %s", got)
	}
	offers := c.Get(patient, "consultations/"+id+"/offers").Want(200)
	var slots []string
	for _, item := range offers.Items() {
		slots = append(slots, fmt.Sprint(item["slotId"]))
	}
	if strings.Join(slots, " ") != outside.String()+" "+elsewhere.String() {
		t.Errorf("the offers are %v", slots)
	}
	c.Get(neighbour, "consultations/"+id+"/offers").Want(404)
	c.Await("the mails", func() bool {
		return c.Count("SELECT count(*) FROM mails WHERE kind = 'doctor-on-leave'") == 2
	})

	// Nothing is opened during the leave.
	c.Patch(doctor, "availability/"+free.String(), map[string]any{"status": "AVAILABLE"}).Want(409, "on-leave")
	c.Patch(doctor, "availability/"+shared.String(), map[string]any{"maxPatients": 5}).Want(409, "on-leave")
	c.Post(doctor, "availability", map[string]any{"startTime": c.DB.Now().Add(54 * time.Hour),
		"endTime": c.DB.Now().Add(55 * time.Hour)}).Want(409, "on-leave")
	c.Post(doctor, "availability/exceptions", exception(c, "EXTRA", 50*time.Hour, time.Hour)).
		Want(409, "exception-overlap")
	// A seat that becomes free during the leave isn't sold.
	c.Post(neighbour, "consultations/"+second+"/cancel", nil).Want(200)
	if got := c.Get(doctor, "availability/"+shared.String()).Text("status"); got != "BLOCKED" {
		t.Errorf("the freed slot is %s", got)
	}
	c.CheckInvariants()

	// Without an answer within a day the consultation is cancelled.
	c.Clock.Advance(24*time.Hour + time.Minute)
	c.Await("the cancellation", func() bool {
		return c.Get(patient, "consultations/"+id).Want(200).Text("status") == "CANCELLED"
	})
	c.Await("the end of the offers", func() bool { return c.Count("SELECT count(*) FROM leave_offers") == 0 })
	c.CheckInvariants()
}

// TestLeaveDuringVisit tests that a leave changes nothing for the patient whose visit has begun.
func TestLeaveDuringVisit(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, seen, next := c.Doctor("0.00"), c.Patient(), c.Patient()
	id := bookFree(t, c, seen, c.Slot(doctor, time.Hour, 1))
	waiting := bookFree(t, c, next, c.Slot(doctor, 9*time.Hour, 1))
	c.Clock.Advance(time.Hour)
	c.Patch(doctor, "consultations/"+id+"/status", map[string]any{"status": "IN_PROGRESS"}).Want(200)

	leave := exception(c, "LEAVE", 0, 12*time.Hour)
	leave["confirm"] = true
	path := "availability/exceptions/" + c.Post(doctor, "availability/exceptions", leave).Want(201).Text("id")
	c.Get(next, "consultations/"+waiting+"/offers").Want(200)
	if a := c.Get(seen, "consultations/"+id+"/offers").Want(200); a.At("answerBy") != nil {
		t.Errorf("the visit that has begun has an offer: %s", a.Body)
	}
	if n := c.Count("SELECT count(*) FROM leave_offers"); n != 1 {
		t.Errorf("%d offers, want 1", n)
	}
	c.Do(doctor, "DELETE", path, nil).Want(200)
	c.Await("the mails", func() bool {
		return c.Count("SELECT count(*) FROM mails WHERE kind IN ('doctor-on-leave', 'leave-withdrawn')") == 2
	})
	c.Patch(doctor, "consultations/"+id+"/status", map[string]any{"status": "COMPLETED"}).Want(200)
	c.CheckInvariants()
}

func TestDeletedLeaveRestoresSlots(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor("0.00"), c.Patient()
	rule := c.Post(doctor, "availability/rules", map[string]any{"rrule": "FREQ=DAILY", "startTime": "00:00",
		"endTime": "24:00", "timezone": "Asia/Kathmandu", "slotMinutes": 60, "maxPatients": 2,
		"validFrom": c.DB.Now().Add(24 * time.Hour).Format(time.DateOnly)}).Want(201)
	open := func() int {
		return c.Count("SELECT coalesce(sum(max_patients), 0) FROM availability_slots WHERE status = 'AVAILABLE'")
	}
	before := open()
	slots := c.Get(doctor, "availability/doctor/"+doctor.ID.String()+"?limit=100").Want(200).Items()
	id := bookFree(t, c, patient, uuid.MustParse(fmt.Sprint(slots[60]["id"])))
	for _, hand := range []int{70, 71} {
		c.Patch(doctor, "availability/"+fmt.Sprint(slots[hand]["id"]), map[string]any{"status": "BLOCKED"}).Want(200)
	}
	leave := exception(c, "LEAVE", time.Hour, 10*24*time.Hour)
	leave["confirm"] = true
	path := "availability/exceptions/" + c.Post(doctor, "availability/exceptions", leave).Want(201).Text("id")
	c.CheckInvariants()
	// A change of the rule during the leave makes no slots in it.
	c.Patch(doctor, "availability/rules/"+rule.Text("id"), map[string]any{"bufferMinutes": 0}).Want(200)
	if n := c.Count("SELECT count(*) FROM availability_slots WHERE status = 'AVAILABLE' AND start_time < $1",
		leave["to"]); n != 0 {
		t.Errorf("%d slots are open during the leave", n)
	}
	c.Do(c.Doctor("1.00"), "DELETE", path, nil).Want(404, "not-found")
	c.Do(doctor, "DELETE", path, nil).Want(200)
	if got := open(); got != before-4 {
		t.Errorf("%d seats are open, want %d", got, before-4)
	}
	if a := c.Get(patient, "consultations/"+id+"/offers").Want(200); a.At("answerBy") != nil || len(a.Items()) != 0 {
		t.Errorf("the offer stays: %s", a.Body)
	}
	c.Await("the mail", func() bool {
		return c.Count("SELECT count(*) FROM mails WHERE kind = 'leave-withdrawn'") == 1
	})
	c.CheckInvariants()
}

func TestExtraHours(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor("0.00"), c.Patient()
	c.Slot(doctor, 25*time.Hour+10*time.Minute, 1)
	extra := exception(c, "EXTRA", 24*time.Hour, 4*time.Hour)
	created := c.Post(doctor, "availability/exceptions", extra).Want(201)
	if made := created.At("slots", "made"); made != 6.0 {
		t.Errorf("%v slots are made: %s", made, created.Body)
	}
	c.Post(doctor, "availability/exceptions", extra).Want(409, "exception-overlap")
	slots := c.Get(doctor, "availability/doctor/"+doctor.ID.String()).Want(200).Items()
	id := bookFree(t, c, patient, uuid.MustParse(fmt.Sprint(slots[0]["id"])))
	c.CheckInvariants()
	deleted := c.Do(doctor, "DELETE", "availability/exceptions/"+created.Text("id"), nil).Want(200)
	if outside, _ := deleted.At("outside").([]any); len(outside) != 1 || deleted.At("removed") != 5.0 {
		t.Errorf("the answer is %s", deleted.Body)
	}
	if got := c.Get(patient, "consultations/"+id).Text("status"); got != "CONFIRMED" {
		t.Errorf("the consultation is %s", got)
	}
	c.CheckInvariants()
	// The slot that keeps the record of a cancelled consultation is opened again with the others.
	cancel(c, patient, id, "travelling").Want(200)
	if made := c.Post(doctor, "availability/exceptions", extra).Want(201).At("slots", "made"); made != 6.0 {
		t.Errorf("%v slots are made again", made)
	}
	if free := c.Get(doctor, "availability/doctor/"+doctor.ID.String()).Want(200).Items(); len(free) != len(slots) {
		t.Errorf("%d slots are free, want %d", len(free), len(slots))
	}
	c.CheckInvariants()
	for field, body := range map[string]map[string]any{
		"body.to":            exception(c, "LEAVE", time.Hour, 3650*24*time.Hour),
		"body.from":          exception(c, "LEAVE", 366*24*time.Hour, time.Hour),
		"body.slotMinutes":   exception(c, "EXTRA", time.Hour, 20*time.Minute),
		"body.kind":          exception(c, "HOLIDAY", time.Hour, time.Hour),
		"must be after from": exception(c, "LEAVE", time.Hour, -time.Hour),
		"in the future":      exception(c, "LEAVE", -9*time.Hour, time.Hour),
		"at most 24 hours":   exception(c, "EXTRA", time.Hour, 25*time.Hour),
	} {
		a := c.Post(doctor, "availability/exceptions", body).Want(422, "validation-failed")
		if !strings.Contains(string(a.Body), field) {
			t.Errorf("%s doesn't say %s", a.Body, field)
		}
	}
}

// A leave that begins now leaves no time to answer: the consultation is cancelled and refunded at once.
func TestLeaveAtOnce(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor("0.00"), c.Patient()
	id := bookFree(t, c, patient, c.Slot(doctor, time.Hour, 1))
	leave := exception(c, "LEAVE", 0, 10*time.Hour)
	leave["confirm"] = true
	c.Post(doctor, "availability/exceptions", leave).Want(201)
	c.Await("the cancellation", func() bool {
		return c.Get(patient, "consultations/"+id).Want(200).Text("status") == "CANCELLED"
	})
	if n := c.Count("SELECT count(*) FROM mails WHERE kind = 'doctor-on-leave'"); n != 0 {
		t.Errorf("%d mails offer other times", n)
	}
	c.CheckInvariants()
}
