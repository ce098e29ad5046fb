package doctor

import (
	"strconv"
	"strings"
	"time"

	"amrutam/internal/money"
)

const (
	active = `u.deleted_at IS NULL AND u.disabled_at IS NULL`
	// findable is whom patients find.
	findable = `d.is_approved AND ` + active
	columns  = `d.id, p.full_name, d.specialization, d.years_of_experience, d.registration_number, d.clinic_name,
		d.consultation_fee, d.currency, d.languages_spoken, d.bio, d.is_approved, d.rating, d.created_at, d.updated_at,
		s.id, s.start_time, s.end_time`
	nextFree = `SELECT f.id, f.start_time, f.end_time FROM availability_slots f
		WHERE f.doctor_id = d.id AND f.status = 'AVAILABLE' `
	// walked is how many free slots byWalk looks at: some milliseconds' worth.
	walked = "1000"
)

// filter is a search that was checked.
type filter struct {
	SearchInput
	minFee, maxFee *money.Amount
	// from is the first start of a slot that counts, or when fromOpen is set the instant before it.
	from     time.Time
	fromOpen bool
	resumed  bool
	after    position
	limit    int
}

// statement is SQL made of the filters that were given: one text for all would hide from the planner which ones
// matter.
type statement struct {
	sql  string
	args []any
}

func (s *statement) arg(v any) string {
	s.args = append(s.args, v)
	return "$" + strconv.Itoa(len(s.args))
}

// orders are the sorts by a column of doctors: the column, its type and which way it goes.
var orders = map[string]struct{ column, kind, direction, than string }{
	"rating":     {"d.rating", "numeric", "DESC", "<"},
	"fee":        {"d.consultation_fee", "numeric", "ASC", ">"}, // within one currency
	"experience": {"d.years_of_experience", "int", "DESC", "<"},
}

// byColumn finds the page's ids first, so that names and slots are looked up for those alone. sortFirst has all whom
// the filter finds sorted before slots are looked for, one doctor after the other until the page is full.
func (f filter) byColumn(sortFirst bool) statement {
	var s statement
	o := orders[f.Sort]
	where := f.where(&s)
	if f.resumed {
		where += ` AND (` + o.column + `, d.id) ` + o.than + ` (` + s.arg(f.after.Value) + `::text::` + o.kind + `, ` +
			s.arg(f.after.ID) + `)`
	}
	order := f.order()
	page := `SELECT d.id FROM doctors d JOIN users u ON u.id = d.id WHERE ` + where
	if f.timed() {
		free := `EXISTS (SELECT FROM availability_slots f WHERE f.doctor_id = d.id AND f.status = 'AVAILABLE'` +
			f.during(&s) + `)`
		if sortFirst {
			page = `SELECT d.id FROM (` + page + order + ` OFFSET 0) d WHERE ` + free
			order = ""
		} else {
			page += ` AND ` + free
		}
	}
	s.sql = `-- name: searchDoctorsByColumn :many
		WITH page AS (` + page + order + ` LIMIT ` + s.arg(f.limit) + `)
		SELECT ` + columns + ` FROM page JOIN doctors d ON d.id = page.id JOIN profiles p ON p.user_id = d.id
		LEFT JOIN LATERAL (` + nextFree + f.during(&s) + ` ORDER BY f.start_time LIMIT 1) s ON true` + f.order()
	return s
}

func (f filter) order() string {
	o := orders[f.Sort]
	return ` ORDER BY ` + o.column + ` ` + o.direction + `, d.id ` + o.direction
}

// timed tells whether slots of a certain time are asked for.
func (f filter) timed() bool { return !f.AvailableFrom.IsZero() || !f.AvailableTo.IsZero() }

// wordsFindFew tells whether the words find no more doctors than are quickly sorted.
func (f filter) wordsFindFew() statement {
	var s statement
	s.sql = `-- name: searchDoctorsWordsFindFew :one
		SELECT count(*) <= ` + walked + ` FROM (SELECT FROM doctors d
			WHERE d.search @@ search_query(` + s.arg(f.Q) + `::text) LIMIT ` + walked + ` + 1) found`
	return s
}

// words tells whether q says anything.
func (f filter) words() bool { return strings.TrimSpace(f.Q) != "" }

