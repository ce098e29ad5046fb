package consultation_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

// doctorDay asks for a day, and returns its answer with the gaps as "kind start-end" in the doctor's zone.
func doctorDay(c *apptest.Clinic, doctor apptest.User, zone *time.Location, date string) (*apptest.Answer, []string) {
	answer := c.Get(doctor, "consultations/doctor/me?date="+date).Want(200)
	var body struct {
		Gaps []struct {
			Kind               string
			StartTime, EndTime time.Time
			SlotID             *uuid.UUID
			FreeSeats          int
		}
	}
	_ = json.Unmarshal(answer.Body, &body)
	texts := []string{}
	for _, g := range body.Gaps {
		texts = append(texts, g.Kind+" "+g.StartTime.In(zone).Format("15:04")+"-"+g.EndTime.In(zone).Format("15:04"))
	}
	return answer, texts
}

func setZone(c *apptest.Clinic, doctor apptest.User, zone string) {
	c.Exec("UPDATE profiles SET timezone = $2 WHERE user_id = $1", doctor.ID, zone)
}

func TestDoctorsDay(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient, other := c.Doctor("0.00"), c.Patient(), c.Patient()
	setZone(c, doctor, "Asia/Kolkata")
	zone, err := time.LoadLocation("Asia/Kolkata")
	if err != nil {
		t.Fatal(err)
	}
	y, m, d := c.DB.Now().In(zone).AddDate(0, 0, 2).Date()
	at := func(hour, minute int) time.Time { return time.Date(y, m, d, hour, minute, 0, 0, zone) }
	slot := func(start time.Time, minutes, seats int) uuid.UUID {
		id := c.Slot(doctor, time.Hour, seats)
		c.Exec("UPDATE availability_slots SET start_time = $2, end_time = $3 WHERE id = $1", id, start,
			start.Add(time.Duration(minutes)*time.Minute))
		return id
	}
	book := func(u apptest.User, slot uuid.UUID) string {
		return c.Post(u, "consultations", map[string]any{"slotId": slot, "reason": "Back pain"}).Want(201).Text("id")
	}
	late := book(patient, slot(at(-1, 45), 30, 1)) // of the evening before, until 0:15
	first := book(patient, slot(at(9, 0), 30, 1))
	shared := book(patient, slot(at(9, 30), 30, 2))
	slot(at(10, 30), 30, 1)
	cancelled := book(other, slot(at(12, 0), 30, 1))
	c.Post(doctor, "consultations/"+cancelled+"/cancel", map[string]any{"reason": "Ill"}).Want(200)
	tomorrow := book(other, slot(at(24, 0), 30, 1))
	c.Exec(`INSERT INTO availability_exceptions (id, doctor_id, kind, from_time, to_time, created_at)
		VALUES ($1, $2, 'LEAVE', $3, $4, now())`, uuid.New(), doctor.ID, at(11, 0), at(11, 30))

	date := at(0, 0).Format(time.DateOnly)
	answer, gaps := doctorDay(c, doctor, zone, date)
	var ids []string
	for _, item := range answer.Items() {
		ids = append(ids, fmt.Sprint(item["id"]))
		if item["reason"] != "Back pain" {
			t.Errorf("%v has no reason", item)
		}
	}
	same(t, ids, []string{late, first, shared})
	same(t, gaps, []string{"EMPTY 00:15-09:00", "SLOT 09:30-10:00", "EMPTY 10:00-10:30", "SLOT 10:30-11:00",
		"EMPTY 11:30-12:00", "SLOT 12:00-12:30"})
	if answer.Text("day", "date") != date || answer.Text("day", "timezone") != "Asia/Kolkata" ||
		answer.Text("day", "startTime") != at(0, 0).UTC().Format(time.RFC3339) ||
		answer.Text("day", "endTime") != at(24, 0).UTC().Format(time.RFC3339) || answer.At("nextCursor") != nil ||
		answer.At("day", "isComplete") != true || !strings.HasPrefix(mustText(answer.At("leaves")), `[{"endTime"`) {
		t.Errorf("%s", answer.Body)
	}
	empty, gaps := doctorDay(c, doctor, zone, "2031-05-05")
	if len(empty.Items()) != 0 || len(gaps) != 0 || empty.Map()["gaps"] == nil || empty.Map()["leaves"] == nil {
		t.Errorf("%s", empty.Body)
	}
	c.Clock.Advance(at(24, 0).Sub(c.DB.Now()) - 12*time.Hour) // at noon
	c.Exec("UPDATE consultations SET status = 'NO_SHOW', absent = 'PATIENT' WHERE id = $1", first)
	answer, gaps = doctorDay(c, doctor, zone, date)
	if len(answer.Items()) != 3 {
		t.Errorf("%s", answer.Body)
	}
	same(t, gaps, []string{"EMPTY 00:15-09:00", "EMPTY 10:00-11:00", "EMPTY 11:30-12:30"})
	if next, _ := doctorDay(c, doctor, zone, at(24, 0).Format(time.DateOnly)); next.Items()[0]["id"] != tomorrow {
		t.Errorf("%s", next.Body)
	}
	plain := c.Get(doctor, "consultations/doctor/me").Want(200).Map()
	for _, field := range []string{"day", "gaps", "leaves"} {
		if _, has := plain[field]; has {
			t.Errorf("the list has %s", field)
		}
	}
}

