package events_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"amrutam/internal/apptest"
)

// event is what a client reads.
type event struct {
	ID, Type string
	Data     map[string]any
}

// client reads a stream.
type client struct {
	t      testing.TB
	events chan event // closed at the end of the stream
	id     string     // of the last event or of the opening
	opened chan string
	close  context.CancelFunc
}

// open opens a stream of a user. lastID is "" for a new one.
func open(t testing.TB, c *apptest.Clinic, user apptest.User, lastID string) *client {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+user.Token)
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	response, err := c.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("status %d, %v", response.StatusCode, response.Header)
	}
	s := &client{t: t, events: make(chan event, 1000), opened: make(chan string, 1), close: cancel}
	go s.read(response)
	return s
}

func (s *client) read(response *http.Response) {
	defer close(s.events)
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	var e event
	isOpen := false
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "id":
			e.ID = value
		case "event":
			e.Type = value
		case "data":
			_ = json.Unmarshal([]byte(value), &e.Data)
		case "":
			if !isOpen {
				s.opened <- e.ID
				isOpen = true
			}
			if e.Data != nil {
				s.events <- e
			}
			e = event{}
		}
	}
}

// want returns the next event, which has this type and status.
func (s *client) want(eventType, status string) event {
	s.t.Helper()
	select {
	case e, isOpen := <-s.events:
		got, _ := e.Data["status"].(string)
		if !isOpen || e.Type != eventType || e.Data["type"] != eventType || got != status {
			s.t.Fatalf("%+v (open: %t), want %s %s", e, isOpen, eventType, status)
		}
		s.id = e.ID
		return e
	case <-time.After(time.Minute):
		s.t.Fatalf("no %s %s", eventType, status)
	}
	return event{}
}

// wantEnd waits for the end of the stream, before which nothing comes.
func (s *client) wantEnd() {
	s.t.Helper()
	select {
	case e, isOpen := <-s.events:
		if isOpen {
			s.t.Fatalf("%+v instead of the end", e)
		}
	case <-time.After(time.Minute):
		s.t.Fatal("the stream doesn't end")
	}
}

func TestPatientIsToldWhatTheDoctorDoes(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("0.00")
	stranger, otherDoctor := c.Patient(), c.Doctor("0.00")
	mine, theirs := open(t, c, patient, ""), open(t, c, doctor, "")
	others := []*client{open(t, c, stranger, ""), open(t, c, otherDoctor, "")}
	booked := c.Post(patient, "consultations", map[string]any{
		"slotId": c.Slot(doctor, 10*time.Minute, 1), "reason": "Back pain"}).Want(201)
	id := booked.Text("id")
	for _, s := range []*client{mine, theirs} {
		e := s.want("consultation.changed", "CONFIRMED")
		if e.Data["consultationId"] != id || e.Data["paymentStatus"] != "PAID" || e.ID == "" {
			t.Errorf("%+v", e)
		}
	}
	c.Patch(doctor, "consultations/"+id+"/status", map[string]any{"status": "IN_PROGRESS"}).Want(200)
	mine.want("consultation.changed", "IN_PROGRESS")
	theirs.want("consultation.changed", "IN_PROGRESS")
	c.App.Streams.Close()
	for _, s := range append(others, mine, theirs) {
		s.wantEnd()
	}
}
