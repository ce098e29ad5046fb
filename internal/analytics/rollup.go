package analytics

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
)

// maxChanges is how many changes a transaction of the job takes.
const maxChanges = 5000

// CatchUp counts anew what has changed. Afterwards the rollups have every change that was committed before the call.
// It can be interrupted at any time: changes are taken in the transaction that counts them.
func (s *Service) CatchUp(ctx context.Context) error { return s.catchUp(ctx, lockState) }

// errKeptElsewhere says that another server keeps the rollups.
var errKeptElsewhere = errors.New("another server keeps the rollups")

// lockStateFunc locks the state, or returns no rows if another server has locked it.
type lockStateFunc func(context.Context, *postgres.Tx) (bool, error)

// catchUp is CatchUp with a lock on the state, by which one server at a time keeps the rollups. If that finds no row,
// it does nothing.
func (s *Service) catchUp(ctx context.Context, lock lockStateFunc) error {
	begun := s.DB.Now()
	err := s.countChanges(ctx, lock)
	if err == nil {
		err = s.countChangedDays(ctx, lock, begun)
	}
	if err != nil && !errors.Is(err, errKeptElsewhere) {
		return fmt.Errorf("keep the rollups: %w", err)
	}
	return nil
}

// countChanges counts anew the quarters and doctors' days that have changed, and notes days that are to be counted. A
// change that commits after it was looked for stays in the table.
func (s *Service) countChanges(ctx context.Context, lock lockStateFunc) error {
	for taken := maxChanges; taken == maxChanges; {
		err := s.writeRollups(ctx, lock, func(tx *postgres.Tx) error {
			changes, err := takeChanges(ctx, tx, maxChanges)
			if err != nil {
				return err
			}
			taken = len(changes)
			return recountChanges(ctx, tx, changes)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// countChangedDays counts anew each day that has changed, once and in their order: a day may have later ones counted.
// What changes meanwhile is left to the next run, or a long change of many days would have them counted all the time.
func (s *Service) countChangedDays(ctx context.Context, lock lockStateFunc, begun time.Time) error {
	for next, done := (time.Time{}), false; !done; next = next.Add(dayLength) {
		err := s.writeRollups(ctx, lock, func(tx *postgres.Tx) error {
			day, err := findChangedDay(ctx, tx, next)
			if done = postgres.NoRows(err); done {
				return setCompleteUntil(ctx, tx, &begun)
			}
			if err != nil {
				return err
			}
			next = day
			return recountChangedDay(ctx, tx, day)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// writeRollups runs do in a transaction that has locked the state. Errors: errKeptElsewhere, those of do.
func (s *Service) writeRollups(ctx context.Context, lock lockStateFunc, do func(*postgres.Tx) error) error {
	return s.DB.Write(ctx, func(tx *postgres.Tx) error {
		_, err := lock(ctx, tx)
		switch {
		case postgres.NoRows(err):
			return errKeptElsewhere
		case err != nil:
			return err
		}
		return do(tx)
	})
}

// Lag returns how long ago the rollups had every change: since 1970 before the first run has ended.
func (s *Service) Lag(ctx context.Context) (lag time.Duration, err error) {
	err = s.DB.Read(ctx, func(r *postgres.Read) error {
		until, err := readState(ctx, r)
		if until == nil {
			until = new(time.Unix(0, 0))
		}
		lag = max(r.Now.Sub(*until), 0)
		return err
	})
	return lag, err
}

// ReadCompleteUntil returns the instant until which the rollups have every change; nil before the first run has ended.
func ReadCompleteUntil(ctx context.Context, r *postgres.Read) (*time.Time, error) {
	return readState(ctx, r)
}

// recountChanges counts anew what changes are about.
func recountChanges(ctx context.Context, tx *postgres.Tx, changes []RollupChange) error {
	quarters := map[string]map[time.Time]bool{}
	units := doctorDays{}
	slotsDays := map[time.Time]bool{}
	var respecialized []uuid.UUID
	for _, c := range changes {
		switch c.Source {
		case "specialization":
			respecialized = append(respecialized, *c.Subject)
			continue
		case "doctor-day":
			units[doctorDay{*c.Subject, startOfDay(c.At)}] = true
			slotsDays[startOfDay(c.At)] = true
			continue
		}
		if quarters[c.Source] == nil {
			quarters[c.Source] = map[time.Time]bool{}
		}
		quarters[c.Source][c.At.UTC().Truncate(quarter)] = true
		if c.Subject != nil {
			units[doctorDay{*c.Subject, startOfDay(c.At)}] = true
		}
	}
	for _, source := range slices.Sorted(maps.Keys(quarters)) {
		if err := recountQuarters(ctx, tx, source, quarters[source]); err != nil {
			return err
		}
	}
	if len(slotsDays) > 0 {
		if err := noteSlotsDays(ctx, tx, slices.Collect(maps.Keys(slotsDays))); err != nil {
			return err
		}
	}
	if len(respecialized) > 0 {
		if err := noteDaysOfDoctors(ctx, tx, respecialized); err != nil {
			return err
		}
	}
	return units.recount(ctx, tx)
}

// recountChangedDay counts anew what has changed of a day in UTC: all of it, its slots, its groups.
func recountChangedDay(ctx context.Context, tx *postgres.Tx, day time.Time) error {
	taken, err := takeDay(ctx, tx, day, day.Add(dayLength))
	if err != nil {
		return err
	}
	var all, slots, groups bool
	var completed []uuid.UUID
	for _, t := range taken {
		all = all || t.Source == "day"
		slots = slots || t.Source == "slots-day"
		groups = groups || t.Source == "completed"
		if t.Subject != nil {
			completed = append(completed, *t.Subject)
		}
	}
	if all { // a statement that added many rows has named their day only
		if completed, err = listCompletedOfDay(ctx, tx, day, day.Add(dayLength)); err != nil {
			return err
		}
	}
	if len(completed) > 0 {
		if err := noteNextVisits(ctx, tx, completed, day.Add(dayLength)); err != nil {
			return err
		}
	}
	if all {
		return recountDay(ctx, tx, day)
	}
	if slots {
		if err := recountQuarters(ctx, tx, sourceSlots, quartersOf(day)); err != nil {
			return err
		}
	}
	if groups {
		return recountGroups(ctx, tx, day)
	}
	return nil
}

// quartersOf returns all quarters of an hour of a day in UTC.
func quartersOf(day time.Time) map[time.Time]bool {
	quarters := map[time.Time]bool{}
	for i := range dayQuarters {
		quarters[day.Add(time.Duration(i)*quarter)] = true
	}
	return quarters
}

// recountDay counts anew everything of a day in UTC.
func recountDay(ctx context.Context, tx *postgres.Tx, day time.Time) error {
	quarters := quartersOf(day)
	for _, source := range sources {
		if err := recountQuarters(ctx, tx, source, quarters); err != nil {
			return err
		}
	}
	doctors, err := listDoctorsOfDay(ctx, postgres.ForValues(tx), day, day.Add(dayLength), day)
	if err != nil {
		return err
	}
	units := doctorDays{}
	for _, id := range doctors {
		units[doctorDay{id, day}] = true
	}
	if err := units.recount(ctx, tx); err != nil {
		return err
	}
	return recountGroups(ctx, tx, day)
}

// recountGroups counts anew the groups of a day in UTC.
func recountGroups(ctx context.Context, tx *postgres.Tx, day time.Time) error {
	if err := deleteGroups(ctx, tx, day); err != nil {
		return err
	}
	return insertGroups(ctx, tx, day, day, day.Add(dayLength))
}

type rollupKey struct {
	day   time.Time
	label string
}

// recountQuarters counts some quarters of a source anew.
func recountQuarters(ctx context.Context, tx *postgres.Tx, source string, quarters map[time.Time]bool) error {
	counts, err := countSource(ctx, tx, source, mergeQuarters(quarters))
	if err != nil {
		return err
	}
	days := map[time.Time]bool{}
	for q := range quarters {
		days[startOfDay(q)] = true
	}
	stored, err := listRollups(ctx, tx, source, slices.Collect(maps.Keys(days)))
	if err != nil {
		return err
	}
	before, after := map[rollupKey][]int64{}, map[rollupKey][]int64{}
	for _, row := range stored {
		key := rollupKey{row.Day, row.Label}
		before[key], after[key] = row.Sums, figuresOf(row.Sums)
	}
	for q := range quarters {
		for key, figures := range after {
			if key.day.Equal(startOfDay(q)) {
				figures[quarterOfDay(q)] = 0
			}
		}
	}
	for _, c := range counts {
		key := rollupKey{startOfDay(c.quarter), c.label}
		if after[key] == nil {
			after[key] = make([]int64, dayQuarters)
		}
		after[key][quarterOfDay(c.quarter)] = c.n
	}
	for key, figures := range after {
		storeRollup(tx, source, key, before[key], sumsOf(figures))
	}
	return nil
}

// storeRollup queues what makes the stored sums of a day those of after.
func storeRollup(tx *postgres.Tx, source string, key rollupKey, before, after []int64) {
	switch {
	case slices.Equal(before, after):
	case after[dayQuarters] == 0 && slices.Max(after) == 0:
		queueDeleteRollup(tx, source, key.day, key.label)
	default:
		queueUpsertRollup(tx, queueUpsertRollupParams{Source: source, Day: key.day, Label: key.label, Sums: after})
	}
}

func quarterOfDay(at time.Time) int { return int(at.Sub(startOfDay(at)) / quarter) }

// sumsOf returns the running sums of the figures of a day's quarters; the first one is 0.
func sumsOf(figures []int64) []int64 {
	sums := make([]int64, len(figures)+1)
	for i, n := range figures {
		sums[i+1] = sums[i] + n
	}
	return sums
}

// figuresOf is the inverse of sumsOf.
func figuresOf(sums []int64) []int64 {
	figures := make([]int64, len(sums)-1)
	for i := range figures {
		figures[i] = sums[i+1] - sums[i]
	}
	return figures
}

type doctorDay struct {
	doctor uuid.UUID
	day    time.Time
}

type doctorDays map[doctorDay]bool

// recount counts the minutes of these doctors' days anew, and the sums of their months.
func (u doctorDays) recount(ctx context.Context, tx *postgres.Tx) error {
	if len(u) == 0 {
		return nil
	}
	var doctors []uuid.UUID
	var days []time.Time
	for unit := range u {
		doctors, days = append(doctors, unit.doctor), append(days, unit.day)
	}
	for _, do := range []func(context.Context, *postgres.Tx, []uuid.UUID, []time.Time) error{
		deleteDoctorDays, insertDoctorDays, deleteDoctorMonths, insertDoctorMonths,
	} {
		if err := do(ctx, tx, doctors, days); err != nil {
			return err
		}
	}
	return nil
}