func same(t *testing.T, got, want []string) {
	t.Helper()
	if g, w := mustText(got), mustText(want); g != w {
		t.Errorf("%s, want %s", g, w)
	}
}

func mustText(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

func TestDoctorsDayOfChangingClocks(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("0.00")
	for _, day := range []struct {
		zone, date, start string
		length            time.Duration
	}{
		{"America/New_York", "2026-11-01", "2026-11-01T04:00:00Z", 25 * time.Hour},
		{"America/New_York", "2027-03-14", "2027-03-14T05:00:00Z", 23 * time.Hour},
		{"Australia/Lord_Howe", "2027-04-04", "2027-04-03T13:00:00Z", 24*time.Hour + 30*time.Minute},
		{"Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30:00Z", 23*time.Hour + 30*time.Minute},
		{"Asia/Kathmandu", "2026-11-30", "2026-11-29T18:15:00Z", 24 * time.Hour},
		{"America/Santiago", "2026-09-06", "2026-09-06T04:00:00Z", 23 * time.Hour}, // midnight is skipped
		{"America/Havana", "2026-11-01", "2026-11-01T04:00:00Z", 25 * time.Hour},   // midnight comes twice
	} {
		setZone(c, doctor, day.zone)
		answer := c.Get(doctor, "consultations/doctor/me?date="+day.date).Want(200)
		start, err := time.Parse(time.RFC3339, day.start)
		if err != nil {
			t.Fatal(err)
		}
		end := start.Add(day.length).Format(time.RFC3339)
		if answer.Text("day", "startTime") != day.start || answer.Text("day", "endTime") != end {
			t.Errorf("%s %s: %v, want %s to %s", day.zone, day.date, answer.At("day"), day.start, end)
		}
	}
	setZone(c, doctor, "Pacific/Apia")
	c.Get(doctor, "consultations/doctor/me?date=2011-12-30").Want(422, "validation-failed")
}

func TestDayGoesWithNothingElse(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("0.00")
	for field, value := range map[string]string{"from": "2026-11-23T00:00:00Z", "to": "2026-11-23T00:00:00Z",
		"status": "CONFIRMED", "cursor": "x", "patientId": uuid.NewString(), "sort": "earliest", "limit": "5"} {
		query := url.Values{"date": {"2026-11-30"}, field: {value}}
		answer := c.Get(doctor, "consultations/doctor/me?"+query.Encode()).Want(422, "validation-failed")
		if faults := mustText(answer.At("errors")); strings.Count(faults, `"location"`) != 1 ||
			!strings.Contains(faults, `"location":"query.`+field+`"`) {
			t.Errorf("%s: %s", field, answer.Body)
		}
	}
	for _, date := range []string{"2026-11-31", "30.11.2026", "1999-12-31", "9999-12-31", "2026-11-30T00:00:00Z"} {
		c.Get(doctor, "consultations/doctor/me?date="+url.QueryEscape(date)).Want(422, "validation-failed")
	}
}
