package doctor

import (
	"strconv"
	"strings"
	"time"

	"amrutam/internal/money"
	"amrutam/internal/postgres"
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
	after    place
	limit    int
}

// statement is SQL with the values of its filters.
type statement struct {
	postgres.Conditions
	name, sql string
}

// orders are the sorts by a column of doctors, and the column's type. Fees are compared within one currency.
var orders = map[Sort]struct {
	postgres.Order
	kind string
}{
	SortRating:     {postgres.Order{Columns: []string{"d.rating", "d.id"}, Descending: true}, "numeric"},
	SortFee:        {postgres.Order{Columns: []string{"d.consultation_fee", "d.id"}}, "numeric"},
	SortExperience: {postgres.Order{Columns: []string{"d.years_of_experience", "d.id"}, Descending: true}, "int"},
}

// bySlot is the order by the first free slot s.
var bySlot = postgres.Order{Columns: []string{"s.start_time", "d.id"}}

// byColumn finds the page's ids first, so that names and slots are looked up for those alone. sortFirst has all whom
// the filter finds sorted before slots are looked for, one doctor after the other until the page is full.
func (f filter) byColumn(sortFirst bool) statement {
	var s statement
	order := orders[f.Sort]
	f.conditions(&s)
	if f.resumed {
		order.After(&s.Conditions, s.Value(f.after.Value)+`::text::`+order.kind, s.Value(f.after.ID))
	}
	sorted := order.By()
	page := `SELECT d.id FROM doctors d JOIN users u ON u.id = d.id` + s.Where()
	if f.timed() {
		free := `EXISTS (SELECT FROM availability_slots f WHERE f.doctor_id = d.id AND f.status = 'AVAILABLE'` +
			f.during(&s) + `)`
		if sortFirst {
			page = `SELECT d.id FROM (` + page + sorted + ` OFFSET 0) d WHERE ` + free
			sorted = ""
		} else {
			page += ` AND ` + free
		}
	}
	s.name, s.sql = "searchDoctorsByColumn", `
		WITH page AS (`+page+sorted+` LIMIT `+s.Value(f.limit)+`)
		SELECT `+columns+` FROM page JOIN doctors d ON d.id = page.id JOIN profiles p ON p.user_id = d.id
		LEFT JOIN LATERAL (`+nextFree+f.during(&s)+` ORDER BY f.start_time LIMIT 1) s ON true`+order.By()
	return s
}

// timed tells whether slots of a certain time are asked for.
func (f filter) timed() bool { return !f.AvailableFrom.IsZero() || !f.AvailableTo.IsZero() }

// wordsFindFew tells whether the words find no more doctors than are quickly sorted.
func (f filter) wordsFindFew() statement {
	var s statement
	s.name, s.sql = "searchDoctorsWordsFindFew", `
		SELECT count(*) <= `+walked+` FROM (SELECT FROM doctors d
			WHERE d.search @@ search_query(`+s.Value(f.Q)+`::text) LIMIT `+walked+` + 1) found`
	return s
}

// words tells whether q says anything.
func (f filter) words() bool { return strings.TrimSpace(f.Q) != "" }

// byWalk goes through the free slots in time and keeps those that are their doctor's first. The bounded walk is no
// WITH: the planner would forget that it is sorted, and not stop at a full page.
func (f filter) byWalk() statement {
	var s statement
	f.conditions(&s)
	s.name, s.sql = "searchDoctorsByWalk", `
		WITH s AS (SELECT near.* FROM (SELECT f.id, f.doctor_id, f.start_time, f.end_time FROM availability_slots f
				WHERE f.status = 'AVAILABLE'`+f.during(&s)+f.later(&s)+
		` ORDER BY f.start_time, f.doctor_id LIMIT `+walked+`) near
			JOIN doctors d ON d.id = near.doctor_id JOIN users u ON u.id = d.id`+s.Where()+`
			AND NOT EXISTS (SELECT FROM availability_slots f
				WHERE f.doctor_id = near.doctor_id AND f.status = 'AVAILABLE'`+f.during(&s)+`
				AND f.start_time < near.start_time)
			ORDER BY near.start_time, near.doctor_id LIMIT `+s.Value(f.limit)+`)
		SELECT `+columns+` FROM s JOIN doctors d ON d.id = s.doctor_id JOIN profiles p ON p.user_id = d.id`+bySlot.By()
	return s
}

