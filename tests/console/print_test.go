package console_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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

// printed returns what the page shows on paper, and how many pages of A4 that is.
func printed(p *browser.Page, name string) (text string, pages int) {
	media := func(kind string) {
		_, err := chromedp.Call(p.Ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: kind})
		p.Must(err)
	}
	media("print")
	text = fmt.Sprint(p.Script(`return {text: document.body.innerText};`)["text"])
	media("")
	return text, len(pdfPage.FindAll(pdfOf(p, name), -1))
}

// pdfOf prints the page on A4. With AMRUTAM_TEST_PDFS the PDF is kept in that folder.
func pdfOf(p *browser.Page, name string) []byte {
	prefer := true
	pdf, err := chromedp.Call(p.Ctx, page.PrintToPDF, page.PrintToPDFParams{PaperWidth: 8.27, PaperHeight: 11.69,
		PreferCSSPageSize: &prefer})
	p.Must(err)
	if folder := os.Getenv("AMRUTAM_TEST_PDFS"); folder != "" {
		p.Must(os.WriteFile(filepath.Join(folder, name+".pdf"), pdf.Data, 0o600))
	}
	return pdf.Data
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
			p.Script(`
				const isComing = () => document.querySelector('main').innerText.includes('…');
				for (let i = 0; i < 100 && isComing(); i++) await new Promise(done => setTimeout(done, 50));
				return {};`)
			text, pages := printed(p, name)
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

// pdfObject finds the objects of a PDF that Chromium writes as they are, and pdfReference what one names.
var (
	pdfObject    = regexp.MustCompile(`(?s)\n(\d+) 0 obj\n(.*?)\nendobj`)
	pdfReference = regexp.MustCompile(`(\d+) 0 R`)
	pdfAnnots    = regexp.MustCompile(`(?s)/Annots \[(.*?)\]`)
	pdfLink      = regexp.MustCompile(`/URI \(https://link\.example/([^)]*)\)`)
)

// linksOfPages returns the links to link.example on each page of a PDF, by their paths.
func linksOfPages(pdf []byte) (pages [][]string) {
	objects := map[string]string{}
	found := pdfObject.FindAllSubmatch(pdf, -1)
	for _, o := range found {
		objects[string(o[1])] = string(o[2])
	}
	for _, o := range found {
		if !pdfPage.Match(o[2]) {
			continue
		}
		var links []string
		if annots := pdfAnnots.FindSubmatch(o[2]); annots != nil {
			for _, reference := range pdfReference.FindAllSubmatch(annots[1], -1) {
				if link := pdfLink.FindStringSubmatch(objects[string(reference[1])]); link != nil {
					links = append(links, link[1])
				}
			}
		}
		pages = append(pages, links)
	}
	return pages
}

// prescribe gives a prescription with so many medicines, each with instructions.
func prescribe(c *apptest.Clinic, doctor, patient apptest.User, medicines int, instructions string) string {
	visit := c.Book(patient, c.Slot(doctor, 10*time.Minute, 1))
	status := func(to string) {
		c.Patch(doctor, "consultations/"+visit+"/status", object{"status": to}).Want(200)
	}
	status("IN_PROGRESS")
	var medications []object
	for i := range medicines {
		medications = append(medications, object{"name": fmt.Sprintf("Mahasudarshan ghan vati %d", i+1),
			"dosage": "2 tablets of 250 mg", "frequency": "twice a day, after meals", "durationDays": 14,
			"route": "by mouth", "instructions": instructions})
	}
	id := c.Post(doctor, "prescriptions", object{"consultationId": visit, "medications": medications,
		"advice": strings.Repeat("Light food in the evening, and a walk of half an hour. ", 2)}).Want(201).Text("id")
	status("COMPLETED")
	c.Clock.Advance(time.Hour)
	return id
}

const instruction = "With a glass of warm water, and neither tea nor coffee for an hour before and after it."

// TestLongPrescriptions tests that a prescription of eight medicines, each with a sentence, is one page; and that one
// of more pages names its doctor on each, and cuts no medicine in two.
func TestLongPrescriptions(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor("0.00"), c.Patient()
	c.Patch(doctor, "doctors/"+doctor.ID.String(), object{"clinicName": "Lakeside Ayurveda"}).Want(200)
	short := prescribe(c, doctor, patient, 8, instruction)
	long := prescribe(c, doctor, patient, 20, strings.Repeat(instruction+" ", 3))
	p := browser.Open(t, c)
	p.SignIn(c, patient)
	for _, language := range []string{"en", "hi"} {
		p.SpeakLanguage(language)
		open(p, "/prescriptions/"+short)
		await(t, p, "Lakeside Ayurveda")
		if _, pages := printed(p, "eight-"+language); pages != 1 {
			t.Errorf("eight medicines in %s have %d pages", language, pages)
		}
		open(p, "/prescriptions/"+long)
		await(t, p, "Lakeside Ayurveda")
		p.Script(`
			const link = (name, element) => {
				const a = document.createElement('a');
				a.href = 'https://link.example/' + name;
				a.append(...element.childNodes);
				element.append(a);
			};
			document.querySelectorAll('tbody tr').forEach((row, i) => link(i, row.lastElementChild));
			link('foot', document.querySelector('.page-foot'));
			return {};`)
		pages := linksOfPages(pdfOf(p, "long-"+language))
		if len(pages) < 2 {
			t.Errorf("the long prescription has %d pages", len(pages))
		}
		places := map[string]int{}
		for n, links := range pages {
			if !slices.Contains(links, "foot") {
				t.Errorf("page %d in %s doesn't say whose prescription it is", n+1, language)
			}
			for _, link := range slices.Compact(slices.Sorted(slices.Values(links))) {
				places[link]++
			}
		}
		for row := range 20 {
			if n := places[fmt.Sprint(row)]; n != 1 {
				t.Errorf("medicine %d in %s is on %d pages", row+1, language, n)
			}
		}
	}
}
