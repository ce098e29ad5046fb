package notification_test

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"amrutam/internal/config"
	"amrutam/internal/language"
	"amrutam/internal/notification"
)

// Two instants of the samples, in UTC; readers live in Asia/Kolkata.
const (
	start = "2031-03-01T20:15:00Z"
	end   = "2031-03-01T20:45:00Z"
	visit = "0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081" // a consultation's id
)

// samples are the data callers give each kind; more than one where its words depend on them.
func samples() map[string][]map[string]string {
	consultation := func(more ...string) map[string]string {
		data := map[string]string{"with": "Dr. Meera Nair", "start": start, "end": end,
			"consultationId": visit}
		for i := 0; i < len(more); i += 2 {
			data[more[i]] = more[i+1]
		}
		return data
	}
	token := map[string]string{"token": "b3BlbiBzZXNhbWUsIHNhaWQ-_gdGhl", "expires": "2031-03-01T20:15:00Z"}
	verify := map[string]string{"token": token["token"], "expires": token["expires"], "role": "DOCTOR"}
	reason := map[string]string{"reason": "The registration <lapsed>\r\nin 2030."}
	all := map[string][]map[string]string{
		"verify-email": {verify}, "reset-password": {token}, "choose-password": {token}, "address-taken": {nil},
		"confirm-new-address": {token}, "address-changed": {nil}, "password-changed": {nil}, "session-reuse": {nil},
		"invitation": {{"token": "b3BlbiBzZXNhbWUsIHNhaWQ-_gdGhl", "expires": "2031-03-01T20:15:00Z",
			"role": "SUPPORT"}}, "new-device": {{"device": "Firefox on Windows", "address": "203.0.113.7"}},
		"role-changed":     {{"role": "SUPPORT"}},
		"account-disabled": {reason, {"reason": ""}}, "account-enabled": {nil}, "account-deleted": {nil},
		"dependant-transfer": {nil}, "dependant-moved": {nil},
		"second-factor-enabled": {nil}, "second-factor-disabled": {nil}, "passkey-added": {nil},
		"passkey-removed": {nil}, "authenticator-removed": {nil}, "second-factors-reset": {nil},
		"recovery-codes-renewed": {nil}, "recovery-code-used": {{"left": "9"}},
		"consultation-confirmed": {consultation("as", "PATIENT"), consultation("as", "DOCTOR")},
		"consultation-reminder":  {consultation("as", "PATIENT"), consultation("as", "DOCTOR")},
		"consultation-completed": {consultation("as", "DOCTOR", "until", "2031-03-01T20:15:00Z")},
		"prescription-ready": {{"with": "Dr. Meera Nair", "consultationId": visit}, {"with": "Dr. Meera Nair",
			"consultationId": visit, "prescriptionId": "0199f3a2-7c1e-7a10-8b20-3c4d5e6f7082"}},
		"doctor-approved":            {{}},
		"doctor-application-refused": {reason}, "doctor-approval-withdrawn": {reason},
		"refund-sent": {{"amount": "123456.00", "currency": "INR"},
			{"amount": "123456.00", "currency": "INR", "consultationId": visit}},
		"erasure-requested": {{"due": start, "until": "", "by": "you"},
			{"due": start, "until": "2034-03-01T20:15:00Z", "by": "you"},
			{"due": start, "until": "", "by": "administrator"}},
		"erasure-stopped":  {nil},
		"invariant-broken": {{"rules": "nobody-in-two-places, money-adds-up"}},
		"doctor-on-leave": {
			consultation("until", "2031-02-28T20:15:00Z", "slot1", "2031-03-01T21:15:00Z", "doctor1", "Dr. Meera Nair",
				"slot2", "2031-03-01T22:15:00Z", "doctor2", "Dr. Meera Nair", "slot3", "", "doctor3", ""),
			consultation("until", "2031-02-28T20:15:00Z", "slot1", "", "doctor1", "", "slot2", "", "doctor2", "",
				"slot3", "", "doctor3", "")},
		"leave-withdrawn": {consultation()},
		"waitlist-offer":  {{"with": "Dr. Meera Nair", "start": start, "end": start, "expires": start}},
		"dispute-opened":  {consultation("as", "PATIENT"), consultation("as", "DOCTOR")},
		"export-ready":    {{"expires": "2031-03-01T20:15:00Z"}},
	}
	const previous = "2031-02-28T20:15:00Z"
	all["consultation-rescheduled"] = []map[string]string{
		consultation("as", "PATIENT", "by", "SUPPORT", "previous", previous),
		consultation("as", "PATIENT", "by", "PATIENT", "previous", previous, "refund", "500.00 INR"),
		consultation("as", "PATIENT", "by", "PATIENT", "previous", previous, "balance", "100.00 INR", "due", start),
		consultation("as", "DOCTOR", "by", "PATIENT", "previous", previous, "balance", "100.00 INR", "due", start),
		consultation("as", "DOCTOR", "by", "ADMIN", "previous", previous)}
	all["consultation-cancelled"] = []map[string]string{consultation("as", "PATIENT", "by", "PATIENT", "refund", "",
		"kept", "yes"), consultation("as", "PATIENT", "by", "PATIENT", "refund", "500.00 INR", "kept", "yes")}
	for _, as := range []string{"PATIENT", "DOCTOR"} {
		for _, refund := range []string{"", "500.00 INR"} {
			for _, by := range []string{"PATIENT", "DOCTOR", "SUPPORT", "ADMIN", "system", "doctor-stops",
				"patient-stops"} {
				all["consultation-cancelled"] = append(all["consultation-cancelled"],
					consultation("as", as, "by", by, "refund", refund))
			}
			for _, absent := range []string{"PATIENT", "DOCTOR"} {
				for _, by := range []string{"system", "DOCTOR"} {
					all["consultation-missed"] = append(all["consultation-missed"],
						consultation("as", as, "absent", absent, "by", by, "refund", refund, "until", start))
				}
			}
			all["dispute-decided"] = append(all["dispute-decided"],
				consultation("as", as, "decision", "REFUNDED", "refund", refund),
				consultation("as", as, "decision", "UPHELD", "refund", ""))
		}
	}
	return all
}

