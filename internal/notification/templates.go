package notification

import (
	"bytes"
	"html/template"
	"regexp"
	"strings"
	"time"
)

// A mail's lines are templates of its data; a line that is an address becomes a link.
type mailTemplate struct {
	subject string
	lines   []string
}

var templates = map[string]mailTemplate{
	"verify-email": {"Confirm your mail address", []string{"Please confirm your mail address. The link is valid for 24 hours:", "{url}/verify-email?token={token}",
		"If you did not sign up, ignore this mail."}},
	"address-taken": {"You already have an account", []string{"Somebody, perhaps you, tried to sign up with this address, which already has an account.",
		"If you forgot your password, ask for a new one where you sign in. Otherwise ignore this mail."}},
	"reset-password": {"Choose a new password", []string{"Choose a new password here. The link is valid for 1 hour and works once:", "{url}/reset-password?token={token}",
		"If you did not ask for it, ignore this mail: your password stays."}},
	"password-changed": {"Your password was changed", []string{"Your password was changed and all sessions were ended.", "If it wasn't you, ask for a new password at once and tell support."}},
	"session-reuse": {"We ended one of your sessions", []string{"A sign-in of yours was used twice, as a thief would. We ended that session.",
		"Sign in again. If you see this more than once, change your password."}},
	"consultation-confirmed": {"Your consultation is confirmed", []string{"Your consultation with {with} is confirmed.", "It begins on {start} and ends on {end}."}},
	"consultation-cancelled": {"Your consultation was cancelled", []string{"The consultation with {with} on {start} was cancelled (by: {by}).", "Amount on its way back: {refund}"}},
	"consultation-missed":    {"Your consultation did not take place", []string{"The consultation with {with} on {start} did not take place.", "Amount on its way back: {refund}"}},
	"prescription-ready":     {"Your prescription is ready", []string{"{with} wrote a prescription for you. Sign in to read it:", "{url}"}},
	"doctor-approved":        {"Your application was approved", []string{"You were approved: patients can find and book you now.", "{url}"}},
	"doctor-approval-withdrawn": {"Your application was not approved", []string{"You are not, or no longer, approved to hold consultations.", "Reason: {reason}",
		"You can change your profile and ask support."}},
	"refund-sent": {"Your money is on its way back", []string{"We gave {amount} {currency} back to where it came from."}},
}

var (
	place    = regexp.MustCompile(`\{([a-z]+)\}`)
	htmlMail = template.Must(template.New("mail").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Subject}}</title></head>
<body style="font:16px/1.5 sans-serif;max-width:40em">
{{range .Lines}}<p>{{if .Link}}<a href="{{.Text}}">{{.Text}}</a>{{else}}{{.Text}}{{end}}</p>
{{end}}<p>Amrutam</p></body></html>`))
)

type line struct {
	Text string
	Link bool
}

func (s *Service) render(out *Message, m Mail, name, zone *string) error {
	t := templates[m.Kind]
	out.Subject = t.subject
	greeting := "Hello,"
	if name != nil {
		greeting = "Hello " + oneLine(*name) + ","
	}
	lines := []line{{Text: greeting}}
	for _, raw := range t.lines {
		missing := false
		text := place.ReplaceAllStringFunc(raw, func(p string) string {
			key := strings.Trim(p, "{}")
			if key == "url" {
				return s.cfg.PublicURL
			}
			missing = missing || m.Data[key] == ""
			return oneLine(inZone(m.Data[key], zone))
		})
		if !missing {
			lines = append(lines, line{text, strings.HasPrefix(raw, "{url}")})
		}
	}
	var text strings.Builder
	for _, l := range lines {
		text.WriteString(l.Text + "\n\n")
	}
	out.Text = text.String() + "Amrutam\n"
	var page bytes.Buffer
	err := htmlMail.Execute(&page, struct {
		Subject string
		Lines   []line
	}{t.subject, lines})
	out.HTML = page.String()
	return err
}

// inZone shows an instant as the reader's clock does; other values stay.
func inZone(value string, zone *string) string {
	at, err := time.Parse(time.RFC3339, value)
	if err != nil {
		return value
	}
	place := time.UTC
	if zone != nil {
		if loaded, err := time.LoadLocation(*zone); err == nil {
			place = loaded
		}
	}
	return at.In(place).Format("Monday, 2 January 2006, 15:04 (") + place.String() + ")"
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

var mailboxPage = template.Must(template.New("mailbox").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Mailbox – Amrutam</title>
<link rel="stylesheet" href="/style.css"></head><body><main><h1>Development mailbox</h1>
{{range .}}<article><h2>{{.Subject}}</h2><p>To {{.To}}, {{.CreatedAt.Format "2006-01-02 15:04:05"}}</p>
{{range .Lines}}<p>{{if .Link}}<a href="{{.Text}}">{{.Text}}</a>{{else}}{{.Text}}{{end}}</p>{{end}}</article>{{else}}<p>No mail yet.</p>{{end}}
</main></body></html>`))
