package notification_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"amrutam/internal/notification"
)

// A mail or a digest whose note is undone isn't sent again: its job only makes the note.
func TestUndoneNoteIsMadeAgain(t *testing.T) {
	t.Parallel()
	p := startMailServer(t, func(p *mailServer) { p.withoutTLS = true })
	f := openFixture(t, sendingTo(p, ""))
	reader, _ := f.user("Asha Rao", "UTC")
	digest := notification.SendDigest{ID: uuid.Must(uuid.NewV7())}
	for range 12 { // two more than are sent at once
		digest.MailID = f.enqueue(passwordChanged(reader))
		must(t, f.run(digest.MailID))
	}
	single := f.enqueue(notification.Mail{To: reader, Kind: "role-changed", Data: map[string]string{"role": "R"}})
	other, err := f.db.Pool.Begin(t.Context())
	must(t, err)
	_, err = other.Exec(t.Context(), "SELECT FROM mails WHERE content IS NOT NULL FOR UPDATE")
	must(t, err)
	run := func() (one, many error) {
		return f.run(single), f.mails.RunDigest(context.Background(), digest)
	}
	for range 3 {
		if one, many := run(); one == nil || many == nil {
			t.Fatalf("the notes were made: %v, %v", one, many)
		}
	}
	must(t, other.Rollback(t.Context()))
	for range 2 {
		one, many := run()
		must(t, one)
		must(t, many)
	}
	if n := len(p.mails()); n != 12 {
		t.Errorf("%d mails came, want 10, the other and the digest", n)
	}
	if s := f.state(single); s.sent == nil || f.metric("role-changed", "sent") != 1 ||
		f.metric("password-changed", "sent") != 12 {
		t.Errorf("%+v, sent %v and %v", s, f.metric("role-changed", "sent"), f.metric("password-changed", "sent"))
	}
}
