package consultation_test

import (
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"

	"amrutam/internal/apptest"
)

var nobody apptest.User

// TestCalendarFeed tests that a calendar is read at its secret address alone, until it is replaced or ended.
func TestCalendarFeed(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor("0.00"), c.Patient()
	id := c.Book(patient, c.Slot(doctor, 30*time.Hour, 1))
	cancelled := c.Book(patient, c.Slot(doctor, 40*time.Hour, 1))
	cancel(c, patient, cancelled, "").Want(200)
	path := func(user apptest.User) string {
		url := c.Post(user, "users/me/calendar", nil).Want(201).Text("url")
		return url[strings.Index(url, "calendar/"):]
	}
	var feed string
	for _, user := range []apptest.User{doctor, patient} {
		feed = path(user)
		a := c.Get(nobody, feed).Want(200)
		if a.Header.Get("Content-Type") != "text/calendar; charset=utf-8" ||
			!strings.HasPrefix(a.Header.Get("Cache-Control"), "private") {
			t.Errorf("the headers are %v", a.Header)
		}
		read, err := ics.ParseCalendar(strings.NewReader(string(a.Body)))
		if err != nil {
			t.Fatal(err)
		}
		events := read.Events()
		if len(events) != 1 || !strings.HasPrefix(events[0].Id(), id+"@") {
			t.Fatalf("the calendar is %s", a.Body)
		}
		start, end := startOf(t, c, id)
		from, fromErr := events[0].GetStartAt()
		until, untilErr := events[0].GetEndAt()
		if fromErr != nil || untilErr != nil || !from.Equal(start) || !until.Equal(end) {
			t.Errorf("it is from %s to %s, want %s to %s", from, until, start, end)
		}
		if strings.Contains(string(a.Body), "Back pain") {
			t.Errorf("the calendar tells health data: %s", a.Body)
		}
		c.Do(nobody, "GET", feed, nil, "If-None-Match", a.Header.Get("ETag")).Want(304)
	}
	newer := path(patient)
	c.Get(nobody, feed).Want(404)
	before := c.Get(nobody, newer).Want(200)
	cancel(c, patient, id, "").Want(200)
	after := c.Do(nobody, "GET", newer, nil, "If-None-Match", before.Header.Get("ETag")).Want(200)
	if strings.Contains(string(after.Body), "VEVENT") {
		t.Errorf("a cancelled consultation is in the calendar: %s", after.Body)
	}
	c.Do(patient, "DELETE", "users/me/calendar", nil).Want(204)
	c.Do(patient, "DELETE", "users/me/calendar", nil).Want(204)
	for _, gone := range []string{newer, feed, "calendar/aaaaa.ics", "calendar/aaaaaaaa",
		strings.TrimSuffix(newer, ".ics")} {
		c.Get(nobody, gone).Want(404)
	}
	c.Get(nobody, "calendar/"+strings.Repeat("a", 3000)).Want(422)
	last := path(doctor)
	c.Exec("UPDATE users SET disabled_at = now() WHERE id = $1", doctor.ID)
	c.Get(nobody, last).Want(404)
	for _, secret := range []string{feed, newer, last} {
		if strings.Contains(c.Log.String(), strings.TrimSuffix(strings.TrimPrefix(secret, "calendar/"), ".ics")) {
			t.Error("a secret is in the log")
		}
	}
}
