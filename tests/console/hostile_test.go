package console_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/apptest/browser"
	"amrutam/internal/console"
)

// markup would run, or make an element, if a page made HTML of it.
const markup = `</script><script>window.injected=1</script><img src=x onerror="window.injected=1"> {{7*7}}`

// hostile returns a text of so many characters that begins with right-to-left letters and a name for the test's
// messages. It has numbers after such letters, markup, Devanagari, emoji, combining marks, and words without an end.
func hostile(name string, characters int) string {
	text := []rune("محمد " + name + " 12) " + markup + " प्रज्ञा 👩‍👩‍👧‍👦 x\u0323\u0301 ")
	for len(text) < characters {
		text = append(text, 'ß')
	}
	return strings.TrimSpace(string(text[:characters]))
}

// hostileScene is a clinic whose users wrote such texts into every field. What each role shall see of them is in seen.
type hostileScene struct {
	*scene
	seen map[access.Role][]string
	more []place // besides those of the scene
}

// write returns a hostile text, which pages of these roles show.
func (s *hostileScene) write(name string, characters int, roles ...access.Role) string {
	text := hostile(name, characters)
	for _, role := range roles {
		s.seen[role] = append(s.seen[role], text)
	}
	return text
}

const (
	visitors = access.Role("")
	patients = access.RolePatient
	doctors  = access.RoleDoctor
	support  = access.RoleSupport
	admins   = access.RoleAdmin
)

func setHostileScene(t *testing.T) *hostileScene {
	t.Helper()
	s := &hostileScene{scene: setScene(t), seen: map[access.Role][]string{}}
	s.writeProfiles()
	s.writeCare()
	s.writeVisitsThatFail()
	s.writeOfStaff()
	return s
}

// writeProfiles gives users and a dependant names and addresses of the greatest length, and the doctor a profile.
func (s *hostileScene) writeProfiles() {
	patient, doctor := s.users[patients], s.users[doctors]
	for role, shownTo := range map[access.Role][]access.Role{patients: {patients, doctors, admins},
		doctors: {visitors, patients, doctors, admins}, support: {admins}, admins: {admins}} {
		name := s.write("name of "+string(role), 200, shownTo...)
		s.Patch(s.users[role], "users/me", object{"fullName": name}).Want(200)
	}
	s.Patch(patient, "users/me", object{"address": s.write("address", 500, patients)}).Want(200)
	s.Exec("UPDATE users SET email = $2 WHERE id = $1", patient.ID, strings.Repeat("m", 64)+"@"+
		strings.Repeat(strings.Repeat("d", 58)+".", 3)+"example")
	s.Exec("UPDATE sessions SET user_agent = $1", strings.Repeat("Browser", 70))
	s.Patch(doctor, "doctors/"+doctor.ID.String(), object{"bio": s.write("bio", 5000, visitors, doctors, admins),
		"clinicName":     s.write("clinic", 200, visitors, patients, doctors, admins),
		"specialization": s.write("specialization", 200, visitors, patients, doctors, admins)}).Want(200)
	s.Exec("UPDATE doctors SET registration_number = $2 WHERE id = $1", doctor.ID,
		s.write("registration", 100, visitors, patients, doctors, admins))
	s.Prove(patient)
	for name, age := range map[string]int{"child": 9, "adult": 20} {
		id := s.Post(patient, "users/me/dependants", object{"fullName": s.write("name of "+name, 200, patients),
			"dateOfBirth": s.DB.Now().AddDate(-age, 0, 0).Format(time.DateOnly), "gender": "OTHER",
			"relation": "OTHER"}).Want(201).Text("id")
		if name == "adult" {
			s.Post(patient, "users/me/dependants/"+id+"/transfer", object{"email": s.Patient().Email}).Want(201)
		}
	}
	credential := s.NewPasskey().Create(s.Do(patient, "POST", "auth/passkeys/options", nil))
	s.Post(patient, "auth/passkeys", object{"credential": credential,
		"name": s.write("passkey", 100, patients)}).Want(201)
}

