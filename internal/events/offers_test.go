package events_test

import (
	"testing"
	"time"

	"amrutam/internal/apptest"
)

// What a leave offers the patient, and its end, come to the patient alone.
func TestLeaveOffersAreTold(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor("0.00"), c.Patient()
	id := c.Book(patient, c.Slot(doctor, 48*time.Hour, 1))
	mine, theirs := open(t, c, patient, ""), open(t, c, doctor, "")
	<-mine.opened
	<-theirs.opened
	from := c.DB.Now().Add(47 * time.Hour)
	leave := c.Post(doctor, "availability/exceptions", map[string]any{"kind": "LEAVE", "from": from,
		"to": from.Add(10 * time.Hour), "confirm": true}).Want(201)
	if e := mine.want("offer.changed", "OPEN"); e.Data["consultationId"] != id {
		t.Errorf("%+v", e)
	}
	c.Do(doctor, "DELETE", "availability/exceptions/"+leave.Text("id"), nil).Want(200)
	if e := mine.want("offer.changed", "ENDED"); e.Data["consultationId"] != id {
		t.Errorf("%+v", e)
	}
	c.Post(patient, "consultations/"+id+"/cancel", map[string]any{}).Want(200)
	mine.want("consultation.changed", "CANCELLED")
	theirs.want("consultation.changed", "CANCELLED") // the first that the doctor is told
}

// A seat on its way along the waitlist: its offer, that it ended unanswered, the next one's and its acceptance come to
// whom they concern.
func TestWaitlistOffersAreTold(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, holder, first, second := c.Doctor("0.00"), c.Patient(), c.Patient(), c.Patient()
	slot := c.Slot(doctor, 48*time.Hour, 1)
	booked := c.Book(holder, slot)
	join := func(patient apptest.User) (entry string, s *client) {
		day := c.DB.Now().AddDate(0, 0, 1).Format(time.DateOnly) // in every zone from today on
		entry = c.Post(patient, "waitlist", map[string]any{"doctorId": doctor.ID, "from": day,
			"to": c.DB.Now().AddDate(0, 0, 4).Format(time.DateOnly)}).Want(201).Text("id")
		s = open(t, c, patient, "")
		<-s.opened
		return entry, s
	}
	firstEntry, firstStream := join(first)
	secondEntry, secondStream := join(second)
	want := func(s *client, status, entry string) {
		t.Helper()
		if e := s.want("offer.changed", status); e.Data["waitlistId"] != entry || e.Data["consultationId"] != nil {
			t.Errorf("%+v, want the entry %s", e, entry)
		}
	}
	c.Post(holder, "consultations/"+booked+"/cancel", map[string]any{}).Want(200)
	want(firstStream, "OPEN", firstEntry)
	c.Clock.Advance(16 * time.Minute)
	want(firstStream, "ENDED", firstEntry)
	want(secondStream, "OPEN", secondEntry)
	c.Post(second, "waitlist/"+secondEntry+"/accept", map[string]any{"reason": "Back pain"}).Want(201)
	want(secondStream, "ENDED", secondEntry)
	secondStream.want("consultation.changed", "CONFIRMED")
	firstStream.close()
	for e := range firstStream.events {
		t.Errorf("the first one is also told %+v", e)
	}
}

// A patient who answers the offer of a leave is told at once that it is over.
func TestAnsweredLeaveOffersEnd(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("0.00")
	moved, cancelled := c.Patient(), c.Patient()
	from := c.DB.Now().Add(47 * time.Hour)
	consultations := map[apptest.User]string{
		moved:     c.Book(moved, c.Slot(doctor, 48*time.Hour, 1)),
		cancelled: c.Book(cancelled, c.Slot(doctor, 49*time.Hour, 1)),
	}
	answer := func(patient apptest.User, command string, body map[string]any, status string) {
		s := open(t, c, patient, "")
		<-s.opened
		id := consultations[patient]
		c.Post(patient, "consultations/"+id+"/"+command, body).Want(200)
		s.want("consultation.changed", status)
		if e := s.want("offer.changed", "ENDED"); e.Data["consultationId"] != id {
			t.Errorf("%s: %+v", command, e)
		}
	}
	c.Post(doctor, "availability/exceptions", map[string]any{"kind": "LEAVE", "from": from,
		"to": from.Add(10 * time.Hour), "confirm": true}).Want(201)
	answer(moved, "reschedule", map[string]any{"slotId": c.Slot(doctor, 72*time.Hour, 1)}, "CONFIRMED")
	answer(cancelled, "cancel", map[string]any{}, "CANCELLED")
}
