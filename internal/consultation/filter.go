package consultation

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"amrutam/internal/postgres"
)

// Conditions for the consultations of one person. None is older than the person's account: the bound on the id keeps a
// statement out of the partitions of earlier months.
const (
	ofPatient = "c.patient_id = $1 AND c.id >= ids_since($1)"
	ofDoctor  = "c.doctor_id = $1 AND c.id >= ids_since($1)"
)

// order returns the order of the list by columns that end with the start and the id.
func (in ListRequest) order(columns ...string) postgres.Order {
	return postgres.Order{Columns: columns, Descending: in.Sort == SortLatest}
}

// limitIDs keeps a statement out of the partitions of months after the page: a consultation is booked before it
// starts. The bound is a day later, because the clocks of servers differ.
func (in ListRequest) limitIDs(c *postgres.Conditions, last *pageEnd) {
	end := in.To
	if last != nil && in.Sort == SortLatest && isBefore(last.Value, end) {
		end = last.Value
	}
	if !end.IsZero() {
		c.And("c.id < uuid7_floor($1)", end.AddDate(0, 0, 1))
	}
}

// pageQuery returns the query for the rows of a page, and one more, of a table, that fulfil c and come after last; nil
// is the first page.
func (in ListRequest) pageQuery(from string, c *postgres.Conditions, last *pageEnd) string {
	if c.Empty() && len(in.Status) > 0 {
		return in.pageByStatusQuery(from, c, last)
	}
	order := in.order("c.scheduled_start", "c.id")
	if len(in.Status) > 0 {
		c.And("c.status = ANY($1::text[]::consultation_status[])", in.Status)
	}
	if !in.From.IsZero() {
		c.And("c.scheduled_start >= $1", in.From)
	}
	if !in.To.IsZero() {
		c.And("c.scheduled_start < $1", in.To)
	}
	if last != nil {
		order.After(c, c.Value(last.Value), c.Value(last.ID))
	}
	in.limitIDs(c, last)
	return in.selectPage(from, c.Where(), order)
}

// pageByStatusQuery returns a query that reads a page of each status from the index by status and start, and selects
// the page from these. Bounds and order name all columns of the index: with an order by time alone the planner may
// read months of rows to find a rare status.
func (in ListRequest) pageByStatusQuery(from string, c *postgres.Conditions, last *pageEnd) string {
	var pages []string
	for _, status := range slices.Compact(slices.Sorted(slices.Values(in.Status))) {
		conditions := c.WithoutConditions()
		order := in.boundStatus(&conditions, status, last)
		in.limitIDs(&conditions, last)
		pages = append(pages, "("+in.selectPage(from, conditions.Where(), order)+")")
		*c = conditions.WithoutConditions()
	}
	return in.selectPage("("+strings.Join(pages, " UNION ALL ")+")", "", in.order("c.scheduled_start", "c.id"))
}

// boundStatus adds the bounds of the page for one status, and returns its order. The end of the last page replaces
// From or To if it lies within them.
func (in ListRequest) boundStatus(c *postgres.Conditions, status Status, last *pageEnd) postgres.Order {
	const typed = "$1::text::consultation_status"
	order := in.order("c.status", "c.scheduled_start", "c.id")
	addAfter := func() {
		order.After(c, c.Value(status)+"::text::consultation_status", c.Value(last.Value), c.Value(last.ID))
	}
	switch {
	case last != nil && in.Sort == SortEarliest && !last.Value.Before(in.From):
		addAfter()
	case !in.From.IsZero():
		c.And("(c.status, c.scheduled_start) >= ("+typed+", $2)", status, in.From)
	default:
		c.And("c.status >= "+typed, status)
	}
	switch {
	case last != nil && in.Sort == SortLatest && isBefore(last.Value, in.To):
		addAfter()
	case !in.To.IsZero():
		c.And("(c.status, c.scheduled_start) < ("+typed+", $2)", status, in.To)
	default:
		c.And("c.status <= "+typed, status)
	}
	return order
}

// isBefore reports whether t is before end; a zero end is no end.
func isBefore(t, end time.Time) bool { return end.IsZero() || t.Before(end) }

// selectPage returns a query for the first rows, one more than a page has, of a table or of a query in brackets.
func (in ListRequest) selectPage(from, where string, order postgres.Order) string {
	return "SELECT * FROM " + from + " c" + where + order.OrderBy() + " LIMIT " + strconv.Itoa(in.Limit+1)
}
