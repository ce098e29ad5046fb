package analytics

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
)

// FreeSlotRequest asks for the time to the first free slot.
type FreeSlotRequest struct {
	httpapi.FormatRequest
}

// TimeToFirstFreeSlot says how long patients must wait for a free slot now.
type TimeToFirstFreeSlot struct {
	_ struct{} `doc:"How long patients must wait for a free slot now"`

	CompleteUntil time.Time      `json:"completeUntil" format:"date-time" doc:"The instant from which the time is measured: free slots of the past aren't kept" example:"2026-11-23T18:00:00Z"`
	All           FreeSlotWait   `json:"all" doc:"All doctors whom patients can book"`
	Items         []FreeSlotWait `json:"items" doc:"By the doctors' specialization, the shortest wait first"`
}

// FreeSlotWait says how long the wait for the doctors of a specialization is.
type FreeSlotWait struct {
	_ struct{} `doc:"How long the wait for some doctors is"`

	Specialization *string `json:"specialization" doc:"The doctors' field; null for all doctors" example:"Panchakarma"`
	Doctors        int64   `json:"doctors" doc:"Doctors whom patients can book" example:"12"`
	FullyBooked    int64   `json:"fullyBooked" doc:"Those of them without a free slot" example:"2"`
	FirstSeconds   *int64  `json:"firstSeconds" doc:"Until the first free slot of any of them; null when there is none" example:"5400"`
	MedianSeconds  *int64  `json:"medianSeconds" doc:"Until the first free slot of the middle one of those who have one: half of them are free earlier" example:"93600"`
}

// ReadFirstFreeSlots returns how long patients must wait for a free slot now.
func ReadFirstFreeSlots(ctx context.Context, r *postgres.Read, _ access.Actor, _ FreeSlotRequest) (TimeToFirstFreeSlot,
	error) {
	rows, err := listFirstFreeSlots(ctx, postgres.ForValues(r), r.Now)
	if err != nil {
		return TimeToFirstFreeSlot{}, err
	}
	byLabel := map[string][]listFirstFreeSlotsRow{}
	for _, row := range rows {
		byLabel[row.Label] = append(byLabel[row.Label], row)
	}
	out := TimeToFirstFreeSlot{CompleteUntil: r.Now, All: waitOf(rows, r.Now), Items: []FreeSlotWait{}}
	for _, of := range byLabel {
		wait := waitOf(of, r.Now)
		wait.Specialization = new(commonest(of))
		out.Items = append(out.Items, wait)
	}
	slices.SortFunc(out.Items, func(a, b FreeSlotWait) int {
		const none = int64(1) << 62
		return cmp.Or(cmp.Compare(seconds(a.MedianSeconds, none), seconds(b.MedianSeconds, none)),
			strings.Compare(*a.Specialization, *b.Specialization))
	})
	return out, nil
}

// waitOf returns how long the wait for some doctors is.
func waitOf(rows []listFirstFreeSlotsRow, now time.Time) FreeSlotWait {
	out := FreeSlotWait{Doctors: int64(len(rows))}
	var waits []int64
	for _, row := range rows {
		if !row.First.After(now) {
			out.FullyBooked++
			continue
		}
		waits = append(waits, int64(row.First.Sub(now)/time.Second))
	}
	if len(waits) > 0 {
		slices.Sort(waits)
		out.FirstSeconds, out.MedianSeconds = &waits[0], &waits[(len(waits)-1)/2]
	}
	return out
}

// commonest returns the spelling that most doctors use, the first one in the alphabet of several.
func commonest(rows []listFirstFreeSlotsRow) string {
	counts := map[string]int{}
	best := ""
	for _, row := range rows {
		counts[row.Specialization]++
	}
	for spelling, n := range counts {
		if n > counts[best] || n == counts[best] && spelling < best {
			best = spelling
		}
	}
	return best
}

func seconds(of *int64, otherwise int64) int64 {
	if of == nil {
		return otherwise
	}
	return *of
}
