package notification_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/notification"
)

// runDigests runs the waiting jobs of digests, and returns their number.
func (f *fixture) runDigests() int {
	f.t.Helper()
	rows, err := f.db.Pool.Query(context.Background(), "DELETE FROM river_job WHERE kind = 'mail.send-digest' "+
		"RETURNING (args->>'id')::uuid, (args->>'mailId')::uuid")
	must(f.t, err)
	var all []notification.SendDigest
	for rows.Next() {
		var d notification.SendDigest
		must(f.t, rows.Scan(&d.ID, &d.MailID))
		all = append(all, d)
	}
	must(f.t, rows.Err())
	for _, d := range all {
		must(f.t, f.mails.RunDigest(context.Background(), d))
		must(f.t, f.mails.RunDigest(context.Background(), d)) // it can run twice
	}
	return len(all)
}

func TestManyMailsAreCombined(t *testing.T) {
	t.Parallel()
	p := startMailServer(t, func(p *mailServer) { p.withoutTLS = true })
	f := openFixture(t, sendingTo(p, ""))
	reader, _ := f.user("Asha Rao", "UTC")
	role := func(name string) uuid.UUID {
		return f.enqueue(notification.Mail{To: reader, Kind: "role-changed", Data: map[string]string{"role": name}})
	}
	var all []uuid.UUID
	for i := range 25 {
		all = append(all, role(fmt.Sprintf("R%02d", i)))
		must(t, f.run(all[i]))
		must(t, f.run(all[i]))
	}
	if n := len(p.mails()); n != 10 {
		t.Fatalf("%d mails were sent at once", n)
	}
	must(t, f.run(f.enqueue(passwordChanged(reader)))) // another kind has its own budget
	if n := len(p.mails()); n != 11 {
		t.Fatalf("%d mails with another kind", n)
	}
	if n := f.runDigests(); n != 1 || len(p.mails()) != 12 {
		t.Fatalf("%d digests, %d mails", n, len(p.mails()))
	}
	m := parse(t, p.mails()[11].raw)
	for i := 10; i < 25; i++ {
		if !strings.Contains(m.text, fmt.Sprintf("R%02d", i)) || !strings.Contains(m.html, fmt.Sprintf("R%02d", i)) {
			t.Errorf("R%02d is missing: %s", i, m.text)
		}
	}
	if !strings.HasPrefix(m.subject, "15 more: ") {
		t.Errorf("subject %q", m.subject)
	}
	for _, id := range all {
		if s := f.state(id); s.sent == nil || s.content != nil {
			t.Errorf("%s: %+v", id, s)
		}
	}
	// The digest counts as the first mail of the next hour.
	for i := range 10 {
		must(t, f.run(role(fmt.Sprintf("S%02d", i))))
	}
	if n := len(p.mails()); n != 21 {
		t.Errorf("%d mails in the next hour", n)
	}
	if n := f.runDigests(); n != 1 || len(p.mails()) != 22 {
		t.Fatalf("%d digests, %d mails", n, len(p.mails()))
	}
	if text := parse(t, p.mails()[21].raw).text; !strings.Contains(text, "S09") {
		t.Errorf("S09 is missing: %s", text)
	}
	f.clock.Advance(2 * time.Hour)
	must(t, f.run(role("T")))
	if n := len(p.mails()); n != 23 {
		t.Errorf("%d mails an hour later", n)
	}
}

