// Package console_test opens the web console in a real browser.
package console_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
	"amrutam/internal/apptest/browser"
	"amrutam/internal/console"
)

// axe returns the judge of accessibility, as JavaScript.
var axe = sync.OnceValues(func() (string, error) {
	file, err := os.Open("testdata/axe.min.js.gz")
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	z, err := gzip.NewReader(file)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(z)
	return string(text), err
})

// settled resolves once the page shows its content, or after a quarter of a minute to what it shows instead.
const settled = `
	for (let i = 0; i < 300; i++) {
		if (document.querySelector('h1') && !document.querySelector('.loading')) break;
		await new Promise(done => setTimeout(done, 50));
	}
	return {title: document.title, text: document.body.innerText,
		isLoading: !document.querySelector('h1') || !!document.querySelector('.loading'),
		refusals: [...document.querySelectorAll('.refusal')].map(e => e.innerText).join(' | ')};`

// open opens an address of the console and waits for its content.
func open(p *browser.Page, path string) map[string]any {
	p.Visit(p.URL + path)
	return p.Script(settled)
}

// violations returns what breaks WCAG 2.2 AA on the page, or "".
func violations(p *browser.Page) string {
	source, err := axe()
	p.Must(err)
	p.Run(chromedp.Evaluate[chromedp.Void](source))
	out := p.Script(`
		const result = await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']});
		const places = v => v.nodes.map(n => n.target.join(' ')).join(', ');
		return {found: result.violations.map(v => v.id + ': ' + places(v)).join('; ')};`)
	return fmt.Sprint(out["found"])
}

// inColors makes the browser prefer a color scheme: "light" or "dark".
func inColors(p *browser.Page, scheme string) {
	_, err := chromedp.Call(p.Ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	p.Must(err)
}

// onPhone gives the browser the screen of a phone, so many pixels wide.
func onPhone(p *browser.Page, width int64) {
	_, err := chromedp.Call(p.Ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: 800, DeviceScaleFactor: 1, Mobile: true})
	p.Must(err)
}

// scene has what the pages show.
type scene struct {
	*apptest.Clinic
	users map[access.Role]apptest.User
	ids   map[string]string // what stands for the {…} of an address, or follows one without, by the address
}

func setScene(t *testing.T) *scene {
	t.Helper()
	c := apptest.Open(t)
	s := &scene{Clinic: c, users: map[access.Role]apptest.User{
		access.RolePatient: c.Patient(), access.RoleDoctor: c.Doctor("500.00"),
		access.RoleSupport: c.Support(), access.RoleAdmin: c.Admin(),
	}}
	patient, doctor := s.users[access.RolePatient], s.users[access.RoleDoctor]
	c.Dependant(patient, 9*365*24*time.Hour)
	visit, _ := c.BookAndPay(patient, c.Slot(doctor, time.Hour, 1), "500.00")
	c.Clock.Advance(time.Hour)
	status := func(to string) {
		c.Patch(doctor, "consultations/"+visit+"/status", map[string]any{"status": to}).Want(200)
	}
	status("IN_PROGRESS")
	status("COMPLETED")
	prescription := c.Do(doctor, "POST", "prescriptions", map[string]any{"consultationId": visit,
		"medications": []map[string]any{{"name": "Triphala", "dosage": "5 g", "frequency": "at night"}},
		"advice":      "Warm water in the morning."}, "Idempotency-Key", "scene-prescription").Want(201).Text("id")
	c.Post(patient, "consultations/"+visit+"/review", map[string]any{"rating": 5, "text": "Kind and clear"}).Want(201)
	c.BookAndPay(patient, c.Slot(doctor, 26*time.Hour, 1), "500.00")
	free := c.Slot(doctor, 50*time.Hour, 3)
	rule := c.Post(doctor, "availability/rules", map[string]any{"rrule": "FREQ=WEEKLY;BYDAY=MO,WE",
		"startTime": "09:00", "endTime": "12:00", "timezone": "Asia/Kolkata", "slotMinutes": 30,
		"validFrom": c.DB.Now().Add(24 * time.Hour).Format(time.DateOnly)}).Want(201).Text("id")
	entry := c.Get(s.users[access.RoleAdmin], "audit-logs?limit=1").Want(200).Items()[0]["id"]
	s.ids = map[string]string{
		"/doctors/{id}":  doctor.ID.String(),
		"/book/{slotId}": free.String() + "?doctor=" + doctor.ID.String(), "/visits/{id}": visit,
		"/hours/rules/{id}": rule, "/payments/{id}": visit, "/admin/doctors/{id}": doctor.ID.String(),
		"/consultations/{id}": visit, "/all-visits/{id}": visit, "/prescriptions/{id}": prescription,
		"/people/{id}": patient.ID.String(), "/admin/audit/{id}": fmt.Sprint(entry),
		"/verify-email": "?token=x", "/confirm-email": "?token=x", "/reset-password": "?token=x",
	}
	return s
}

