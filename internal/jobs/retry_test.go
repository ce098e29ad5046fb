package jobs

import (
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// patient and impatient are arguments of jobs.
type patient struct{}

func (patient) Kind() string { return "patient" }

type impatient struct{ patient }

func (impatient) MaxWait() time.Duration { return 2 * time.Minute }

// TestRareJobsAreTriedAgain tests that a job that runs often is not tried again, and a rare one is.
func TestRareJobsAreTriedAgain(t *testing.T) {
	t.Parallel()
	for interval, want := range map[time.Duration]int{5 * time.Second: 1, time.Minute: 1, 10 * time.Minute: 4,
		6 * time.Hour: 4} {
		if n := attempts(interval); n != want {
			t.Errorf("a job of each %s has %d attempts, want %d", interval, n, want)
		}
	}
}

// TestImpatientJobsAreRetriedSoon tests that a job with a limit waits no longer than that, however often it failed.
func TestImpatientJobsAreRetriedSoon(t *testing.T) {
	t.Parallel()
	job := &river.Job[patient]{JobRow: &rivertype.JobRow{Attempt: 9}}
	if next := (&worker[patient]{}).NextRetry(job); !next.IsZero() {
		t.Errorf("a job without a limit runs again at %s, not as River says", next)
	}
	for attempt, want := range map[int]time.Duration{1: time.Second, 2: 16 * time.Second, 3: 81 * time.Second,
		4: 2 * time.Minute, 30: 2 * time.Minute, 5000: 2 * time.Minute} {
		before := time.Now()
		next := (&worker[impatient]{}).NextRetry(&river.Job[impatient]{JobRow: &rivertype.JobRow{Attempt: attempt}})
		if wait := next.Sub(before).Round(time.Second); wait < want || wait > want+time.Minute {
			t.Errorf("after attempt %d it waits %s, want %s", attempt, wait, want)
		}
	}
}