// requiredTexts is what each kind has to say.
var requiredTexts = map[string][]string{
	"verify-email": {"/verify-email?token=b3BlbiBzZXNhbWUsIHNhaWQ-_gdGhl",
		"until Sunday, 2 March 2031 at 01:45 (Asia/Kolkata, UTC+05:30)", "If it wasn't you", "as a doctor"},
	"reset-password": {"/reset-password?token=b3BlbiBzZXNhbWUsIHNhaWQ-_gdGhl",
		"until Sunday, 2 March 2031 at 01:45 (Asia/Kolkata, UTC+05:30)", "If it wasn't you"},
	"choose-password": {"/reset-password?token=b3BlbiBzZXNhbWUsIHNhaWQ-_gdGhl",
		"until Sunday, 2 March 2031 at 01:45 (Asia/Kolkata, UTC+05:30)", "more than once"},
	"address-taken":    {"If it wasn't you"},
	"password-changed": {"If it wasn't you", "(Asia/Kolkata, UTC+05:30)"},
	"session-reuse":    {"change your password", "(Asia/Kolkata, UTC+05:30)"},
	"invitation": {"/reset-password?token=b3BlbiBzZXNhbWUsIHNhaWQ-_gdGhl", "SUPPORT",
		"until Sunday, 2 March 2031 at 01:45 (Asia/Kolkata, UTC+05:30)"},
	"new-device":         {"Firefox on Windows", "203.0.113.7", "change your password"},
	"role-changed":       {"SUPPORT"},
	"account-disabled":   {"can't sign in"},
	"account-deleted":    {"as you asked"},
	"dependant-transfer": {"accept the transfer", "nothing changes"},
	"dependant-moved":    {"only that account sees the record"},
	"confirm-new-address": {"/confirm-email?token=b3BlbiBzZXNhbWUsIHNhaWQ-_gdGhl",
		"until Sunday, 2 March 2031 at 01:45 (Asia/Kolkata, UTC+05:30)", "nothing changes"},
	"address-changed":        {"the new address was confirmed"},
	"account-enabled":        {"again"},
	"second-factor-enabled":  {"If it wasn't you", "recovery codes", "other devices were signed out"},
	"second-factor-disabled": {"If it wasn't you", "The last second factor"},
	"passkey-added":          {"If it wasn't you", "passkey", "other devices were signed out"},
	"passkey-removed":        {"If it wasn't you", "can no longer be used to sign in"},
	"second-factors-reset":   {"did not ask for this", "signed out"},
	"recovery-codes-renewed": {"If it wasn't you", "no longer work"},
	"authenticator-removed":  {"If it wasn't you", "passkeys and recovery codes stay"},
	"recovery-code-used":     {"9 are left", "If it wasn't you"},
	"consultation-confirmed": {"with Dr. Meera Nair is confirmed",
		"Sunday, 2 March 2031 at 01:45 (Asia/Kolkata, UTC+05:30) and ends at 02:15"},
	"consultation-reminder": {"with Dr. Meera Nair begins on Sunday, 2 March 2031 at 01:45 (Asia/Kolkata, UTC+05:30)"},
	"consultation-cancelled": {
		"with Dr. Meera Nair on Sunday, 2 March 2031 at 01:45 (Asia/Kolkata, UTC+05:30) was cancelled"},
	"consultation-rescheduled": {"with Dr. Meera Nair was moved from Saturday, 1 March 2031 at 01:45",
		"to Sunday, 2 March 2031 at 01:45 (Asia/Kolkata, UTC+05:30)"},
	"consultation-missed": {
		"with Dr. Meera Nair on Sunday, 2 March 2031 at 01:45 (Asia/Kolkata, UTC+05:30) did not take place"},
	"consultation-completed": {"marked it as completed at the end of its slot",
		"until Sunday, 2 March 2031 at 01:45 (Asia/Kolkata, UTC+05:30)"},
	"doctor-on-leave": {"Dr. Meera Nair is on leave", "on Sunday, 2 March 2031 at 01:45 (Asia/Kolkata, UTC+05:30)",
		"by Saturday, 1 March 2031 at 01:45 (Asia/Kolkata, UTC+05:30), we cancel"},
	"leave-withdrawn": {"takes place as booked"},
	"waitlist-offer": {"held for you until Sunday, 2 March 2031 at 01:45 (Asia/Kolkata, UTC+05:30)",
		"Dr. Meera Nair"},
	"prescription-ready":         {"Dr. Meera Nair has written a prescription", "sign in to read it"},
	"doctor-approved":            {"was approved"},
	"doctor-application-refused": {"could not approve", "The reason: The registration <lapsed> in 2030."},
	"doctor-approval-withdrawn":  {"was withdrawn", "The reason: The registration <lapsed> in 2030."},
	"refund-sent":                {"₹1,23,456.00"},
	"erasure-requested": {"On Sunday, 2 March 2031 at 01:45 (Asia/Kolkata, UTC+05:30) your account is deleted",
		"stop"}, "erasure-stopped": {"was stopped", "Nothing was erased"},
	"invariant-broken": {"nobody-in-two-places, money-adds-up", "amrutam check"},
	"export-ready": {"until Sunday, 2 March 2031 at 01:45 (Asia/Kolkata, UTC+05:30)",
		"If you did not ask for it"},
}

