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

// Summarize counts a period in one statement, so that the figures agree with each other.
func Summarize(ctx context.Context, r *postgres.Read, _ access.Actor, in PeriodIn) (Summary, error) {
	p, err := in.period(r.Now)
	if err != nil {
		return Summary{}, err
	}
	// A plan for any period doesn't know how many rows are in it: the primary key would look better than the index
	// that needs no table.
	rows, err := summarize(ctx, postgres.ForValues(r), summarizeParams{
		LowestID: postgres.IDsFrom(p.begin.Add(-idLag)), HighestID: postgres.IDsFrom(p.end.Add(idLag)),
		FromTime: p.begin, ToTime: p.end,
	})
	if err != nil {
		return Summary{}, err
	}
	return p.summary(rows), nil
}

func (p period) summary(rows []summarizeRow) Summary {
	out := Summary{From: p.from, To: p.to, Timezone: p.zone}
	c := &out.Consultations
	c.ByStatus = map[string]int64{"REQUESTED": 0, "CONFIRMED": 0, "IN_PROGRESS": 0, "COMPLETED": 0, "CANCELLED": 0,
		"NO_SHOW": 0}
	c.CancelledBy = map[string]int64{"PATIENT": 0, "DOCTOR": 0, "SUPPORT": 0, "ADMIN": 0, "SYSTEM": 0}
	due := map[string]int64{}
	single := map[string]int64{}
	captured, refunded := map[string]money.Amount{}, map[string]money.Amount{}
	for _, row := range rows {
		switch row.Figure {
		case "booked":
			c.ByStatus[row.Label] = row.N
			c.Booked += row.N
		case "due":
			due[row.Label] = row.N
			out.Slots.SeatsTaken += row.N
		case "cancelled":
			c.CancelledBy[row.Label] = row.N
			c.Cancelled += row.N
		case "captured":
			captured[row.Label] = row.Amount
		case "refunded":
			refunded[row.Label] = row.Amount
		default:
			single[row.Figure] = row.N
		}
	}
	c.Completed, c.NoShows = due["COMPLETED"], due["NO_SHOW"]
	c.CompletionRate = rate(c.Completed, c.Completed+c.Cancelled+c.NoShows)
	if n := single["started"]; n > 0 {
		average := (single["waited seconds"] + n/2) / n
		c.AverageSecondsToStart = &average
	}
	out.People = People{NewPatients: single["new patients"], NewDoctors: single["new doctors"],
		ApprovedDoctors: single["approved doctors"]}
	out.Slots.Offered, out.Slots.SeatsOffered = single["slots"], single["seats"]
	out.Slots.Utilization = rate(out.Slots.SeatsTaken, out.Slots.SeatsOffered)
	out.Revenue = revenue(captured, refunded)
	return out
}

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
		in, back := captured[currency], refunded[currency]
		all = append(all, Revenue{Currency: currency, Captured: in.String(), Refunded: back.String(),
			Net: (in - back).String()})
	}
	return all
}

// rate is part of whole to 4 places, or nil when there is no whole.
func rate(part, whole int64) *float64 {
	if whole == 0 {
		return nil
	}
	r := math.Round(float64(part)/float64(whole)*1e4) / 1e4
	return &r
}
