package schedule_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
	"amrutam/internal/schedule"
)

const rulesPath = "doctors/me/booking-rules"

// setRules changes a doctor's booking rules.
func setRules(c *apptest.Clinic, doctor apptest.User, rules map[string]any) *apptest.Answer {
	return c.Patch(doctor, rulesPath, rules)
}

func TestBookingRules(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("500.00")
	first := c.Get(doctor, rulesPath).Want(200)
	want(t, "notice", first.At("minimumNoticeMinutes"), 0.0)
	for _, member := range []string{"horizonDays", "dailyMaximum", "firstVisitMinutes", "followUpMinutes",
		"updatedAt"} {
		want(t, member, first.At(member), nil)
	}
	etag := first.Header.Get("ETag")
	setRules(c, doctor, map[string]any{"minimumNoticeMinutes": 120, "horizonDays": 30, "dailyMaximum": 8,
		"firstVisitMinutes": 40, "followUpMinutes": 20}).Want(200)
	c.Do(doctor, "PATCH", rulesPath, map[string]any{"dailyMaximum": 9}, "If-Match", etag).Want(412)
	changed := setRules(c, doctor, map[string]any{"dailyMaximum": nil, "horizonDays": 60}).Want(200)
	want(t, "maximum", changed.At("dailyMaximum"), nil)
	want(t, "horizon", changed.At("horizonDays"), 60.0)
	want(t, "first visit", changed.At("firstVisitMinutes"), 40.0)
	want(t, "what is read", string(c.Get(doctor, rulesPath).Want(200).Body), string(changed.Body))

	for member, value := range map[string]any{"minimumNoticeMinutes": nil, "horizonDays": 0, "dailyMaximum": 1001,
		"firstVisitMinutes": 4, "followUpMinutes": 481, "unknown": 1} {
		setRules(c, doctor, map[string]any{member: value}).Want(422)
	}
	a := setRules(c, doctor, map[string]any{"minimumNoticeMinutes": 1440, "horizonDays": 1}).Want(422)
	if !strings.Contains(string(a.Body), "body.minimumNoticeMinutes") {
		t.Errorf("answered %s", a.Body)
	}
	c.Exec("UPDATE doctors SET is_approved = false WHERE id = $1", doctor.ID)
	setRules(c, doctor, map[string]any{"dailyMaximum": 9}).Want(403, "doctor-not-approved")
}

// Each rule keeps a slot out of the list, and refuses its booking by name.
func TestRulesDecideWhatIsListedAndBooked(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]struct {
		rules  map[string]any
		in     time.Duration
		detail string
	}{
		"notice":    {map[string]any{"minimumNoticeMinutes": 180}, 2 * time.Hour, "at least 180 minutes before"},
		"horizon":   {map[string]any{"horizonDays": 2}, 49 * time.Hour, "at most 2 days ahead"},
		"too short": {map[string]any{"firstVisitMinutes": 31}, 5 * time.Hour, "a first visit with the doctor takes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := apptest.Open(t)
			doctor, patient := c.Doctor("0.00"), c.Patient()
			slot, good := c.Slot(doctor, r.in, 1), c.Slot(doctor, 24*time.Hour, 1)
			if name == "too short" {
				c.Exec("UPDATE availability_slots SET end_time = end_time + interval '1 hour' WHERE id = $1", good)
			}
			path := "availability/doctor/" + doctor.ID.String()
			want(t, "before", len(c.Get(anonymous, path).Want(200).Items()), 2)
			setRules(c, doctor, r.rules).Want(200)
			for _, reader := range []apptest.User{anonymous, patient, doctor} {
				items := c.Get(reader, path).Want(200).Items()
				if len(items) != 1 || items[0]["id"] != good.String() {
					t.Errorf("lists %v", items)
				}
				shown := c.Get(reader, "doctors/"+doctor.ID.String()).Want(200)
				want(t, "next slot", shown.Text("nextFreeSlot", "id"), good.String())
			}
			a := bookOver(c, patient, slot).Want(409, "slot-not-bookable")
			if !strings.Contains(a.Text("detail"), r.detail) {
				t.Errorf("refused as %s", a.Body)
			}
			bookOver(c, patient, good).Want(201)
			c.CheckInvariants()
		})
	}
}