func TestEveryKindOverSMTP(t *testing.T) {
	t.Parallel()
	all := samples()
	for _, l := range language.All {
		if known := slices.Sorted(maps.Keys(all)); !slices.Equal(known, notification.Kinds(l)) {
			t.Fatalf("samples of %v, templates in %s of %v", known, l, notification.Kinds(l))
		}
	}
	p := startMailServer(t, func(p *mailServer) { p.withoutTLS = true })
	f := openFixture(t, sendingTo(p, ""), func(cfg *config.Config) { cfg.LoginLimit = "off" })
	reader, email := f.user("Asha Rao", "Asia/Kolkata")
	for kind, each := range all {
		subjects := map[string]bool{}
		for _, data := range each {
			before := len(p.mails())
			must(t, f.run(f.enqueue(notification.Mail{To: reader, Kind: kind, Data: data})))
			got := p.mails()
			if len(got) != before+1 || got[before].to != email || got[before].from != "no-reply@clinic.example" {
				t.Fatalf("%s: %d mails came, want %d, from us to the user", kind, len(got), before+1)
			}
			m := parse(t, got[before].raw)
			checkMail(t, kind, m)
			for _, fact := range requiredTexts[kind] {
				if !strings.Contains(m.text, fact) {
					t.Errorf("%s doesn't say %q:\n%s", kind, fact, m.text)
				}
			}
			subjects[m.subject] = true
			if mine := data["as"] == "PATIENT" &&
				data["refund"] != ""; mine != (data["refund"] != "" && strings.Contains(m.text, "₹500.00")) {
				t.Errorf("%s to %s: a refund of %q is told wrongly:\n%s", kind, data["as"], data["refund"], m.text)
			}
		}
		if len(subjects) != 1 {
			t.Errorf("%s: subjects %v", kind, subjects)
		}
	}
}

