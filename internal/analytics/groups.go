package analytics

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"amrutam/internal/postgres"
)

// minGroup is how many patients a group has at least whose number is shown.
const minGroup = 5

// group is a number of completed consultations; the label says of which specialization or kind of visit.
type group struct {
	label, name   string
	consultations int64
}

// groups are the groups that may be shown, largest first, and the consultations of all others together.
type groups struct {
	shown []group
	other int64
}

// readGroups returns the groups of a kind in each period. Their days are those of UTC, whatever the time zone:
// otherwise the reports of two zones, subtracted, would show a part of a day.
func readGroups(ctx context.Context, r *postgres.Read, kind string, periods []period) ([]groups, *time.Time, error) {
	until, err := readState(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	all := make([]groups, len(periods))
	for i, p := range periods {
		rows, err := listGroups(ctx, postgres.ForValues(r), kind, p.from, p.to)
		if err != nil {
			return nil, nil, err
		}
		all[i] = fold(rows)
	}
	return all, until, nil
}

// fold adds up the groups of the days, which come in order, and folds the small ones. What is folded is decided for
// each day on its own and not for the period, so two reports whose periods differ by a day differ by what that day
// shows.
func fold(rows []listGroupsRow) groups {
	sums := map[string]*group{}
	var out groups
	for len(rows) > 0 {
		length := slices.IndexFunc(rows, func(r listGroupsRow) bool { return !r.Day.Equal(rows[0].Day) })
		if length < 0 {
			length = len(rows)
		}
		shown, other := foldDay(rows[:length])
		out.other += other
		for _, row := range shown {
			if sums[row.Label] == nil {
				sums[row.Label] = &group{label: row.Label}
			}
			sums[row.Label].name = row.Name
			sums[row.Label].consultations += row.Consultations
		}
		rows = rows[length:]
	}
	for _, g := range sums {
		out.shown = append(out.shown, *g)
	}
	slices.SortFunc(out.shown, func(a, b group) int {
		return cmp.Or(cmp.Compare(b.consultations, a.consultations), strings.Compare(a.label, b.label))
	})
	return out
}

// foldDay returns the groups of a day that may be shown, and the consultations of the others. The others are at least
// minGroup patients too, or nobody: a reader who subtracts what is shown from the day's total learns no smaller
// number. The smallest groups go first.
func foldDay(day []listGroupsRow) (shown []listGroupsRow, other int64) {
	shown = slices.Clone(day)
	slices.SortFunc(shown, func(a, b listGroupsRow) int {
		return cmp.Or(cmp.Compare(a.Patients, b.Patients), strings.Compare(a.Label, b.Label))
	})
	var folded int64
	for len(shown) > 0 && (shown[0].Patients < minGroup || other > 0 && folded < minGroup) {
		other += shown[0].Consultations
		folded += shown[0].Patients
		shown = shown[1:]
	}
	return shown, other
}

// limit keeps the first groups and adds the rest to the others.
func (g *groups) limit(n int) {
	for _, rest := range g.shown[min(n, len(g.shown)):] {
		g.other += rest.consultations
	}
	g.shown = g.shown[:min(n, len(g.shown))]
}

// of returns the consultations of a group that is shown, or nil.
func (g groups) of(label string) *int64 {
	for _, shown := range g.shown {
		if shown.label == label {
			return &shown.consultations
		}
	}
	return nil
}

// total returns the consultations of all groups.
func (g groups) total() int64 {
	total := g.other
	for _, shown := range g.shown {
		total += shown.consultations
	}
	return total
}
