package schedule_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

const nineYears, twentyYears = 9 * 365 * 24 * time.Hour, 20 * 365 * 24 * time.Hour

// joinFor puts a dependant of a patient in line.
func joinFor(c *apptest.Clinic, patient, doctor apptest.User, dependant uuid.UUID) *apptest.Answer {
	now := c.DB.Now()
	return c.Post(patient, "waitlist", map[string]any{"doctorId": doctor.ID, "dependantId": dependant,
		"from": dayOf(now), "to": dayOf(now.AddDate(0, 0, 60))})
}

// A mother waits for her child: what the child has at that time decides, and she answers.
func TestWaitlistForDependant(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, holder, mother, stranger := c.Doctor("0.00"), c.Patient(), c.Patient(), c.Patient()
	child, sister := c.Dependant(mother, nineYears), c.Dependant(mother, twentyYears)
	slot := c.Slot(doctor, 48*time.Hour, 1)
	booked := c.Book(holder, slot)
	joinFor(c, stranger, doctor, child).Want(404, "not-found")
	joinFor(c, mother, doctor, uuid.New()).Want(404, "not-found")
	joinFor(c, mother, doctor, stranger.ID).Want(404, "not-found")
	sisters := joinFor(c, mother, doctor, sister).Want(201).Text("id")
	joined := joinFor(c, mother, doctor, child).Want(201)
	entry := joined.Text("id")
	if joined.Text("dependantId") != child.String() {
		t.Errorf("the entry is %s", joined.Body)
	}
	joinFor(c, mother, doctor, child).Want(409, "already-waiting")
	own := join(c, mother, doctor)
	if e := waiting(t, c, mother, own); e["dependantId"] != nil {
		t.Errorf("her own entry is %v", e)
	}
	// The sister has a visit at that time, and so does the mother herself: neither stands in the way of the child.
	other := c.Slot(c.Doctor("0.00"), 48*time.Hour, 2)
	c.Post(mother, "consultations", map[string]any{"slotId": other, "reason": "Fever", "dependantId": sister}).
		Want(201)
	bookSlot(c, mother, other).Want(201)

	cancelBooking(c, holder, booked)
	wantStatus(t, c, mother, entry, "OFFERED")
	wantStatus(t, c, mother, sisters, "WAITING")
	wantStatus(t, c, mother, own, "WAITING")
	const told = "SELECT count(*) FROM events WHERE user_id = $1 AND type = 'offer.changed'"
	if mothers, childs := c.Count(told, mother.ID), c.Count(told, child); mothers != 1 || childs != 0 {
		t.Errorf("%d events for the mother, %d for the child", mothers, childs)
	}
	accept(c, stranger, entry).Want(404, "not-found")
	c.Do(stranger, "DELETE", "waitlist/"+entry, nil).Want(404, "not-found")
	made := accept(c, mother, entry).Want(201)
	if made.Text("dependantId") != child.String() || made.Text("bookedBy") != mother.ID.String() ||
		made.At("isMinor") != true {
		t.Errorf("the consultation is %s", made.Body)
	}
	wantStatus(t, c, mother, entry, "ACCEPTED")
	c.CheckInvariants()
}

// An offer to a dependant is mailed to the account.
func TestMailOfOfferToDependant(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, holder, mother := c.Doctor("0.00"), c.Patient(), c.Patient()
	booked := c.Book(holder, c.Slot(doctor, 48*time.Hour, 1))
	joinFor(c, mother, doctor, c.Dependant(mother, nineYears)).Want(201)
	cancelBooking(c, holder, booked)
	if err := newWaitlistSweeper(t, c).SweepWaitlist(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := c.Count("SELECT count(*) FROM mails WHERE user_id = $1 AND kind = 'waitlist-offer'", mother.ID); n != 1 {
		t.Errorf("%d mails to the mother", n)
	}
}

// Who is deleted, moved to another account, or loses the account that acts for them, waits no longer; a seat that was
// held goes to the next in line.
func TestDependantStopsWaiting(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(c *apptest.Clinic, mother apptest.User, dependant uuid.UUID){
		"deleted": func(c *apptest.Clinic, mother apptest.User, dependant uuid.UUID) {
			c.Do(mother, "DELETE", "users/me/dependants/"+dependant.String(), nil).Want(204)
		},
		"moved": func(c *apptest.Clinic, mother apptest.User, dependant uuid.UUID) {
			grown, support := c.Patient(), c.Support()
			for _, user := range []apptest.User{mother, grown, support} {
				c.Prove(user)
			}
			id := c.Post(mother, "users/me/dependants/"+dependant.String()+"/transfer",
				map[string]any{"email": grown.Email}).Want(201).Text("id")
			c.Post(grown, "dependant-transfers/"+id+"/accept", nil).Want(200)
			c.Post(support, "dependant-transfers/"+id+"/approve", nil).Want(200)
		},
		"disabled": func(c *apptest.Clinic, mother apptest.User, _ uuid.UUID) {
			c.Patch(c.Admin(), "users/"+mother.ID.String()+"/disable",
				map[string]any{"disabled": true, "reason": "asked"}).Want(200)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := apptest.Open(t)
			doctor, holder, mother, next := c.Doctor("0.00"), c.Patient(), c.Patient(), c.Patient()
			dependant := c.Dependant(mother, twentyYears)
			booked := c.Book(holder, c.Slot(doctor, 48*time.Hour, 1))
			entry := joinFor(c, mother, doctor, dependant).Want(201).Text("id")
			later := joinFor(c, mother, c.Doctor("0.00"), dependant).Want(201).Text("id")
			nexts := join(c, next, doctor)
			cancelBooking(c, holder, booked)
			wantStatus(t, c, mother, entry, "OFFERED")
			stop(c, mother, dependant)
			for _, id := range []string{entry, later} {
				status := apptest.QueryOne[string](t, c, "SELECT status FROM waitlist_entries WHERE id = $1", id)
				if status != "WITHDRAWN" {
					t.Errorf("the entry is %s", status)
				}
			}
			wantStatus(t, c, next, nexts, "OFFERED")
			c.CheckInvariants()
		})
	}
}
