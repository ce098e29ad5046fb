package consultation_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

const nineYears = 9 * 365 * 24 * time.Hour

// bookFor books a slot for a dependant.
func bookFor(c *apptest.Clinic, patient apptest.User, dependant, slot uuid.UUID) *apptest.Answer {
	return c.Post(patient, "consultations", object{"slotId": slot, "reason": "Fever", "dependantId": dependant})
}

// TestBookForDependant follows a child's consultation: the child is seen, the mother acts.
func TestBookForDependant(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	mother, stranger, doctor := c.Patient(), c.Patient(), c.Doctor("0.00")
	child := c.Dependant(mother, nineYears)
	slot := c.Slot(doctor, 5*time.Hour, 2)
	bookFor(c, stranger, child, slot).Want(404, "not-found")
	bookFor(c, mother, uuid.New(), slot).Want(404, "not-found")
	bookFor(c, mother, stranger.ID, slot).Want(404, "not-found")
	booked := bookFor(c, mother, child, slot).Want(201)
	id := booked.Text("id")
	for _, a := range []*apptest.Answer{booked, c.Get(mother, "consultations/"+id).Want(200),
		c.Get(doctor, "consultations/"+id).Want(200)} {
		if a.Text("dependantId") != child.String() || a.Text("patientId") != child.String() ||
			a.Text("bookedBy") != mother.ID.String() || a.Text("relation") != "CHILD" || a.At("isMinor") != true ||
			a.Text("patientName") != "Anil Rao" && a.Text("patientName") != "" || a.Text("reason") != "Fever" {
			t.Errorf("the child's consultation is %s", a.Body)
		}
	}
	own := postBooking(c, mother, slot).Want(201)
	if own.At("dependantId") != nil || own.At("bookedBy") != nil || own.At("relation") != nil ||
		own.At("isMinor") != false {
		t.Errorf("the mother's own consultation is %s", own.Body)
	}
	c.Get(stranger, "consultations/"+id).Want(404)

	if items := c.Get(mother, "consultations/me").Want(200).Items(); len(items) != 2 {
		t.Errorf("the mother has %d consultations, want hers and the child's", len(items))
	}
	path := "consultations/doctor/me?patientId=" + child.String()
	if items := c.Get(doctor, path).Want(200).Items(); len(items) != 1 || items[0]["id"] != id {
		t.Errorf("the doctor sees %v of the child", items)
	}
	who := c.Get(doctor, "consultations/"+id+"/patient").Want(200)
	if who.Text("fullName") != "Anil Rao" || who.Text("gender") != "MALE" ||
		who.Text("bookedBy", "id") != mother.ID.String() || who.At("bookedBy", "isGuardian") != true ||
		who.Text("bookedBy", "relation") != "CHILD" {
		t.Errorf("who comes: %s", who.Body)
	}
	if who := c.Get(doctor, "consultations/"+own.Text("id")+"/patient").Want(200); who.At("bookedBy") != nil {
		t.Errorf("who comes as herself: %s", who.Body)
	}
	readings := c.Get(mother, "users/me/access-log?others=true").Want(200).Items()
	ofChild := slices.IndexFunc(readings, func(r object) bool { return r["dependantId"] == child.String() })
	ofMother := slices.IndexFunc(readings, func(r object) bool { return r["dependantId"] == nil })
	if ofChild < 0 || ofMother < 0 {
		t.Errorf("the access log has not both people: %v", readings)
	}

	start, _ := startOf(t, c, id)
	advanceTo(t, c, start)
	updateStatus(c, doctor, id, "IN_PROGRESS").Want(200)
	prescribed := c.Post(doctor, "prescriptions", object{"consultationId": id, "advice": "Rest",
		"medications": []object{{"name": "Paracetamol", "dosage": "250 mg", "frequency": "twice a day",
			"durationDays": 3}}}).Want(201)
	if prescribed.Text("patientId") != child.String() {
		t.Errorf("the prescription is for %s", prescribed.Text("patientId"))
	}
	c.Get(mother, "prescriptions/"+prescribed.Text("id")).Want(200)
	c.Get(stranger, "prescriptions/"+prescribed.Text("id")).Want(404)
	if items := c.Get(mother, "prescriptions/me").Want(200).Items(); len(items) != 1 {
		t.Errorf("the mother reads %d prescriptions", len(items))
	}
	updateStatus(c, doctor, id, "COMPLETED").Want(200)
	c.Post(mother, "consultations/"+id+"/review", object{"rating": 5}).Want(201)
	if n := c.Count("SELECT count(*) FROM mails WHERE user_id = $1 AND kind IN ('consultation-confirmed', "+
		"'prescription-ready')", mother.ID); n != 3 {
		t.Errorf("the mother got %d mails, want one of each booking and one of the prescription", n)
	}
	if n := c.Count("SELECT count(*) FROM mails WHERE user_id = $1", child); n != 0 {
		t.Errorf("%d mails to the child", n)
	}
	c.CheckInvariants()
}

