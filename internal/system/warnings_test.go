package system

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"amrutam/internal/notification"
)

// limit is what an alert compares a metric with.
var limit = regexp.MustCompile(`(?m) ([<>]) (\d+)$`)

// TestWarningsAgreeWithAlerts tests that the page and the alerts call the same state a fault: at its limit there is no
// warning, one step beyond there is one.
func TestWarningsAgreeWithAlerts(t *testing.T) {
	t.Parallel()
	alerts, err := os.ReadFile("../../deploy/prometheus/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)
	before := func(seconds int) time.Time { return at.Add(-time.Duration(seconds) * time.Second) }
	for warning, set := range map[Warning]func(s *State, n int){
		QueueBehind:       func(s *State, n int) { s.Jobs.OldestSeconds = int64(n) },
		JobsFailing:       func(s *State, n int) { s.Jobs.Retrying = n },
		MailsGivenUp:      func(s *State, n int) { s.Mails.GivenUp[string(notification.RecipientRefused)] = int64(n) },
		PartitionsMissing: func(s *State, n int) { s.Partitions[0].Ahead = n },
		AuditUnsealed:     func(s *State, n int) { s.AuditLog.UnsealedSeconds = int64(n) },
		AuditUnpublished:  func(s *State, n int) { s.AuditLog.Unpublished = n },
		RollupsLate:       func(s *State, n int) { s.Rollups.CompleteUntil = new(before(n)) },
		BackupWALOld:      func(s *State, n int) { s.Backup.RestorableTo = before(n) },
		BackupOld:         func(s *State, n int) { s.Backup.BaseAt = before(n) },
	} {
		_, alert, known := strings.Cut(string(alerts), "- alert: "+string(warning)+"\n")
		found := limit.FindStringSubmatch(alert)
		if !known || found == nil {
			t.Errorf("no alert has a limit for %s", warning)
			continue
		}
		n, _ := strconv.Atoi(found[2])
		step := 1
		if found[1] == "<" {
			step = -1
		}
		for _, value := range []int{n, n + step} {
			s := State{At: at, Partitions: []Partition{{Ahead: 3}}, Backup: &Backup{RestorableTo: at, BaseAt: at},
				Mails: Mails{GivenUp: map[string]int64{}}}
			set(&s, value)
			if got, want := slices.Contains(s.findWarnings(), warning), value != n; got != want {
				t.Errorf("%s at %d: %v, want %v; the alert says %s %d", warning, value, got, want, found[1], n)
			}
		}
	}
}
