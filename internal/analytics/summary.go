package analytics

import (
	"context"
	"maps"
	"math"
	"slices"

	"amrutam/internal/access"
	"amrutam/internal/money"
	"amrutam/internal/postgres"
)

// Summarize returns the figures of a period.
func Summarize(ctx context.Context, r *postgres.Read, _ access.Actor, in ReportRequest) (Summary, error) {
	p, err := in.parse(r.Now)
	if err != nil {
		return Summary{}, err
	}
	periods := p.compared(in.CompareRequest)
	f, err := readFigures(ctx, r, sources, spansOf(periods))
	if err != nil {
		return Summary{}, err
	}
	out := Summary{PeriodFigures: periodFigures(p, f, 0), CompleteUntil: f.completeUntil}
	if len(periods) > 1 {
		previous := periodFigures(periods[1], f, 1)
		out.Previous = &previous
	}
	if out.Users, err = readUsers(ctx, r); err != nil {
		return Summary{}, err
	}
	doctors, err := readDoctors(ctx, r)
	out.Doctors = Doctors{Approved: doctors.Approved, Waiting: doctors.Waiting, Ratings: doctors.Ratings,
		AverageRating: mean(doctors.Stars, doctors.Ratings)}
	return out, err
}

// readUsers returns how many users there are of each role.
func readUsers(ctx context.Context, r *postgres.Read) (map[string]int64, error) {
	totals, err := readTotals(ctx, r, sourceUsers)
	users := map[string]int64{}
	for _, role := range []access.Role{access.RolePatient, access.RoleDoctor, access.RoleSupport, access.RoleAdmin} {
		users[string(role)] = totals[string(role)]
	}
	return users, err
}

// due are the consultations that start in a part of a report.
type due struct {
	completed, cancelled, noShows, taken int64
	cancelledBy, absent                  map[string]int64
}

func (f figures) due(part int) due {
	d := due{
		cancelledBy: map[string]int64{"PATIENT": 0, "DOCTOR": 0, "SUPPORT": 0, "ADMIN": 0, "SYSTEM": 0},
		absent:      map[string]int64{"PATIENT": 0, "DOCTOR": 0},
	}
	f.labels(part, sourceDue, func(label string, n int64) {
		status, cause, _, isConsultation := parseDueLabel(label)
		switch {
		case !isConsultation:
			return
		case status == "CANCELLED":
			d.cancelled += n
			d.cancelledBy[cause] += n
			return
		case status == "COMPLETED":
			d.completed += n
		case status == "NO_SHOW":
			d.noShows += n
			d.absent[cause] += n
		}
		d.taken += n
	})
	return d
}

// periodFigures returns the figures of one part.
func periodFigures(p period, f figures, part int) PeriodFigures {
	out := PeriodFigures{From: p.firstDay(), To: p.lastDay(), Timezone: p.zone.String()}
	c := &out.Consultations
	c.ByStatus = map[string]int64{
		"REQUESTED": 0, "CONFIRMED": 0, "IN_PROGRESS": 0, "COMPLETED": 0, "CANCELLED": 0, "NO_SHOW": 0,
	}
	f.labels(part, sourceBooked, func(status string, n int64) {
		c.ByStatus[status] = n
		c.Booked += n
	})
	d := f.due(part)
	c.Completed, c.Cancelled, c.CancelledBy, c.NoShows = d.completed, d.cancelled, d.cancelledBy, d.noShows
	c.CompletionRate = ratio(c.Completed, c.Completed+c.Cancelled+c.NoShows)
	if n := f.get(part, sourceDue, labelStarted); n > 0 {
		average := (f.get(part, sourceDue, labelWaited) + n*500_000) / (n * 1_000_000)
		c.AverageSecondsToStart = &average
	}
	out.People = People{
		NewPatients: f.get(part, sourceUsers, "PATIENT") + f.get(part, sourceUsers, "PATIENT"+deletedSuffix),
		NewDoctors:  f.get(part, sourceUsers, "DOCTOR") + f.get(part, sourceUsers, "DOCTOR"+deletedSuffix),

		ApprovedDoctors: f.get(part, sourceApprovals, labelAll),
	}
	out.Slots = Slots{
		Offered:      f.get(part, sourceSlots, labelSlots),
		SeatsOffered: f.get(part, sourceSlots, labelSeats),
		SeatsTaken:   d.taken,
	}
	out.Slots.Utilization = ratio(out.Slots.SeatsTaken, out.Slots.SeatsOffered)
	captured, refunded := map[string]money.Amount{}, map[string]money.Amount{}
	f.labels(part, sourceCaptured, func(currency string, n int64) { captured[currency] = money.Amount(n) })
	f.labels(part, sourceRefunded, func(currency string, n int64) { refunded[currency] = money.Amount(n) })
	out.Revenue = revenue(captured, refunded)
	return out
}

// revenue returns one entry for each currency in which money was captured or refunded, by its code.
func revenue(captured, refunded map[string]money.Amount) []Revenue {
	currencies := map[string]bool{}
	for currency := range captured {
		currencies[currency] = true
	}
	for currency := range refunded {
		currencies[currency] = true
	}
	all := []Revenue{}
	for _, currency := range slices.Sorted(maps.Keys(currencies)) {
		net := captured[currency] - refunded[currency]
		all = append(all, Revenue{
			Currency: currency,
			Captured: captured[currency].String(),
			Refunded: refunded[currency].String(),
			Net:      net.String(),
		})
	}
	return all
}

// mean returns sum divided by n, to 2 places, or nil if n is zero.
func mean(sum, n int64) *float64 {
	if n == 0 {
		return nil
	}
	m := math.Round(float64(sum)/float64(n)*100) / 100
	return &m
}

// ratio returns part divided by whole, to 4 places, or nil if whole is zero.
func ratio(part, whole int64) *float64 {
	if whole == 0 {
		return nil
	}
	r := math.Round(float64(part)/float64(whole)*1e4) / 1e4
	return &r
}
