package notification_test

import (
	"context"
	"strings"
	"testing"

	"amrutam/internal/calendar"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
)

func appointmentMail() notification.Mail {
	return notification.Mail{Kind: "consultation-reminder", Timely: true,
		Data: map[string]string{"as": "PATIENT", "consultationId": visit,
			"with": "Dr. D'Souza; \"X\", MD\r\nBEGIN:VALARM", "start": start, "end": end,
			"expires": start},
		Appointment: &notification.Appointment{UID: "1@clinic.example", Sequence: 2, Method: calendar.Request}}
}

// TestCalendarPart tests that a mail about an appointment carries it twice: as an alternative, which Gmail and Outlook
// show, and as a file.
func TestCalendarPart(t *testing.T) {
	t.Parallel()
	p := startMailServer(t, func(p *mailServer) { p.withoutTLS = true })
	f := openFixture(t, sendingTo(p, ""))
	m := appointmentMail()
	m.To, _ = f.user("Asha Rao", "Asia/Kolkata")
	must(t, f.run(f.enqueue(m)))
	raw := string(p.mails()[0].raw)
	unfolded := strings.ReplaceAll(raw, "\r\n ", " ")
	if header := "text/calendar; method=REQUEST; charset=UTF-8"; !strings.Contains(unfolded, header) {
		t.Errorf("no part has %q:\n%s", header, raw)
	}
	got := parse(t, p.mails()[0].raw)
	text := strings.ReplaceAll(got.calendar, "\n ", "")
	for _, line := range []string{"METHOD:REQUEST", "UID:1@clinic.example", "SEQUENCE:2", "DTSTART:20310301T201500Z",
		"DTEND:20310301T204500Z", "STATUS:CONFIRMED", `SUMMARY:Consultation with Dr. D'Souza X \, MD BEGIN VALARM`,
		"mailto:no-reply@clinic.example"} {
		if !strings.Contains(text, line) {
			t.Errorf("the calendar lacks %q:\n%s", line, text)
		}
	}
	if got.attached != got.calendar || strings.Contains(text, "\nBEGIN:VALARM") {
		t.Errorf("the file is %s\nthe alternative %s", got.attached, got.calendar)
	}
}

// TestMailThatIsNotTrueAnyMore tests that a mail is checked right before it is sent, and not sent after it expires.
func TestMailThatIsNotTrueAnyMore(t *testing.T) {
	t.Parallel()
	p := startMailServer(t, func(p *mailServer) { p.withoutTLS = true })
	f := openFixture(t, sendingTo(p, ""))
	isTrue := false
	f.mails.SendOnlyIf("consultation-reminder",
		func(context.Context, *postgres.Read, map[string]string) (bool, error) { return isTrue, nil })
	m := appointmentMail()
	m.To, _ = f.user("Asha Rao", "Asia/Kolkata")
	overtaken := f.enqueue(m)
	must(t, f.run(overtaken))
	if s := f.state(overtaken); s.failure != "overtaken" || s.content != nil || len(p.mails()) != 0 {
		t.Errorf("%q, %d mails", s.failure, len(p.mails()))
	}
	isTrue = true
	for range 15 { // more than a mailbox gets in an hour of other kinds
		must(t, f.run(f.enqueue(m)))
	}
	if n := len(p.mails()); n != 15 {
		t.Errorf("%d timely mails came, want 15", n)
	}
	m.Data["expires"] = f.db.Now().UTC().Format("2006-01-02T15:04:05Z")
	late := f.enqueue(m)
	f.clock.Advance(2e9)
	must(t, f.run(late))
	if s := f.state(late); s.failure != "too-late" || len(p.mails()) != 15 {
		t.Errorf("%q, %d mails", s.failure, len(p.mails()))
	}
}