// With AMRUTAM_MAIL_REPLY_TO answers go to the support, and the mail says so.
func TestReplyTo(t *testing.T) {
	t.Parallel()
	p := startMailServer(t, func(p *mailServer) { p.withoutTLS = true })
	f := openFixture(t, sendingTo(p, ""), func(cfg *config.Config) { cfg.MailReplyTo = "Help <help@clinic.example>" })
	reader, _ := f.user("Asha Rao", "Asia/Kolkata")
	must(t, f.run(f.enqueue(notification.Mail{To: reader, Kind: "account-deleted"})))
	m := parse(t, p.mails()[0].raw)
	if got := m.header.Get("Reply-To"); got != `"Help" <help@clinic.example>` {
		t.Errorf("Reply-To is %q", got)
	}
	for part, text := range map[string]string{"text": m.text, "HTML": m.html} {
		if !strings.Contains(text, "answer this mail or write to help@clinic.example") ||
			strings.Contains(text, "not read") {
			t.Errorf("the %s doesn't say where answers go:\n%s", part, text)
		}
	}
}

var unresolved = regexp.MustCompile(`\{\{|\}\}|<no value>|%!|\bmap\[|ZgotmplZ`)

// checkMail asks of any mail what every mail has to keep.
func checkMail(t *testing.T, kind string, m parsed) {
	t.Helper()
	if m.subject == "" || len(m.subject) > 78 || strings.ContainsAny(m.subject, "\r\n") ||
		!strings.HasPrefix(m.text, "Hello Asha Rao,\n") {
		t.Errorf("%s: subject %q, greeting %q", kind, m.subject, m.text[:min(len(m.text), 40)])
	}
	if found := unresolved.FindString(m.subject + m.text + m.html); found != "" {
		t.Errorf("%s holds %q:\n%s", kind, found, m.text)
	}
	if !strings.Contains(m.text, "You get this mail because") ||
		!strings.Contains(m.text, "Answers to this mail are not read.") {
		t.Errorf("%s doesn't say why one gets it, or what becomes of an answer", kind)
	}
	page := readHTML(t, m.html)
	if page.lang != "en" || page.title != m.subject {
		t.Errorf("%s: lang %q, title %q", kind, page.lang, page.title)
	}
	// The same words in both parts: the HTML shows a link's label and its address, the text label and colon.
	if plain := words(strings.ReplaceAll(m.text, "\n-- \n", "\n")); plain != page.words {
		t.Errorf("%s: the parts differ\ntext: %s\nHTML: %s", kind, plain, page.words)
	}
	var plain []string
	for field := range strings.FieldsSeq(m.text) {
		if strings.Contains(field, "://") {
			plain = append(plain, field)
		}
	}
	slices.Sort(plain)
	if linked := slices.Compact(slices.Sorted(slices.Values(page.links))); !slices.Equal(linked,
		slices.Compact(plain)) {
		t.Errorf("%s: links of the text %v, of the HTML %v", kind, plain, linked)
	}
	for _, link := range page.links {
		if u, err := url.Parse(link); err != nil || u.Scheme+"://"+u.Host != publicURL {
			t.Errorf("%s: link %q", kind, link)
		}
	}
	if len(page.links) < 3 { // a button, its address, the footer
		t.Errorf("%s: says nothing to do: %v", kind, page.links)
	}
}

// words drops spaces and the colon after a label, which only the text part has.
func words(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(s, ":\n\nhttps://", "\n\nhttps://")), " ")
}

type shown struct {
	lang, title, words string
	links              []string
}

// readHTML parses the page and refuses everything a mail must not load or run.
func readHTML(t *testing.T, source string) (s shown) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(source))
	must(t, err)
	var text strings.Builder
	for n := range root.Descendants() {
		switch {
		case n.Type == html.TextNode && n.Parent.Data == "title":
			s.title = n.Data
		case n.Type == html.TextNode:
			text.WriteString(n.Data + "\n")
		case n.Type == html.ElementNode:
			if slices.Contains([]string{"img", "script", "link", "iframe", "form", "object", "video", "base", "svg",
				"style"}, n.Data) {
				t.Errorf("the page holds a <%s>", n.Data)
			}
			for _, a := range n.Attr {
				switch {
				case n.Data == "html" && a.Key == "lang":
					s.lang = a.Val
				case n.Data == "a" && a.Key == "href":
					s.links = append(s.links, a.Val)
				case strings.Contains(a.Val, "url(") || a.Key == "src" || strings.HasPrefix(a.Key, "on"):
					t.Errorf("the page holds %s=%q", a.Key, a.Val)
				}
			}
		}
	}
	s.words = strings.Join(strings.Fields(text.String()), " ")
	return s
}

