package seed

import (
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/doctor"
	"amrutam/internal/money"
)

// physician is a doctor with the hours in which they work.
type physician struct {
	person
	demand   float64 // booked seats on an average day
	fee      money.Amount
	quality  float64 // the mean of the ratings, about
	approved time.Time
	firstDay int     // of the calendar
	minutes  int     // of a slot
	hours    []int   // of a day, the preferred ones first
	weekdays [7]bool // from Sunday on
	slots    int     // of an average working day
	group    int     // the weekday with a slot for several patients, or -1
	known    []acquaintance
	room     int // in known
	next     int // in known, to replace
}

// acquaintance is a patient whom a doctor may see again. Millions are remembered, so they are small.
type acquaintance struct {
	id            uuid.UUID
	created, last int64 // Unix time of the sign-up and of the last consultation
	number        int32
}

// remember makes a patient one whom the doctor may see again, in the place of the one who is known longest.
func (d *physician) remember(p person, last time.Time) {
	a := acquaintance{p.id, p.created.Unix() + 1, last.Unix(), int32(p.number)} //nolint:gosec // below 2 billion
	if len(d.known) < d.room {
		d.known = append(d.known, a)
		return
	}
	d.known[d.next] = a
	d.next = (d.next + 1) % d.room
}

// The hours in which a doctor prefers to work. Morning and evening are the peaks; a working day of all three is the
// longest.
var workingHours = []weighted[[]int]{
	{[]int{10, 11, 9, 12, 18, 19, 17, 20, 16, 13, 15, 14, 8}, 40},
	{[]int{18, 19, 20, 17, 10, 11, 9, 12, 16, 21, 15, 13, 14}, 35},
	{[]int{9, 8, 10, 11, 12, 16, 17, 15, 18, 13, 14, 19, 20}, 15},
	{[]int{15, 14, 16, 13, 12, 11, 17, 18, 10, 19, 9, 20, 21}, 10},
}

// groupHour is the hour of slots for several patients. No other slot is in it.
const groupHour = 7

// addDoctors adds every doctor: those with bookings, most popular first, and a few who wait for approval or were
// refused.
func (g *generator) addDoctors() error {
	for i, demand := range g.plan.demand() {
		d := g.newDoctor(i+1, demand)
		g.doctors = append(g.doctors, d)
		if err := g.addDoctor(d, true); err != nil {
			return err
		}
	}
	for n := range 1 + len(g.doctors)/50 {
		d := g.newDoctor(len(g.doctors)+n+1, 0)
		d.created = g.plan.base.Add(-g.between(day, 20*day))
		d.id = g.id(d.created)
		if err := g.addDoctor(d, false); err != nil {
			return err
		}
	}
	return nil
}

func (g *generator) newDoctor(number int, demand float64) *physician {
	d := &physician{demand: demand, group: -1, room: 10 + int(demand*6), hours: pickWeighted(g.random, workingHours)}
	d.number, d.role = number, access.RoleDoctor
	if number > fewestDoctors && g.chance(joinLater) {
		d.firstDay = g.IntN(g.plan.past)
	}
	d.created = g.plan.first.AddDate(0, 0, d.firstDay).UTC().Add(-g.between(20*day, 30*day))
	d.approved = d.created.Add(g.between(4*time.Hour, 3*day))
	d.id = g.id(d.created)
	d.fee = money.Amount(pickWeighted(g.random, feesINR) * 100)
	d.quality = 3.6 + 1.3*math.Sqrt(g.Float64())
	d.minutes = pickWeighted(g.random, []weighted[int]{{15, 45}, {20, 25}, {30, 30}})
	for weekday := range d.weekdays {
		d.weekdays[weekday] = g.chance(0.9)
	}
	d.weekdays[time.Sunday] = g.chance(0.45)
	d.weekdays[1+g.IntN(5)] = true
	if g.chance(0.08) {
		d.group = 1 + g.IntN(6)
	}
	occupied := 0.5 + 0.35*min(1, demand/10) + g.Float64()*0.1 // popular doctors have few free slots
	most := len(d.hours) * 60 / d.minutes
	d.slots = min(most, int(math.Ceil(d.onWorkingDay()/occupied)))
	return d
}

// onWorkingDay returns how many seats are booked on an average day on which the doctor works.
func (d *physician) onWorkingDay() float64 {
	sum := 0.0
	for weekday, works := range d.weekdays {
		if works {
			sum += weekdays[weekday]
		}
	}
	return d.demand * 7 / sum
}