// TestOverlapIsOfThePersonSeen: an account may be in two places at once, a person not.
func TestOverlapIsOfThePersonSeen(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	mother, one, other := c.Patient(), c.Doctor(fee), c.Doctor(fee)
	child, sister := c.Dependant(mother, nineYears), c.Dependant(mother, nineYears/2)
	c.Clock.Freeze()
	group, same := c.Slot(one, 5*time.Hour, 3), c.Slot(other, 5*time.Hour, 3)
	postBooking(c, mother, group).Want(201)
	bookFor(c, mother, child, same).Want(201)
	bookFor(c, mother, child, group).Want(409, "seat-overlap")
	bookFor(c, mother, child, same).Want(409, "seat-overlap")
	bookFor(c, mother, sister, same).Want(201)
	// The limits are the account's.
	bookFor(c, mother, sister, c.Slot(one, 7*time.Hour, 1)).Want(409, "too-many-unpaid")
	postBooking(c, mother, c.Slot(one, 9*time.Hour, 1)).Want(409, "too-many-unpaid")
	c.CheckInvariants()
}

// TestConcurrentBookingsForDependant: of two bookings for one child at once, one wins; and a deletion of the child
// either comes first, or is refused.
func TestConcurrentBookingsForDependant(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	mother := c.Patient()
	for round := range 6 {
		child := c.Dependant(mother, nineYears)
		slots := []uuid.UUID{c.Slot(c.Doctor("0.00"), 5*time.Hour, 1), c.Slot(c.Doctor("0.00"), 5*time.Hour, 1)}
		answers := make([]*apptest.Answer, 3)
		var all sync.WaitGroup
		for i, slot := range slots {
			all.Go(func() { answers[i] = retry(func() *apptest.Answer { return bookFor(c, mother, child, slot) }) })
		}
		if round%2 == 0 {
			all.Go(func() {
				answers[2] = retry(func() *apptest.Answer {
					return c.Do(mother, "DELETE", "users/me/dependants/"+child.String(), nil)
				})
			})
		}
		all.Wait()
		booked := 0
		for _, a := range answers[:2] {
			if a.Status == 201 {
				booked++
			}
		}
		deleted := answers[2] != nil && answers[2].Status == 204
		if booked > 1 || deleted == (booked == 1) {
			t.Errorf("%d bookings, deleted: %v", booked, deleted)
		}
	}
	c.CheckInvariants()
}

// TestMinorAtStart: a person is a minor by their age at the start, wherever the booking is moved.
func TestMinorAtStart(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	mother, doctor := c.Patient(), c.Doctor("0.00")
	c.Clock.Freeze()
	born := c.DB.Now().AddDate(-18, 0, 3).Format(time.DateOnly) // of age in three days
	person := uuid.MustParse(c.Post(mother, "users/me/dependants", object{"fullName": "Ravi Rao",
		"dateOfBirth": born, "relation": "SIBLING"}).Want(201).Text("id"))
	minor := bookFor(c, mother, person, c.Slot(doctor, 24*time.Hour, 1)).Want(201)
	adult := bookFor(c, mother, person, c.Slot(doctor, 5*24*time.Hour, 1)).Want(201)
	if minor.At("isMinor") != true || adult.At("isMinor") != false {
		t.Errorf("minor: %s\nadult: %s", minor.Body, adult.Body)
	}
	moved := c.Post(mother, "consultations/"+adult.Text("id")+"/reschedule",
		object{"slotId": c.Slot(doctor, 30*time.Hour, 1)}).Want(200)
	if moved.At("isMinor") != true {
		t.Errorf("moved to before the birthday: %s", moved.Body)
	}
	c.CheckInvariants()
}

