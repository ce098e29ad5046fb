package doctor

import (
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/money"
	"amrutam/internal/postgres"
)

const (
	activeUser = `u.deleted_at IS NULL AND u.disabled_at IS NULL`
	// findableDoctor is the condition of a doctor d that patients can find.
	findableDoctor = `d.is_approved AND ` + activeUser
	doctorColumns  = `d.id, p.full_name, d.specialization, d.years_of_experience, d.registration_number, d.clinic_name,
		d.consultation_fee, d.currency, d.languages_spoken, d.bio, d.cancellation_policy, d.is_approved,
		d.approval_reason, d.approval_decided_at, d.registration_key IS NOT NULL, d.rating, d.rating_count,
		d.rating_score::text, d.created_at, d.updated_at, s.id, s.start_time, s.end_time`
	// freeSlots are slots f that have a free seat, with their doctor's booking rules r.
	freeSlots = `availability_slots f LEFT JOIN booking_rules r ON r.doctor_id = f.doctor_id
		WHERE f.status = 'AVAILABLE'`
	selectFreeSlot = `SELECT f.id, f.start_time, f.end_time FROM ` + freeSlots + ` AND f.doctor_id = d.id`
	// walkLimit is how many free slots bySlotWalk reads, which takes some milliseconds.
	walkLimit = "1000"
)

// filter is a search that was checked.
type filter struct {
	SearchRequest
	now time.Time
	// isPatient says that the reader is a patient, with whom the doctors seen have completed a consultation.
	isPatient      bool
	seen           []uuid.UUID
	minFee, maxFee *money.Amount
	// from is the earliest start of the slots that count; with afterFrom they start after it.
	from      time.Time
	afterFrom bool
	// after is where the page before ended, if hasCursor.
	hasCursor bool
	after     position
	limit     int
}

// statement is SQL with its name and the values of its conditions.
type statement struct {
	postgres.Conditions
	name, sql string
}

// orders are the sorts by a column of doctors, and the column's type. Fees are compared within one currency.
var orders = map[Sort]struct {
	postgres.Order
	kind string
}{
	SortRating:     {postgres.Order{Columns: []string{"d.rating_score", "d.id"}, Descending: true}, "numeric"},
	SortFee:        {postgres.Order{Columns: []string{"d.consultation_fee", "d.id"}}, "numeric"},
	SortExperience: {postgres.Order{Columns: []string{"d.years_of_experience", "d.id"}, Descending: true}, "int"},
}

// bySlot is the order by the start of the first free slot s.
var bySlot = postgres.Order{Columns: []string{"s.start_time", "d.id"}}

// byColumn finds the page's ids first, so that names and slots are looked up for these doctors alone. With sortFirst
// it sorts all doctors that pass the filter, and then looks up their slots one by one until the page is full. The
// page has an order of its own, since the look-up may be a join that doesn't keep the order of its doctors.
func (f filter) byColumn(sortFirst bool) statement {
	var s statement
	order := orders[f.Sort]
	f.conditions(&s)
	if f.hasCursor {
		order.After(&s.Conditions, s.Value(f.after.Value)+`::text::`+order.kind, s.Value(f.after.ID))
	}
	sorted := order.OrderBy()
	page := `SELECT ` + strings.Join(order.Columns, ", ") + ` FROM doctors d JOIN users u ON u.id = d.id` + s.Where()
	if f.hasPeriod() {
		free := `EXISTS (SELECT FROM ` + freeSlots + ` AND f.doctor_id = d.id` + f.isBookable(&s) + `)`
		if sortFirst {
			page = `SELECT d.id FROM (` + page + sorted + ` OFFSET 0) d WHERE ` + free
		} else {
			page += ` AND ` + free
		}
	}
	s.name, s.sql = "searchDoctorsByColumn", `
		WITH page AS (`+page+sorted+` LIMIT `+s.Value(f.limit)+`)
		SELECT `+doctorColumns+` FROM page JOIN doctors d ON d.id = page.id JOIN profiles p ON p.user_id = d.id
		LEFT JOIN LATERAL (`+selectFreeSlot+f.isBookable(&s)+` ORDER BY f.start_time LIMIT 1) s ON true`+
		order.OrderBy()
	return s
}

// hasPeriod reports whether the search is for free slots of a period.
func (f filter) hasPeriod() bool { return !f.AvailableFrom.IsZero() || !f.AvailableTo.IsZero() }

// fewMatches asks whether the words find no more doctors than can be sorted quickly.
func (f filter) fewMatches() statement {
	var s statement
	s.name, s.sql = "searchDoctorsWordsFindFew", `
		SELECT count(*) <= `+walkLimit+` FROM (SELECT FROM doctors d
			WHERE d.search @@ search_query(`+s.Value(f.Q)+`::text) LIMIT `+walkLimit+` + 1) found`
	return s
}

// hasWords reports whether q isn't blank.
func (f filter) hasWords() bool { return strings.TrimSpace(f.Q) != "" }

