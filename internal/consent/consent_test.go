package consent_test

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
)

type object = map[string]any

var purposes = []string{"TREATMENT", "DATA_USE", "MESSAGES"}

// publishVersion2 publishes version 2 of the notice on treatment, as a migration would.
func publishVersion2(t *testing.T, c *apptest.Clinic) {
	t.Helper()
	c.Exec(`INSERT INTO consent_notices (purpose, version, language, title, text, required)
		SELECT purpose, 2, language, title, 'New. ' || text, required FROM consent_notices WHERE purpose = 'TREATMENT'
			AND version = 1`)
}

func notices(c *apptest.Clinic, actor apptest.User, query string) map[string]map[string]any {
	all := map[string]map[string]any{}
	for _, n := range c.Get(actor, "consents"+query).Want(200).Items() {
		purpose, _ := n["purpose"].(string)
		all[purpose] = n
	}
	return all
}

func give(c *apptest.Clinic, actor apptest.User, purpose string, version int) *apptest.Answer {
	return c.Post(actor, "consents", object{"purpose": purpose, "noticeVersion": version})
}

func withdraw(c *apptest.Clinic, actor apptest.User, purpose string) {
	c.Do(actor, "POST", "consents/"+purpose+"/withdraw", nil).Want(204)
}

func tryBooking(c *apptest.Clinic, actor apptest.User, slot uuid.UUID) *apptest.Answer {
	return c.Post(actor, "consultations", object{"slotId": slot, "reason": "Cough"})
}

func startConsultation(c *apptest.Clinic, doctor apptest.User, id string) *apptest.Answer {
	return c.Patch(doctor, "consultations/"+id+"/status", object{"status": "IN_PROGRESS"})
}

// checkConsents fails the test if a consultation has no stored consent.
func checkConsents(t *testing.T, c *apptest.Clinic) {
	t.Helper()
	if n := c.Count(`SELECT count(*) FROM consultations c WHERE NOT EXISTS
		(SELECT FROM consultation_consents x WHERE x.consultation_id = c.id)`); n != 0 {
		t.Errorf("%d consultations have no consent", n)
	}
	c.CheckInvariants()
}

func TestNotices(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	var order []string
	for _, n := range c.Get(patient, "consents").Want(200).Items() {
		purpose, _ := n["purpose"].(string)
		order = append(order, purpose)
	}
	if !slices.Equal(order, purposes) {
		t.Fatalf("the notices are %v", order)
	}
	english, hindi := notices(c, patient, "?language=en"), notices(c, patient, "?language=hi")
	for _, purpose := range purposes {
		paragraphs := map[string]int{}
		for language, n := range map[string]map[string]any{"en": english[purpose], "hi": hindi[purpose]} {
			text, _ := n["text"].(string)
			title, _ := n["title"].(string)
			if n["noticeVersion"] != 1.0 || n["required"] != (purpose == "TREATMENT") || title == "" {
				t.Errorf("%s in %s is %v", purpose, language, n)
			}
			if paragraphs[language] = strings.Count(text, "\n\n"); paragraphs[language] < 5 ||
				text != strings.TrimSpace(text) {
				t.Errorf("%s in %s is too short, or has spaces around it: %q", purpose, language, text)
			}
			latin, devanagari := 0, 0
			for _, r := range text + title {
				switch {
				case unicode.Is(unicode.Devanagari, r):
					devanagari++
				case unicode.Is(unicode.Latin, r):
					latin++
				}
			}
			if (language == "hi" && latin != 0) || (language == "en" && devanagari != 0) {
				t.Errorf("%s in %s: %d Latin and %d Devanagari letters", purpose, language, latin, devanagari)
			}
			for _, required := range map[string][]string{
				"en": {"3 years", "withdraw this consent", "Data Protection Board", "whoever runs this service"},
				"hi": {"3 वर्ष", "सहमति कभी भी", "डेटा संरक्षण बोर्ड", "सेवा को चलाने वाले"},
			}[language] {
				if !strings.Contains(text, required) {
					t.Errorf("%s in %s does not say %q", purpose, language, required)
				}
			}
		}
		if paragraphs["en"] != paragraphs["hi"] {
			t.Errorf("%s: the languages differ in their number of paragraphs", purpose)
		}
	}
	c.Get(patient, "consents?language=fr").Want(422, "validation-failed")
	// A version is published in every language at once, and is required in all or in none.
	if n := c.Count(`SELECT count(*) FROM (SELECT FROM consent_notices GROUP BY purpose, version
		HAVING count(*) <> 2 OR count(DISTINCT required) <> 1 OR count(DISTINCT published_at) <> 1) x`); n != 0 {
		t.Errorf("%d notices differ between the languages", n)
	}
}

