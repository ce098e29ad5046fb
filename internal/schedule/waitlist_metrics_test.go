package schedule_test

import (
	"testing"
	"time"

	"amrutam/internal/apptest"
)

// metric returns the value of a series by its only label, and of a histogram the number and the sum.
func metric(t *testing.T, c *apptest.Clinic, name, label string) (value, sum float64) {
	t.Helper()
	families, err := c.App.Metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() != name || (label != "" && m.GetLabel()[0].GetValue() != label) {
				continue
			}
			if h := m.GetHistogram(); h != nil {
				return float64(h.GetSampleCount()), h.GetSampleSum()
			}
			return m.GetCounter().GetValue() + m.GetGauge().GetValue(), 0
		}
	}
	return 0, 0
}

// The metrics follow a seat that one lets pass, one declines and one accepts.
func TestWaitlistMetrics(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	c.Clock.Freeze()
	doctor, holder := c.Doctor("0.00"), c.Patient()
	booked := c.Book(holder, c.Slot(doctor, 48*time.Hour, 1))
	var patients []apptest.User
	var entries []string
	for i := range 4 {
		patients = append(patients, c.Patient())
		entries = append(entries, join(c, patients[i], doctor))
		c.Clock.Advance(time.Second)
	}
	step := func(name string) float64 {
		value, _ := metric(t, c, "amrutam_waitlist_offers_total", name)
		return value
	}
	want := func(state string, want float64) {
		t.Helper()
		if got, _ := metric(t, c, "amrutam_waitlist_entries", state); got != want {
			t.Errorf("%v entries are %s, want %v", got, state, want)
		}
	}
	want("waiting", 4)
	cancelBooking(c, holder, booked)
	want("waiting", 3)
	want("offered", 1)
	c.Await("mailed", func() bool { return step("mailed") == 1 })
	c.Clock.Advance(15 * time.Minute)
	c.Await("expired", func() bool { return step("expired") == 1 && step("mailed") == 2 })
	if late, _ := metric(t, c, "amrutam_waitlist_late_seconds", ""); late != 0 {
		t.Errorf("late by %v seconds", late)
	}
	c.Do(patients[1], "DELETE", "waitlist/"+entries[1], nil).Want(204)
	c.Clock.Advance(3 * time.Minute)
	accept(c, patients[2], entries[2]).Want(201)
	if accepted, seconds := metric(t, c, "amrutam_waitlist_acceptance_seconds", ""); accepted != 1 || seconds != 180 {
		t.Errorf("%v acceptances took %v seconds", accepted, seconds)
	}
	if step("declined") != 1 || step("accepted") != 1 || step("expired") != 1 {
		t.Errorf("declined %v, accepted %v, expired %v", step("declined"), step("accepted"), step("expired"))
	}
	want("waiting", 2)
	want("offered", 0)
	// A refused acceptance is not counted.
	accept(c, patients[3], entries[3]).Want(409)
	if step("accepted") != 1 {
		t.Error("a refused acceptance counts")
	}
}
