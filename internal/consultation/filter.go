package consultation

import (
	"slices"
	"strconv"
	"strings"

	"amrutam/internal/postgres"
)

// No consultation is older than its parties: the second condition leaves out the months before.
const (
	ofPatient = "c.patient_id = $1 AND c.id >= ids_since($1)"
	ofDoctor  = "c.doctor_id = $1 AND c.id >= ids_since($1)"
)

// order of a list by columns, which end with the start and the id.
func (in ListIn) order(columns ...string) postgres.Order {
	return postgres.Order{Columns: columns, Descending: in.Sort == SortLatest}
}

// madeBefore leaves out the months after a page: what starts then was booked before. A day is for clocks that differ.
func (in ListIn) madeBefore(c *postgres.Conditions, last *place) {
	end := in.To
	if last != nil && in.Sort == SortLatest && (end.IsZero() || last.Value.Before(end)) {
		end = last.Value
	}
	if !end.IsZero() {
		c.And("c.id < uuid7_floor($1)", end.AddDate(0, 0, 1))
	}
}

// page selects a page's rows, and one more, that fit c and are after last; nil is the first page.
func (in ListIn) page(c *postgres.Conditions, last *place) string {
	if c.Empty() && len(in.Status) > 0 {
		return in.pageByStatus(c, last)
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
	in.madeBefore(c, last)
	return in.rows("consultations", c.Where(), order)
}

// pageByStatus selects a page of each status from the index by status and start, and the page from these. Bounds and
// order are by all columns of the index: an order by time alone would tempt the planner to read months for a status
// that few have.
func (in ListIn) pageByStatus(c *postgres.Conditions, last *place) string {
	order := in.order("c.status", "c.scheduled_start", "c.id")
	var pages []string
	for _, status := range slices.Compact(slices.Sorted(slices.Values(in.Status))) {
		one := c.With()
		lower, upper := in.From, in.To
		const has = "$1::text::consultation_status"
		after := func() {
			order.After(&one, one.Value(status)+"::text::consultation_status", one.Value(last.Value),
				one.Value(last.ID))
		}
		switch {
		case last != nil && in.Sort == SortEarliest && !last.Value.Before(lower):
			after()
		case !lower.IsZero():
			one.And("(c.status, c.scheduled_start) >= ("+has+", $2)", status, lower)
		default:
			one.And("c.status >= "+has, status)
		}
		switch {
		case last != nil && in.Sort == SortLatest && (upper.IsZero() || last.Value.Before(upper)):
			after()
		case !upper.IsZero():
			one.And("(c.status, c.scheduled_start) < ("+has+", $2)", status, upper)
		default:
			one.And("c.status <= "+has, status)
		}
		in.madeBefore(&one, last)
		pages = append(pages, "("+in.rows("consultations", one.Where(), order)+")")
		*c = one.With()
	}
	return in.rows("("+strings.Join(pages, " UNION ALL ")+")", "", in.order("c.scheduled_start", "c.id"))
}

// rows selects the first rows, and one more than a page has, from a table or a query in brackets.
func (in ListIn) rows(from, where string, order postgres.Order) string {
	return "SELECT * FROM " + from + " c" + where + order.By() + " LIMIT " + strconv.Itoa(in.Limit+1)
}
