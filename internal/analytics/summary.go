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

// Summarize returns the figures of a period from one statement, so that they agree with each other.
func Summarize(ctx context.Context, r *postgres.Read, _ access.Actor, in PeriodRequest) (Summary, error) {
	p, err := in.parse(r.Now)
	if err != nil {
		return Summary{}, err
	}
	// A generic plan doesn't know how many rows the period has, and would choose the primary key instead of the index
	// that needs no table.
	rows, err := summarize(ctx, postgres.ForValues(r), summarizeParams{
		LowestID: postgres.IDsFrom(p.begin.Add(-maxIDLag)), HighestID: postgres.IDsFrom(p.end.Add(maxIDLag)),
		FromTime: p.begin, ToTime: p.end,
	})
	if err != nil {
		return Summary{}, err
	}
	return p.summary(rows), nil
}

// summary returns the figures of the statement's rows.
func (p period) summary(rows []summarizeRow) Summary {
	out := Summary{From: p.from, To: p.to, Timezone: p.zone}
	c := &out.Consultations
	c.ByStatus = map[string]int64{
		"REQUESTED": 0, "CONFIRMED": 0, "IN_PROGRESS": 0, "COMPLETED": 0, "CANCELLED": 0, "NO_SHOW": 0,
	}
	c.CancelledBy = map[string]int64{"PATIENT": 0, "DOCTOR": 0, "SUPPORT": 0, "ADMIN": 0, "SYSTEM": 0}
	due := map[string]int64{}    // consultations whose slot starts in the period, by status
	single := map[string]int64{} // figures without a label
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
	c.CompletionRate = ratio(c.Completed, c.Completed+c.Cancelled+c.NoShows)
	if n := single["started"]; n > 0 {
		average := (single["waited seconds"] + n/2) / n
		c.AverageSecondsToStart = &average
	}
	out.People = People{
		NewPatients:     single["new patients"],
		NewDoctors:      single["new doctors"],
		ApprovedDoctors: single["approved doctors"],
	}
	out.Slots.Offered, out.Slots.SeatsOffered = single["slots"], single["seats"]
	out.Slots.Utilization = ratio(out.Slots.SeatsTaken, out.Slots.SeatsOffered)
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

// ratio returns part divided by whole, to 4 places, or nil if whole is zero.
func ratio(part, whole int64) *float64 {
	if whole == 0 {
		return nil
	}
	r := math.Round(float64(part)/float64(whole)*1e4) / 1e4
	return &r
}
