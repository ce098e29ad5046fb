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

// runDigests runs the jobs of digests that wait, and tells how many there were.
func (o *fixture) runDigests() int {
	o.t.Helper()
	rows, err := o.db.Pool.Query(context.Background(), "DELETE FROM river_job WHERE kind = 'mail.send-digest' "+
		"RETURNING (args->>'id')::uuid, (args->>'mailId')::uuid")
	must(o.t, err)
	var all []notification.SendDigest
	for rows.Next() {
		var d notification.SendDigest
		must(o.t, rows.Scan(&d.ID, &d.MailID))
		all = append(all, d)
	}
	must(o.t, rows.Err())
	for _, d := range all {
		must(o.t, o.mails.RunDigest(context.Background(), d))
		must(o.t, o.mails.RunDigest(context.Background(), d)) // bears running twice
	}
	return len(all)
}

func TestManyMailsAreCombined(t *testing.T) {
	t.Parallel()
	p := startMailServer(t, func(p *mailServer) { p.withoutTLS = true })
	o := openFixture(t, sendingTo(p, ""))
	reader, _ := o.user("Asha Rao", "UTC")
	role := func(name string) uuid.UUID {
		return o.enqueue(notification.Mail{To: reader, Kind: "role-changed", Data: map[string]string{"role": name}})
	}
	var all []uuid.UUID
	for i := range 25 {
		all = append(all, role(fmt.Sprintf("R%02d", i)))
		must(t, o.run(all[i]))
		must(t, o.run(all[i]))
	}
	if n := len(p.mails()); n != 10 {
		t.Fatalf("%d mails went out by themselves", n)
	}
	must(t, o.run(o.enqueue(passwordChanged(reader)))) // another kind has its own budget
	if n := len(p.mails()); n != 11 {
		t.Fatalf("%d mails with another kind", n)
	}
	if n := o.runDigests(); n != 1 || len(p.mails()) != 12 {
		t.Fatalf("%d digests, %d mails", n, len(p.mails()))
	}
	m := parse(t, p.mails()[11].raw)
	for i := 10; i < 25; i++ {
		if !strings.Contains(m.text, fmt.Sprintf("R%02d", i)) || !strings.Contains(m.html, fmt.Sprintf("R%02d", i)) {
			t.Errorf("R%02d is lost: %s", i, m.text)
		}
	}
	if !strings.HasPrefix(m.subject, "15 more: ") {
		t.Errorf("subject %q", m.subject)
	}
	for _, id := range all {
		if s := o.state(id); s.sent == nil || s.content != nil {
			t.Errorf("%s: %+v", id, s)
		}
	}
	// The digest was the first of the next hour.
	for i := range 10 {
		must(t, o.run(role(fmt.Sprintf("S%02d", i))))
	}
	if n := len(p.mails()); n != 21 {
		t.Errorf("%d mails in the next hour", n)
	}
	if n := o.runDigests(); n != 1 || len(p.mails()) != 22 || !strings.Contains(parse(t, p.mails()[21].raw).text, "S09") {
		t.Errorf("%d digests, %d mails", n, len(p.mails()))
	}
	o.clock.Advance(2 * time.Hour)
	must(t, o.run(role("T")))
	if n := len(p.mails()); n != 23 {
		t.Errorf("%d mails an hour later", n)
	}
}

func TestSubAddressesShareOneBudget(t *testing.T) {
	t.Parallel()
	p := startMailServer(t, func(p *mailServer) { p.withoutTLS = true })
	o := openFixture(t, sendingTo(p, ""))
	for i := range 14 {
		address := fmt.Sprintf("A.sha+%d@Gmail.com", i)
		if i%2 == 0 {
			address = "as.ha@googlemail.com"
		}
		must(t, o.run(o.enqueue(notification.Mail{Address: address, Kind: "verify-email",
			Data: map[string]string{"token": fmt.Sprintf("token-%d-", i), "role": "PATIENT",
				"expires": o.db.Now().Add(24 * time.Hour).Format(time.RFC3339)}})))
	}
	if n := len(p.mails()); n != 10 {
		t.Fatalf("%d mails reached one mailbox", n)
	}
	must(t, o.run(o.enqueue(notification.Mail{Address: "a.sha@example.org", Kind: "password-changed"})))
	if n := o.runDigests(); n != 1 {
		t.Fatalf("%d digests", n)
	}
	m := parse(t, p.mails()[11].raw)
	for i := 10; i < 14; i++ {
		if !strings.Contains(m.text, fmt.Sprintf("token-%d-", i)) { // each link still works
			t.Errorf("the link %d is lost", i)
		}
	}
}

func TestFailedMailReturnsItsBudget(t *testing.T) {
	t.Parallel()
	p := startMailServer(t, func(p *mailServer) { p.withoutTLS = true; p.refuse = refuseStep("rcpt", 450, [3]int{4, 1, 1}) })
	o := openFixture(t, sendingTo(p, ""))
	reader, _ := o.user("Asha Rao", "UTC")
	id := o.enqueue(passwordChanged(reader))
	for range 15 {
		if o.run(id) == nil {
			t.Fatal("it was held, or sent")
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

// A mail server without SMTPUTF8 takes international domains, and no other letters before the @.
func TestServerWithoutSMTPUTF8(t *testing.T) {
	t.Parallel()
	p := startMailServer(t, func(p *mailServer) { p.withoutTLS, p.withoutUTF8 = true, true })
	o := openFixture(t, sendingTo(p, ""))
	if !o.mails.CanReach(t.Context(), "asha@büro.example") || p.reached("mail") != 0 {
		t.Error("an international domain isn't reached")
	}
	if o.mails.CanReach(t.Context(), "आशा@example.org") {
		t.Error("what the server can't take is said to be reached")
	}
	must(t, o.run(o.enqueue(notification.Mail{Address: "asha@büro.example", Kind: "password-changed"})))
	if d := p.mails(); len(d) != 1 || d[0].utf8 || d[0].to != "asha@xn--bro-hoa.example" {
		t.Errorf("came: %+v", d)
	}
	id := o.enqueue(notification.Mail{Address: "आशा@example.org", Kind: "password-changed"})
	must(t, o.run(id))
	if s := o.state(id); s.failure != "address-unsupported" {
		t.Errorf("%+v", s)
	}
	var told int
	must(t, o.db.Pool.QueryRow(t.Context(),
		"SELECT count(*) FROM audit_logs WHERE action = 'mail.give-up' AND entity_id = $1", id.String()).Scan(&told))
	if told != 1 {
		t.Errorf("%d audit rows tell of it", told)
	}
}
