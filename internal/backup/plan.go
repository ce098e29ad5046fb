package backup

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Plan is what a restore will do.
type Plan struct {
	Base   Base
	To     time.Time // zero: the end of the backups
	End    time.Time // of the last change in the backups
	Series *Series
	last   segment // of the WAL that is replayed at most
}

const timeFormat = "2006-01-02T15:04:05.999Z"

func formatTime(t time.Time) string { return t.UTC().Format(timeFormat) }

// NewPlan chooses the newest base backup that ended before a time, the zero time for the end of the backups. It checks
// that the WAL up to there is complete. If there are several series, the caller names one of them by its folder.
func NewPlan(all []*Series, to, now time.Time) (p Plan, err error) {
	if to.After(now) {
		return p, fmt.Errorf("%s is in the future", formatTime(to))
	}
	if len(all) > 1 {
		return p, describeSeries(all)
	}
	p.Series, p.To = all[0], to
	bases, err := p.Series.Bases()
	if err != nil {
		return p, err
	}
	if len(bases) == 0 {
		return p, fmt.Errorf("%s holds no complete base backup", p.Series.Dir)
	}
	if first := bases[0].Ended; !to.IsZero() && to.Before(first) {
		return p, fmt.Errorf("%s is before the first backup: the earliest time to restore to is %s", formatTime(to),
			formatTime(first.Add(time.Millisecond)))
	}
	for _, b := range bases {
		if to.IsZero() || !b.Ended.After(to) {
			p.Base = b
		}
	}
	return p, p.checkWAL()
}

// describeSeries returns an error that lists several series.
func describeSeries(all []*Series) error {
	lines := []string{"there are several series of backups; name the folder of one with --from:"}
	for _, s := range all {
		text, err := s.Describe()
		if err != nil {
			text = err.Error()
		}
		lines = append(lines, "  "+s.Dir+": "+text)
	}
	return errors.New(strings.Join(lines, "\n"))
}

// Describe returns how many base backups a series has, and the times that can be restored.
func (s *Series) Describe() (string, error) {
	bases, err := s.Bases()
	if err != nil {
		return "", err
	}
	if len(bases) == 0 {
		return "no complete base backup", nil
	}
	newest := bases[len(bases)-1]
	last, more, err := s.chain(newest)
	if err != nil {
		return "", err
	}
	end, err := s.walWritten(last.name(newest.Timeline, newest.Segment))
	if err != nil {
		return "", err
	}
	end = latest(end, newest.Ended)
	text := fmt.Sprintf("%d base backups, from %s to %s", len(bases), formatTime(bases[0].Ended), formatTime(end))
	if more {
		text += fmt.Sprintf(" (%v; the WAL after it is of no use)", s.missing(last+1, newest))
	}
	return text, nil
}

// latest returns the later of two times: the base backup's own end is later than the last change in its WAL.
func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// checkWAL checks that no WAL file is missing on the way to the time.
func (p *Plan) checkWAL() error {
	last, more, err := p.Series.chain(p.Base)
	if err != nil {
		return err
	}
	if last < p.Base.lastNeeded() {
		return p.Series.missing(last+1, p.Base)
	}
	p.last = last
	if p.End, err = p.Series.walWritten(p.name(last)); err != nil {
		return err
	}
	p.End = latest(p.End, p.Base.Ended)
	isBeyond := p.To.After(p.End)
	switch {
	case more && (p.To.IsZero() || isBeyond):
		return fmt.Errorf("%w, so nothing after %s can be restored: name an earlier time with --to",
			p.Series.missing(last+1, p.Base), formatTime(p.End))
	case isBeyond:
		return fmt.Errorf("%s is after the last change in the backups, which is from %s: leave --to out to restore "+
			"everything", formatTime(p.To), formatTime(p.End))
	}
	return nil
}

func (p *Plan) name(number segment) string { return number.name(p.Base.Timeline, p.Base.Segment) }
