package app

import (
	"context"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/schedule"
)

const (
	demoZone = "Asia/Kolkata"
	// demoLength is how long a visit of the demo data takes.
	demoLength = 30 * time.Minute
	// demoToCome is how many visits of today each doctor has to come, where there is time.
	demoToCome = 2
)

// createToday gives each doctor visits of today, on days without hours too: those of the office hours that are past
// are over, and some are to come. The first patient has none to come.
func (h *demoHistory) createToday(ctx context.Context) error {
	zone, _ := httpapi.Zone(demoZone)
	year, month, day := h.now.In(zone).Date()
	n := 20 // of whom the first of a doctor's day is neither cancelled nor missed
	for i, id := range h.doctors {
		from := clockTime(demoDoctors[i].from, year, month, day, zone)
		until := clockTime(demoDoctors[i].until, year, month, day, zone)
		toCome := 0
		for start := from; start.Before(until); start = start.Add(demoLength) {
			isOver, isToCome := !start.Add(demoLength).After(h.now), start.After(h.now.Add(time.Hour))
			n++
			switch {
			case isOver && n%4 != 0: // a free half hour now and then
				if err := h.visit(ctx, n, i, start); err != nil {
					return err
				}
			case isToCome && n%2 == 0 && toCome < demoToCome:
				toCome++
				if err := h.bookToday(ctx, n, id, start); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// clockTime returns when a day has a time like "09:30".
func clockTime(clock string, year int, month time.Month, day int, zone *time.Location) time.Time {
	at, _ := time.Parse("15:04", clock)
	return time.Date(year, month, day, at.Hour(), at.Minute(), 0, 0, zone)
}

// bookToday books the nth visit with a doctor, in a slot that there is by the doctor's rule, or in a new one.
func (h *demoHistory) bookToday(ctx context.Context, n int, doctor uuid.UUID, start time.Time) error {
	var found []uuid.UUID
	err := h.tx.QueryRow(ctx, `SELECT array(SELECT id FROM availability_slots
		WHERE doctor_id = $1 AND start_time = $2 AND status = 'AVAILABLE')`, doctor, start).Scan(&found)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		slot, err := h.createSlot(ctx, doctor, start, h.now.Add(-3*time.Minute))
		if err != nil {
			return err
		}
		found = []uuid.UUID{slot}
	}
	others := h.patients[1:]
	patient := access.Actor{ID: others[n%len(others)], Role: access.RolePatient, Job: demoJob}
	_, err = h.bookAndPay(ctx, patient, found[0], demoCases[n%len(demoCases)].reason, h.now.Add(-2*time.Minute))
	return err
}

// createSlot creates a slot for one patient, as of an instant.
func (h *demoHistory) createSlot(ctx context.Context, doctor uuid.UUID, start, at time.Time) (uuid.UUID, error) {
	if err := h.tx.MoveTo(ctx, at); err != nil {
		return uuid.Nil, err
	}
	var in schedule.CreateSlotRequest
	in.Body.StartTime, in.Body.EndTime = start, start.Add(demoLength)
	in.Body.MaxPatients, in.Body.Status = 1, schedule.SlotAvailable
	actor := access.Actor{ID: doctor, Role: access.RoleDoctor, Job: demoJob}
	slot, err := h.slots.Create(ctx, h.tx, actor, in)
	return slot.ID, err
}