// bySlotWalk reads the free slots by their start and selects those that can be booked and are their doctor's first
// such one. The limited part is a sub-select and no WITH, because the planner then knows that it is sorted and stops
// when the page is full.
func (f filter) bySlotWalk() statement {
	var s statement
	f.conditions(&s)
	s.name, s.sql = "searchDoctorsByWalk", `
		WITH s AS (SELECT near.id, near.doctor_id, near.start_time, near.end_time
			FROM (SELECT f.id, f.doctor_id, f.start_time, f.end_time, f AS slot FROM availability_slots f
				WHERE f.status = 'AVAILABLE'`+f.startsInPeriod(&s)+f.afterCursor(&s)+
		` ORDER BY f.start_time, f.doctor_id LIMIT `+walkLimit+`) near
			LEFT JOIN booking_rules r ON r.doctor_id = near.doctor_id
			JOIN doctors d ON d.id = near.doctor_id JOIN users u ON u.id = d.id`+s.Where()+
		f.isAllowed(&s, "near.slot", "near.doctor_id")+`
			AND NOT EXISTS (SELECT FROM `+freeSlots+` AND f.doctor_id = near.doctor_id`+f.isBookable(&s)+`
				AND f.start_time < near.start_time)
			ORDER BY near.start_time, near.doctor_id LIMIT `+s.Value(f.limit)+`)
		SELECT `+doctorColumns+` FROM s JOIN doctors d ON d.id = s.doctor_id JOIN profiles p
			ON p.user_id = d.id`+
		bySlot.OrderBy()
	return s
}

// walkIsIncomplete asks whether there are more slots than bySlotWalk reads.
func (f filter) walkIsIncomplete() statement {
	var s statement
	s.name, s.sql = "searchDoctorsWalkIsCut", `
		SELECT count(*) > `+walkLimit+` FROM (SELECT FROM availability_slots f WHERE f.status = 'AVAILABLE'`+
		f.startsInPeriod(&s)+f.afterCursor(&s)+`
			ORDER BY f.start_time, f.doctor_id LIMIT `+walkLimit+` + 1) near`
	return s
}

// afterCursor returns the condition that a slot f comes after the page before.
func (f filter) afterCursor(s *statement) string {
	if !f.hasCursor {
		return ""
	}
	return ` AND (f.start_time, f.doctor_id) > (` + s.Value(f.after.Value) + `::text::timestamptz, ` +
		s.Value(f.after.ID) + `)`
}

// byDoctor looks up the first free slot of every doctor who passes the filter.
func (f filter) byDoctor() statement {
	var s statement
	f.conditions(&s)
	if f.hasCursor {
		bySlot.After(&s.Conditions, s.Value(f.after.Value)+`::text::timestamptz`, s.Value(f.after.ID))
	}
	s.name, s.sql = "searchDoctorsByDoctor", `
		WITH s AS (SELECT d.id AS doctor_id, s.* FROM doctors d JOIN users u ON u.id = d.id
			CROSS JOIN LATERAL (`+selectFreeSlot+f.isBookable(&s)+` ORDER BY f.start_time LIMIT 1) s`+
		s.Where()+bySlot.OrderBy()+` LIMIT `+s.Value(f.limit)+`)
		SELECT `+doctorColumns+` FROM s JOIN doctors d ON d.id = s.doctor_id JOIN profiles p
			ON p.user_id = d.id`+
		bySlot.OrderBy()
	return s
}

// conditions adds the conditions on a doctor d and its user u.
func (f filter) conditions(s *statement) {
	if f.Approved {
		s.And(findableDoctor)
	} else {
		s.And(`NOT d.is_approved AND ` + activeUser)
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
	if f.hasWords() {
		s.And(`d.search @@ search_query($1::text)`, f.Q)
	}
}

// speaks adds the condition that a doctor speaks the language: one of the doctor's tags begins with its subtags, or is
// its tag without the last subtags (RFC 4647, section 3.4).
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

// startsInPeriod returns the condition that a slot f starts in the period of the search.
func (f filter) startsInPeriod(s *statement) string {
	from := ` >= `
	if f.afterFrom {
		from = ` > `
	}
	sql := ` AND f.start_time` + from + s.Value(f.from) + `::timestamptz`
	if !f.AvailableTo.IsZero() {
		sql += ` AND f.start_time < ` + s.Value(f.AvailableTo) + `::timestamptz`
	}
	return sql
}

// isBookable returns the condition that the reader can book a slot f of freeSlots, in the period of the search.
func (f filter) isBookable(s *statement) string {
	return f.startsInPeriod(s) + f.isAllowed(s, "f", "f.doctor_id")
}

// isAllowed returns the condition that the rules r allow the reader to book a slot of a doctor.
func (f filter) isAllowed(s *statement, slot, doctor string) string {
	seen := `false`
	switch {
	case f.isPatient && len(f.seen) > 0:
		seen = doctor + ` = ANY(` + s.Value(f.seen) + `::uuid[])`
	case !f.isPatient && f.Visit == VisitFollowUp:
		seen = `true`
	}
	return ` AND is_bookable(` + slot + `, r, ` + seen + `, ` + s.Value(f.now) + `::timestamptz)`
}
