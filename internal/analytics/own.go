package analytics

import (
	"cmp"
	"context"
	"slices"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/money"
	"amrutam/internal/postgres"
)

// OwnFigures has a doctor's own figures of a period, and the rating of now.
type OwnFigures struct {
	_ struct{} `doc:"A doctor's own figures of a period, and the rating of now"`

	OwnPeriod

	Rating   *float64   `json:"rating" doc:"The mean of all ratings there are now, to 2 places, whatever the period; null when there is none" example:"4.61"`
	Ratings  int64      `json:"ratings" doc:"How many ratings these are: those that were found false don't count" example:"31"`
	Previous *OwnPeriod `json:"previous,omitempty" doc:"With compare: the figures of the period before"`
}

// OwnPeriod has the figures of a period, and of each of its days.
type OwnPeriod struct {
	_ struct{} `doc:"A doctor's own figures of a period, and of each of its days"`

	From     string `json:"from" format:"date" doc:"The first day" example:"2026-10-25"`
	To       string `json:"to" format:"date" doc:"The last day" example:"2026-11-23"`
	Timezone string `json:"timezone" doc:"The IANA time zone whose days these are" example:"Asia/Kolkata"`
	Figures
	NoShowRate  *float64 `json:"noShowRate" doc:"noShows divided by completed and noShows together, to 4 places; null when there is none" example:"0.0341"`
	Utilization *float64 `json:"utilization" doc:"seatsTaken divided by seatsOffered, to 4 places; null when no seat was offered" example:"0.675"`
	Items       []OwnDay `json:"items" doc:"Every day, in order"`
}

// OwnDay has the figures of a day.
type OwnDay struct {
	_ struct{} `doc:"A doctor's own figures of a day"`

	Day string `json:"day" format:"date" doc:"The day" example:"2026-11-23"`
	Figures
}

// Figures counts the consultations and slots that start in a time.
type Figures struct {
	_ struct{} `doc:"The consultations and slots that start in a time"`

	Booked       int64    `json:"booked" doc:"Consultations, whenever they were booked, and whatever came of them" example:"12"`
	Open         int64    `json:"open" doc:"Those that can still become completed" example:"2"`
	Completed    int64    `json:"completed" doc:"COMPLETED" example:"7"`
	Cancelled    int64    `json:"cancelled" doc:"CANCELLED" example:"2"`
	CancelledBy  Losses   `json:"cancelledBy" doc:"The cancelled ones by who did it: the numbers add up to cancelled"`
	NoShows      int64    `json:"noShows" doc:"NO_SHOW" example:"1"`
	Absent       Absences `json:"absent" doc:"The missed ones by who was absent"`
	SeatsOffered int64    `json:"seatsOffered" doc:"Seats of the slots that are not BLOCKED" example:"16"`
	SeatsTaken   int64    `json:"seatsTaken" doc:"Consultations that are not CANCELLED" example:"10"`
	Fees         []Fees   `json:"fees" doc:"The money of these consultations, whenever it came or went back: one entry a currency in which something was paid, by its code"`
}

// Fees is the money of consultations in one currency.
type Fees struct {
	_ struct{} `doc:"The money of consultations in one currency"`

	Currency string       `json:"currency" doc:"ISO 4217 currency code" example:"INR"`
	Paid     money.Amount `json:"paid" doc:"What patients paid" example:"6000.00"`
	Refunded money.Amount `json:"refunded" doc:"What was given back of it; not what is still under way" example:"500.00"`
	Net      money.Amount `json:"net" doc:"paid less refunded" example:"5500.00"`
}

// ReadOwn returns the doctor's own figures of a period.
func ReadOwn(ctx context.Context, r *postgres.Read, actor access.Actor, in ReportRequest) (OwnFigures, error) {
	p, err := in.parse(r.Now)
	if err != nil {
		return OwnFigures{}, err
	}
	first := p
	if in.Compare != "" {
		first = p.previous()
	}
	all := period{first.from, p.to, p.zone}
	days, err := readOwnDays(ctx, r, actor, all)
	if err != nil {
		return OwnFigures{}, err
	}
	begin := len(days) - p.dayCount()
	out := OwnFigures{OwnPeriod: p.own(days[begin:])}
	if begin > 0 {
		before := first.own(days[:begin])
		out.Previous = &before
	}
	rating, err := readRatingOfDoctor(ctx, r, actor.ID)
	if postgres.NoRows(err) {
		return out, nil
	}
	out.Ratings = int64(rating.RatingCount)
	out.Rating = mean(int64(rating.RatingSum), out.Ratings)
	return out, err
}

