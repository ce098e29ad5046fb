package consultation

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"
)

// filter is a condition of a list with its value, the id of a party.
type filter struct {
	condition string
	value     uuid.UUID
}

// oldestOf returns the id that was made first.
func oldestOf(people []uuid.UUID) uuid.UUID {
	return slices.MinFunc(people, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
}

// reachesArchive reports whether a page may have archived consultations. live are the page's live rows, and one more
// if there are more. Few pages do: a consultation that started lately is not archived, and neither is one of a person
// whose account is new.
func (in ListRequest) reachesArchive(now time.Time, last *pageEnd, live []fullRow, filters []filter) bool {
	until := now.Add(-minArchiveAge)
	for _, f := range filters {
		if f.value.Version() == 7 && time.Unix(f.value.Time().UnixTime()).After(until) {
			return false
		}
	}
	from := in.From
	switch {
	case in.Sort == SortLatest && len(live) > in.Limit: // the page ends with its last live row at the latest
		from = live[in.Limit].ConsultationRow.ScheduledStart
	case in.Sort == SortEarliest && last != nil && last.Value.After(from):
		from = last.Value
	}
	return from.Before(until) && (len(in.Status) == 0 || slices.ContainsFunc(in.Status, Status.IsFinal))
}

// ofArchive returns the request for the archive's rows. All of them have a final status: to look for another one would
// read the whole archive.
func (in ListRequest) ofArchive() ListRequest {
	in.Status = slices.DeleteFunc(slices.Clone(in.Status), func(s Status) bool { return !s.IsFinal() })
	return in
}

// merge returns the first rows, one more than a page has, of two lists: live and archived ones, or those of two
// people. A consultation that was archived between two statements is in both.
func (in ListRequest) merge(live, archived []fullRow) []fullRow {
	all := slices.Concat(archived, live)
	slices.SortStableFunc(all, func(a, b fullRow) int {
		x, y := a.ConsultationRow, b.ConsultationRow
		order := cmp.Or(x.ScheduledStart.Compare(y.ScheduledStart), bytes.Compare(x.ID[:], y.ID[:]))
		if in.Sort == SortLatest {
			return -order
		}
		return order
	})
	all = slices.CompactFunc(all, func(a, b fullRow) bool { return a.ConsultationRow.ID == b.ConsultationRow.ID })
	return all[:min(len(all), in.Limit+1)]
}
