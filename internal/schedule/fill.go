package schedule

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
)

// maxListed limits the slots that an answer names as left out.
const maxListed = 100

// SlotChanges is what a change of a doctor's hours did to the slots.
type SlotChanges struct {
	_ struct{} `doc:"What a change of a doctor's hours did to the slots"`

	Made    int           `json:"made" doc:"Slots that were opened, or opened again" example:"96"`
	Removed int           `json:"removed" doc:"Free slots that were closed" example:"0"`
	LeftOut []SlotTimes   `json:"leftOut" doc:"Times that were not opened because another slot of the doctor is there; the first 100"`
	Outside []OutsideSlot `json:"outside" doc:"Consultations in slots that the new hours don't have: they stay as they are"`
}

// SlotTimes are the times of a slot.
type SlotTimes struct {
	_ struct{} `doc:"The times of a slot"`

	StartTime time.Time `json:"startTime" doc:"When it begins" example:"2026-11-24T04:30:00Z"`
	EndTime   time.Time `json:"endTime" doc:"When it ends" example:"2026-11-24T05:00:00Z"`
}

// OutsideSlot is a consultation at a time at which its doctor no longer works.
type OutsideSlot struct {
	_ struct{} `doc:"A consultation at a time at which its doctor no longer works"`

	ConsultationID uuid.UUID `json:"consultationId" format:"uuid" doc:"The consultation"`
	SlotID         uuid.UUID `json:"slotId" format:"uuid" doc:"Its slot"`
	SlotTimes
}

// add leaves out one more slot.
func (c *SlotChanges) leaveOut(s span) {
	if len(c.LeftOut) < maxListed {
		c.LeftOut = append(c.LeftOut, SlotTimes{StartTime: s.start, EndTime: s.end})
	}
}

// fill makes the slots of a rule until fillDays from now, and closes those that the rule no longer has. If open is
// false, because the doctor isn't approved, it only closes. It may be repeated: slots that are there stay. The caller
// has locked the doctor, so that no two calls work on the same slots.
func fill(ctx context.Context, tx *postgres.Tx, rule parsedRule, open bool) (SlotChanges, error) {
	today := dateOf(tx.Now, rule.zone)
	last := today.AddDate(0, 0, fillDays)
	wanted := slices.DeleteFunc(rule.slots(today, last), func(w wantedSlot) bool { return !w.start.After(tx.Now) })
	plan, err := readPlan(ctx, tx, rule.RuleRow)
	if err != nil {
		return SlotChanges{}, err
	}
	if plan.end, err = erasureTime(ctx, tx, rule.DoctorID); err != nil {
		return SlotChanges{}, err
	}
	plan.decide(wanted)
	changes := plan.changes
	if err := closeUnwanted(ctx, tx, &changes, rule.ID, plan.unwanted); err != nil {
		return SlotChanges{}, err
	}
	if !open {
		changes.LeftOut = []SlotTimes{}
		return changes, nil
	}
	return changes, plan.open(ctx, tx, rule, &changes)
}

// slotPlan decides what becomes of the slots of a rule.
type slotPlan struct {
	rule     uuid.UUID
	now, end time.Time // nothing is opened that begins after end, if it is set
	slots    []listSlotsToFillRow
	removals spans
	leaves   spans

	unwanted []uuid.UUID // slots of the rule that it no longer has
	attached []wantedSlot
	ids      []uuid.UUID // of attached
	shifted  []uuid.UUID // those of ids whose local start is another one now
	reopened int
	inserted []wantedSlot
	changes  SlotChanges
}

func readPlan(ctx context.Context, tx *postgres.Tx, rule RuleRow) (*slotPlan, error) {
	p := &slotPlan{rule: rule.ID, now: tx.Now, changes: SlotChanges{LeftOut: []SlotTimes{}, Outside: []OutsideSlot{}}}
	// A day on the clocks of a zone may be two days away in UTC.
	before := tx.Now.AddDate(0, 0, fillDays+2)
	var err error
	p.slots, err = listSlotsToFill(ctx, tx, rule.DoctorID, tx.Now.Add(-MaxLength), before)
	if err != nil {
		return nil, err
	}
	removals, err := listRemovals(ctx, tx, rule.ID, tx.Now)
	if err != nil {
		return nil, err
	}
	for _, r := range removals {
		p.removals = append(p.removals, span{r.StartTime, r.EndTime})
	}
	p.leaves, err = leavesWithin(ctx, tx, rule.DoctorID, span{tx.Now, before})
	return p, err
}