// readOwnDays returns every day of a period. Whatever starts in it belongs to one of the days.
func readOwnDays(ctx context.Context, r *postgres.Read, actor access.Actor, p period) ([]OwnDay, error) {
	days := make([]OwnDay, p.dayCount())
	begins := make([]time.Time, len(days))
	for n := range days {
		day := p.day(n)
		days[n] = OwnDay{Day: day.firstDay(), Figures: Figures{Fees: []Fees{}}}
		begins[n] = day.span().begin
	}
	whole := p.span()
	db := postgres.ForValues(r) // the best plan depends on how long the period is
	visits, err := countVisitsOfDoctor(ctx, db, countVisitsOfDoctorParams{
		Begins: begins, Doctor: actor.ID, Since: whole.begin, Until: whole.end})
	if err != nil {
		return nil, err
	}
	for _, v := range visits {
		days[v.Nth-1].addVisits(v)
	}
	seats, err := countSeatsOfDoctor(ctx, db, countSeatsOfDoctorParams{
		Begins: begins, Doctor: actor.ID, Since: whole.begin, Until: whole.end})
	for _, s := range seats {
		days[s.Nth-1].SeatsOffered += s.Seats
	}
	return days, err
}

// own returns a period with its days and their sum.
func (p period) own(days []OwnDay) OwnPeriod {
	out := OwnPeriod{From: p.firstDay(), To: p.lastDay(), Timezone: p.zone.String(), Items: days,
		Figures: Figures{Fees: []Fees{}}}
	for _, d := range days {
		out.add(d.Figures)
	}
	out.NoShowRate = ratio(out.NoShows, out.Completed+out.NoShows)
	out.Utilization = ratio(out.SeatsTaken, out.SeatsOffered)
	return out
}

// addVisits adds consultations that ended alike.
func (f *Figures) addVisits(v countVisitsOfDoctorRow) {
	add := Figures{Booked: v.N}
	switch v.Status {
	case "COMPLETED":
		add.Completed = v.N
	case "CANCELLED":
		add.Cancelled = v.N
		add.CancelledBy.add(v.Cause, v.N)
	case "NO_SHOW":
		add.NoShows = v.N
		add.Absent.add(v.Cause, v.N)
	default:
		add.Open = v.N
	}
	add.SeatsTaken = v.N - add.Cancelled
	if v.Paid > 0 {
		add.Fees = []Fees{{Currency: v.Currency, Paid: v.Paid, Refunded: v.Refunded, Net: v.Paid - v.Refunded}}
	}
	f.add(add)
}

func (f *Figures) add(other Figures) {
	f.Booked += other.Booked
	f.Open += other.Open
	f.Completed += other.Completed
	f.Cancelled += other.Cancelled
	f.CancelledBy.Patient += other.CancelledBy.Patient
	f.CancelledBy.Doctor += other.CancelledBy.Doctor
	f.CancelledBy.Staff += other.CancelledBy.Staff
	f.CancelledBy.System += other.CancelledBy.System
	f.NoShows += other.NoShows
	f.Absent.Patient += other.Absent.Patient
	f.Absent.Doctor += other.Absent.Doctor
	f.SeatsOffered += other.SeatsOffered
	f.SeatsTaken += other.SeatsTaken
	for _, fees := range other.Fees {
		i, found := slices.BinarySearchFunc(f.Fees, fees.Currency,
			func(f Fees, currency string) int { return cmp.Compare(f.Currency, currency) })
		if !found {
			f.Fees = slices.Insert(f.Fees, i, Fees{Currency: fees.Currency})
		}
		f.Fees[i].Paid += fees.Paid
		f.Fees[i].Refunded += fees.Refunded
		f.Fees[i].Net += fees.Net
	}
}

// FileName is the beginning of the file's name.
func (o OwnFigures) FileName() string { return "figures-" + o.From + "-" + o.To }

// Table has a row for each day, those of the period before first, and one more for each further currency of a day.
func (o OwnFigures) Table() [][]string {
	rows := [][]string{{"day", "timezone", "booked", "open", "completed", "cancelled", "cancelledByPatient",
		"cancelledByDoctor", "cancelledByStaff", "cancelledBySystem", "noShows", "absentPatient", "absentDoctor",
		"seatsOffered", "seatsTaken", "currency", "paid", "refunded", "net"}}
	add := func(p OwnPeriod) {
		for _, d := range p.Items {
			row := []string{d.Day, p.Timezone}
			for _, n := range []int64{d.Booked, d.Open, d.Completed, d.Cancelled, d.CancelledBy.Patient,
				d.CancelledBy.Doctor, d.CancelledBy.Staff, d.CancelledBy.System, d.NoShows, d.Absent.Patient,
				d.Absent.Doctor, d.SeatsOffered, d.SeatsTaken} {
				row = append(row, number(n))
			}
			if len(d.Fees) == 0 {
				rows = append(rows, append(row, "", "", "", ""))
			}
			for i, f := range d.Fees {
				if i > 0 {
					row = append([]string{d.Day, p.Timezone}, make([]string, len(row)-2)...)
				}
				rows = append(rows, append(row, f.Currency, f.Paid.String(), f.Refunded.String(), f.Net.String()))
			}
		}
	}
	if o.Previous != nil {
		add(*o.Previous)
	}
	add(o.OwnPeriod)
	return rows
}
