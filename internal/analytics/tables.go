package analytics

import (
	"maps"
	"slices"
	"strconv"
)

// The reports as tables for spreadsheets. With compare a column says which period a row belongs to. Rates are left
// out where their parts are there.

func number(n int64) string { return strconv.FormatInt(n, 10) }

func optional(n *int64) string {
	if n == nil {
		return ""
	}
	return number(*n)
}

func rate(r *float64) string {
	if r == nil {
		return ""
	}
	return strconv.FormatFloat(*r, 'f', -1, 64)
}

// FileName is the beginning of the file's name.
func (s Summary) FileName() string { return "summary-" + s.From + "-" + s.To }

// Table has a row for each figure.
func (s Summary) Table() [][]string {
	rows := append([][]string{{"from", "to", "timezone", "figure", "key", "value"}}, s.rows()...)
	if s.Previous != nil {
		rows = append(rows, s.Previous.rows()...)
	}
	now := func(figure, key, value string) { rows = append(rows, []string{"", "", "", figure, key, value}) }
	for _, role := range slices.Sorted(maps.Keys(s.Users)) {
		now("users", role, number(s.Users[role]))
	}
	now("doctors.approved", "", number(s.Doctors.Approved))
	now("doctors.waiting", "", number(s.Doctors.Waiting))
	now("doctors.averageRating", "", rate(s.Doctors.AverageRating))
	now("doctors.ratings", "", number(s.Doctors.Ratings))
	return rows
}

func (f PeriodFigures) rows() (rows [][]string) {
	add := func(figure, key, value string) {
		rows = append(rows, []string{f.From, f.To, f.Timezone, figure, key, value})
	}
	c := f.Consultations
	add("consultations.booked", "", number(c.Booked))
	for _, status := range slices.Sorted(maps.Keys(c.ByStatus)) {
		add("consultations.byStatus", status, number(c.ByStatus[status]))
	}
	add("consultations.completed", "", number(c.Completed))
	add("consultations.cancelled", "", number(c.Cancelled))
	for _, by := range slices.Sorted(maps.Keys(c.CancelledBy)) {
		add("consultations.cancelledBy", by, number(c.CancelledBy[by]))
	}
	add("consultations.noShows", "", number(c.NoShows))
	add("consultations.completionRate", "", rate(c.CompletionRate))
	add("consultations.averageSecondsToStart", "", optional(c.AverageSecondsToStart))
	add("people.newPatients", "", number(f.People.NewPatients))
	add("people.newDoctors", "", number(f.People.NewDoctors))
	add("people.approvedDoctors", "", number(f.People.ApprovedDoctors))
	for _, r := range f.Revenue {
		add("revenue.captured", r.Currency, r.Captured)
		add("revenue.refunded", r.Currency, r.Refunded)
		add("revenue.net", r.Currency, r.Net)
	}
	add("slots.offered", "", number(f.Slots.Offered))
	add("slots.seatsOffered", "", number(f.Slots.SeatsOffered))
	add("slots.seatsTaken", "", number(f.Slots.SeatsTaken))
	add("slots.utilization", "", rate(f.Slots.Utilization))
	return rows
}

// FileName is the beginning of the file's name.
func (c ConsultationsPerDay) FileName() string { return "consultations-per-day-" + c.From + "-" + c.To }

// Table has a row for each day, those of the period before first.
func (c ConsultationsPerDay) Table() [][]string {
	rows := [][]string{{"day", "timezone", "booked", "due", "completed", "cancelled", "noShows"}}
	add := func(days Days) {
		for _, d := range days.Items {
			rows = append(rows, []string{d.Day, days.Timezone, number(d.Booked), number(d.Due), number(d.Completed),
				number(d.Cancelled), number(d.NoShows)})
		}
	}
	if c.Previous != nil {
		add(*c.Previous)
	}
	add(c.Days)
	return rows
}

// FileName is the beginning of the file's name.
func (c ConversionRate) FileName() string { return "conversion-rate-" + c.From + "-" + c.To }

