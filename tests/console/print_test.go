package console_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"amrutam/internal/apptest"
	"amrutam/internal/apptest/browser"
)

// pdfPage finds the pages of a PDF, whose dictionaries Chromium writes as they are.
var pdfPage = regexp.MustCompile(`/Type\s*/Page\b[^s]`)

// printed returns what the page shows on paper, and how many pages of A4 that is. With AMRUTAM_TEST_PDFS the PDF is
// kept in that folder.
func printed(t *testing.T, p *browser.Page, name string) (text string, pages int) {
	t.Helper()
	media := func(kind string) {
		_, err := chromedp.Call(p.Ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: kind})
		p.Must(err)
	}
	media("print")
	text = fmt.Sprint(p.Script(`return {text: document.body.innerText};`)["text"])
	media("")
	prefer := true
	pdf, err := chromedp.Call(p.Ctx, page.PrintToPDF, page.PrintToPDFParams{PaperWidth: 8.27, PaperHeight: 11.69,
		PreferCSSPageSize: &prefer})
	p.Must(err)
	if folder := os.Getenv("AMRUTAM_TEST_PDFS"); folder != "" {
		p.Must(os.WriteFile(filepath.Join(folder, name+".pdf"), pdf.Data, 0o600))
	}
	if !bytes.HasPrefix(pdf.Data, []byte("%PDF-")) {
		t.Fatalf("%s is no PDF", name)
	}
	return text, len(pdfPage.FindAll(pdf.Data, -1))
}

// TestPrintedPages tests that a prescription and a receipt are one A4 page each that says who, what and when, in which
// time zone, and has nothing of the site around it.
func TestPrintedPages(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor("500.00"), c.Patient()
	c.Patch(patient, "users/me", map[string]any{"fullName": "Asha Rao", "timezone": "Asia/Kolkata"}).Want(200)
	c.Patch(doctor, "users/me", map[string]any{"fullName": "Dr. Meera Iyer"}).Want(200)
	profile := c.Patch(doctor, "doctors/"+doctor.ID.String(),
		map[string]any{"clinicName": "Lakeside Ayurveda"}).Want(200)
	number := profile.Text("registrationNumber")
	visit, _ := c.BookAndPay(patient, c.Slot(doctor, time.Hour, 1), "500.00")
	c.Clock.Advance(time.Hour)
	status := func(to string) {
		c.Patch(doctor, "consultations/"+visit+"/status", map[string]any{"status": to}).Want(200)
	}
	status("IN_PROGRESS")
	var medications []map[string]any
	for i := range 3 {
		medications = append(medications, map[string]any{"name": fmt.Sprintf("Triphala churna %d", i+1),
			"dosage": "5 g", "frequency": "twice a day, after meals", "durationDays": 14, "route": "by mouth",
			"instructions": "With warm water, and no tea for an hour before and after it."})
	}
	prescription := c.Post(doctor, "prescriptions", map[string]any{"consultationId": visit, "medications": medications,
		"advice": strings.Repeat("Light food in the evening, and a walk of half an hour. ", 2)}).Want(201).Text("id")
	status("COMPLETED")
	support, admin := c.Support(), c.Admin()
	paid := c.Get(patient, "payments/consultation/"+visit).Want(200).Text("id")
	refund := c.Post(support, "payments/"+paid+"/refunds", map[string]any{"amount": "120.50",
		"reason": "The doctor came late"}).Want(201).Text("id")
	c.Prove(admin)
	c.Post(admin, "refunds/"+refund+"/approve", nil).Want(200)
	c.Await("the refund", func() bool {
		return c.Count("SELECT count(*) FROM refunds WHERE id = $1 AND status = 'SUCCEEDED'", refund) == 1
	})
	p := browser.Open(t, c)
	p.SignIn(c, patient)
	onPhone(p, 360) // paper has its own width
	who := []string{"Asha Rao", "Dr. Meera Iyer", "Lakeside Ayurveda", number}
	for _, language := range []struct {
		tag, zone    string
		prescription []string
		receipt      []string
		around       []string
	}{
		{"en", "India Standard Time", []string{"Triphala churna 3", "Light food", "after meals"},
			[]string{"₹500.00", "₹120.50", "₹379.50", "Given back"}, []string{"Sign out", "Print", "Open the visit"}},
		{"hi", "भारतीय मानक समय", []string{"Triphala churna 3", "Light food", "after meals"},
			[]string{"₹500.00", "₹120.50", "₹379.50", "वापस हुई"}, []string{"साइन आउट", "छापें", "परामर्श खोलें"}},
	} {
		p.SpeakLanguage(language.tag)
		for path, shows := range map[string][]string{"/prescriptions/" + prescription: language.prescription,
			"/payments/" + visit: language.receipt} {
			open(p, path)
			name := strings.Split(path, "/")[1] + "-" + language.tag
			await(t, p, number)
			text, pages := printed(t, p, name)
			if pages != 1 {
				t.Errorf("%s has %d pages", name, pages)
			}
			for _, want := range append(append(shows, who...), language.zone) {
				if !strings.Contains(text, want) {
					t.Errorf("%s lacks %q: %s", name, want, text)
				}
			}
			for _, around := range language.around {
				if strings.Contains(text, around) {
					t.Errorf("%s shows %q of the site: %s", name, around, text)
				}
			}
		}
	}
}
