package account_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"amrutam/internal/account"
	"amrutam/internal/apptest"
	"amrutam/internal/config"
	"amrutam/internal/httpapi"
	"amrutam/internal/limit"
	"amrutam/internal/postgres"
)

func TestPhonesAreNormalized(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{"+919812345678", "", "+919812345678"}, {"+91 (0) 98123 45678", "", "+919812345678"},
		{"+91-0-98123-45678", "", "+919812345678"}, {"0091 98123 45678", "", "+919812345678"},
		{"+91\u00a098123\u202f45678", "", "+919812345678"}, {"+91\u201198123\u201145678", "", "+919812345678"},
		{"+९१ ९८१२३ ४५६७८", "", "+919812345678"}, {"＋91（98123）45678", "", "+919812345678"},
		{"+٩١٩٨١٢٣٤٥٦٧٨", "", "+919812345678"}, {"\u202a+919812345678\u202c", "", "+919812345678"},
		{"+91\u221298123 45678", "", "+919812345678"}, {"98123 45678", "", "+919812345678"},
		{"098123 45678", "Asia/Kolkata", "+919812345678"}, {" 919812345678", "", "+919812345678"},
		{"98123 45678", "America/New_York", ""}, {"+44 (0)20 7031 3000", "Europe/London", "+442070313000"},
		{"+39 06 6982 1234", "", "+390669821234"}, {"+", "", ""}, {"", "", ""}, {"+98", "", ""},
		{"+0919812345678", "", ""}, {"+91981234567x", "", ""}, {"+1 800 FLOWERS", "", ""}, {"98123", "", ""},
		{"+91+9812345678", "", ""}, {"+999 123456789", "", ""}, {"+9198123456789012", "", ""},
		{"+91/98123/45678", "", ""},
	} {
		if got := account.NormalizePhone(c[0], c[1]); got != c[2] {
			t.Errorf("%q in %q: %q, want %q", c[0], c[1], got, c[2])
		}
	}
}

func TestSearchFindsPhonesOfEarlierReleases(t *testing.T) {
	t.Parallel()
	c := open(t)
	patient := c.Patient()
	for _, kept := range []string{"+919812345678", "+9109812345678"} { // with the trunk's zero
		c.Exec("UPDATE profiles SET phone_index = $1 WHERE user_id = $2",
			c.App.Sealer.BlindIndex("profiles.phone", kept), patient.ID)
		for _, spelling := range []string{"+91 98123 45678", "+91 (0) 98123 45678", "9812345678"} {
			same(t, kept+" by "+spelling, byPhone(t, c, c.Support(), spelling), []string{patient.ID.String()})
		}
	}
}

func TestBirthDateOfToday(t *testing.T) {
	t.Parallel()
	c := open(t)
	me := c.Patient()
	for _, zone := range []string{"Pacific/Kiritimati", "Asia/Kolkata", "UTC", "Pacific/Pago_Pago"} {
		place, err := time.LoadLocation(zone)
		must(t, err)
		for days, status := range map[int]int{-1: 200, 0: 200, 1: 422, 2: 422} {
			day := c.Clock.Now().In(place).AddDate(0, 0, days).Format(time.DateOnly)
			a := c.Patch(me, "users/me", object{"dateOfBirth": day, "timezone": zone})
			same(t, fmt.Sprintf("%s, %+d days", zone, days), a.Status, status)
		}
	}
}

func TestDomainSpellingsAreOneAccount(t *testing.T) {
	t.Parallel()
	c := open(t)
	const shown, ascii = "asha@büro.example", "Asha@XN--bro-hoa.example"
	c.Post(nobody, "auth/signup", registration(ascii)).Want(201)
	same(t, "kept", c.Count("SELECT count(*) FROM users WHERE email = '"+shown+"'"), 1)
	c.Post(nobody, "auth/signup", registration("asha@BÜRO.example")).Want(201)
	same(t, "users", c.Count("SELECT count(*) FROM users"), 1)
	for _, wrong := range []string{"asha@xn--a.example", "asha@xn--abc-.example", "asha@a\u0301\u200d.example",
		"asha@\u0627a.example"} {
		if a := c.Post(nobody, "auth/signup", registration(wrong)).Want(422); faultsOf(t, a)["body.email"] == "" {
			t.Errorf("%s: %s", wrong, a.Body)
		}
	}
}

func TestSignUpsOfANetwork(t *testing.T) {
	t.Parallel()
	c := open(t, func(cfg *config.Config) {
		cfg.LoginLimit, cfg.SignUpsPerNetwork = "on", 3
	})
	for range 3 {
		c.Post(nobody, "auth/signup", registration(fresh())).Want(201)
	}
	if a := c.Post(nobody, "auth/signup", registration(fresh())).Want(429,
		"too-many-attempts"); a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	same(t, "users", c.Count("SELECT count(*) FROM users"), 3)
	c.Clock.Advance(time.Hour + time.Second)
	c.Post(nobody, "auth/signup", registration(fresh())).Want(201)
	for ip, want := range map[string]string{"203.0.113.7": "203.0.113.0/24", "::ffff:203.0.113.9": "203.0.113.0/24",
		"2001:db8:1:2::5": "2001:db8:1::/48", "": ""} {
		same(t, ip, httpapi.CoarseNetwork(ip), want)
	}
}

func TestConcurrentSignUpsObeyQuota(t *testing.T) {
	t.Parallel()
	c := open(t)
	taken := 0
	for _, err := range atOnce(12, func(int) error {
		return c.DB.Write(t.Context(), func(tx *postgres.Tx) error {
			_, err := limit.Limiter{}.CountUse(t.Context(), tx, limit.SignUps(5), "somewhere")
			return err
		})
	}) {
		if err == nil {
			taken++
		}
	}
	same(t, "taken", taken, 5)
}

// refusing is a mail server without SMTPUTF8 that has no mailboxes.
type refusing struct{ smtp.Session }

func (refusing) Mail(string, *smtp.MailOptions) error { return nil }
func (refusing) Rcpt(string, *smtp.RcptOptions) error {
	return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
}
func (refusing) Reset()        {}
func (refusing) Logout() error { return nil }

func TestUndeliverableAddress(t *testing.T) {
	t.Parallel()
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return refusing{}, nil }))
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	c := open(t, func(cfg *config.Config) { cfg.SMTPURL = "smtp://" + listener.Addr().String() })

	const unsendable = "መሰረት@example.org"
	for what, a := range map[string]*apptest.Answer{
		"sign-up": c.Post(nobody, "auth/signup", registration(unsendable)),
		"invitation": c.Post(c.Admin(), "users",
			object{"email": unsendable, "fullName": "Meera Nair", "role": "SUPPORT"}),
	} {
		if told := faultsOf(t, a.Want(422))["body.email"]; !strings.HasPrefix(told, "can't be reached") {
			t.Errorf("%s: %q", what, told)
		}
	}

	email := fresh()
	c.Post(nobody, "auth/signup", registration(email)).Want(201)
	c.Await("the mail is given up",
		func() bool {
			return c.Count("SELECT count(*) FROM mails WHERE failure = 'recipient-refused'") == 1
		})
	if a := c.Post(nobody, "auth/login", credentials(email, password)).Want(403,
		"email-not-verified"); !strings.Contains(a.Text("detail"), "refused our mail") {
		t.Errorf("%s", a.Body)
	}
	c.Post(nobody, "auth/login", credentials(email, newPassword)).Want(401, "invalid-credentials")
}