// byWalk goes through the free slots in time and keeps those that are their doctor's first. The bounded walk is no
// WITH: the planner would forget that it is sorted, and not stop at a full page.
func (f filter) byWalk() statement {
	var s statement
	s.sql = `-- name: searchDoctorsByWalk :many
		WITH s AS (SELECT near.* FROM (SELECT f.id, f.doctor_id, f.start_time, f.end_time FROM availability_slots f
				WHERE f.status = 'AVAILABLE'` + f.during(&s) + f.later(&s) +
		` ORDER BY f.start_time, f.doctor_id LIMIT ` + walked + `) near
			JOIN doctors d ON d.id = near.doctor_id JOIN users u ON u.id = d.id WHERE ` + f.where(&s) + `
			AND NOT EXISTS (SELECT FROM availability_slots f
				WHERE f.doctor_id = near.doctor_id AND f.status = 'AVAILABLE'` + f.during(&s) + `
				AND f.start_time < near.start_time)
			ORDER BY near.start_time, near.doctor_id LIMIT ` + s.arg(f.limit) + `)
		SELECT ` + columns + ` FROM s JOIN doctors d ON d.id = s.doctor_id JOIN profiles p ON p.user_id = d.id
			ORDER BY s.start_time, d.id`
	return s
}

// walkIsCut tells whether there are more slots than byWalk looks at.
func (f filter) walkIsCut() statement {
	var s statement
	s.sql = `-- name: searchDoctorsWalkIsCut :one
		SELECT count(*) > ` + walked + ` FROM (SELECT FROM availability_slots f WHERE f.status = 'AVAILABLE'` +
		f.during(&s) + f.later(&s) + `
			ORDER BY f.start_time, f.doctor_id LIMIT ` + walked + ` + 1) near`
	return s
}

// later is the condition on a slot f of the pages to come.
func (f filter) later(s *statement) string {
	if !f.resumed {
		return ""
	}
	return ` AND (f.start_time, f.doctor_id) > (` + s.arg(f.after.Value) + `::text::timestamptz, ` +
		s.arg(f.after.ID) + `)`
}

// byDoctor looks up the first free slot of every doctor who passes the filter.
func (f filter) byDoctor() statement {
	var s statement
	where := f.where(&s)
	if f.resumed {
		where += ` AND (s.start_time, d.id) > (` + s.arg(f.after.Value) + `::text::timestamptz, ` + s.arg(f.after.ID) +
			`)`
	}
	s.sql = `-- name: searchDoctorsByDoctor :many
		WITH s AS (SELECT d.id AS doctor_id, s.* FROM doctors d JOIN users u ON u.id = d.id
			CROSS JOIN LATERAL (` + nextFree + f.during(&s) + ` ORDER BY f.start_time LIMIT 1) s
			WHERE ` + where + ` ORDER BY s.start_time, d.id LIMIT ` + s.arg(f.limit) + `)
		SELECT ` + columns + ` FROM s JOIN doctors d ON d.id = s.doctor_id JOIN profiles p ON p.user_id = d.id
			ORDER BY s.start_time, d.id`
	return s
}

// where is the condition on a doctor d and its user u.
func (f filter) where(s *statement) string {
	all := []string{findable}
	if !f.Approved {
		all[0] = `NOT d.is_approved AND ` + active
	}
	add := func(before string, v any, after string) { all = append(all, before+s.arg(v)+after) }
	if f.Specialization != "" {
		add(`search_fold(d.specialization) = search_fold(`, strings.TrimSpace(f.Specialization), `::text)`)
	}
	if f.Language != "" {
		all = append(all, speaks(s, f.Language))
	}
	if f.Currency != "" {
		add(`d.currency = `, f.Currency, `::text`)
	}
	if f.minFee != nil {
		add(`d.consultation_fee >= `, *f.minFee, `::numeric`)
	}
	if f.maxFee != nil {
		add(`d.consultation_fee <= `, *f.maxFee, `::numeric`)
	}
	if f.MinRating > 0 {
		add(`d.rating >= `, strconv.FormatFloat(f.MinRating, 'f', -1, 64), `::text::numeric`)
	}
	if f.MinExperience > 0 {
		add(`d.years_of_experience >= `, f.MinExperience, `::int`)
	}
	if f.words() {
		add(`d.search @@ search_query(`, f.Q, `::text)`)
	}
	return strings.Join(all, " AND ")
}

// speaks is the condition that a doctor speaks a language: whose tag begins with it, or is it without its last subtags
// (RFC 4647, section 3.4).
func speaks(s *statement, tag string) string {
	condition := `language_ranges(d.languages_spoken) @> ARRAY[` + s.arg(tag) + `::text]`
	var shorter []string
	for end := strings.LastIndex(tag, "-"); end > 0; end = strings.LastIndex(tag[:end], "-") {
		shorter = append(shorter, tag[:end])
	}
	if shorter != nil {
		condition = `(` + condition + ` OR d.languages_spoken && ` + s.arg(shorter) + `::text[])`
	}
	return condition
}

// during is the condition on the start of a slot f.
func (f filter) during(s *statement) string {
	from := ` >= `
	if f.fromOpen {
		from = ` > `
	}
	sql := ` AND f.start_time` + from + s.arg(f.from) + `::timestamptz`
	if !f.AvailableTo.IsZero() {
		sql += ` AND f.start_time < ` + s.arg(f.AvailableTo) + `::timestamptz`
	}
	return sql
}