// walkIsCut tells whether there are more slots than byWalk looks at.
func (f filter) walkIsCut() statement {
	var s statement
	s.name, s.sql = "searchDoctorsWalkIsCut", `
		SELECT count(*) > `+walked+` FROM (SELECT FROM availability_slots f WHERE f.status = 'AVAILABLE'`+
		f.during(&s)+f.later(&s)+`
			ORDER BY f.start_time, f.doctor_id LIMIT `+walked+` + 1) near`
	return s
}

// later is the condition on a slot f of the pages to come.
func (f filter) later(s *statement) string {
	if !f.resumed {
		return ""
	}
	return ` AND (f.start_time, f.doctor_id) > (` + s.Value(f.after.Value) + `::text::timestamptz, ` +
		s.Value(f.after.ID) + `)`
}

// byDoctor looks up the first free slot of every doctor who passes the filter.
func (f filter) byDoctor() statement {
	var s statement
	f.conditions(&s)
	if f.resumed {
		bySlot.After(&s.Conditions, s.Value(f.after.Value)+`::text::timestamptz`, s.Value(f.after.ID))
	}
	s.name, s.sql = "searchDoctorsByDoctor", `
		WITH s AS (SELECT d.id AS doctor_id, s.* FROM doctors d JOIN users u ON u.id = d.id
			CROSS JOIN LATERAL (`+nextFree+f.during(&s)+` ORDER BY f.start_time LIMIT 1) s`+
		s.Where()+bySlot.By()+` LIMIT `+s.Value(f.limit)+`)
		SELECT `+columns+` FROM s JOIN doctors d ON d.id = s.doctor_id JOIN profiles p ON p.user_id = d.id`+bySlot.By()
	return s
}

// conditions adds those on a doctor d and its user u.
func (f filter) conditions(s *statement) {
	if f.Approved {
		s.And(findable)
	} else {
		s.And(`NOT d.is_approved AND ` + active)
	}
	if f.Specialization != "" {
		s.And(`search_fold(d.specialization) = search_fold($1::text)`, strings.TrimSpace(f.Specialization))
	}
	if f.Language != "" {
		f.speaks(s)
	}
	if f.Currency != "" {
		s.And(`d.currency = $1::text`, f.Currency)
	}
	if f.minFee != nil {
		s.And(`d.consultation_fee >= $1::numeric`, *f.minFee)
	}
	if f.maxFee != nil {
		s.And(`d.consultation_fee <= $1::numeric`, *f.maxFee)
	}
	if f.MinRating > 0 {
		s.And(`d.rating >= $1::text::numeric`, strconv.FormatFloat(f.MinRating, 'f', -1, 64))
	}
	if f.MinExperience > 0 {
		s.And(`d.years_of_experience >= $1::int`, f.MinExperience)
	}
	if f.words() {
		s.And(`d.search @@ search_query($1::text)`, f.Q)
	}
}

// speaks adds the condition that a doctor speaks a language: whose tag begins with it, or is it without its last
// subtags (RFC 4647, section 3.4).
func (f filter) speaks(s *statement) {
	var shorter []string
	for end := strings.LastIndex(f.Language, "-"); end > 0; end = strings.LastIndex(f.Language[:end], "-") {
		shorter = append(shorter, f.Language[:end])
	}
	const begins = `language_ranges(d.languages_spoken) @> ARRAY[$1::text]`
	if shorter == nil {
		s.And(begins, f.Language)
	} else {
		s.And(`(`+begins+` OR d.languages_spoken && $2::text[])`, f.Language, shorter)
	}
}

// during is the condition on the start of a slot f.
func (f filter) during(s *statement) string {
	from := ` >= `
	if f.fromOpen {
		from = ` > `
	}
	sql := ` AND f.start_time` + from + s.Value(f.from) + `::timestamptz`
	if !f.AvailableTo.IsZero() {
		sql += ` AND f.start_time < ` + s.Value(f.AvailableTo) + `::timestamptz`
	}
	return sql
}