func bookOver(c *apptest.Clinic, patient apptest.User, slot uuid.UUID) *apptest.Answer {
	return c.Post(patient, "consultations", map[string]any{"slotId": slot, "reason": "Cough"})
}

// A visit takes the first minutes of its slot. It is a first one until the doctor has completed one with the patient.
func TestVisitLengths(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor("0.00"), c.Patient()
	setRules(c, doctor, map[string]any{"firstVisitMinutes": 25, "followUpMinutes": 10}).Want(200)
	long, short := c.Slot(doctor, 3*time.Hour, 1), c.Slot(doctor, 4*time.Hour, 1)
	c.Exec("UPDATE availability_slots SET end_time = start_time + interval '15 minutes' WHERE id = $1", short)
	path := "availability/doctor/" + doctor.ID.String()
	list := func(reader apptest.User, query string) []string {
		var ids []string
		for _, item := range c.Get(reader, path+query).Want(200).Items() {
			ids = append(ids, fmt.Sprint(item["id"]))
		}
		return ids
	}
	want(t, "slots of a stranger", len(list(anonymous, "")), 1)
	want(t, "slots of a follow-up", len(list(anonymous, "?visit=FOLLOW_UP")), 2)
	want(t, "slots of the patient", len(list(patient, "?visit=FOLLOW_UP")), 1)
	c.Get(anonymous, path+"?visit=THIRD").Want(422)

	booked := bookOver(c, patient, long).Want(201)
	begin, _ := time.Parse(time.RFC3339Nano, booked.Text("startTime"))
	end, _ := time.Parse(time.RFC3339Nano, booked.Text("endTime"))
	want(t, "length of the first visit", end.Sub(begin), 25*time.Minute)
	c.Clock.Advance(3 * time.Hour)
	status := "consultations/" + booked.Text("id") + "/status"
	c.Patch(doctor, status, map[string]any{"status": "IN_PROGRESS"}).Want(200)
	c.Patch(doctor, status, map[string]any{"status": "COMPLETED"}).Want(200)

	want(t, "slots of the patient who was seen", len(list(patient, "")), 1)
	want(t, "slots of another", len(list(c.Patient(), "")), 0)
	found := c.Get(patient, "doctors?sort=earliest").Want(200).Items()
	want(t, "found by the patient who was seen", len(found), 1)
	want(t, "found by another", len(c.Get(anonymous, "doctors?sort=earliest").Want(200).Items()), 0)
	bookOver(c, c.Patient(), short).Want(409, "slot-not-bookable")
	later := bookOver(c, patient, short).Want(201)
	begin, _ = time.Parse(time.RFC3339Nano, later.Text("startTime"))
	end, _ = time.Parse(time.RFC3339Nano, later.Text("endTime"))
	want(t, "length of the later visit", end.Sub(begin), 10*time.Minute)
	c.CheckInvariants()
}

