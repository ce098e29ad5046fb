package notification_test

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
	"amrutam/internal/jobs"
	"amrutam/internal/notification"
)

var anonymous apptest.User

func mailsTo(c *apptest.Clinic, address string) []map[string]any {
	return c.Get(anonymous, "/dev/mailbox.json?to="+url.QueryEscape(address)).Want(200).Items()
}

func TestConfirmationIsMailedToBoth(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("0.00")
	c.Post(patient, "consultations", map[string]any{"slotId": c.Slot(doctor, 3*time.Hour, 1), "reason": "Migraine"}).
		Want(201)
	for _, to := range []apptest.User{patient, doctor} {
		waitFor(t, "the mail", func() bool { return len(mailsTo(c, to.Email)) == 1 })
		text, _ := mailsTo(c, strings.ToUpper(to.Email))[0]["text"].(string)
		if !strings.Contains(text, "is confirmed") || strings.Contains(text, "Migraine") ||
			strings.Contains(text, "{") {
			t.Errorf("mail: %s", text)
		}
	}
	if log := c.Log.String(); strings.Contains(log, patient.Email) {
		t.Error("the log holds a mail address")
	}
}

// Refusal, approval and withdrawal have a mail each.
func TestMailsOfDoctorDecisions(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, admin := c.Doctor("0.00"), c.Admin()
	_, err := c.DB.Pool.Exec(t.Context(), "UPDATE doctors SET is_approved = false WHERE id = $1", doctor.ID)
	must(t, err)
	for i, step := range []struct {
		approved bool
		kind     string
	}{{false, "doctor-application-refused"}, {true, "doctor-approved"}, {false, "doctor-approval-withdrawn"}} {
		c.Patch(admin, "doctors/"+doctor.ID.String()+"/approve",
			map[string]any{"approved": step.approved, "reason": "Because."}).Want(200)
		waitFor(t, step.kind, func() bool { return len(mailsTo(c, doctor.Email)) == i+1 })
		if kind := mailsTo(c, doctor.Email)[0]["kind"]; kind != step.kind {
			t.Errorf("kind %v, want %s", kind, step.kind)
		}
	}
}

func TestMailboxIsForDevelopmentOnly(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*config.Config){
		"production": func(cfg *config.Config) {
			cfg.Env, cfg.SMTPURL = "production", "smtp://127.0.0.1:9"
		},
		"production, no server": func(cfg *config.Config) { cfg.Env = "production" },
		"a mail server":         func(cfg *config.Config) { cfg.SMTPURL = "smtp://127.0.0.1:9" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := apptest.Open(t, change)
			c.Get(anonymous, "/dev/mailbox").Want(404)
			c.Get(anonymous, "/dev/mailbox.json").Want(404)
		})
	}
}

func TestMailboxFiltersByAddress(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("0.00")
	c.Post(patient, "consultations", map[string]any{"slotId": c.Slot(doctor, 3*time.Hour, 1), "reason": "Migraine"}).
		Want(201)
	waitFor(t, "the mail", func() bool { return len(mailsTo(c, patient.Email)) == 1 })
	others := newMailboxService(t, c)
	for i := range 230 {
		must(t, others.Deliver(t.Context(), notification.Message{MessageID: fmt.Sprintf("%d@clinic.example", i),
			To: fmt.Sprintf("someone-%d@example.net", i), Subject: "Hello", Text: "Hello,\n", CreatedAt: c.DB.Now()}))
	}
	if n := len(mailsTo(c, patient.Email)); n != 1 {
		t.Errorf("%d mails of the patient", n)
	}
	all := mailsTo(c, "")
	if len(all) != 200 || all[0]["to"] != "someone-229@example.net" {
		t.Errorf("%d mails, the newest to %v", len(all), all[0]["to"])
	}
	if n := len(mailsTo(c, "somebody@example.net")); n != 0 {
		t.Errorf("%d mails of nobody", n)
	}
}

