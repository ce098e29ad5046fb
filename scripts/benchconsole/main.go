// Benchconsole measures how soon the main pages of the console are there on a cheap phone with a slow network: it
// serves demo data with bin/amrutam, and opens each page in Chromium several times with an empty cache.
// Usage: make bench-console
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"text/tabwriter"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"amrutam/scripts/demoserver"
)

// The phone and its network.
const (
	slowdown = 6
	latency  = 150 // milliseconds
	download = 1.6e6 / 8
	upload   = 0.75e6 / 8
)

// opened is a page and who opens it.
type opened struct{ name, path, user string }

// measured is what one opening took. Times are milliseconds.
type measured struct {
	// LargestPaint is when the largest part was drawn, LongestTask how long the page didn't answer a touch at most,
	// Blocking what each task took beyond 50 ms, together (web.dev/articles/tbt), and Shift how much moved while
	// somebody may read (web.dev/articles/cls).
	LargestPaint float64 `json:"largestPaint"`
	LongestTask  float64 `json:"longestTask"`
	Blocking     float64 `json:"blocking"`
	Shift        float64 `json:"shift"`
}

func main() {
	if err := run(context.Background()); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "scripts/benchconsole:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	if len(os.Args) != 3 {
		return errors.New("usage: benchconsole, how often each page is opened, and the path of Chromium")
	}
	runs, err := strconv.Atoi(os.Args[1])
	if err != nil || runs < 1 {
		return errors.New("pages are opened once or more often")
	}
	server, err := demoserver.Start(ctx)
	if err != nil {
		return err
	}
	defer server.Stop()
	tab, cancel := chromedp.NewContext(ctx, chromedp.WithAllocatorOptions(chromedp.NoSandbox,
		chromedp.ExecPath(os.Args[2])))
	defer cancel()
	pages, err := pagesOf(ctx, server.URL)
	if err != nil {
		return err
	}
	if err := becomePhone(tab); err != nil {
		return err
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	_, _ = fmt.Fprintln(table, "page\tLCP ms\tlongest task ms\tblocking ms\tCLS")
	for _, one := range pages {
		m, err := measure(tab, server, one, runs)
		if err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
		_, _ = fmt.Fprintf(table, "%s\t%.0f\t%.0f\t%.0f\t%.3f\n",
			one.name, m.LargestPaint, m.LongestTask, m.Blocking, m.Shift)
	}
	return table.Flush()
}

// pagesOf returns the pages to open. The doctor is the one who is free the soonest.
func pagesOf(ctx context.Context, address string) ([]opened, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/api/v1/doctors?sort=earliest&limit=1", nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	var found struct {
		Items []struct {
			ID           string
			NextFreeSlot struct{ ID string }
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&found); err != nil || len(found.Items) == 0 {
		return nil, errors.Join(errors.New("no doctor is free"), err)
	}
	doctor := found.Items[0].ID
	booking := "/book/" + found.Items[0].NextFreeSlot.ID + "?doctor=" + doctor
	return []opened{
		{"/", "/", ""},
		{"/doctors", "/doctors", ""},
		{"/doctors/{id}", "/doctors/" + doctor, ""},
		{"/book/{slotId}", booking, "patient"},
		{"/visits", "/visits", "patient"},
		{"/today", "/today", "dr.nair"},
		{"/admin/analytics", "/admin/analytics", "admin"},
	}, nil
}

// becomePhone gives the browser a small screen, a slow processor and a slow network, and has its pages measure.
func becomePhone(tab context.Context) error {
	_, err := chromedp.Call(tab, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: 360, Height: 740, DeviceScaleFactor: 2, Mobile: true})
	if err != nil {
		return err
	}
	_, err = chromedp.Call(tab, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: slowdown})
	if err != nil {
		return err
	}
	_, err = chromedp.Call(tab, emulateNetwork, conditions{Latency: latency, Download: download, Upload: upload})
	if err != nil {
		return err
	}
	_, err = chromedp.Call(tab, page.AddScriptToEvaluateOnNewDocument,
		page.AddScriptToEvaluateOnNewDocumentParams{Source: observe})
	return err
}

// emulateNetwork is deprecated, but its successor has other parameters in Debian's Chromium than in chromedp.
var emulateNetwork = cdp.Command[conditions, cdp.Empty]{Method: "Network.emulateNetworkConditions"}

// conditions are those of a network: milliseconds, and bytes a second.
type conditions struct {
	Offline  bool    `json:"offline"`
	Latency  float64 `json:"latency"`
	Download float64 `json:"downloadThroughput"`
	Upload   float64 `json:"uploadThroughput"`
}

const observe = `
	window.measured = {largestPaint: 0, longestTask: 0, blocking: 0, shift: 0};
	const each = (type, note) => new PerformanceObserver(list => list.getEntries().forEach(note))
		.observe({type, buffered: true});
	each('largest-contentful-paint', entry => measured.largestPaint = entry.startTime);
	each('longtask', ({duration}) => {
		measured.longestTask = Math.max(measured.longestTask, duration);
		measured.blocking += duration - 50;
	});
	each('layout-shift', entry => { if (!entry.hadRecentInput) measured.shift += entry.value; });`

// settled resolves to what was measured, some time after the page shows its content.
const settled = `(async () => {
	const wait = milliseconds => new Promise(done => setTimeout(done, milliseconds));
	const isThere = () => document.querySelector('h1') && !document.querySelector('.loading');
	for (let i = 0; i < 300 && !isThere(); i++) await wait(100);
	await wait(1500);
	return measured;
})()`

// measure opens a page several times, and returns the medians.
func measure(tab context.Context, server *demoserver.Server, one opened, runs int) (median measured, err error) {
	var all []measured
	for range runs {
		if _, err := chromedp.Call(tab, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
			return median, err
		}
		if _, err := chromedp.Call(tab, network.ClearBrowserCache, cdp.Empty{}); err != nil {
			return median, err
		}
		if err := server.Enter(tab, one.user, "en"); err != nil {
			return median, err
		}
		if err := chromedp.Do(tab, chromedp.Navigate(server.URL+one.path)); err != nil {
			return median, err
		}
		m, err := chromedp.Run(tab, chromedp.Evaluate[measured](settled, chromedp.EvalAwaitPromise))
		if err != nil {
			return median, err
		}
		all = append(all, m)
		if err := chromedp.Do(tab, chromedp.Navigate("about:blank")); err != nil {
			return median, err
		}
	}
	middle := func(of func(measured) float64) float64 {
		values := make([]float64, 0, runs)
		for _, m := range all {
			values = append(values, of(m))
		}
		slices.Sort(values)
		return values[runs/2]
	}
	return measured{
		LargestPaint: middle(func(m measured) float64 { return m.LargestPaint }),
		LongestTask:  middle(func(m measured) float64 { return m.LongestTask }),
		Blocking:     middle(func(m measured) float64 { return m.Blocking }),
		Shift:        middle(func(m measured) float64 { return m.Shift }),
	}, nil
}