// decision is what an administrator decided about an application; one without a time waits.
type decision struct {
	approved bool
	at       time.Time
	reason   string // of a refusal
}

// addDoctor adds the rows of a doctor who applied. One who isn't approved waits, or was refused.
func (g *generator) addDoctor(d *physician, approved bool) error {
	name, gender := g.nameAndGender()
	home := pickWeighted(g.random, places)
	if err := g.signUp(d.person, doctorEmail(d.number), "Dr. "+name, gender, home); err != nil {
		return err
	}
	at := d.created.Add(g.between(5*time.Minute, 10*time.Minute))
	g.session(d.person, at)
	at = at.Add(g.between(2*time.Minute, 20*time.Minute))
	g.audit(at, g.request(d.person, at), "doctor.apply", "doctor", d.id.String(), "")
	decided, action, mail := decision{approved: approved}, "", ""
	switch {
	case approved:
		decided.at, action, mail = d.approved, "doctor.approve", "doctor-approved"
	case g.chance(0.3):
		decided.at = at.Add(g.between(time.Hour, 12*time.Hour))
		decided.reason = "The registration could not be confirmed."
		action, mail = "doctor.withdraw", "doctor-application-refused" // a refusal has the action of a withdrawal
	}
	if action != "" {
		g.audit(decided.at, g.request(g.admin, decided.at), action, "doctor", d.id.String(),
			`"changed":["isApproved"]`)
		g.mail(decided.at, d.id, mail)
	}
	g.doctorRow(d, name, home, at, decided)
	return nil
}

func (g *generator) doctorRow(d *physician, name string, home place, applied time.Time, decided decision) {
	specialization := pickWeighted(g.random, specializations)
	registration := registrationNumber(home.city, d.number)
	key := doctor.RegistrationKey(registration)
	if decided.reason != "" { // a refusal frees the number
		key = ""
	}
	spoken := []string{"en", home.language}
	if home.language != "hi" && g.chance(0.6) {
		spoken = append(spoken, "hi")
	}
	updated := applied
	if decided.at.After(updated) {
		updated = decided.at
	}
	t := g.batch.doctors
	t.row()
	t.id(d.id)
	t.id(d.id)
	t.text(specialization)
	t.int32(1 + g.IntN(35))
	t.text(registration)
	t.optionalText(key)
	if g.chance(0.7) {
		t.text(name + " Ayurveda, " + home.city)
	} else {
		t.null()
	}
	t.amount(d.fee)
	t.text(currency)
	t.texts(spoken)
	t.text("Practises " + specialization + " in " + home.city + ".")
	t.bool(decided.approved)
	t.optionalText(decided.reason)
	t.time(decided.at)
	t.time(applied)
	t.time(updated)
}

// slot is a time of a doctor's calendar.
type slot struct {
	id         uuid.UUID
	doctor     *physician
	start, end time.Time
	created    time.Time
	seats      int
	demand     float64 // the probability that a seat is booked
}

// opening is a slot of the day before it has its rows: the doctor, and minutes after midnight.
type opening struct {
	doctor          *physician
	minute, minutes int
	seats           int
	demand          float64
}

// openings returns the slots of a day by their hours. A slot never crosses an hour, and a doctor never has two at a
// time.
func (g *generator) openings(n int) (hours [24][]opening) {
	weekday := g.plan.first.AddDate(0, 0, n).Weekday()
	growth := g.plan.growth(n)
	for _, d := range g.doctors {
		if !d.weekdays[weekday] || n < d.firstDay || g.chance(0.02) { // away for a day
			continue
		}
		busy := weekdays[weekday] * growth
		inHour := 60 / d.minutes
		count := min(int(math.Round(float64(d.slots)*busy)), len(d.hours)*inHour)
		count = max(count, 1)
		demand := min(0.97, d.onWorkingDay()*busy/float64(count))
		for i := range count {
			hour := d.hours[i/inHour]
			hours[hour] = append(hours[hour], opening{d, hour*60 + i%inHour*d.minutes, d.minutes, 1, demand})
		}
		if d.group == int(weekday) {
			hours[groupHour] = append(hours[groupHour], opening{d, groupHour * 60, 60, 4 + g.IntN(5), 0.6})
		}
	}
	for hour := range hours {
		slices.SortStableFunc(hours[hour], func(a, b opening) int { return a.minute - b.minute })
	}
	return hours
}
