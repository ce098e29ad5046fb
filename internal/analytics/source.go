package analytics

import (
	"context"
	"slices"
	"strings"
	"time"

	"amrutam/internal/postgres"
)

// Sources are what rollups are counted from. An event belongs to the quarter of an hour of one instant: a booking to
// when it was made, a consultation and a slot to their start, a user to the sign-up, an approval to the decision,
// money to when it moved.
const (
	sourceBooked    = "booked"
	sourceDue       = "due"
	sourceSlots     = "slots"
	sourceUsers     = "users"
	sourceApprovals = "approvals"
	sourceCaptured  = "captured"
	sourceRefunded  = "refunded"
)

var sources = []string{sourceBooked, sourceDue, sourceSlots, sourceUsers, sourceApprovals, sourceCaptured,
	sourceRefunded}

// Labels of sources that have several figures. The other labels are values of the database.
const (
	labelStarted = "started"
	labelWaited  = "waited" // microseconds
	labelSlots   = "slots"
	labelSeats   = "seats"
	labelAll     = "all"

	paidSuffix    = " paid"
	deletedSuffix = " deleted" // of users
)

const (
	quarter     = 15 * time.Minute
	dayLength   = 24 * time.Hour
	dayQuarters = int(dayLength / quarter)
)

// span is the time from begin until before end, in whole quarters of an hour.
type span struct{ begin, end time.Time }

// count is a figure of a quarter of an hour.
type count struct {
	quarter time.Time
	label   string
	n       int64
}

// startOfDay returns the midnight in UTC at or before an instant.
func startOfDay(at time.Time) time.Time { return at.UTC().Truncate(dayLength) }

// mergeQuarters returns the spans of a set of quarters, in order.
func mergeQuarters(quarters map[time.Time]bool) (all []span) {
	sorted := make([]time.Time, 0, len(quarters))
	for q := range quarters {
		sorted = append(sorted, q)
	}
	slices.SortFunc(sorted, time.Time.Compare)
	for _, q := range sorted {
		if last := len(all) - 1; last >= 0 && all[last].end.Equal(q) {
			all[last].end = q.Add(quarter)
			continue
		}
		all = append(all, span{q, q.Add(quarter)})
	}
	return all
}

// countSource counts a source in the spans, from the tables themselves.
func countSource(ctx context.Context, db postgres.Querier, source string, spans []span) ([]count, error) {
	begins, ends := make([]time.Time, len(spans)), make([]time.Time, len(spans))
	for i, s := range spans {
		begins[i], ends[i] = s.begin, s.end
	}
	db = postgres.ForValues(db) // the best plan depends on how long the spans are
	switch source {
	case sourceBooked:
		rows, err := countBooked(ctx, db, begins, ends)
		return countsOf(rows, func(r countBookedRow) count { return count{r.Quarter, r.Label, r.N} }), err
	case sourceDue:
		rows, err := countDue(ctx, db, begins, ends)
		return dueCounts(rows), err
	case sourceSlots:
		rows, err := countSlots(ctx, db, begins, ends)
		slots := countsOf(rows, func(r countSlotsRow) count { return count{r.Quarter, labelSlots, r.Slots} })
		seats := countsOf(rows, func(r countSlotsRow) count { return count{r.Quarter, labelSeats, r.Seats} })
		return append(slots, seats...), err
	case sourceUsers:
		rows, err := countUsers(ctx, db, begins, ends)
		return countsOf(rows, func(r countUsersRow) count { return count{r.Quarter, r.Label, r.N} }), err
	case sourceApprovals:
		rows, err := countApprovals(ctx, db, begins, ends)
		return countsOf(rows, func(r countApprovalsRow) count { return count{r.Quarter, labelAll, r.N} }), err
	case sourceCaptured:
		rows, err := countCaptured(ctx, db, begins, ends)
		return countsOf(rows, func(r countCapturedRow) count { return count{r.Quarter, r.Label, r.N} }), err
	default:
		rows, err := countRefunded(ctx, db, begins, ends)
		return countsOf(rows, func(r countRefundedRow) count { return count{r.Quarter, r.Label, r.N} }), err
	}
}

func countsOf[R any](rows []R, of func(R) count) []count {
	all := make([]count, len(rows))
	for i, row := range rows {
		all[i] = of(row)
	}
	return all
}

// dueCounts returns the counts of consultations by dueLabel, of those that were started, and how long these waited.
func dueCounts(rows []countDueRow) (all []count) {
	for _, r := range rows {
		all = append(all, count{r.Quarter, dueLabel(r.Status, r.Cause, r.Paid), r.N})
		if r.Started > 0 {
			all = append(all, count{r.Quarter, labelStarted, r.Started}, count{r.Quarter, labelWaited, r.Waited})
		}
	}
	return all
}

// dueLabel is like "CANCELLED PATIENT paid": the status, who cancelled or was absent, and whether it is paid.
func dueLabel(status, cause string, paid bool) string {
	label := status
	if cause != "" {
		label += " " + cause
	}
	if paid {
		label += paidSuffix
	}
	return label
}

// parseDueLabel is the inverse of dueLabel. isConsultation is false for the other labels of the source.
func parseDueLabel(label string) (status, cause string, paid, isConsultation bool) {
	if label == labelStarted || label == labelWaited {
		return "", "", false, false
	}
	label, paid = strings.CutSuffix(label, paidSuffix)
	status, cause, _ = strings.Cut(label, " ")
	return status, cause, paid, true
}