// writeCare carries out a visit with everything that is written about one.
func (s *hostileScene) writeCare() {
	patient, doctor := s.users[patients], s.users[doctors]
	s.Clock.Advance(4 * time.Hour)
	visit := s.Post(patient, "consultations", object{"slotId": s.Slot(doctor, time.Hour, 1),
		"reason": s.write("reason", 2000, patients, doctors)}).Want(201).Text("id")
	s.Report("payment.succeeded", s.Initiate(patient, visit), "500.00").Want(200)
	s.Clock.Advance(time.Hour)
	path := "consultations/" + visit
	s.Patch(doctor, path+"/status", object{"status": "IN_PROGRESS"}).Want(200)
	var medications []object
	for i := range 50 {
		word := func(name string, n int) string { return s.write(fmt.Sprint(name, i), n, patients) }
		medications = append(medications, object{"name": word("medicine", 200), "dosage": word("dosage", 200),
			"frequency": word("frequency", 200), "route": word("route", 200), "durationDays": 365,
			"instructions": word("instructions", 2000)})
	}
	prescription := s.Post(doctor, "prescriptions", object{"consultationId": visit, "medications": medications,
		"advice": s.write("advice", 5000, patients)}).Want(201).Text("id")
	s.Patch(doctor, path+"/status", object{"status": "COMPLETED",
		"notes": s.write("notes", 20000, patients, doctors)}).Want(200)
	s.Do(doctor, "PATCH", path+"/notes", object{"release": true}, "If-Match",
		s.Get(doctor, path).Want(200).Header.Get("ETag")).Want(200)
	s.Post(doctor, path+"/addenda", object{"text": s.write("addendum", 20000, patients, doctors),
		"release": true}).Want(201)
	review := s.Post(patient, path+"/review", object{"rating": 1,
		"text": s.write("review", 2000, visitors, patients, doctors, admins)}).Want(201).Text("id")
	s.Post(doctor, "reviews/"+review+"/reply", object{
		"text": s.write("reply", 2000, visitors, patients, doctors, admins)}).Want(201)
	s.Post(doctor, "reviews/"+review+"/report", object{"reason": s.write("report", 500, admins)}).Want(204)
	payment := s.Get(patient, "payments/consultation/"+visit).Want(200).Text("id")
	s.Post(s.users[support], "payments/"+payment+"/refunds", object{"amount": "1.00",
		"reason": s.write("refund", 500, admins)}).Want(201)
	for _, page := range []string{"/visits/{id}", "/payments/{id}", "/consultations/{id}", "/all-visits/{id}"} {
		s.ids[page] = visit
	}
	s.ids["/prescriptions/{id}"] = prescription
}

// writeVisitsThatFail cancels a visit, and lets two be missed and disputed, of which one dispute is decided.
func (s *hostileScene) writeVisitsThatFail() {
	patient, doctor, staff := s.users[patients], s.users[doctors], s.users[support]
	cancelled, _ := s.BookAndPay(patient, s.Slot(doctor, 40*time.Hour, 1), "500.00")
	s.Post(staff, "consultations/"+cancelled+"/cancel", object{
		"reason": s.write("cancellation", 2000, patients, doctors)}).Want(200)
	s.more = append(s.more, place{patients, "/visits/" + cancelled}, place{doctors, "/consultations/" + cancelled},
		place{admins, "/all-visits/" + cancelled})
	for _, isDecided := range []bool{false, true} {
		missed, _ := s.BookAndPay(patient, s.Slot(doctor, time.Hour, 1), "500.00")
		s.Clock.Advance(75 * time.Minute)
		s.Patch(doctor, "consultations/"+missed+"/status", object{"status": "NO_SHOW"}).Want(200)
		dispute := s.Post(patient, "consultations/"+missed+"/dispute", object{
			"reason": s.write("dispute", 2000, patients, admins)}).Want(201).Text("id")
		if isDecided {
			s.Prove(staff)
			s.Post(staff, "disputes/"+dispute+"/decide", object{"decision": "UPHELD",
				"reason": s.write("decision", 500, patients, admins)}).Want(200)
		}
		s.more = append(s.more, place{patients, "/visits/" + missed})
	}
	s.more = append(s.more, place{admins, "/disputes?status=UPHELD"}, place{admins, "/disputes?status=OPEN"})
	now := s.DB.Now()
	s.Post(patient, "waitlist", object{"doctorId": doctor.ID, "from": now.Format(time.DateOnly),
		"to": now.AddDate(0, 0, 60).Format(time.DateOnly)}).Want(201)
}