func TestMailboxPageShowsTextAndLinks(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	must(t, newMailboxService(t, c).Deliver(t.Context(),
		notification.Message{MessageID: "1@clinic.example", To: "asha@example.org", CreatedAt: c.DB.Now(),
			Subject: "<script>alert(1)</script>",
			Text:    "Hello <b>Asha</b>,\n\nhttps://clinic.example/x?token=a&b=<c>\n\njavascript:alert(1)\n"}))
	answer := c.Get(anonymous, "/dev/mailbox?to=ASHA@example.org").Want(200)
	if !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") ||
		answer.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", answer.Header)
	}
	root, err := html.Parse(bytes.NewReader(answer.Body))
	must(t, err)
	var links []string
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if n.Data == "script" || n.Data == "b" {
			t.Errorf("a mail put a <%s> into the page", n.Data)
		}
		for _, a := range n.Attr {
			if n.Data == "a" && a.Key == "href" {
				links = append(links, a.Val)
			}
		}
	}
	if len(links) != 1 || links[0] != "https://clinic.example/x?token=a&b=%3cc%3e" {
		t.Errorf("links %v", links)
	}
	for _, want := range []string{"&lt;script&gt;alert(1)", "Hello &lt;b&gt;Asha", "javascript:alert(1)"} {
		if !strings.Contains(string(answer.Body), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if page := c.Get(anonymous, "/dev/mailbox?to=other@example.org").Want(200); !strings.Contains(string(page.Body),
		"No mail yet.") {
		t.Errorf("page: %s", page.Body)
	}
}

func TestMailboxStoresMailOnceAndSealed(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	for range 2 {
		must(t, newMailboxService(t, c).Deliver(t.Context(),
			notification.Message{MessageID: "1@clinic.example", To: "asha@example.org", Text: "a-token-of-this-test"}))
	}
	var all, readable int
	must(t, c.DB.Pool.QueryRow(t.Context(), `SELECT count(*), count(*) FILTER (WHERE m::text ~ 'asha'
		OR encode(content, 'escape') ~ 'token|asha')
		FROM mailbox_messages m`).Scan(&all, &readable))
	if all != 1 || readable != 0 {
		t.Errorf("%d rows, %d readable", all, readable)
	}
}

// A mail that can't be opened is listed as unreadable, and the others are shown.
func TestMailboxShowsUnreadableMails(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	for _, id := range []string{"1@clinic.example", "2@clinic.example", "3@clinic.example"} {
		must(t, newMailboxService(t, c).Deliver(t.Context(), notification.Message{
			MessageID: id,
			To:        "asha@example.org",
			Subject:   "Subject " + id,
			Text:      "Hello,\n",
			CreatedAt: c.DB.Now(),
		}))
	}
	_, err := c.DB.Pool.Exec(t.Context(),
		"UPDATE mailbox_messages SET content = 'damaged' WHERE message_id = '2@clinic.example'")
	must(t, err)
	all := mailsTo(c, "asha@example.org")
	if len(all) != 3 || all[1]["unreadable"] != true || all[1]["createdAt"] == "0001-01-01T00:00:00Z" ||
		all[0]["subject"] != "Subject 3@clinic.example" || all[0]["unreadable"] != nil {
		t.Errorf("mails: %v", all)
	}
	page := string(c.Get(anonymous, "/dev/mailbox").Want(200).Body)
	for _, want := range []string{"Subject 1@clinic.example", "can't be opened", "Subject 3@clinic.example"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if log := c.Log.String(); strings.Contains(log, "damaged") || !strings.Contains(log, "can't be opened") {
		t.Errorf("log: %s", log)
	}
}

// newMailboxService returns another Service that delivers to the mailbox of the clinic.
func newMailboxService(t *testing.T, c *apptest.Clinic) *notification.Service {
	t.Helper()
	queue, err := jobs.New(c.App.DB, c.App.Log, c.App.Metrics)
	must(t, err)
	mails, err := notification.New(c.App.DB, queue, c.App.Sealer,
		&config.Config{Env: "development", PublicURL: publicURL}, c.App.Log, c.App.Metrics)
	must(t, err)
	return mails
}
