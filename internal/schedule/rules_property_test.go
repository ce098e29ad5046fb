package schedule_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"amrutam/internal/apptest"
)

// practice is a doctor with random rules and slots, one of whose patients was seen before.
type practice struct {
	c        *apptest.Clinic
	doctor   apptest.User
	patients []apptest.User
	slots    []uuid.UUID
}

// drawPractice makes a practice. Its slots don't overlap.
func drawPractice(t *testing.T, r *rapid.T, c *apptest.Clinic) practice {
	t.Helper()
	p := practice{c: c, doctor: c.Doctor("0.00"), patients: []apptest.User{c.Patient(), c.Patient()}}
	zones := []string{"Asia/Kolkata", "Pacific/Kiritimati", "America/St_Johns"}
	zone := rapid.SampledFrom(zones).Draw(r, "zone")
	c.Exec("UPDATE profiles SET timezone = $2 WHERE user_id = $1", p.doctor.ID, zone)
	past := c.Slot(p.doctor, -time.Hour, 1)
	c.Exec("UPDATE availability_slots SET status = 'BLOCKED' WHERE id = $1", past)
	insertConsultation(t, c, uuid.Must(uuid.NewV7()), p.patients[0].ID, p.doctor.ID, past, "COMPLETED")
	at := time.Hour
	for range rapid.IntRange(1, 6).Draw(r, "slots") {
		at += time.Duration(rapid.IntRange(1, 20).Draw(r, "gap")) * time.Hour
		id := c.Slot(p.doctor, at, rapid.IntRange(1, 2).Draw(r, "seats"))
		c.Exec("UPDATE availability_slots SET end_time = start_time + $2 * interval '5 minutes' WHERE id = $1", id,
			rapid.IntRange(2, 9).Draw(r, "length"))
		if rapid.IntRange(0, 7).Draw(r, "blocked") == 0 {
			c.Exec("UPDATE availability_slots SET status = 'BLOCKED' WHERE id = $1", id)
		}
		p.slots = append(p.slots, id)
	}
	return p
}

// drawRules returns a patch with random booking rules.
func drawRules(r *rapid.T) map[string]any {
	draw := func(name string, values ...any) any { return rapid.SampledFrom(values).Draw(r, name) }
	return map[string]any{
		"minimumNoticeMinutes": draw("notice", 0, 60, 600),
		"horizonDays":          draw("horizon", nil, 1, 2),
		"dailyMaximum":         draw("maximum", nil, 1, 2),
		"firstVisitMinutes":    draw("first", nil, 20, 40),
		"followUpMinutes":      draw("follow-up", nil, 10, 30),
	}
}

// list returns the slots that a reader is shown, and checks that the doctor's profile and the calendar agree with it.
func (p practice) list(r *rapid.T, reader apptest.User) (ids []string) {
	path := "availability/doctor/" + p.doctor.ID.String()
	for _, item := range p.c.Get(reader, path+"?limit=100").Want(200).Items() {
		ids = append(ids, fmt.Sprint(item["id"]))
	}
	free := 0
	for _, day := range p.c.Get(reader, path+"/days").Want(200).Items() {
		n, _ := day["freeSlots"].(float64)
		free += int(n)
	}
	var next []string
	if a := p.c.Get(reader, "doctors/"+p.doctor.ID.String()).Want(200); a.At("nextFreeSlot") != nil {
		next = []string{a.Text("nextFreeSlot", "id")}
	}
	if free != len(ids) || !slices.Equal(next, ids[:min(1, len(ids))]) {
		r.Fatalf("lists %v, counts %d slots by day, and shows %v as the next", ids, free, next)
	}
	return ids
}

// What is listed for a patient can be booked, and what is refused was not listed.
func TestListedIsBookable(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	// The sweep could end a consultation between list and booking.
	if err := c.App.Queue.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(r *rapid.T) {
		p := drawPractice(t, r, c)
		held := map[string]bool{}
		for range rapid.IntRange(3, 8).Draw(r, "steps") {
			switch rapid.IntRange(0, 5).Draw(r, "step") {
			case 0:
				setRules(c, p.doctor, drawRules(r)).Want(200)
				continue
			case 1:
				c.Clock.Advance(time.Duration(rapid.IntRange(1, 600).Draw(r, "minutes")) * time.Minute)
				continue
			}
			patient := rapid.SampledFrom(p.patients).Draw(r, "patient")
			slot := rapid.SampledFrom(p.slots).Draw(r, "slot")
			key := patient.ID.String() + slot.String()
			if held[key] {
				continue
			}
			listed := slices.Contains(p.list(r, patient), slot.String())
			a := bookOver(c, patient, slot)
			switch {
			case listed != (a.Status == 201), a.Status != 201 && a.Status != 409:
				r.Fatalf("listed: %t, answered %d %s", listed, a.Status, a.Body)
			case a.Status == 201:
				held[key] = true
			}
		}
	})
	checkSeatCounts(t, c)
}