func TestGiveAndWithdraw(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, other := c.Patient(), c.Patient()
	if n := notices(c, patient, "")["DATA_USE"]; n["givenAt"] != nil {
		t.Fatalf("consented before asked: %v", n)
	}
	body := object{"purpose": "DATA_USE", "noticeVersion": 1, "language": "hi"}
	given := c.Do(patient, "POST", "consents", body, "Idempotency-Key", "k").Want(201)
	replayed := c.Do(patient, "POST", "consents", body, "Idempotency-Key", "k").Want(201)
	if replayed.Header.Get("Idempotency-Replayed") != "true" {
		t.Error("the key is not honoured")
	}
	repeated := give(c, patient, "DATA_USE", 1).Want(200)
	for _, field := range []string{"id", "givenAt", "language"} {
		if repeated.Text(field) != given.Text(field) {
			t.Errorf("consenting twice is another consent: %s %s", given.Body, repeated.Body)
		}
	}
	shown := notices(c, patient, "")
	if shown["DATA_USE"]["givenAt"] != given.Text("givenAt") || shown["MESSAGES"]["givenAt"] != nil {
		t.Errorf("the purposes are mixed up: %v", shown)
	}
	if n := notices(c, other, "")["DATA_USE"]; n["givenAt"] != nil {
		t.Error("another patient consented too")
	}
	give(c, patient, "DATA_USE", 2).Want(409, "notice-outdated")
	give(c, patient, "SELLING", 1).Want(422, "validation-failed")
	give(c, patient, "DATA_USE", 0).Want(422, "validation-failed")
	c.Do(patient, "POST", "consents/SELLING/withdraw", nil).Want(422, "validation-failed")
	for range 2 {
		withdraw(c, patient, "DATA_USE")
	}
	if n := notices(c, patient, "")["DATA_USE"]; n["givenAt"] != nil {
		t.Errorf("after the withdrawal: %v", n)
	}
	if n := notices(c, patient, "")["TREATMENT"]; n["givenAt"] == nil {
		t.Error("another purpose was withdrawn too")
	}
	if again := give(c, patient, "DATA_USE", 1).Want(201); again.Text("id") == given.Text("id") {
		t.Error("a withdrawn consent came back")
	}
	// The history: one withdrawn row with the language and the channel, and one in force; an audit row for each call.
	if n := c.Count(`SELECT count(*) FROM consents WHERE user_id = $1 AND purpose = 'DATA_USE' AND channel = 'API'
		AND (withdrawn_at IS NULL) = (language = 'en')`, patient.ID); n != 2 {
		t.Errorf("%d rows of history", n)
	}
	for action, want := range map[string]int{"consent.give": 3, "consent.withdraw": 2} {
		if n := c.Count("SELECT count(*) FROM audit_logs WHERE action = $1 AND actor_id = $2", action,
			patient.ID); n != want {
			t.Errorf("%d times %s, want %d", n, action, want)
		}
	}
	c.CheckInvariants()
}

// A newer notice needs a new consent for new bookings; the older consent stays in force for what was booked under it.
func TestNewNoticeVersion(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("0.00")
	booked := c.Book(patient, c.Slot(doctor, 5*time.Minute, 1))
	publishVersion2(t, c)
	for language, prefix := range map[string]string{"en": "New. You are asked", "hi": "New. आपसे"} {
		n := notices(c, patient, "?language="+language)["TREATMENT"]
		if text, _ := n["text"].(string); n["noticeVersion"] != 2.0 || n["givenAt"] != nil ||
			!strings.HasPrefix(text, prefix) {
			t.Errorf("the notice is %v", n)
		}
	}
	slot := c.Slot(doctor, 5*time.Hour, 1)
	refused := tryBooking(c, patient, slot).Want(409, "consent-required")
	if detail := refused.Text("detail"); !strings.Contains(detail, "TREATMENT, notice version 2") {
		t.Errorf("it is not said what to consent to: %s", detail)
	}
	give(c, patient, "TREATMENT", 1).Want(409, "notice-outdated")
	startConsultation(c, doctor, booked).Want(200) // it was booked under the old notice
	give(c, patient, "TREATMENT", 2).Want(201)
	next := tryBooking(c, patient, slot).Want(201).Text("id")
	if n := c.Count("SELECT notice_version FROM consultation_consents WHERE consultation_id = $1", next); n != 2 {
		t.Errorf("the booking is under version %d", n)
	}
	// A withdrawal ends the consents to all versions.
	withdraw(c, patient, "TREATMENT")
	if n := c.Count("SELECT count(*) FROM consents WHERE user_id = $1 AND purpose = 'TREATMENT' AND "+
		"withdrawn_at IS NOT NULL", patient.ID); n != 2 {
		t.Errorf("%d of 2 versions are withdrawn", n)
	}
	checkConsents(t, c)
}

