package analytics

import (
	"context"
	"slices"
	"time"

	"amrutam/internal/postgres"
)

// maxFresh is how many changes that the job hasn't counted yet a report counts itself.
const maxFresh = 1000

// figures are sums of rollups by part of a report: each part is a span, like the days of a period.
type figures struct {
	parts []span
	sums  map[figureKey]int64
	// completeUntil is the instant from which changes may be missing; nil while the first run of the job is under way.
	completeUntil *time.Time
}

type figureKey struct {
	part          int
	source, label string
}

func (f figures) get(part int, source, label string) int64 {
	return f.sums[figureKey{part, source, label}]
}

// labels calls fn with each label of a source in a part, and its figure.
func (f figures) labels(part int, source string, fn func(label string, n int64)) {
	for key, n := range f.sums {
		if key.part == part && key.source == source {
			fn(key.label, n)
		}
	}
}

// readFigures returns the figures of the sources in the parts. It adds up the rollups, except for the quarters that
// changed since the job's last run: these it counts from the tables, if they are few. The changes are read first, so
// that a run of the job in between loses nothing.
func readFigures(ctx context.Context, r *postgres.Read, of []string, parts []span) (figures, error) {
	f := figures{parts: parts, sums: map[figureKey]int64{}}
	changed, err := f.readChanges(ctx, r, of)
	if err != nil {
		return f, err
	}
	var segments sumRollupsParams
	for _, source := range of {
		for i, part := range parts {
			addSegments(&segments, source, i, part, changed[source])
		}
	}
	rows, err := sumRollups(ctx, postgres.ForValues(r), segments)
	if err != nil {
		return f, err
	}
	for _, row := range rows {
		f.sums[figureKey{int(row.Part), row.Source, row.Label}] = row.N
	}
	for _, source := range of {
		if err := f.addChanged(ctx, r, source, changed[source]); err != nil {
			return f, err
		}
	}
	return f, nil
}

// changedQuarters are the quarters of an hour that changed, by day, in order.
type changedQuarters map[time.Time][]int

// readChanges returns the quarters of each source that changed since the job's last run, or none if they are too many.
// It sets completeUntil accordingly.
func (f *figures) readChanges(ctx context.Context, r *postgres.Read, of []string) (map[string]changedQuarters,
	error) {
	rows, err := listChanges(ctx, r, of, maxFresh+1)
	if err != nil {
		return nil, err
	}
	changed := map[string]changedQuarters{}
	for _, row := range rows {
		if !slices.Contains(of, row.Source) {
			rows = make([]listChangesRow, maxFresh+1) // all of a day is too much to count now
			break
		}
		if changed[row.Source] == nil {
			changed[row.Source] = changedQuarters{}
		}
		day, quarters := startOfDay(row.At), changed[row.Source]
		if q := quarterOfDay(row.At.UTC()); !slices.Contains(quarters[day], q) {
			quarters[day] = append(quarters[day], q)
			slices.Sort(quarters[day])
		}
	}
	if len(rows) > maxFresh {
		f.completeUntil, err = readState(ctx, r)
		return nil, err
	}
	f.completeUntil = &r.Now
	return changed, nil
}

// addSegments adds the parts of days that a span is made of, without the quarters that changed.
func addSegments(all *sumRollupsParams, source string, part int, s span, changed changedQuarters) {
	add := func(day time.Time, begin, end int) {
		if begin < end {
			all.Sources, all.Days = append(all.Sources, source), append(all.Days, day)
			all.Begins = append(all.Begins, int32(begin)) //nolint:gosec // to 96
			all.Ends = append(all.Ends, int32(end))       //nolint:gosec // to 96
			all.Parts = append(all.Parts, int32(part))    //nolint:gosec // few
		}
	}
	for day := startOfDay(s.begin); day.Before(s.end); day = day.Add(dayLength) {
		begin, end := daySegment(day, s)
		for _, q := range changed[day] {
			if q >= begin && q < end {
				add(day, begin, q)
				begin = q + 1
			}
		}
		add(day, begin, end)
	}
}

// daySegment returns the quarters of a day that are in a span: from begin until before end. Zones of long ago differ
// from UTC by other than quarters; there were no events then.
func daySegment(day time.Time, s span) (begin, end int) {
	end = dayQuarters
	if s.begin.After(day) {
		begin = quarterOfDay(s.begin)
	}
	if s.end.Before(day.Add(dayLength)) {
		end = quarterOfDay(s.end)
	}
	return begin, end
}

// addChanged adds what a source has in the quarters that changed, counted from the tables.
func (f *figures) addChanged(ctx context.Context, r *postgres.Read, source string, changed changedQuarters) error {
	inside := map[time.Time]bool{}
	for day, quarters := range changed {
		for _, q := range quarters {
			at := day.Add(time.Duration(q) * quarter)
			if f.partOf(at) >= 0 {
				inside[at] = true
			}
		}
	}
	if len(inside) == 0 {
		return nil
	}
	counts, err := countSource(ctx, r, source, mergeQuarters(inside))
	for _, c := range counts {
		f.sums[figureKey{f.partOf(c.quarter), source, c.label}] += c.n
	}
	return err
}

// partOf returns the part that an instant belongs to, or -1. Parts don't overlap.
func (f *figures) partOf(at time.Time) int {
	return slices.IndexFunc(f.parts, func(s span) bool { return !at.Before(s.begin) && at.Before(s.end) })
}

// readTotals returns the sum of a source over all time, by label.
func readTotals(ctx context.Context, r *postgres.Read, source string) (map[string]int64, error) {
	all := span{time.Time{}, time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)}
	f := figures{parts: []span{all}, sums: map[figureKey]int64{}}
	changed, err := f.readChanges(ctx, r, []string{source})
	if err != nil {
		return nil, err
	}
	var days []time.Time
	var quarters []int32
	for day, of := range changed[source] {
		for _, q := range of {
			days, quarters = append(days, day), append(quarters, int32(q)) //nolint:gosec // to 95
		}
	}
	rows, err := sumAllDays(ctx, postgres.ForValues(r), days, quarters, source)
	if err != nil {
		return nil, err
	}
	totals := map[string]int64{}
	for _, row := range rows {
		totals[row.Label] = row.N
	}
	err = f.addChanged(ctx, r, source, changed[source])
	f.labels(0, source, func(label string, n int64) { totals[label] += n })
	return totals, err
}
