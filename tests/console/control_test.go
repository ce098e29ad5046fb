package console_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/app"
	"amrutam/internal/apptest"
	"amrutam/internal/audit"
)

// wish is what a journey asks of the control port. Which fields count depends on the wish.
type wish struct {
	Role     access.Role `json:"role"`
	Name     string      `json:"name"`
	Language string      `json:"language"`
	Applied  bool        `json:"applied"`
	User     uuid.UUID   `json:"user"`
	Patient  uuid.UUID   `json:"patient"`
	Doctor   uuid.UUID   `json:"doctor"`
	Visit    string      `json:"visit"`
	Minutes  int         `json:"minutes"`
	To       string      `json:"to"`
	Path     string      `json:"path"`
}

func (w wish) ahead() time.Duration { return time.Duration(w.Minutes) * time.Minute }

// control does what no page can: it moves the clock, reads mails, and makes what was there before a journey.
type control struct {
	*apptest.Clinic
	t     *testing.T
	users map[uuid.UUID]apptest.User
	codes map[uuid.UUID]func() string
}

// serveControl serves the wishes of a journey, each at its own path, and returns the address.
func serveControl(t *testing.T, c *apptest.Clinic) string {
	t.Helper()
	k := &control{Clinic: c, t: t, users: map[uuid.UUID]apptest.User{}, codes: map[uuid.UUID]func() string{}}
	mux := http.NewServeMux()
	for path, grant := range map[string]func(wish) any{
		"/advance": k.advance, "/user": k.user, "/slot": k.slot, "/visit": k.visit, "/treat": k.treat,
		"/mail": k.mail, "/code": k.code, "/sign-out": k.signOut, "/count": k.count, "/seal": k.seal,
	} {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
			var in wish
			if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			_ = json.NewEncoder(w).Encode(grant(in))
		})
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

type object = map[string]any

// advance moves the clock, and returns its time.
func (k *control) advance(in wish) any {
	k.Clock.Advance(in.ahead())
	return object{"now": k.Clock.Now().UnixMilli()}
}

// user makes a user who can sign in by password and, if staff, by codes of an app; also a cookie with their session.
// Doctors have an approved application if Applied is set.
func (k *control) user(in wish) any {
	var u apptest.User
	if in.Applied {
		u = k.Doctor("500.00")
	} else {
		u = k.User(in.Role)
	}
	setPassword(k.t, k.Clinic, u)
	k.Patch(u, "users/me", object{"fullName": in.Name, "language": in.Language}).Want(200)
	if in.Role == access.RoleSupport || in.Role == access.RoleAdmin {
		k.codes[u.ID] = k.Authenticator(u, true)
	}
	k.users[u.ID] = u
	return object{"id": u.ID, "name": in.Name, "email": u.Email, "password": password, "cookie": k.Cookie(u)}
}

// slot opens a time of a doctor that begins in so many minutes.
func (k *control) slot(in wish) any {
	return object{"id": k.Slot(k.users[in.Doctor], in.ahead(), 1)}
}

// visit books the doctor's free time that begins at the earliest in so many minutes, and pays for it.
func (k *control) visit(in wish) any {
	from := k.Clock.Now().Add(in.ahead()).UTC().Format(time.RFC3339)
	free := k.Get(apptest.User{}, fmt.Sprintf("availability/doctor/%s?from=%s&limit=1", in.Doctor, from)).Want(200).
		Items()
	if len(free) == 0 {
		k.t.Fatal("the doctor has no free time")
	}
	fee := k.Get(apptest.User{}, "doctors/"+in.Doctor.String()).Want(200).Text("consultationFee")
	slot := uuid.MustParse(fmt.Sprint(free[0]["id"]))
	visit, _ := k.BookAndPay(k.users[in.Patient], slot, fee)
	return object{"id": visit}
}

// treat begins a visit, prescribes something, and completes the visit.
func (k *control) treat(in wish) any {
	doctor := k.users[in.Doctor]
	status := func(to string) {
		k.Patch(doctor, "consultations/"+in.Visit+"/status", object{"status": to}).Want(200)
	}
	status("IN_PROGRESS")
	k.Post(doctor, "prescriptions", object{"consultationId": in.Visit, "advice": "Warm water in the morning.",
		"medications": []object{{"name": "Triphala", "dosage": "5 g", "frequency": "at night"}}}).Want(201)
	status("COMPLETED")
	return object{}
}

// mail waits for a mail with a link to a path, and returns the link.
func (k *control) mail(in wish) any {
	link := ""
	pattern := regexp.MustCompile(`https?://\S+` + regexp.QuoteMeta(in.Path) + `\S*`)
	k.Await("mailed a link to "+in.Path, func() bool {
		for _, m := range k.Get(apptest.User{}, "/dev/mailbox.json?to="+url.QueryEscape(in.To)).Want(200).Items() {
			if link = pattern.FindString(fmt.Sprint(m["text"])); link != "" {
				return true
			}
		}
		return false
	})
	return object{"link": link}
}

// code returns the code that a user's authenticator shows.
func (k *control) code(in wish) any { return object{"code": k.codes[in.User]()} }

// signOut ends the session of a user, as another device may.
func (k *control) signOut(in wish) any {
	k.Post(k.users[in.User], "auth/logout", nil).Want(204)
	return object{}
}

// count returns how often a patient has booked and paid.
func (k *control) count(in wish) any {
	const of = " FROM consultations WHERE patient_id = $1"
	return object{
		"visits":   k.Count("SELECT count(*)"+of, in.Patient),
		"consents": k.Count("SELECT count(*) FROM consents WHERE user_id = $1", in.Patient),
		"payments": k.Count(`SELECT count(*) FROM payment_attempts a JOIN payments p ON p.id = a.payment_id
			WHERE p.consultation_id IN (SELECT id`+of+")", in.Patient),
	}
}

// seal seals the audit log, as it happens about once a minute.
func (k *control) seal(wish) any {
	signer, err := app.AuditSigner(k.App.Sealer)
	if err != nil {
		k.t.Fatal(err)
	}
	k.Seal(&audit.Service{DB: k.App.DB, Signer: signer})
	return object{}
}

// toLocalhost is the name of this machine that is a secure place for browsers.
func toLocalhost(address string) string { return strings.Replace(address, "127.0.0.1", "localhost", 1) }
