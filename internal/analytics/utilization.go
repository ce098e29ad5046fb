package analytics

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
)

// UtilizationRequest asks for the doctors of a period.
type UtilizationRequest struct {
	ReportRequest
	LimitRequest
}

// LimitRequest asks for the first rows of a report.
type LimitRequest struct {
	Limit int `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many items at most" example:"100"`
}

// DoctorUtilization says how much of doctors' time was booked.
type DoctorUtilization struct {
	_ struct{} `doc:"How much of doctors' time was booked"`

	Utilization

	CompleteUntil *time.Time    `json:"completeUntil" format:"date-time" doc:"Every change until this instant is counted; null while the first count is under way" example:"2026-11-23T18:00:00Z"`
	Items         []DoctorUsage `json:"items" doc:"The doctors who offered or gave time, the best used first; as many as limit"`
	Previous      *Utilization  `json:"previous,omitempty" doc:"With compare: the sums of the period before"`
}

// Utilization has the sums of a period. A minute of a slot counts once for each seat.
type Utilization struct {
	_ struct{} `doc:"The sums of a period. A minute of a slot counts once for each of its seats"`

	From           string   `json:"from" format:"date" doc:"The first day" example:"2026-10-25"`
	To             string   `json:"to" format:"date" doc:"The last day" example:"2026-11-23"`
	Timezone       string   `json:"timezone" doc:"The IANA time zone whose days these are" example:"Asia/Kolkata"`
	Doctors        int64    `json:"doctors" doc:"Doctors who offered or gave time" example:"42"`
	OfferedMinutes int64    `json:"offeredMinutes" doc:"Minutes of the slots that start in the period and are not BLOCKED, times their seats" example:"4800"`
	BookedMinutes  int64    `json:"bookedMinutes" doc:"Minutes of the consultations that start in the period and are not CANCELLED" example:"3240"`
	Utilization    *float64 `json:"utilization" doc:"bookedMinutes divided by offeredMinutes, to 4 places; null when nothing was offered" example:"0.675"`
}

// DoctorUsage has the time of a doctor.
type DoctorUsage struct {
	_ struct{} `doc:"The time of a doctor"`

	DoctorID            uuid.UUID `json:"doctorId" format:"uuid" doc:"The doctor"`
	DoctorName          *string   `json:"doctorName" nullable:"true" doc:"The doctor's name; null when the account is deleted"`
	Specialization      string    `json:"specialization" doc:"The doctor's field now" example:"Panchakarma"`
	OfferedMinutes      int64     `json:"offeredMinutes" doc:"Minutes offered, times seats" example:"600"`
	BookedMinutes       int64     `json:"bookedMinutes" doc:"Minutes booked" example:"450"`
	Utilization         *float64  `json:"utilization" doc:"bookedMinutes divided by offeredMinutes, to 4 places; null when nothing was offered" example:"0.75"`
	PreviousUtilization *float64  `json:"previousUtilization,omitempty" doc:"With compare: that of the period before; left out when nothing was offered then" example:"0.7"`
}

// usage is a doctor's time in seconds.
type usage struct {
	doctor          uuid.UUID
	offered, booked int64
}

// ReadUtilization returns how much of doctors' time was booked in a period.
func ReadUtilization(ctx context.Context, r *postgres.Read, _ access.Actor, in UtilizationRequest) (DoctorUtilization,
	error) {
	p, err := in.parse(r.Now)
	if err != nil {
		return DoctorUtilization{}, err
	}
	periods := p.compared(in.CompareRequest)
	until, err := readState(ctx, r)
	if err != nil {
		return DoctorUtilization{}, err
	}
	parts := make([][]usage, len(periods))
	if err := readUsages(ctx, r, spansOf(periods), parts); err != nil {
		return DoctorUtilization{}, err
	}
	out := DoctorUtilization{Utilization: p.utilization(parts[0]), CompleteUntil: until, Items: []DoctorUsage{}}
	before := map[uuid.UUID]usage{}
	if len(periods) > 1 {
		sums := periods[1].utilization(parts[1])
		out.Previous = &sums
		for _, u := range parts[1] {
			before[u.doctor] = u
		}
	}
	all := parts[0]
	slices.SortFunc(all, compareUsage)
	all = all[:min(in.Limit, len(all))]
	ids := make([]uuid.UUID, len(all))
	for i, u := range all {
		ids[i] = u.doctor
	}
	rows, err := listDoctors(ctx, r, ids)
	if err != nil {
		return DoctorUtilization{}, err
	}
	doctors := map[uuid.UUID]listDoctorsRow{}
	for _, row := range rows {
		doctors[row.ID] = row
	}
	for _, u := range all {
		last := before[u.doctor]
		out.Items = append(out.Items, DoctorUsage{
			DoctorID: u.doctor, DoctorName: doctors[u.doctor].FullName,
			Specialization: doctors[u.doctor].Specialization,
			OfferedMinutes: minutes(u.offered), BookedMinutes: minutes(u.booked),
			Utilization: ratio(u.booked, u.offered), PreviousUtilization: ratio(last.booked, last.offered),
		})
	}
	return out, nil
}

