package notification_test

import (
	"bytes"
	"testing"
	"time"

	"amrutam/internal/notification"
)

func TestContentIsSealedAndErased(t *testing.T) {
	t.Parallel()
	p := startMailServer(t, func(p *mailServer) { p.withoutTLS = true })
	o := openFixture(t, sendingTo(p, ""))
	reader, _ := o.user("Asha Rao", "UTC")
	id := o.enqueue(notification.Mail{To: reader, Kind: "reset-password",
		Data: map[string]string{"token": "a-token-of-this-test",
			"expires": o.db.Now().Add(time.Hour).Format(time.RFC3339)}})
	var rows int
	must(t, o.db.Pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM mails m
		WHERE m::text ~ 'a-token-of-this-test') +
		(SELECT count(*) FROM river_job j WHERE j::text ~ 'a-token-of-this-test|@example.org')`).Scan(&rows))
	if s := o.state(id); rows != 0 || len(s.content) == 0 ||
		bytes.Contains(s.content, []byte("a-token-of-this-test")) {
		t.Fatalf("kept readable in %d rows, or not kept: %+v", rows, s)
	}
	must(t, o.run(id))
	if s := o.state(id); s.content != nil || s.sent == nil || s.failed != nil || len(p.mails()) != 1 ||
		o.metric("reset-password", "sent") != 1 {
		t.Errorf("after sending: %+v", s)
	}
}

func TestRecipients(t *testing.T) {
	t.Parallel()
	p := startMailServer(t, func(p *mailServer) { p.withoutTLS = true })
	o := openFixture(t, sendingTo(p, ""))
	reader, _ := o.user("Asha Rao", "Asia/Kolkata")
	waiting := o.enqueue(passwordChanged(reader))
	o.exec("UPDATE users SET email = 'new@example.org' WHERE id = $1", reader)
	must(t, o.run(waiting))
	must(t, o.run(o.enqueue(notification.Mail{To: reader, Address: "old@example.org", Kind: "password-changed"})))
	o.exec("UPDATE users SET is_email_verified = false WHERE id = $1", reader)
	must(t, o.run(o.enqueue(passwordChanged(reader))))
	late := o.enqueue(passwordChanged(reader))
	o.exec("UPDATE users SET deleted_at = now() WHERE id = $1", reader)
	must(t, o.run(late))
	must(t, o.run(o.enqueue(notification.Mail{To: reader, Address: "last@example.org", Kind: "password-changed"})))

	want := []struct{ to, greeting string }{
		{"new@example.org", "Hello Asha Rao,\n"},
		{"old@example.org", "Hello,\n"},
		{"new@example.org", "Hello,\n"}, // a name that a stranger may have put beside this address
		{"last@example.org", "Hello,\n"},
	}
	got := p.mails()
	if len(got) != len(want) {
		t.Fatalf("%d mails came, want %d", len(got), len(want))
	}
	for i, w := range want {
		if m := parse(t, got[i].raw); got[i].to != w.to || m.text[:len(w.greeting)] != w.greeting {
			t.Errorf("mail %d to %s: %q, want %s: %q", i, got[i].to, m.text[:20], w.to, w.greeting)
		}
	}
	if s := o.state(late); s.failure != "no-recipient" || s.content != nil || s.sent != nil ||
		o.metric("password-changed", "no-recipient") != 1 {
		t.Errorf("the mail to a deleted user: %+v", s)
	}
}

func TestLateMailIsGivenUp(t *testing.T) {
	t.Parallel()
	p := startMailServer(t, func(p *mailServer) { p.withoutTLS = true })
	o := openFixture(t, sendingTo(p, ""))
	reader, _ := o.user("Asha Rao", "UTC")
	link := o.enqueue(notification.Mail{To: reader, Kind: "reset-password",
		Data: map[string]string{"token": "t", "expires": o.db.Now().Add(time.Hour).Format(time.RFC3339)}})
	notice, fresh := o.enqueue(passwordChanged(reader)), o.enqueue(passwordChanged(reader))
	o.clock.Advance(2 * time.Hour)
	must(t, o.run(link))
	must(t, o.run(fresh))
	o.clock.Advance(5 * 24 * time.Hour)
	must(t, o.run(notice))
	if got := p.mails(); len(got) != 1 || o.state(fresh).sent == nil {
		t.Errorf("%d mails came", len(got))
	}
	for name, s := range map[string]state{"an expired link": o.state(link),
		"a notice five days late": o.state(notice)} {
		if s.failure != "too-late" || s.content != nil || s.sent != nil {
			t.Errorf("%s: %+v", name, s)
		}
	}
}