// TestFollowUpIsOfThePersonSeen: the first visit of a child is a first visit, whoever of the family was there before.
func TestFollowUpIsOfThePersonSeen(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	mother, doctor := c.Patient(), c.Doctor("0.00")
	child := c.Dependant(mother, nineYears)
	id := postBooking(c, mother, c.Slot(doctor, time.Hour, 1)).Want(201).Text("id")
	start, _ := startOf(t, c, id)
	advanceTo(t, c, start)
	updateStatus(c, doctor, id, "IN_PROGRESS").Want(200)
	updateStatus(c, doctor, id, "COMPLETED").Want(200)
	c.Patch(doctor, "doctors/me/booking-rules", object{"firstVisitMinutes": 30, "followUpMinutes": 10}).Want(200)
	slot := c.Slot(doctor, 26*time.Hour, 2)
	free := func(query string) time.Duration {
		items := c.Get(mother, "availability/doctor/"+doctor.ID.String()+query).Want(200).Items()
		if len(items) != 1 {
			t.Fatalf("%d free slots", len(items))
		}
		return duration(t, items[0]["startTime"], items[0]["visitEndTime"])
	}
	own, childs := free(""), free("?dependantId="+child.String())
	read := c.Get(mother, "availability/"+slot.String()).Want(200)
	if d := duration(t, read.At("startTime"), read.At("visitEndTime")); d != own {
		t.Errorf("a visit in the slot takes %s, in the list %s", d, own)
	}
	read = c.Get(mother, "availability/"+slot.String()+"?dependantId="+child.String()).Want(200)
	if d := duration(t, read.At("startTime"), read.At("visitEndTime")); d != childs {
		t.Errorf("the child's visit in the slot takes %s, in the list %s", d, childs)
	}
	c.Get(c.Patient(), "availability/"+slot.String()+"?dependantId="+child.String()).Want(422)
	if own != 10*time.Minute || childs != 30*time.Minute {
		t.Errorf("a visit takes %s, the child's %s", own, childs)
	}
	c.Get(c.Patient(), "availability/doctor/"+doctor.ID.String()+"?dependantId="+child.String()).Want(422)
	a := bookFor(c, mother, child, slot).Want(201)
	if d := duration(t, a.At("startTime"), a.At("endTime")); d != 30*time.Minute {
		t.Errorf("the child's first visit takes %s", d)
	}
	if a := postBooking(c, mother, slot).Want(201); duration(t, a.At("startTime"), a.At("endTime")) != 10*time.Minute {
		t.Errorf("the mother's next visit: %s", a.Body)
	}
	c.CheckInvariants()
}

func duration(t *testing.T, from, to any) time.Duration {
	t.Helper()
	start, err := time.Parse(time.RFC3339, fmt.Sprint(from))
	end, err2 := time.Parse(time.RFC3339, fmt.Sprint(to))
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	return end.Sub(start)
}

// TestArchivedRecordIsMoved: what is in the archive is moved with the dependant, and so is what is archived later.
func TestArchivedRecordIsMoved(t *testing.T) {
	t.Parallel()
	for name, archivedFirst := range map[string]bool{"archived, then moved": true, "moved, then archived": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := apptest.Open(t)
			mother, grown, doctor, support := c.Patient(), c.Patient(), c.Doctor("0.00"), c.Support()
			son := c.Dependant(mother, 20*365*24*time.Hour)
			id := bookFor(c, mother, son, c.Slot(doctor, time.Minute, 1)).Want(201).Text("id")
			updateStatus(c, doctor, id, "IN_PROGRESS").Want(200)
			updateStatus(c, doctor, id, "COMPLETED").Want(200)
			prescription := c.Post(doctor, "prescriptions", object{"consultationId": id, "medications": []object{
				{"name": "Triphala churna", "dosage": "5 g", "frequency": "twice a day"}}}).Want(201).Text("id")
			steps := []func(){
				func() {
					if n := archive(t, c); n != 1 {
						t.Fatalf("%d consultations were archived", n)
					}
				},
				func() {
					for _, user := range []apptest.User{mother, grown, support} {
						c.Prove(user)
					}
					transfer := c.Post(mother, "users/me/dependants/"+son.String()+"/transfer",
						object{"email": grown.Email}).Want(201).Text("id")
					c.Post(grown, "dependant-transfers/"+transfer+"/accept", nil).Want(200)
					c.Post(support, "dependant-transfers/"+transfer+"/approve", nil).Want(200)
				},
			}
			if !archivedFirst {
				slices.Reverse(steps)
			}
			c.Clock.Advance(400 * 24 * time.Hour)
			for _, step := range steps {
				step()
			}
			for _, path := range []string{"consultations/" + id, "prescriptions/" + prescription} {
				c.Get(mother, path).Want(404)
				if a := c.Get(grown, path).Want(200); a.At("archived") != true {
					t.Errorf("%s: %s", path, a.Body)
				}
			}
			for path, lists := range map[string]map[apptest.User]int{
				"consultations/me": {mother: 0, grown: 1}, "prescriptions/me": {mother: 0, grown: 1}} {
				for user, want := range lists {
					if items := c.Get(user, path).Want(200).Items(); len(items) != want {
						t.Errorf("%s lists %d, want %d", path, len(items), want)
					}
				}
			}
			c.CheckInvariants()
		})
	}
}
