package seed

import (
	"math"
	"time"
)

// fullSize is the number of consultations at scale 1: 100,000 on a working day.
const fullSize = 36_500_000

// india is the time zone of the clinics. It has no summer time.
var india = time.FixedZone("IST", 5*3600+1800)

const (
	day = 24 * time.Hour
	// ahead is how far the calendar reaches beyond the base date.
	ahead = 14
	// doctorsAtFullSize are those with bookings.
	doctorsAtFullSize = 20_000
	fewestDoctors     = 8
	// joinLater is the part of the doctors that join during the year, but none of the most popular.
	joinLater = 0.3
	// perSeat is how many consultations a booked seat has on average: who cancels makes room for another.
	perSeat = 1.16
)

// plan says when the year is and how much happens in it.
type plan struct {
	seed  uint64
	total int       // consultations, about
	base  time.Time // nothing is later, except the calendar
	first time.Time // the first day's midnight in India
	days  int       // of the calendar
	past  int       // days until the base date
}

// baseHour is when the base date's data end: in the morning of India, when doctors are busy.
const baseHour = 5

// LatestBase returns the latest base date whose data don't reach beyond now.
func LatestBase(now time.Time) time.Time {
	return now.UTC().Add(-baseHour * time.Hour).Truncate(day)
}

func newPlan(o Options) plan {
	p := plan{seed: o.Seed, total: int(math.Round(o.Scale * fullSize))}
	p.base = o.Until.UTC().Truncate(day).Add(baseHour * time.Hour)
	local := p.base.AddDate(0, -o.Months, 0).In(india)
	p.first = time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, india)
	p.past = int(p.base.Sub(p.first) / day)
	p.days = p.past + 1 + ahead
	return p
}

// growth is how busy a day is, compared with the average: more people come from month to month.
func (p plan) growth(n int) float64 { return 0.85 + 0.3*float64(min(n, p.past))/float64(p.past) }

// weekdays is how busy they are, from Sunday on: fewer doctors work on Sundays too.
var weekdays = [7]float64{0.6, 1.15, 1.05, 1, 1, 1.05, 1.1}

// doctorCount returns how many doctors have bookings.
func (p plan) doctorCount() int {
	return max(fewestDoctors, int(math.Round(float64(p.total)/fullSize*doctorsAtFullSize)))
}

// mostADay is how many bookings the most popular doctor has on an average day.
const mostADay = 24

// demand returns how many seats of each doctor are booked on an average day: few doctors have most of them (Zipf's
// law), but nobody has more than a day holds.
func (p plan) demand() []float64 {
	all := make([]float64, p.doctorCount())
	want := float64(p.total) / perSeat / float64(p.past)
	fill := func(factor float64) (sum float64) {
		for i := range all {
			all[i] = min(mostADay, factor/math.Pow(float64(i)+3, 0.8))
			present := 1.0
			if i >= fewestDoctors {
				present = 1 - joinLater/2
			}
			sum += all[i] * present
		}
		return sum
	}
	low, high := 0.0, want*math.Pow(float64(len(all))+3, 0.8)
	for range 60 {
		if middle := (low + high) / 2; fill(middle) < want {
			low = middle
		} else {
			high = middle
		}
	}
	return all
}