// writeOfStaff declines an application, invites a colleague, and decides on money that nobody knows.
func (s *hostileScene) writeOfStaff() {
	admin, declined := s.users[admins], s.User(access.RoleDoctor)
	s.Prove(admin)
	s.Patch(declined, "users/me", object{"fullName": s.write("name of an applicant", 200, admins)}).Want(200)
	s.Post(declined, "doctors", object{"specialization": "Panchakarma", "yearsOfExperience": 80,
		"registrationNumber": "AYU-1", "consultationFee": "500.00", "languagesSpoken": []string{"en"}}).Want(201)
	s.Patch(admin, "doctors/"+declined.ID.String()+"/approve", object{"approved": false,
		"reason": s.write("refusal", 2000, admins)}).Want(200)
	s.more = append(s.more, place{admins, "/admin/doctors/" + declined.ID.String()})
	s.Post(admin, "users", object{"fullName": s.write("name of a colleague", 200, admins), "role": "SUPPORT",
		"email": strings.Repeat("n", 60) + "@" + strings.Repeat("d", 60) + ".example"}).Want(201)
	reference := s.write("reference", 200, admins)
	s.Report("payment.succeeded", reference, "500.00").Want(202)
	for _, money := range s.Get(admin, "admin/unmatched-money?status=WAITING").Want(200).Items() {
		s.Post(admin, "admin/unmatched-money/"+fmt.Sprint(money["id"])+"/resolve", object{"action": "CLOSE",
			"reason": s.write("resolution", 500, admins)}).Want(200)
	}
	s.more = append(s.more, place{admins, "/admin/money?status=CLOSED"})
}

// place is an address that a role opens.
type place struct {
	role    access.Role
	address string
}

// inspect is what the test asks of a page: where a text of people shares its line with others that it may turn around,
// what was made of markup, and which texts are shown.
const inspect = `
	for (let i = 0; i < 100 && !document.title.includes(' · '); i++) await new Promise(done => setTimeout(done, 20));
	const arabic = /[\u0600-\u06ff]/, bad = [], shown = [];
	const isBound = text => [...text.matchAll(/[\u0600-\u06ff]+/g)].every(found =>
		text.lastIndexOf('\u2068', found.index) > text.lastIndexOf('\u2069', found.index));
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		const text = walk.currentNode.data;
		if (!arabic.test(text)) continue;
		shown.push(text.replace(/[\u2068\u2069]/g, '').trim());
		if (isBound(text)) continue;
		let at = walk.currentNode.parentElement;
		const isolates = e => {
			const style = getComputedStyle(e);
			return style.display !== 'inline' || /isolate|plaintext/.test(style.unicodeBidi);
		};
		while (!isolates(at)) at = at.parentElement;
		if (at.textContent.trim() !== text.trim())
			bad.push(at.localName + '.' + at.className + ': ' + at.textContent.slice(0, 60));
	}
	for (const field of document.querySelectorAll('input, textarea')) {
		shown.push(field.value);
		const isPlain = getComputedStyle(field).unicodeBidi === 'plaintext';
		if (arabic.test(field.value) && !isPlain) bad.push('field ' + field.name);
	}
	const root = document.documentElement;
	return {bad: [...new Set(bad)].join('; '), shown, title: document.title,
		made: window.injected === 1 || !!document.querySelector('img, main script'),
		over: root.scrollWidth - root.clientWidth};`

// dull are the areas whose pages show nothing that people wrote.
var dull = map[string]bool{"entry": true, "links": true, "figures": true}

// TestHostileTexts fills a clinic with texts that are long, turn around, or look like markup, and opens every page: it
// shows them as texts, on its screen, without an error, each apart from what stands beside it.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	s := setHostileScene(t)
	// Support sees no page that administrators don't.
	s.asEach(t, []access.Role{visitors, patients, doctors, admins}, func(t *testing.T, p *browser.Page,
		role access.Role, routes []console.Route) {
		seen := map[string]bool{}
		for _, route := range routes {
			if !dull[route.Area] && (route.Area != "account" || role == patients) {
				s.checkHostile(t, p, s.address(t, route.Path), seen)
			}
		}
		for _, more := range s.more {
			if more.role == role {
				s.checkHostile(t, p, more.address, seen)
			}
		}
		for _, text := range s.seen[role] {
			if !seen[text] {
				t.Errorf("no page of %q shows the text %.40s", role, text)
			}
		}
		for _, recorded := range p.Errors() {
			if !absent.MatchString(recorded) && !strings.HasSuffix(recorded, "/patient") { // the visit is long over
				t.Errorf("the pages break their policy, or fail: %s", recorded)
			}
		}
	})
}

