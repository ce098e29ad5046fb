package schedule

import (
	"slices"
	"time"
)

// span is the time from start to end, without the end.
type span struct{ start, end time.Time }

// times are the times of a slot, for comparison.
type times struct{ start, end int64 }

func (s span) times() times { return times{s.start.UnixMicro(), s.end.UnixMicro()} }

func (s span) overlaps(other span) bool {
	return s.start.Before(other.end) && other.start.Before(s.end)
}

// spans are sorted by their start.
type spans []span

func newSpans(all []span) spans {
	slices.SortFunc(all, func(a, b span) int { return a.start.Compare(b.start) })
	return all
}

// overlap returns one of the spans that overlaps s and begins less than a longest slot before it, and whether there is
// one.
func (all spans) overlap(s span, longest time.Duration) (span, bool) {
	i, _ := slices.BinarySearchFunc(all, s.start.Add(-longest),
		func(one span, at time.Time) int { return one.start.Compare(at) })
	for ; i < len(all) && all[i].start.Before(s.end); i++ {
		if all[i].overlaps(s) {
			return all[i], true
		}
	}
	return span{}, false
}
