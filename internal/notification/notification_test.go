package notification_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"amrutam/internal/notification"
)

func TestContentIsSealedAndErased(t *testing.T) {
	t.Parallel()
	p := startMailServer(t, func(p *mailServer) { p.withoutTLS = true })
	f := openFixture(t, sendingTo(p, ""))
	reader, _ := f.user("Asha Rao", "UTC")
	id := f.enqueue(notification.Mail{To: reader, Kind: "reset-password",
		Data: map[string]string{"token": "a-token-of-this-test",
			"expires": f.db.Now().Add(time.Hour).Format(time.RFC3339)}})
	var rows int
	must(t, f.db.Pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM mails m
		WHERE m::text ~ 'a-token-of-this-test') +
		(SELECT count(*) FROM river_job j WHERE j::text ~ 'a-token-of-this-test|@example.org')`).Scan(&rows))
	if s := f.state(id); rows != 0 || len(s.content) == 0 ||
		bytes.Contains(s.content, []byte("a-token-of-this-test")) {
		t.Fatalf("kept readable in %d rows, or not kept: %+v", rows, s)
	}
	must(t, f.run(id))
	if s := f.state(id); s.content != nil || s.sent == nil || s.failed != nil || len(p.mails()) != 1 ||
		f.metric("reset-password", "sent") != 1 {
		t.Errorf("after sending: %+v", s)
	}
}

func TestRecipients(t *testing.T) {
	t.Parallel()
	p := startMailServer(t, func(p *mailServer) { p.withoutTLS = true })
	f := openFixture(t, sendingTo(p, ""))
	reader, _ := f.user("Asha Rao", "Asia/Kolkata")
	waiting := f.enqueue(passwordChanged(reader))
	f.exec("UPDATE users SET email = 'new@example.org' WHERE id = $1", reader)
	must(t, f.run(waiting))
	must(t, f.run(f.enqueue(notification.Mail{To: reader, Address: "old@example.org", Kind: "password-changed"})))
	f.exec("UPDATE users SET is_email_verified = false WHERE id = $1", reader)
	must(t, f.run(f.enqueue(passwordChanged(reader))))
	late := f.enqueue(passwordChanged(reader))
	f.exec("UPDATE users SET deleted_at = now() WHERE id = $1", reader)
	must(t, f.run(late))
	must(t, f.run(f.enqueue(notification.Mail{To: reader, Address: "last@example.org", Kind: "password-changed"})))

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
	if s := f.state(late); s.failure != "no-recipient" || s.content != nil || s.sent != nil ||
		f.metric("password-changed", "no-recipient") != 1 {
		t.Errorf("the mail to a deleted user: %+v", s)
	}
}

func TestLateMailIsGivenUp(t *testing.T) {
	t.Parallel()
	p := startMailServer(t, func(p *mailServer) { p.withoutTLS = true })
	f := openFixture(t, sendingTo(p, ""))
	reader, _ := f.user("Asha Rao", "UTC")
	link := f.enqueue(notification.Mail{To: reader, Kind: "reset-password",
		Data: map[string]string{"token": "t", "expires": f.db.Now().Add(time.Hour).Format(time.RFC3339)}})
	notice, fresh := f.enqueue(passwordChanged(reader)), f.enqueue(passwordChanged(reader))
	f.clock.Advance(2 * time.Hour)
	must(t, f.run(link))
	must(t, f.run(fresh))
	f.clock.Advance(5 * 24 * time.Hour)
	must(t, f.run(notice))
	if got := p.mails(); len(got) != 1 || f.state(fresh).sent == nil {
		t.Errorf("%d mails came", len(got))
	}
	for name, s := range map[string]state{"an expired link": f.state(link),
		"a notice five days late": f.state(notice)} {
		if s.failure != "too-late" || s.content != nil || s.sent != nil {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestEnqueueRefusesIncompleteMail(t *testing.T) {
	t.Parallel()
	f := openFixture(t)
	reader, _ := f.user("Asha Rao", "UTC")
	for _, m := range []notification.Mail{
		{To: reader, Kind: "no-such-kind"},
		{To: reader, Kind: "verify-email", Data: map[string]string{"token": "secret"}},
		{To: reader, Kind: "verify-email", Data: map[string]string{"token": "secret", "expires": "tomorrow, secret"}},
		{To: reader, Kind: "refund-sent", Data: map[string]string{"amount": "500.00"}},
	} {
		if err := f.tryEnqueue(m); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s with %d values: %v", m.Kind, len(m.Data), err)
		}
	}
	var kept int
	must(t, f.db.Pool.QueryRow(t.Context(), "SELECT (SELECT count(*) FROM mails) + (SELECT count(*) FROM river_job)").
		Scan(&kept))
	if kept != 0 {
		t.Errorf("%d rows were kept", kept)
	}
}