// compareUsage sorts the best used first, and who offered nothing last.
func compareUsage(a, b usage) int {
	share := func(u usage) float64 {
		if u.offered == 0 {
			return -1
		}
		return float64(u.booked) / float64(u.offered)
	}
	return cmp.Or(cmp.Compare(share(b), share(a)), cmp.Compare(b.offered, a.offered),
		slices.Compare(a.doctor[:], b.doctor[:]))
}

func (p period) utilization(all []usage) Utilization {
	out := Utilization{From: p.firstDay(), To: p.lastDay(), Timezone: p.zone.String(), Doctors: int64(len(all))}
	var offered, booked int64
	for _, u := range all {
		offered += u.offered
		booked += u.booked
	}
	out.OfferedMinutes, out.BookedMinutes = minutes(offered), minutes(booked)
	out.Utilization = ratio(booked, offered)
	return out
}

func minutes(seconds int64) int64 { return int64(math.Round(float64(seconds) / 60)) }

// readUsages reads the time of every doctor in each span: the sums of its months, and of the whole days and parts of
// days by which it has more or less than these.
func readUsages(ctx context.Context, r *postgres.Read, spans []span, parts [][]usage) error {
	var in sumDoctorsParams
	for i, s := range spans {
		addMonths(&in, int32(i), s)
	}
	rows, err := sumDoctors(ctx, postgres.ForValues(r), in)
	for _, row := range rows {
		parts[row.Part] = append(parts[row.Part], usage{row.DoctorID, row.Offered, row.Booked})
	}
	return err
}

// addMonths adds a span: of a month that it has most of, the month less the rest, and of another one the days.
func addMonths(in *sumDoctorsParams, part int32, s span) {
	month := startOfDay(s.begin)
	for month = month.AddDate(0, 0, 1-month.Day()); month.Before(s.end); month = month.AddDate(0, 1, 0) {
		next := month.AddDate(0, 1, 0)
		inside := span{
			slices.MaxFunc([]time.Time{month, s.begin}, time.Time.Compare),
			slices.MinFunc([]time.Time{next, s.end}, time.Time.Compare),
		}
		if 2*inside.end.Sub(inside.begin) < next.Sub(month) {
			addDays(in, part, 1, inside)
			continue
		}
		in.Months, in.MonthParts = append(in.Months, month), append(in.MonthParts, part)
		addDays(in, part, -1, span{month, inside.begin})
		addDays(in, part, -1, span{inside.end, next})
	}
}

// addDays adds the days and the parts of days of a span, or subtracts them if the sign is -1.
func addDays(in *sumDoctorsParams, part, sign int32, s span) {
	for day := startOfDay(s.begin); day.Before(s.end); day = day.Add(dayLength) {
		begin, end := daySegment(day, s)
		if begin == 0 && end == dayQuarters {
			in.Days, in.DayParts = append(in.Days, day), append(in.DayParts, part)
			in.DaySigns = append(in.DaySigns, sign)
			continue
		}
		in.Edges, in.EdgeParts = append(in.Edges, day), append(in.EdgeParts, part)
		in.EdgeSigns = append(in.EdgeSigns, sign)
		in.Begins = append(in.Begins, int32(begin)) //nolint:gosec // to 96
		in.Ends = append(in.Ends, int32(end))       //nolint:gosec // to 96
	}
}
