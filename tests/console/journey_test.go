package console_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/evanw/esbuild/pkg/api"

	"amrutam/internal/apptest"
	"amrutam/internal/apptest/browser"
	"amrutam/internal/config"
)

// A look is the language and the screen of a journey.
type look struct{ language, screen string }

var (
	englishDesktop = look{"en", "desktop"}
	englishPhone   = look{"en", "phone"}
	hindiDesktop   = look{"hi", "desktop"}
	hindiPhone     = look{"hi", "phone"}
)

// journeys are those of journeys/main.ts, with the looks that they always have. With AMRUTAM_TEST_LONG they have all.
var journeys = map[string][]look{
	"patient":  {englishDesktop, hindiPhone},
	"doctor":   {englishDesktop, hindiPhone},
	"staff":    {englishDesktop, hindiPhone},
	"keyboard": {englishDesktop},
	"network":  {hindiPhone},
	"session":  {englishPhone},
	"tabs":     {englishDesktop},
	"live":     {hindiDesktop},
}

// TestJourneys walks through the console as people do, in Chromium by Playwright. Each journey has a clinic of its
// own, whose clock it moves by a control port.
func TestJourneys(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("npm"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("npm is missing")
		}
		t.Skip("npm is missing: the journeys by Playwright are left out")
	}
	installed, err := exec.CommandContext(t.Context(), "../../scripts/npm.sh").Output()
	if err != nil {
		t.Fatalf("install Playwright: %v", err)
	}
	modules := filepath.Join(strings.TrimSpace(string(installed)), "node_modules")
	script := filepath.Join(t.TempDir(), "journeys.cjs")
	bundle(t, "journeys/main.ts", script)
	for journey, looks := range journeys {
		if os.Getenv("AMRUTAM_TEST_LONG") != "" {
			looks = []look{englishDesktop, englishPhone, hindiDesktop, hindiPhone}
		}
		for _, look := range looks {
			t.Run(journey+" "+look.language+" "+look.screen, func(t *testing.T) {
				t.Parallel()
				walk(t, modules, script, journey, look)
			})
		}
	}
}

// bundle makes one script for Node of a TypeScript file and what it imports, like the texts of the console.
func bundle(t *testing.T, from, to string) {
	t.Helper()
	result := api.Build(api.BuildOptions{
		EntryPoints: []string{from}, Outfile: to, Write: true, Bundle: true, Sourcemap: api.SourceMapInline,
		Platform: api.PlatformNode, Format: api.FormatCommonJS, External: []string{"playwright-core"},
		// The console's texts ask the document for its language.
		Banner: map[string]string{"js": "globalThis.document = {documentElement: {lang: process.env.LANGUAGE}};"},
	})
	for _, fault := range result.Errors {
		t.Fatalf("bundle %s: %s %v", from, fault.Text, fault.Location)
	}
}

// walk runs one journey.
func walk(t *testing.T, modules, script, journey string, look look) {
	t.Helper()
	chromium := browser.Find(t)
	c := apptest.Open(t, func(cfg *config.Config) { cfg.PublicURL = toLocalhost(cfg.PublicURL) })
	c.Clock.Advance(time.Until(morning(time.Now())))
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	node := exec.CommandContext(ctx, "node", "--enable-source-maps", script, journey)
	node.Env = append(os.Environ(), "NODE_PATH="+modules, "CHROMIUM="+chromium, "CLINIC="+toLocalhost(c.URL),
		"CONTROL="+serveControl(t, c), "LANGUAGE="+look.language, "SCREEN="+look.screen)
	if out, err := node.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	c.CheckInvariants()
}

// morning returns six o'clock, in India, of the second Monday of the next month: then the days after it are always of
// the same month, and are working days.
func morning(now time.Time) time.Time {
	india := time.FixedZone("IST", 5*3600+1800)
	first := time.Date(now.In(india).Year(), now.In(india).Month()+1, 8, 6, 0, 0, 0, india)
	return first.AddDate(0, 0, int(time.Monday-first.Weekday()+7)%7)
}
