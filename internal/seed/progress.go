package seed

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

const (
	// redrawEvery is how often a terminal's line is written again, lineEvery how often a file gets a line.
	redrawEvery = 200 * time.Millisecond
	lineEvery   = 5 * time.Second
	barWidth    = 30
)

// progress counts what is stored, and shows it.
type progress struct {
	mu         sync.Mutex
	out        io.Writer
	isTerminal bool
	clock      func() time.Time
	total      int // consultations, about
	booked     int
	rows       map[string]int64
	allRows    int64
	started    time.Time
	shown      time.Time
}

func newProgress(out io.Writer, isTerminal bool, clock func() time.Time, total int) *progress {
	now := clock()
	return &progress{out: out, isTerminal: isTerminal, clock: clock, total: total, rows: map[string]int64{},
		started: now, shown: now}
}

// add counts rows of a table that are stored, or the consultations of a batch that is stored as a whole.
func (p *progress) add(table string, rows int64, booked int) {
	p.mu.Lock()
	if table != "" {
		p.rows[table] += rows
	}
	p.allRows += rows
	p.booked += booked
	p.mu.Unlock()
	p.note("")
}

// note shows a text, or without one what is stored, unless something was shown a moment ago.
func (p *progress) note(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	every := lineEvery
	if p.isTerminal {
		every = redrawEvery
	}
	now := p.clock()
	if now.Sub(p.shown) < every {
		return
	}
	p.shown = now
	if text == "" {
		text = p.describe(now)
	}
	p.line(text)
}

// show shows what is stored.
func (p *progress) show() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.line(p.describe(p.clock()))
}

// line writes a line, on a terminal over the one before.
func (p *progress) line(text string) {
	if p.isTerminal {
		_, _ = fmt.Fprint(p.out, "\r\x1b[K"+text)
		return
	}
	_, _ = fmt.Fprintln(p.out, text)
}

// describe says how much is stored at an instant, how fast, and how long the rest takes.
func (p *progress) describe(now time.Time) string {
	done := min(1, float64(p.booked)/float64(p.total))
	elapsed := now.Sub(p.started)
	left := "?"
	if done > 0.005 {
		left = (time.Duration(float64(elapsed)/done) - elapsed).Round(time.Second).String()
	}
	full := int(done * barWidth)
	bar := strings.Repeat("#", full) + strings.Repeat(".", barWidth-full)
	return fmt.Sprintf("[%s] %5.1f %%  %d consultations, %.0f rows/s, %s left", bar, 100*done, p.booked,
		float64(p.allRows)/elapsed.Seconds(), left)
}

// end leaves the line of the terminal.
func (p *progress) end() {
	if p.isTerminal {
		_, _ = fmt.Fprintln(p.out)
	}
}

// summarize writes how many rows were made, and how fast.
func (p *progress) summarize(made plan) {
	p.mu.Lock()
	defer p.mu.Unlock()
	seconds := p.clock().Sub(p.started).Seconds()
	table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	names := slices.SortedFunc(maps.Keys(p.rows), func(a, b string) int {
		return cmp.Or(cmp.Compare(p.rows[b], p.rows[a]), cmp.Compare(a, b))
	})
	for _, name := range names {
		_, _ = fmt.Fprintf(table, "%d\t %s\t\n", p.rows[name], name)
	}
	_ = table.Flush()
	_, _ = fmt.Fprintf(p.out, "%d rows in %.0f s, %.0f rows/s; from %s until %s\n", p.allRows, seconds,
		float64(p.allRows)/seconds, made.first.Format(time.DateOnly), made.base.Format(time.RFC3339))
}
