// Screenshots takes the pictures of the console in docs/img: it serves demo data with bin/amrutam, and opens the main
// pages in Chromium. Usage: make screenshots
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"amrutam/scripts/screenshots/cookie"
)

const (
	program = "bin/amrutam"
	folder  = "docs/img"
	phone   = 390
	desktop = 1200
)

// shot is a picture of a page. A path may name a link of that page to follow: "/visits > a[href^='/visits/']".
type shot struct {
	name, path, user string
	width            int64
	hindi            bool
}

var shots = []shot{
	{name: "home", path: "/", width: desktop},
	{name: "doctors", path: "/doctors", width: phone},
	{name: "doctor", path: "/doctors > main a[href^='/doctors/']", width: phone},
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
	data, err := os.MkdirTemp("", "amrutam-screenshots")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(data) }()
	environment := append(os.Environ(), //nolint:forbidigo // for the program
		"AMRUTAM_DATA_DIR="+data, "AMRUTAM_LISTEN=127.0.0.1:0",
		"AMRUTAM_METRICS_LISTEN=off", "AMRUTAM_LOG_FORMAT=json")
	server := exec.CommandContext(ctx, program, "serve", "--demo")
	server.Env = environment
	out, err := server.StdoutPipe()
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	defer func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		_ = server.Wait()
	}()
	s := &studio{environment: environment, sessions: map[string]string{}}
	if s.url, s.password, err = readWelcome(bufio.NewScanner(out)); err != nil {
		return err
	}
	tab, cancel := chromedp.NewContext(ctx, chromedp.WithAllocatorOptions(chromedp.NoSandbox,
		chromedp.ExecPath(os.Args[1])))
	defer cancel()
	s.tab = tab
	for _, one := range shots {
		if err := s.take(one); err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
	}
	return nil
}

var (
	address = regexp.MustCompile(`^Amrutam serves on (\S+)`)
	secret  = regexp.MustCompile(`all with the password (\S+)`)
)

// readWelcome reads the address and the password that a server with demo data prints.
func readWelcome(lines *bufio.Scanner) (url, password string, err error) {
	for lines.Scan() {
		if found := address.FindStringSubmatch(lines.Text()); found != nil {
			url = found[1]
		}
		if found := secret.FindStringSubmatch(lines.Text()); found != nil {
			return url, found[1], nil
		}
	}
	return "", "", errors.Join(errors.New("the server didn't start"), lines.Err())
}

type studio struct {
	url, password string
	environment   []string
	sessions      map[string]string // by user
	tab           context.Context   //nolint:containedctx // chromedp names a tab by its context
}

func (s *studio) take(one shot) error {
	steps := strings.Split(one.path, " > ")
	language := "en"
	if one.hindi {
		language = "hi"
	}
	if _, err := chromedp.Call(s.tab, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
		return err
	}
	cookies := map[string]string{"language": language}
	if one.user != "" {
		if s.sessions[one.user] == "" { // a code of the authenticator works once
			session, err := s.signIn(one.user + "@amrutam.example")
			if err != nil {
				return err
			}
			s.sessions[one.user] = session
		}
		cookies["__Host-amrutam"] = s.sessions[one.user]
	}
	for name, value := range cookies {
		if err := cookie.Set(s.tab, s.url, name, value); err != nil {
			return err
		}
	}
	_, err := chromedp.Call(s.tab, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: one.width, Height: 800, DeviceScaleFactor: 1, Mobile: one.width == phone})
	if err != nil {
		return err
	}
	if err := chromedp.Do(s.tab, chromedp.Navigate(s.url+steps[0])); err != nil {
		return err
	}
	for _, link := range steps[1:] {
		err := chromedp.Do(s.tab, chromedp.WaitReady(chromedp.CSS(link)), chromedp.Click(chromedp.CSS(link)))
		if err != nil {
			return err
		}
	}
	wait := chromedp.Evaluate[bool](settled, chromedp.EvalAwaitPromise)
	if _, err := chromedp.Run(s.tab, wait); err != nil {
		return err
	}
	picture, err := chromedp.Run(s.tab, chromedp.CaptureScreenshot())
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

// signIn returns the cookie of a new session.
func (s *studio) signIn(email string) (string, error) {
	answer, cookie, err := s.post("/auth/login", map[string]any{"email": email, "password": s.password,
		"session": "COOKIE"})
	if err != nil || cookie != "" {
		return cookie, err
	}
	code := exec.CommandContext(s.tab, program, "code")
	code.Env = s.environment
	otp, err := code.Output()
	if err != nil {
		return "", fmt.Errorf("the code of the authenticator: %w", err)
	}
	_, cookie, err = s.post("/auth/verify-mfa", map[string]any{"mfaToken": answer["mfaToken"],
		"otp": strings.TrimSpace(string(otp)), "session": "COOKIE"})
	return cookie, err
}

func (s *studio) post(path string, body map[string]any) (answer map[string]any, session string, err error) {
	sent, err := json.Marshal(body)
	if err != nil {
		return nil, "", err
	}
	ctx, cancel := context.WithTimeout(s.tab, 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/api/v1"+path, bytes.NewReader(sent))
	if err != nil {
		return nil, "", err
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, "", fmt.Errorf("%s answers %d", path, response.StatusCode)
	}
	for _, cookie := range response.Cookies() {
		session = cookie.Value
	}
	return answer, session, json.NewDecoder(response.Body).Decode(&answer)
}
