package consultation

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// order is a way of a sort: what stands behind each column, and what compares a row with those before it.
type order struct{ direction, after string }

var orders = map[string]order{"latest": {" DESC", " < "}, "earliest": {"", " > "}}

// by orders by the columns.
func (o order) by(columns ...string) string {
	return " ORDER BY " + strings.Join(columns, o.direction+", ") + o.direction
}

// No consultation is older than its parties: the second condition leaves out the months before.
const (
	ofPatient = "c.patient_id = %[1]s AND c.id >= ids_since(%[1]s)"
	ofDoctor  = "c.doctor_id = %[1]s AND c.id >= ids_since(%[1]s)"
)

// filter is a condition in SQL with its values.
type filter struct {
	where string
	args  []any
}

// and adds a condition that names its values %[1]s, %[2]s and so on.
func (f *filter) and(condition string, values ...any) {
	names := make([]any, len(values))
	for i, v := range values {
		f.args = append(f.args, v)
		names[i] = "$" + strconv.Itoa(len(f.args))
	}
	if f.where != "" {
		f.where += " AND "
	}
	f.where += fmt.Sprintf(condition, names...)
}

// madeBefore leaves out the months after a page: what starts then was booked before. A day is for clocks that differ.
func (f *filter) madeBefore(in ListIn, last *place) {
	end := in.To
	if last != nil && in.Sort == "latest" && (end.IsZero() || last.Start.Before(end)) {
		end = last.Start
	}
	if !end.IsZero() {
		f.and("c.id < uuid7_floor(%s)", end.AddDate(0, 0, 1))
	}
}

// page selects a page's rows, and one more, that are after last; nil is the first page.
func (f filter) page(in ListIn, last *place) (sql string, args []any) {
	if f.where == "" && len(in.Status) > 0 {
		return f.pageByStatus(in, last)
	}
	order := orders[in.Sort]
	if len(in.Status) > 0 {
		f.and("c.status = ANY(%s::text[]::consultation_status[])", in.Status)
	}
	if !in.From.IsZero() {
		f.and("c.scheduled_start >= %s", in.From)
	}
	if !in.To.IsZero() {
		f.and("c.scheduled_start < %s", in.To)
	}
	if last != nil {
		f.and("(c.scheduled_start, c.id)"+order.after+"(%s, %s)", last.Start, last.ID)
	}
	f.madeBefore(in, last)
	return f.rows("consultations", order.by("c.scheduled_start", "c.id"), in.Limit+1), f.args
}

// pageByStatus selects a page of each status from the index by status and start, and the page from these. Bounds and
// order are by all columns of the index: an order by time alone would tempt the planner to read months for a status
// that few have.
func (f filter) pageByStatus(in ListIn, last *place) (sql string, args []any) {
	order := orders[in.Sort]
	var pages []string
	for _, status := range slices.Compact(slices.Sorted(slices.Values(in.Status))) {
		one := filter{args: f.args}
		lower, upper := in.From, in.To
		const has = "%s::text::consultation_status"
		switch {
		case last != nil && in.Sort == "earliest" && !last.Start.Before(lower):
			one.and("(c.status, c.scheduled_start, c.id) > ("+has+", %s, %s)", status, last.Start, last.ID)
		case !lower.IsZero():
			one.and("(c.status, c.scheduled_start) >= ("+has+", %s)", status, lower)
		default:
			one.and("c.status >= "+has, status)
		}
		switch {
		case last != nil && in.Sort == "latest" && (upper.IsZero() || last.Start.Before(upper)):
			one.and("(c.status, c.scheduled_start, c.id) < ("+has+", %s, %s)", status, last.Start, last.ID)
		case !upper.IsZero():
			one.and("(c.status, c.scheduled_start) < ("+has+", %s)", status, upper)
		default:
			one.and("c.status <= "+has, status)
		}
		one.madeBefore(in, last)
		pages = append(pages, "("+one.rows("consultations", order.by("c.status", "c.scheduled_start", "c.id"),
			in.Limit+1)+")")
		f.args = one.args
	}
	return f.rows("("+strings.Join(pages, " UNION ALL ")+")", order.by("c.scheduled_start", "c.id"), in.Limit+1),
		f.args
}

// rows selects the first that fit the filter, from a table or a query in brackets.
func (f filter) rows(from, by string, limit int) string {
	sql := "SELECT * FROM " + from + " c"
	if f.where != "" {
		sql += " WHERE " + f.where
	}
	return sql + by + " LIMIT " + strconv.Itoa(limit)
}