// asEach opens a browser on a phone for each role, at the same time, and calls check with the routes that it opens.
func (s *scene) asEach(t *testing.T, roles []access.Role,
	check func(t *testing.T, p *browser.Page, role access.Role, routes []console.Route)) {
	t.Helper()
	routes, err := console.Routes()
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range roles {
		t.Run("as "+string(role), func(t *testing.T) {
			t.Parallel()
			p := browser.Open(t, s.In(t))
			onPhone(p, 320)
			if role != visitors {
				p.SignIn(s.In(t), s.users[role])
			}
			var own []console.Route
			for _, route := range routes {
				if opens(route, role) {
					own = append(own, route)
				}
			}
			check(t, p, role, own)
		})
	}
}

// checkHostile opens a page in English on a phone and in Hindi on a desk. It adds the texts that it shows to seen.
func (s *hostileScene) checkHostile(t *testing.T, p *browser.Page, address string, seen map[string]bool) {
	t.Helper()
	for _, language := range []string{"en", "hi"} {
		p.SpeakLanguage(language)
		onPhone(p, 320)
		if shown := open(p, address); shown["isLoading"] == true {
			t.Errorf("%s in %s doesn't end to load", address, language)
		}
		for _, width := range []int64{320, 1280} {
			onPhone(p, width)
			found := p.Script(inspect)
			if found["bad"] != "" || found["made"] != false || found["over"] != 0.0 {
				t.Errorf("%s in %s, %d pixels wide: elements of markup: %v, too wide by %v, not isolated: %v", address,
					language, width, found["made"], found["over"], found["bad"])
			}
			if title := fmt.Sprint(found["title"]); !strings.HasSuffix(title, " · Amrutam") {
				t.Errorf("%s has the title %s", address, title)
			}
			texts, _ := found["shown"].([]any)
			for _, text := range texts {
				seen[fmt.Sprint(text)] = true
			}
		}
		if language == "hi" {
			continue // TestEveryPage judges both
		}
		if found := violations(p); found != "" {
			t.Errorf("%s in %s: %s", address, language, found)
		}
	}
}

// asked are the names that the pages look for in their addresses.
var asked = []string{"action", "actorId", "at", "compare", "currency", "cursor", "date", "day", "deleted", "doctor",
	"doctorId", "done", "entityId", "entityType", "from", "ipAddress", "language", "maxFee", "minExperience",
	"minRating", "month", "next", "out", "paid", "patientId", "period", "q", "role", "show", "sort", "specialization",
	"status", "timezone", "to", "token", "whose"}

// TestHostileAddresses opens every page at an address that asks for markup, a right-to-left override and long words,
// and pages with choices also for a name that objects inherit, which is no choice: each shows itself, or says that
// nothing is found.
func TestHostileAddresses(t *testing.T) {
	t.Parallel()
	s := setScene(t)
	s.asEach(t, []access.Role{visitors, patients, doctors, admins}, func(t *testing.T, p *browser.Page,
		role access.Role, routes []console.Route) {
		for _, route := range routes {
			address, _, _ := strings.Cut(s.address(t, route.Path), "?")
			s.checkAddress(t, p, address+"?"+asking(hostile("query", 150)+"\u202e"+strings.Repeat("م", 49)))
			if route.Area == "support" {
				if shown := s.checkAddress(t, p, address+"?"+asking("constructor")); shown["refusals"] != "" {
					t.Errorf("%s: %v", address, shown["refusals"])
				}
			}
		}
		for _, recorded := range p.Errors() {
			if !refused.MatchString(recorded) {
				t.Errorf("the pages of %q fail: %s", role, recorded)
			}
		}
	})
}

// asking returns a query that asks for the same under every name.
func asking(value string) string {
	query := url.Values{}
	for _, name := range asked {
		query.Set(name, value)
	}
	return query.Encode()
}

func (s *scene) checkAddress(t *testing.T, p *browser.Page, address string) (shown map[string]any) {
	t.Helper()
	shown = open(p, address)
	found := p.Script(inspect)
	if shown["isLoading"] == true || found["bad"] != "" || found["made"] != false || found["over"] != 0.0 {
		t.Errorf("%.40s: is loading: %v, elements of markup: %v, too wide by %v, not isolated: %v", address,
			shown["isLoading"], found["made"], found["over"], found["bad"])
	}
	return shown
}

// refused matches what the browser says of questions that the server refused.
var refused = regexp.MustCompile(`status of 4(04|22) `)
