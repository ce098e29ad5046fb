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
	for _, c := range []struct{ typed, timezone, want string }{
		{"+919812345678", "", "+919812345678"},
		{"+91 (0) 98123 45678", "", "+919812345678"},
		{"+91-0-98123-45678", "", "+919812345678"},
		{"0091 98123 45678", "", "+919812345678"},
		{"+91\u00a098123\u202f45678", "", "+919812345678"},
		{"+91\u201198123\u201145678", "", "+919812345678"},
		{"+९१ ९८१२३ ४५६७८", "", "+919812345678"},
		{"＋91（98123）45678", "", "+919812345678"},
		{"+٩١٩٨١٢٣٤٥٦٧٨", "", "+919812345678"},
		{"\u202a+919812345678\u202c", "", "+919812345678"},
		{"+91\u221298123 45678", "", "+919812345678"},
		{"98123 45678", "", "+919812345678"},
		{"098123 45678", "Asia/Kolkata", "+919812345678"},
		{" 919812345678", "", "+919812345678"},
		{"98123 45678", "America/New_York", ""},
		{"+44 (0)20 7031 3000", "Europe/London", "+442070313000"},
		{"+39 06 6982 1234", "", "+390669821234"},
		{"+", "", ""},
		{"", "", ""},
		{"+98", "", ""},
		{"+0919812345678", "", ""},
		{"+91981234567x", "", ""},
		{"+1 800 FLOWERS", "", ""},
		{"98123", "", ""},
		{"+91+9812345678", "", ""},
		{"+999 123456789", "", ""},
		{"+9198123456789012", "", ""},
		{"+91/98123/45678", "", ""},
	} {
		if got := account.NormalizePhone(c.typed, c.timezone); got != c.want {
			t.Errorf("%q in %q: %q, want %q", c.typed, c.timezone, got, c.want)
		}
	}
}

func TestSearchFindsPhonesOfEarlierReleases(t *testing.T) {
	t.Parallel()
	c := open(t)
	patient := c.Patient()
	for _, stored := range []string{"+919812345678", "+9109812345678"} { // the second with the trunk prefix 0
		c.Exec("UPDATE profiles SET phone_index = $1 WHERE user_id = $2",
			c.App.Sealer.BlindIndex("profiles.phone", stored), patient.ID)
		for _, spelling := range []string{"+91 98123 45678", "+91 (0) 98123 45678", "9812345678"} {
			wantEqual(t, stored+" by "+spelling, listByPhone(t, c, c.Support(), spelling),
				[]string{patient.ID.String()})
		}
	}
}

func TestBirthDateOfToday(t *testing.T) {
	t.Parallel()
	c := open(t)
	me := c.Patient()
	for _, zone := range []string{"Pacific/Kiritimati", "Asia/Kolkata", "UTC", "Pacific/Pago_Pago"} {
		location, err := time.LoadLocation(zone)
		must(t, err)
		for days, status := range map[int]int{-1: 200, 0: 200, 1: 422, 2: 422} {
			day := c.Clock.Now().In(location).AddDate(0, 0, days).Format(time.DateOnly)
			a := c.Patch(me, "users/me", object{"dateOfBirth": day, "timezone": zone})
			wantEqual(t, fmt.Sprintf("%s, %+d days", zone, days), a.Status, status)
		}
	}
}

func TestDomainSpellingsAreOneAccount(t *testing.T) {
	t.Parallel()
	c := open(t)
	const unicode, ascii = "asha@büro.example", "Asha@XN--bro-hoa.example"
	c.Post(anonymous, "auth/signup", registration(ascii)).Want(201)
	wantEqual(t, "users stored in Unicode", c.Count("SELECT count(*) FROM users WHERE email = $1", unicode), 1)
	c.Post(anonymous, "auth/signup", registration("asha@BÜRO.example")).Want(201)
	wantEqual(t, "users", c.Count("SELECT count(*) FROM users"), 1)
	for _, wrong := range []string{
		"asha@xn--a.example", "asha@xn--abc-.example", "asha@a\u0301\u200d.example", "asha@\u0627a.example",
	} {
		a := c.Post(anonymous, "auth/signup", registration(wrong)).Want(422)
		if fieldErrors(t, a)["body.email"] == "" {
			t.Errorf("%s: %s", wrong, a.Body)
		}
	}
}