func TestBookingNeedsConsent(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("500.00")
	slot := c.Slot(doctor, 5*time.Hour, 1)
	withdraw(c, patient, "TREATMENT")
	for _, purpose := range purposes[1:] {
		give(c, patient, purpose, 1).Want(201)
	}
	body := object{"slotId": slot, "reason": "Cough"}
	refused := c.Do(patient, "POST", "consultations", body, "Idempotency-Key", "k").Want(409, "consent-required")
	if detail := refused.Text("detail"); !strings.Contains(detail, "TREATMENT, notice version 1") {
		t.Errorf("it is not said what to consent to: %s", detail)
	}
	if n := c.Count("SELECT count(*) FROM seats") + c.Count("SELECT count(*) FROM consultation_consents"); n != 0 {
		t.Error("the refusal left something")
	}
	give(c, patient, "TREATMENT", 1).Want(201)
	id := c.Do(patient, "POST", "consultations", body, "Idempotency-Key", "k").Want(201).Text("id")
	if n := c.Count(`SELECT count(*) FROM consultation_consents x JOIN consultations c ON c.id = x.consultation_id
		WHERE c.id = $1 AND x.basis = 'IMPLIED'
		AND x.notice_version = 1 AND x.actor_id = $2 AND x.given_at = c.created_at AND x.withdrawn_at IS NULL`, id,
		patient.ID); n != 1 {
		t.Error("the booking's consent is not stored")
	}
	// The other purposes don't matter.
	withdraw(c, patient, "DATA_USE")
	withdraw(c, patient, "MESSAGES")
	if n := c.Count("SELECT count(*) FROM consultation_consents WHERE withdrawn_at IS NULL"); n != 1 {
		t.Error("the withdrawal of another purpose ended the consent to the consultation")
	}
	tryBooking(c, patient, c.Slot(doctor, 7*time.Hour, 1)).Want(201)
	checkConsents(t, c)
}

func TestHistoryIsAppendOnly(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	c.Book(patient, c.Slot(c.Doctor("0.00"), 5*time.Hour, 1))
	give(c, patient, "DATA_USE", 1).Want(201)
	withdraw(c, patient, "DATA_USE")
	for _, sql := range []string{
		"UPDATE consent_notices SET text = 'x'", "DELETE FROM consent_notices WHERE language = 'hi'",
		"TRUNCATE consent_notices CASCADE",
		"UPDATE consents SET given_at = given_at - interval '1 day'",
		"UPDATE consents SET notice_version = 1, withdrawn_at = now() + interval '1 day', language = 'hi' " +
			"WHERE withdrawn_at IS NULL",
		"UPDATE consents SET withdrawn_at = NULL WHERE withdrawn_at IS NOT NULL",
		"UPDATE consents SET withdrawn_at = now() + interval '1 day' WHERE withdrawn_at IS NOT NULL",
		"DELETE FROM consents", "TRUNCATE consents", "UPDATE consultation_consents SET basis = 'EXPLICIT'",
		"DELETE FROM consultation_consents", "TRUNCATE consultation_consents",
	} {
		if _, err := c.DB.Pool.Exec(t.Context(), sql); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// The demo's patients can book at once; a withdrawn consent stays withdrawn when the demo data are made again.
func TestDemoPatientsHaveConsent(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	countConsents := func() int {
		if _, err := c.App.CreateDemoData(t.Context()); err != nil {
			t.Fatal(err)
		}
		return c.Count("SELECT count(*) FROM consents WHERE purpose = 'TREATMENT' AND withdrawn_at IS NULL")
	}
	if n, patients := countConsents(), c.Count("SELECT count(*) FROM users WHERE role = 'PATIENT'"); n != patients {
		t.Errorf("%d consents of %d patients", n, patients)
	}
	c.Exec("UPDATE consents SET withdrawn_at = given_at")
	if n := countConsents(); n != 0 {
		t.Error("the withdrawal didn't last")
	}
	c.CheckInvariants()
}

func TestOnlyPatientsConsent(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	for _, role := range []access.Role{access.RoleDoctor, access.RoleSupport, access.RoleAdmin} {
		actor := c.User(role)
		c.Get(actor, "consents").Want(403, "forbidden")
		give(c, actor, "TREATMENT", 1).Want(403, "forbidden")
		c.Do(actor, "POST", "consents/TREATMENT/withdraw", nil).Want(403, "forbidden")
	}
	c.Get(apptest.User{}, "consents").Want(401, "unauthenticated")
}
