// Screenshots takes the pictures of the console in docs/img: it serves demo data with bin/amrutam, and opens the main
// pages in Chromium. Usage: make screenshots
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"amrutam/scripts/demoserver"
)

const (
	folder  = "docs/img"
	phone   = 390
	desktop = 1200
)

// shot is a picture of a page. A path may name a link of that page to follow: "/visits > a[href^='/visits/']".
type shot struct {
	name, path, user string
	width, height    int64 // height is 800 unless said otherwise
	hindi            bool
}

// aMonthOn follows a path to the next month of a calendar, which is whole whatever the day.
const aMonthOn = " > .month button[aria-label='The month after']"

var shots = []shot{
	{name: "home", path: "/", width: desktop},
	{name: "doctors", path: "/doctors", width: phone},
	{name: "doctor", path: "/doctors > main a[href^='/doctors/']" + aMonthOn, width: phone, height: 1000},
	{name: "book", path: "/doctors > main a[href^='/doctors/'] > main a[href^='/book/']", user: "patient",
		width: phone},
	{name: "visits", path: "/visits", user: "patient", width: phone},
	{name: "visits-hindi", path: "/visits", user: "patient", width: phone, hindi: true},
	{name: "prescription", path: "/prescriptions > main a[href^='/prescriptions/']", user: "patient", width: desktop},
	{name: "today", path: "/today?date=" + workday(), user: "dr.nair", width: desktop},
	{name: "hours", path: "/hours", user: "dr.nair", width: desktop},
	{name: "people", path: "/people", user: "admin", width: desktop},
	{name: "analytics", path: "/admin/analytics", user: "admin", width: desktop},
	{name: "audit", path: "/admin/audit", user: "admin", width: desktop},
}

// workday returns the next day from Monday to Friday.
func workday() string {
	day := time.Now().AddDate(0, 0, 1) //nolint:forbidigo // of this machine
	for day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
		day = day.AddDate(0, 0, 1)
	}
	return day.Format(time.DateOnly)
}

func main() {
	if err := run(context.Background()); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "scripts/screenshots:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	if len(os.Args) != 2 {
		return errors.New("usage: screenshots, and the path of Chromium, which scripts/chromium.sh prints")
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return err
	}
	server, err := demoserver.Start(ctx)
	if err != nil {
		return err
	}
	defer server.Stop()
	tab, cancel := chromedp.NewContext(ctx, chromedp.WithAllocatorOptions(chromedp.NoSandbox,
		chromedp.ExecPath(os.Args[1])))
	defer cancel()
	for _, one := range shots {
		if err := take(tab, server, one); err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
	}
	return nil
}

func take(tab context.Context, server *demoserver.Server, one shot) error {
	steps := strings.Split(one.path, " > ")
	language := "en"
	if one.hindi {
		language = "hi"
	}
	if _, err := chromedp.Call(tab, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
		return err
	}
	if err := server.Enter(tab, one.user, language); err != nil {
		return err
	}
	_, err := chromedp.Call(tab, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: one.width, Height: cmp.Or(one.height, 800), DeviceScaleFactor: 1, Mobile: one.width == phone})
	if err != nil {
		return err
	}
	_, err = chromedp.Call(tab, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{
		TimezoneID: "Asia/Kolkata"})
	if err != nil {
		return err
	}
	if err := chromedp.Do(tab, chromedp.Navigate(server.URL+steps[0])); err != nil {
		return err
	}
	for _, link := range steps[1:] {
		err := chromedp.Do(tab, chromedp.WaitReady(chromedp.CSS(link)), chromedp.Click(chromedp.CSS(link)))
		if err != nil {
			return err
		}
	}
	wait := chromedp.Evaluate[bool](settled, chromedp.EvalAwaitPromise)
	if _, err := chromedp.Run(tab, wait); err != nil {
		return err
	}
	picture, err := chromedp.Run(tab, chromedp.CaptureScreenshot())
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, one.name+".png"), picture, 0o644) //nolint:gosec // a picture for all
}

// settled resolves when the page shows its content.
const settled = `(async () => {
	await new Promise(done => setTimeout(done, 300));
	for (let i = 0; i < 200 && document.querySelector('.loading'); i++)
		await new Promise(done => setTimeout(done, 50));
	await new Promise(done => setTimeout(done, 300));
	return true;
})()`