func TestNamesCannotInjectContent(t *testing.T) {
	t.Parallel()
	p := startMailServer(t, func(p *mailServer) { p.withoutTLS = true })
	f := openFixture(t, sendingTo(p, ""))
	for _, name := range []string{
		"Asha\r\nBcc: thief@evil.example",
		"<script>alert(1)</script><a href=https://evil.example>win</a>",
		"https://evil.example/win or www.evil.example",
		"[Sign in](//evil.example)\n\n[Sign in](/)",
		"{{.token}} evil\u202eelpmaxe.live",
		"evil.\u200dexample mail@evil.example " + strings.Repeat("you won ", 20),
	} {
		reader, _ := f.user(name, "UTC")
		before := len(p.mails())
		must(t, f.run(f.enqueue(notification.Mail{To: reader, Kind: "consultation-confirmed",
			Data: map[string]string{"as": "DOCTOR", "with": name, "start": start, "end": end,
				"consultationId": visit}})))
		must(t, f.run(f.enqueue(notification.Mail{To: reader, Kind: "doctor-approval-withdrawn",
			Data: map[string]string{"reason": name}})))
		for i, d := range p.mails()[before:] {
			m := parse(t, d.raw)
			if len(m.header["Bcc"]) > 0 || len(m.header["To"]) != 1 || strings.Contains(m.subject, "evil") {
				t.Errorf("%q reached the headers: %v", name, m.header)
			}
			for _, link := range readHTML(t, m.html).links {
				if !strings.HasPrefix(link, publicURL+"/") {
					t.Errorf("%q made the link %q", name, link)
				}
			}
			// The reason is an administrator's; a name must not look like a link to a mail program either.
			if found := regexp.MustCompile(`evil\.\S|://evil|@evil|\x{202e}`).FindString(m.text); i == 0 &&
				found != "" {
				t.Errorf("%q became %q in:\n%s", name, found, m.text)
			}
			if i == 0 && strings.Count(m.text, "you won") > 8 {
				t.Errorf("a name brought a message:\n%s", m.text)
			}
		}
	}
}

func TestPlainName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Asha Rao": "Asha Rao", "Dr. A.K. O'Neill-Śarmā (MD)": "Dr. A. K. O'Neill-Śarmā (MD)",
		"आयुष्मान क्\u200dष": "आयुष्मान क्\u200dष",
		" S.Kumar ": "S. Kumar", "http://a.b/c": "http a. b c", "!!!": "",
		strings.Repeat("a", 61): strings.Repeat("a", 60) + "…",
	} {
		if got := notification.PlainName(name); got != want {
			t.Errorf("%q became %q, want %q", name, got, want)
		}
	}
}

func TestTimesInRecipientZone(t *testing.T) {
	t.Parallel()
	p := startMailServer(t, func(p *mailServer) { p.withoutTLS = true })
	f := openFixture(t, sendingTo(p, ""))
	for zone, want := range map[string]string{
		"Asia/Kolkata":     "Sunday, 2 March 2031 at 01:45 (Asia/Kolkata, UTC+05:30) and ends at 02:15",
		"America/New_York": "Saturday, 1 March 2031 at 15:15 (America/New_York, UTC-05:00) and ends at 15:45",
		"UTC":              "Saturday, 1 March 2031 at 20:15 (UTC) and ends at 20:45",
		"Nowhere/AtAll":    "Saturday, 1 March 2031 at 20:15 (UTC) and ends at 20:45",
	} {
		reader, _ := f.user("Asha Rao", zone)
		before := len(p.mails())
		must(t, f.run(f.enqueue(notification.Mail{To: reader, Kind: "consultation-confirmed",
			Data: map[string]string{"as": "PATIENT", "with": "Meera", "start": start, "end": end,
				"consultationId": visit}})))
		if m := parse(t, p.mails()[before].raw); !strings.Contains(m.text, want) ||
			!strings.Contains(readHTML(t, m.html).words, want) {
			t.Errorf("%s: want %q in:\n%s", zone, want, m.text)
		}
	}
}