// leavesWithin returns the leaves of a doctor that overlap a period.
func leavesWithin(ctx context.Context, tx *postgres.Tx, doctor uuid.UUID, period span) (spans, error) {
	rows, err := listLeaves(ctx, tx, doctor, period.start, period.end)
	var leaves spans
	for _, row := range rows {
		leaves = append(leaves, span{row.FromTime, row.ToTime})
	}
	return leaves, err
}

func (row listSlotsToFillRow) span() span { return span{row.StartTime, row.EndTime} }

// isClosed reports whether something else than the doctor's hand closed the slot, so that a rule may open it again.
func (row listSlotsToFillRow) isClosed() bool { return row.BlockedBy != nil }

// decide compares the wanted slots, which are in the order of their starts, with those that are there.
func (p *slotPlan) decide(wanted []wantedSlot) {
	// What is there at the times of each wanted slot: any slot, and one that is kept.
	stored, present := make([]bool, len(wanted)), make([]bool, len(wanted))
	var taken []span
	for _, row := range p.slots {
		i, isWanted := findTimes(wanted, row.span())
		if isWanted {
			stored[i] = true
		}
		isOwn := row.RuleID != nil && *row.RuleID == p.rule
		switch {
		case isOwn && !isWanted && row.StartTime.After(p.now):
			p.unwanted = append(p.unwanted, row.ID)
			if row.SeatsTaken > 0 || (row.Status == SlotBlocked && !row.isClosed()) {
				taken = append(taken, row.span())
			}
		case isWanted && (isOwn || (row.RuleID == nil && row.isClosed())):
			present[i] = true
		case row.Status != SlotBlocked || !row.isClosed():
			taken = append(taken, row.span())
		}
	}
	occupied := newSpans(taken)
	for _, row := range p.slots {
		if i, isWanted := findTimes(wanted, row.span()); isWanted && present[i] {
			p.keep(row, wanted[i], occupied)
		}
	}
	for i, w := range wanted {
		if present[i] || !p.mayOpen(w.span) {
			continue
		}
		if _, isTaken := occupied.overlap(w.span, MaxLength); isTaken || stored[i] {
			p.changes.leaveOut(w.span)
			continue
		}
		if p.inserted == nil {
			p.inserted = make([]wantedSlot, 0, len(wanted)-i)
		}
		p.inserted = append(p.inserted, w)
	}
}

// findTimes returns the index of the slot that has the times of a span, and whether there is one. The slots are in the
// order of their starts, of which no two are equal.
func findTimes(all []wantedSlot, s span) (int, bool) {
	i, found := slices.BinarySearchFunc(all, s.start,
		func(w wantedSlot, at time.Time) int { return w.start.Compare(at) })
	return i, found && all[i].end.Equal(s.end)
}

// keep decides about a slot that is there and wanted: whether it is opened again.
func (p *slotPlan) keep(row listSlotsToFillRow, w wantedSlot, occupied spans) {
	isShifted := row.LocalStart != nil && !row.LocalStart.Equal(w.local)
	_, isTaken := occupied.overlap(w.span, MaxLength)
	switch {
	case row.isClosed() && !p.mayOpen(w.span):
		return
	case row.isClosed() && isTaken && row.SeatsTaken == 0:
		p.changes.leaveOut(w.span)
		return
	case row.isClosed():
		p.reopened++
	case !isShifted:
		return
	}
	if isShifted {
		p.shifted = append(p.shifted, row.ID)
	}
	p.ids = append(p.ids, row.ID)
	p.attached = append(p.attached, w)
}

// mayOpen reports whether a slot may be opened at that time, whatever other slots there are.
func (p *slotPlan) mayOpen(s span) bool {
	_, isRemoved := p.removals.overlap(s, MaxLength)
	_, isOnLeave := p.leaves.overlap(s, maxLeave)
	return !isRemoved && !isOnLeave && (p.end.IsZero() || !s.start.After(p.end))
}