func TestSignUpsOfANetwork(t *testing.T) {
	t.Parallel()
	c := open(t, enableLoginLimit, func(cfg *config.Config) { cfg.SignUpsPerNetwork = 3 })
	for range 3 {
		c.Post(anonymous, "auth/signup", registration(newEmail())).Want(201)
	}
	a := c.Post(anonymous, "auth/signup", registration(newEmail())).Want(429, "too-many-attempts")
	if a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	wantEqual(t, "users", c.Count("SELECT count(*) FROM users"), 3)
	c.Clock.Advance(time.Hour + time.Second)
	c.Post(anonymous, "auth/signup", registration(newEmail())).Want(201)
	for ip, want := range map[string]string{
		"203.0.113.7":        "203.0.113.0/24",
		"::ffff:203.0.113.9": "203.0.113.0/24",
		"2001:db8:1:2::5":    "2001:db8:1::/48",
		"":                   "",
	} {
		wantEqual(t, ip, httpapi.CoarseNetwork(ip), want)
	}
}

func TestConcurrentSignUpsObeyQuota(t *testing.T) {
	t.Parallel()
	c := open(t)
	errs := apptest.Concurrently(12, func(int) error {
		return c.DB.Write(t.Context(), func(tx *postgres.Tx) error {
			_, err := limit.Limiter{}.CountUse(t.Context(), tx, limit.SignUps(5), "somewhere")
			return err
		})
	})
	allowed := 0
	for _, err := range errs {
		if err == nil {
			allowed++
		}
	}
	wantEqual(t, "allowed uses", allowed, 5)
}

// refusingSession is a session of a mail server that lacks SMTPUTF8 and refuses every recipient.
type refusingSession struct{ smtp.Session }

func (refusingSession) Mail(string, *smtp.MailOptions) error { return nil }
func (refusingSession) Rcpt(string, *smtp.RcptOptions) error {
	return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
}
func (refusingSession) Reset()        {}
func (refusingSession) Logout() error { return nil }

func TestUndeliverableAddress(t *testing.T) {
	t.Parallel()
	newSession := func(*smtp.Conn) (smtp.Session, error) { return refusingSession{}, nil }
	server := smtp.NewServer(smtp.BackendFunc(newSession))
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	c := open(t, func(cfg *config.Config) { cfg.SMTPURL = "smtp://" + listener.Addr().String() })

	const unsendable = "መሰረት@example.org"
	invitation := object{"email": unsendable, "fullName": "Meera Nair", "role": "SUPPORT"}
	for name, a := range map[string]*apptest.Answer{
		"sign-up":    c.Post(anonymous, "auth/signup", registration(unsendable)),
		"invitation": c.Post(c.Admin(), "users", invitation),
	} {
		if message := fieldErrors(t, a.Want(422))["body.email"]; !strings.HasPrefix(message, "can't be reached") {
			t.Errorf("%s: %q", name, message)
		}
	}

	email := newEmail()
	c.Post(anonymous, "auth/signup", registration(email)).Want(201)
	c.Await("gave up the mail", func() bool {
		return c.Count("SELECT count(*) FROM mails WHERE failure = 'recipient-refused'") == 1
	})
	a := login(c, email, password).Want(403, "email-not-verified")
	if !strings.Contains(a.Text("detail"), "refused our mail") {
		t.Errorf("the answer doesn't say that the mail was refused: %s", a.Body)
	}
	login(c, email, newPassword).Want(401, "invalid-credentials")
}