// Table has a row for each period.
func (c ConversionRate) Table() [][]string {
	rows := [][]string{{"from", "to", "timezone", "listed", "booked", "paid", "completed", "open", "lostUnbooked",
		"lostUnpaidPatient", "lostUnpaidDoctor", "lostUnpaidStaff", "lostUnpaidSystem", "lostPaidPatient",
		"lostPaidDoctor", "lostPaidStaff", "lostPaidSystem", "lostToNoShowPatient", "lostToNoShowDoctor"}}
	add := func(c Conversion) {
		row := []string{c.From, c.To, c.Timezone}
		for _, n := range []int64{c.Listed, c.Booked, c.Paid, c.Completed, c.Open, c.LostUnbooked,
			c.LostUnpaid.Patient, c.LostUnpaid.Doctor, c.LostUnpaid.Staff, c.LostUnpaid.System,
			c.LostPaid.Patient, c.LostPaid.Doctor, c.LostPaid.Staff, c.LostPaid.System,
			c.LostToNoShow.Patient, c.LostToNoShow.Doctor} {
			row = append(row, number(n))
		}
		rows = append(rows, row)
	}
	add(c.Conversion)
	if c.Previous != nil {
		add(*c.Previous)
	}
	return rows
}

// FileName is the beginning of the file's name.
func (n NoShowRate) FileName() string { return "no-show-rate-" + n.From + "-" + n.To }

// Table has a row for each period.
func (n NoShowRate) Table() [][]string {
	rows := [][]string{{"from", "to", "timezone", "completed", "cancelled", "cancelledByPatient", "cancelledByDoctor",
		"cancelledBySupport", "cancelledByAdmin", "cancelledBySystem", "noShows", "absentPatient", "absentDoctor"}}
	add := func(a Attendance) {
		rows = append(rows, []string{a.From, a.To, a.Timezone, number(a.Completed), number(a.Cancelled),
			number(a.CancelledBy["PATIENT"]), number(a.CancelledBy["DOCTOR"]), number(a.CancelledBy["SUPPORT"]),
			number(a.CancelledBy["ADMIN"]), number(a.CancelledBy["SYSTEM"]), number(a.NoShows),
			number(a.AbsentParty["PATIENT"]), number(a.AbsentParty["DOCTOR"])})
	}
	add(n.Attendance)
	if n.Previous != nil {
		add(*n.Previous)
	}
	return rows
}

// FileName is the beginning of the file's name.
func (d DoctorUtilization) FileName() string { return "doctor-utilization-" + d.From + "-" + d.To }

// Table has a row for each doctor.
func (d DoctorUtilization) Table() [][]string {
	rows := [][]string{{"from", "to", "timezone", "doctorId", "specialization", "offeredMinutes", "bookedMinutes",
		"utilization", "previousUtilization", "doctorName"}}
	for _, u := range d.Items {
		name := ""
		if u.DoctorName != nil {
			name = *u.DoctorName
		}
		rows = append(rows, []string{d.From, d.To, d.Timezone, u.DoctorID.String(), u.Specialization,
			number(u.OfferedMinutes), number(u.BookedMinutes), rate(u.Utilization), rate(u.PreviousUtilization), name})
	}
	return rows
}

// FileName is the beginning of the file's name.
func (t TopSpecializations) FileName() string { return "top-specializations-" + t.From + "-" + t.To }

// Table has a row for each specialization.
func (t TopSpecializations) Table() [][]string {
	rows := [][]string{{"from", "to", "specialization", "folded", "consultations", "total"}}
	add := func(s Specializations) {
		for _, i := range s.Items {
			rows = append(rows, []string{s.From, s.To, i.Specialization, strconv.FormatBool(i.Folded),
				number(i.Consultations), number(s.Total)})
		}
	}
	add(t.Specializations)
	if t.Previous != nil {
		add(*t.Previous)
	}
	return rows
}

// FileName is the beginning of the file's name.
func (r RepeatPatients) FileName() string { return "repeat-patients-" + r.From + "-" + r.To }

// Table has a row for each period.
func (r RepeatPatients) Table() [][]string {
	rows := [][]string{{"from", "to", "total", "first", "later", "folded"}}
	add := func(v Visits) {
		rows = append(rows, []string{v.From, v.To, number(v.Total), optional(v.First), optional(v.Later),
			number(v.Folded)})
	}
	add(r.Visits)
	if r.Previous != nil {
		add(*r.Previous)
	}
	return rows
}

// FileName is the beginning of the file's name.
func (t TimeToFirstFreeSlot) FileName() string {
	return "time-to-first-free-slot-" + t.CompleteUntil.Format("2006-01-02")
}

// Table has a row for all doctors, and one for each specialization.
func (t TimeToFirstFreeSlot) Table() [][]string {
	rows := [][]string{{"specialization", "doctors", "fullyBooked", "firstSeconds", "medianSeconds"}}
	for _, w := range append([]FreeSlotWait{t.All}, t.Items...) {
		name := ""
		if w.Specialization != nil {
			name = *w.Specialization
		}
		rows = append(rows, []string{name, number(w.Doctors), number(w.FullyBooked), optional(w.FirstSeconds),
			optional(w.MedianSeconds)})
	}
	return rows
}