func TestSubAddressesShareOneBudget(t *testing.T) {
	t.Parallel()
	p := startMailServer(t, func(p *mailServer) { p.withoutTLS = true })
	f := openFixture(t, sendingTo(p, ""))
	for i := range 14 {
		address := fmt.Sprintf("A.sha+%d@Gmail.com", i)
		if i%2 == 0 {
			address = "as.ha@googlemail.com"
		}
		must(t, f.run(f.enqueue(notification.Mail{Address: address, Kind: "verify-email",
			Data: map[string]string{"token": fmt.Sprintf("token-%d-", i), "role": "PATIENT",
				"expires": f.db.Now().Add(24 * time.Hour).Format(time.RFC3339)}})))
	}
	if n := len(p.mails()); n != 10 {
		t.Fatalf("%d mails reached one mailbox", n)
	}
	must(t, f.run(f.enqueue(notification.Mail{Address: "a.sha@example.org", Kind: "password-changed"})))
	if n := f.runDigests(); n != 1 {
		t.Fatalf("%d digests", n)
	}
	m := parse(t, p.mails()[11].raw)
	for i := 10; i < 14; i++ {
		if !strings.Contains(m.text, fmt.Sprintf("token-%d-", i)) { // each link still works
			t.Errorf("the link %d is missing", i)
		}
	}
}

func TestFailedMailReturnsItsBudget(t *testing.T) {
	t.Parallel()
	p := startMailServer(t, func(p *mailServer) {
		p.withoutTLS = true
		p.refuse = refuseStep("rcpt", 450, [3]int{4, 1, 1})
	})
	f := openFixture(t, sendingTo(p, ""))
	reader, _ := f.user("Asha Rao", "UTC")
	id := f.enqueue(passwordChanged(reader))
	for range 15 {
		if f.run(id) == nil {
			t.Fatal("the mail was deferred or sent")
		}
	}
}

func TestNormalize(t *testing.T) {
	t.Parallel()
	for typed, forms := range map[string][2]string{
		"Asha@Example.ORG":      {"asha@example.org", "asha@example.org"},
		"a@BÜRO.example":        {"a@büro.example", "a@xn--bro-hoa.example"},
		"a@xn--bro-hoa.example": {"a@büro.example", "a@xn--bro-hoa.example"},
		"आशा@डाक.भारत":          {"आशा@डाक.भारत", "आशा@xn--11bx1g.xn--h2brj9c"},
		"a@straße.example":      {"a@straße.example", "a@xn--strae-oqa.example"},
		"a@bu\u0308ro.example":  {"a@büro.example", "a@xn--bro-hoa.example"},
		"a@ｅxample.org":         {"a@example.org", "a@example.org"},
		"a@x_y.example":         {"a@x_y.example", "a@x_y.example"},
	} {
		ascii, err := notification.ASCII(notification.Normalize(typed))
		if got := notification.Normalize(typed); got != forms[0] || ascii != forms[1] || err != nil {
			t.Errorf("%q: %q, %q, %v", typed, got, ascii, err)
		}
	}
}

// A mail server without SMTPUTF8 takes international domains, but only ASCII letters before the @.
func TestServerWithoutSMTPUTF8(t *testing.T) {
	t.Parallel()
	p := startMailServer(t, func(p *mailServer) { p.withoutTLS, p.withoutUTF8 = true, true })
	f := openFixture(t, sendingTo(p, ""))
	if !f.mails.CanReach(t.Context(), "asha@büro.example") || p.reached("mail") != 0 {
		t.Error("an international domain isn't reached")
	}
	if f.mails.CanReach(t.Context(), "आशा@example.org") {
		t.Error("an address that the server can't take is reached")
	}
	must(t, f.run(f.enqueue(notification.Mail{Address: "asha@büro.example", Kind: "password-changed"})))
	if d := p.mails(); len(d) != 1 || d[0].utf8 || d[0].to != "asha@xn--bro-hoa.example" {
		t.Errorf("delivered: %+v", d)
	}
	id := f.enqueue(notification.Mail{Address: "आशा@example.org", Kind: "password-changed"})
	must(t, f.run(id))
	if s := f.state(id); s.failure != "address-unsupported" {
		t.Errorf("%+v", s)
	}
	var audited int
	must(t, f.db.Pool.QueryRow(t.Context(),
		"SELECT count(*) FROM audit_logs WHERE action = 'mail.give-up' AND entity_id = $1", id.String()).
		Scan(&audited))
	if audited != 1 {
		t.Errorf("%d audit rows, want 1", audited)
	}
}
