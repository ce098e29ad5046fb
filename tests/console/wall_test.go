package console_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/evanw/esbuild/pkg/api"
)

// wallYears are zones with the year that is looked at: with changes by an hour and by half an hour, without changes,
// and with a day that was left out.
var wallYears = []struct {
	zone string
	year int
}{
	{"Asia/Kolkata", 2026}, {"Asia/Kathmandu", 2026}, {"America/New_York", 2026}, {"Europe/London", 2026},
	{"Australia/Lord_Howe", 2026}, {"Pacific/Apia", 2011},
}

// askWall prints, for each quarter of an hour of a year as clocks show it, the instants that parts/wall.ts finds, and
// what it says that the clocks show then.
const askWall = `
	import {instantOf, wallOf} from "../../internal/console/web/parts/wall";
	const [zone, year] = [process.argv[2], Number(process.argv[3])];
	const lines = [];
	for (let wall = Date.UTC(year, 0, 1); wall < Date.UTC(year + 1, 0, 1); wall += 900_000) {
		const [day, time] = new Date(wall).toISOString().slice(0, 16).split("T");
		const first = instantOf(day, time, zone);
		const last = instantOf(day, time, zone, first.at);
		const shown = wallOf(first.at, zone);
		lines.push([day, time, first.at, last.at, first.isSkipped, shown.day, shown.time].join(" "));
	}
	console.log(lines.join("\n"));`

// TestWallClocks compares parts/wall.ts with Go's time zones.
func TestWallClocks(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("node"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("node is missing")
		}
		t.Skip("node is missing: the clocks of the console are left out")
	}
	script := filepath.Join(t.TempDir(), "wall.cjs")
	result := api.Build(api.BuildOptions{Stdin: &api.StdinOptions{Contents: askWall, ResolveDir: "."},
		Outfile: script, Write: true, Bundle: true, Platform: api.PlatformNode, Format: api.FormatCommonJS,
		Banner: map[string]string{"js": `globalThis.document = {documentElement: {lang: "en"}};`}})
	if len(result.Errors) > 0 {
		t.Fatal(result.Errors)
	}
	for _, one := range wallYears {
		t.Run(one.zone, func(t *testing.T) {
			t.Parallel()
			out, err := exec.CommandContext(t.Context(), "node", script, one.zone, fmt.Sprint(one.year)).Output()
			if err != nil {
				t.Fatal(err)
			}
			got, want := strings.Split(strings.TrimSpace(string(out)), "\n"), wallLines(t, one.zone, one.year)
			if len(got) != len(want) {
				t.Fatalf("%d quarters of an hour, want %d", len(got), len(want))
			}
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("%s, want %s", got[i], want[i])
				}
			}
		})
	}
}

const (
	quarter   = 15 * time.Minute
	wallForm  = "2006-01-02 15:04"
	inUTC     = "2006-01-02T15:04:05.000Z"
	wallMonth = 31 * 24 * time.Hour
)

// wallLines returns what askWall should print. It goes through the instants of the year, and sees what clocks show.
func wallLines(t *testing.T, zone string, year int) []string {
	t.Helper()
	place, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(year+1, 1, 1, 0, 0, 0, 0, time.UTC)
	showing := map[string][]time.Time{}
	for at := begin.Add(-wallMonth); at.Before(end.Add(wallMonth)); at = at.Add(quarter) {
		shown := at.In(place).Format(wallForm)
		showing[shown] = append(showing[shown], at)
	}
	lines := make([]string, 0, 4*24*366)
	for wall := begin; wall.Before(end); wall = wall.Add(quarter) {
		instants, shown := showing[wall.Format(wallForm)], wall.Format(wallForm)
		isSkipped := len(instants) == 0
		for next := wall; len(instants) == 0; next = next.Add(quarter) { // the first instant after what is skipped
			shown = next.Format(wallForm)
			instants = showing[shown]
		}
		if isSkipped {
			instants = instants[:1]
		}
		lines = append(lines, fmt.Sprint(wall.Format(wallForm), " ", instants[0].Format(inUTC), " ",
			instants[len(instants)-1].Format(inUTC), " ", isSkipped, " ", shown))
	}
	return lines
}