// Of many bookings at once only as many succeed as the doctor takes on a day, of the doctor's own time zone. Completed
// consultations count, cancelled ones don't.
func TestDailyMaximumHoldsUnderRaces(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("0.00")
	c.Exec("UPDATE profiles SET timezone = 'Pacific/Kiritimati' WHERE user_id = $1", doctor.ID) // UTC+14, all year
	zone := time.FixedZone("", 14*60*60)
	now := c.DB.Now().In(zone)
	midnight := time.Date(now.Year(), now.Month(), now.Day()+2, 0, 0, 0, 0, zone)
	setRules(c, doctor, map[string]any{"dailyMaximum": 3}).Want(200)
	var slots []uuid.UUID
	for i := range 12 {
		slots = append(slots, c.Slot(doctor, midnight.Sub(c.DB.Now())+time.Duration(i)*time.Hour+time.Minute, 1))
	}
	before := c.Slot(doctor, midnight.Sub(c.DB.Now())-time.Hour, 1)
	db, errs := openPool(t, c, 12), make([]error, 12)
	ids := make([]uuid.UUID, 12)
	var all sync.WaitGroup
	for i, slot := range slots {
		patient := c.Patient()
		all.Go(func() { ids[i], _, errs[i] = book(db, slot, patient.ID) })
	}
	all.Wait()
	booked := []uuid.UUID{}
	for i, err := range errs {
		if err == nil {
			booked = append(booked, ids[i])
			continue
		}
		wantError(t, "another booking", err, schedule.ErrSlotNotBookable)
	}
	want(t, "bookings", len(booked), 3)
	checkSeatCounts(t, c)

	path := "availability/doctor/" + doctor.ID.String()
	items := c.Get(anonymous, path).Want(200).Items()
	if len(items) != 1 || items[0]["id"] != before.String() {
		t.Errorf("lists %v", items)
	}
	release(t, c.DB, booked[0])
	c.Exec("UPDATE consultations SET status = 'CANCELLED' WHERE id = $1", booked[0])
	want(t, "after a cancellation", len(c.Get(anonymous, path).Want(200).Items()), 11)
	c.Clock.Advance(midnight.Add(30 * time.Minute).Sub(c.DB.Now()))
	release(t, c.DB, booked[1])
	c.Exec("UPDATE consultations SET status = 'COMPLETED' WHERE id = $1", booked[1])
	free := len(c.Get(anonymous, path+"?limit=100").Want(200).Items())
	patient := c.Patient()
	var last uuid.UUID
	for _, slot := range slots {
		if id, _, err := book(c.DB, slot, patient.ID); err == nil {
			last = id
			break
		}
	}
	if free == 0 || last == uuid.Nil {
		t.Fatalf("%d free slots before the third, booked %s", free, last)
	}
	want(t, "after the third", len(c.Get(anonymous, path).Want(200).Items()), 0)
}

func TestFreeDays(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("0.00")
	start := c.DB.Now().Add(72 * time.Hour).UTC()
	day := time.Date(start.Year(), start.Month(), start.Day(), 0, 0, 0, 0, time.UTC)
	in := day.Sub(c.DB.Now())
	c.Slot(doctor, in-10*time.Minute+time.Second, 3) // 23:50 of the day before
	c.Slot(doctor, in+30*time.Minute, 2)
	full := c.Slot(doctor, in+60*time.Minute, 1)
	fillSeats(t, c, full, 1)
	path := "availability/doctor/" + doctor.ID.String() + "/days"
	counts := func(query string) map[string][2]any {
		all := map[string][2]any{}
		for _, item := range c.Get(anonymous, path+query).Want(200).Items() {
			all[fmt.Sprint(item["day"])] = [2]any{item["freeSlots"], item["freeSeats"]}
		}
		return all
	}
	date := func(days int) string { return day.AddDate(0, 0, days).Format(time.DateOnly) }
	utc := counts("")
	want(t, "days", len(utc), 31)
	want(t, "the day before", utc[date(-1)], [2]any{1.0, 3.0})
	want(t, "the day", utc[date(0)], [2]any{1.0, 2.0})
	want(t, "another day", utc[date(1)], [2]any{0.0, 0.0})
	kolkata := counts("?timezone=Asia/Kolkata&from=" + date(0) + "&to=" + date(61))
	want(t, "days", len(kolkata), 62)
	want(t, "the day in Kolkata", kolkata[date(0)], [2]any{2.0, 5.0})

	for _, query := range []string{"?from=" + date(0) + "&to=" + date(62), "?from=" + date(1) + "&to=" + date(0),
		"?from=2026-02-30", "?timezone=Mars/Olympus"} {
		c.Get(anonymous, path+query).Want(422)
	}
	c.Get(anonymous, "availability/doctor/"+uuid.NewString()+"/days").Want(404)
}