// address fills in the address of a page.
func (s *scene) address(t *testing.T, path string) string {
	t.Helper()
	before, rest, has := strings.Cut(path, "{")
	if !has {
		return path + s.ids[path]
	}
	id := s.ids[path]
	if id == "" {
		t.Fatalf("the scene has nothing for %s", path)
	}
	_, after, _ := strings.Cut(rest, "}")
	return before + id + after
}

// TestEveryPage opens every page as everyone who may, in English on a phone and in Hindi with dark colors: it shows
// its content without an error, keeps to its policy, is accessible, and fits its screen.
func TestEveryPage(t *testing.T) {
	t.Parallel()
	s := setScene(t)
	routes, err := console.Routes()
	if err != nil {
		t.Fatal(err)
	}
	visitor := access.Role("")
	for _, role := range []access.Role{visitor, access.RolePatient, access.RoleDoctor, access.RoleSupport,
		access.RoleAdmin} {
		t.Run("as "+string(role), func(t *testing.T) {
			t.Parallel()
			p := browser.Open(t, s.In(t))
			if role != "" {
				p.SignIn(s.In(t), s.users[role])
			}
			for _, language := range []string{"en", "hi"} {
				p.SpeakLanguage(language)
				if language == "hi" {
					inColors(p, "dark")
				} else {
					onPhone(p, 320)
				}
				for _, route := range routes {
					if opens(route, role) {
						checkPage(t, p, s.address(t, route.Path), language)
					}
				}
			}
			for _, recorded := range p.Errors() {
				if !absent.MatchString(recorded) {
					t.Errorf("the pages break their policy, or fail: %s", recorded)
				}
			}
		})
	}
}

// absent matches what the browser says of an erasure that nobody asked for, which support looks for.
var absent = regexp.MustCompile(`status of 404 .*/users/[0-9a-f-]{36}/erasure$`)

// opens reports whether a role opens a page; pages for everybody are opened by visitors.
func opens(route console.Route, role access.Role) bool {
	if len(route.Roles) == 0 {
		return role == ""
	}
	return slices.Contains(route.Roles, string(role))
}

// TestUnknownAddress tests that a browser gets a page where nothing is, and other clients a problem.
func TestUnknownAddress(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	p := browser.Open(t, c)
	for _, address := range []string{"/visitz", "/admin/nothing", "//evil.example"} {
		p.Visit(p.URL + address)
		await(t, p, "There is no such page")
		if found := violations(p); found != "" {
			t.Errorf("%s: %s", address, found)
		}
	}
	for _, address := range []string{"visitz", "api/v1/visitz"} {
		status := p.Script(`const answer = await fetch('/` + address + `', {headers: {Accept: 'application/json'}});
			return {status: answer.status, type: answer.headers.get('Content-Type')};`)
		if status["status"] != 404.0 || status["type"] != "application/problem+json" {
			t.Errorf("%s: %v", address, status)
		}
	}
}

func checkPage(t *testing.T, p *browser.Page, address, language string) {
	t.Helper()
	shown := open(p, address)
	if shown["isLoading"] == true || shown["title"] == "" || shown["refusals"] != "" {
		t.Errorf("%s in %s: %v", address, language, shown)
		return
	}
	for _, missing := range []string{"There is no such page", "ऐसा कोई पृष्ठ नहीं है"} {
		if strings.Contains(fmt.Sprint(shown["title"]), missing) {
			t.Errorf("%s in %s isn't there", address, language)
		}
	}
	if found := violations(p); found != "" {
		t.Errorf("%s in %s: %s", address, language, found)
	}
	for _, size := range []string{"100%", "200%"} {
		fits := p.Script(`document.documentElement.style.fontSize = '` + size + `';
			return {over: document.documentElement.scrollWidth - document.documentElement.clientWidth};`)
		if over, _ := fits["over"].(float64); over > 0 {
			t.Errorf("%s in %s with text of %s is %v pixels wider than the screen", address, language, size, over)
		}
	}
}