// open stores the slots that the plan makes or opens again.
func (p *slotPlan) open(ctx context.Context, tx *postgres.Tx, rule parsedRule, changes *SlotChanges) error {
	if len(p.shifted) > 0 {
		if err := clearLocalStarts(ctx, tx, p.shifted); err != nil {
			return err
		}
	}
	if len(p.ids) > 0 {
		locals := make([]time.Time, len(p.attached))
		for i, w := range p.attached {
			locals[i] = w.local
		}
		err := attachSlots(ctx, tx, attachSlotsParams{RuleID: rule.ID, Now: tx.Now, MaxPatients: rule.MaxPatients,
			Ids: p.ids, LocalStarts: locals})
		if err != nil {
			return err
		}
	}
	if len(p.inserted) == 0 {
		changes.Made = p.reopened
		return nil
	}
	n := len(p.inserted)
	in := insertSlotsParams{DoctorID: rule.DoctorID, SlotMinutes: rule.SlotMinutes, MaxPatients: rule.MaxPatients,
		RuleID: &rule.ID, Now: tx.Now, Ids: make([]uuid.UUID, 0, n), Starts: make([]time.Time, 0, n),
		LocalStarts: make([]time.Time, 0, n)}
	for _, w := range p.inserted {
		in.Ids = append(in.Ids, uuid.Must(uuid.NewV7()))
		in.Starts = append(in.Starts, w.start)
		in.LocalStarts = append(in.LocalStarts, w.local)
	}
	changes.Made = p.reopened + n
	return insertSlots(ctx, tx, in)
}

// closeUnwanted removes slots that the doctor's hours no longer have. Those with consultations stay, take no more
// patients and are named in changes; those that had consultations, whose records point at them, are blocked. by is the
// rule or the exception because of which they are closed.
func closeUnwanted(ctx context.Context, tx *postgres.Tx, changes *SlotChanges, by uuid.UUID, ids []uuid.UUID) error {
	if len(ids) == 0 {
		return nil
	}
	// Bookings of these slots have been committed, and are seen, or wait until this transaction has.
	locked, err := lockToClose(ctx, tx, ids)
	if err != nil {
		return err
	}
	booked := 0
	for _, row := range locked {
		switch {
		case row.SeatsTaken > 0:
			booked++
		case row.Status != SlotBlocked:
			changes.Removed++
		}
	}
	if booked < len(locked) {
		if err := deleteUnusedSlots(ctx, tx, ids); err != nil {
			return err
		}
	}
	if err := detachSlots(ctx, tx, tx.Now, by, ids); err != nil {
		return err
	}
	if booked == 0 {
		return nil
	}
	outside, err := listOutside(ctx, tx, ids)
	changes.Outside = append(changes.Outside, outside...)
	return err
}

// lockToClose locks slots that are closed, and ends their offers.
func lockToClose(ctx context.Context, tx *postgres.Tx, ids []uuid.UUID) ([]lockSlotsOfRow, error) {
	locked, err := lockSlotsOf(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	seats, err := takeBack(ctx, tx, nil, ids...)
	if err != nil || seats == 0 {
		return locked, err
	}
	return lockSlotsOf(ctx, tx, ids)
}

// listOutside returns the consultations that hold seats in slots.
func listOutside(ctx context.Context, tx *postgres.Tx, ids []uuid.UUID) ([]OutsideSlot, error) {
	rows, err := listSeatsOf(ctx, tx, ids)
	all := make([]OutsideSlot, len(rows))
	for i, row := range rows {
		all[i] = OutsideSlot{ConsultationID: row.ConsultationID, SlotID: row.SlotID,
			SlotTimes: SlotTimes{StartTime: row.StartTime, EndTime: row.EndTime}}
	}
	return all, err
}

// erasureTime returns when the doctor's data are due to be erased, or the zero time.
func erasureTime(ctx context.Context, tx *postgres.Tx, doctor uuid.UUID) (time.Time, error) {
	end, err := findErasureTime(ctx, tx, doctor)
	if postgres.NoRows(err) {
		return time.Time{}, nil
	}
	return end, err
}
