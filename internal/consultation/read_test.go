package consultation_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

func TestTextLimits(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("0.00")
	slot := c.Slot(doctor, 10*time.Minute, 1)
	reason := func(text string) *apptest.Answer {
		return c.Post(patient, "consultations", object{"slotId": slot, "reason": text})
	}
	for name, text := range map[string]string{
		"empty":       "",
		"blank":       " \n\t",
		"long":        strings.Repeat("क", 2001),
		"NUL":         "a\x00b",
		"long in NFC": strings.Repeat("\u0958", 1001),
	} {
		if a := reason(text); a.Status != 422 {
			t.Errorf("%s: status %d: %s", name, a.Status, a.Body)
		} else if len(text) > 1 && text != " \n\t" && strings.Contains(string(a.Body), text) {
			t.Errorf("%s: the response repeats the text", name)
		}
	}
	c.Do(patient, "POST", "consultations", []byte(`{"slotId":"`+slot.String()+"\",\"reason\":\"\xff\"}"),
		"Idempotency-Key", "k").Want(400, "malformed-request")
	// 2,000 characters are 6,000 bytes here.
	booked := reason(strings.Repeat("क", 2000)).Want(201)
	id := booked.Text("id")
	if got := c.Get(patient, "consultations/"+id).Text("reason"); got != strings.Repeat("क", 2000) {
		t.Error("the reason that is read differs from the one that was sent")
	}
	notes := func(text any) *apptest.Answer {
		return c.Patch(doctor, "consultations/"+id+"/status", object{"status": "IN_PROGRESS", "notes": text})
	}
	for name, text := range map[string]any{"long": strings.Repeat("é", 20001), "NUL": "\x00", "a number": 7} {
		if a := notes(text); a.Status != 422 {
			t.Errorf("notes, %s: status %d: %s", name, a.Status, a.Body)
		}
	}
	// Texts are stored in NFC: decomposed characters come back composed.
	if got := notes("cafe\u0301").Want(200).Text("notes"); got != "café" {
		t.Errorf("notes are %q", got)
	}
	c.Patch(doctor, "consultations/"+id+"/status",
		object{"status": "COMPLETED", "notes": strings.Repeat("e\u0301", 20000)}).Want(200)
	cancelled := c.Book(patient, c.Slot(doctor, 5*time.Hour, 1))
	cancel(c, patient, cancelled, strings.Repeat("x", 2001)).Want(422)
	cancel(c, patient, cancelled, "a\x00").Want(422)
	cancel(c, patient, cancelled, strings.Repeat("क", 2000)).Want(200)
	if strings.Contains(c.Log.String(), "क") || strings.Contains(c.Log.String(), "café") {
		t.Error("health data is in the log")
	}
}

// countAudits counts the audit rows of an action by an actor on an entity for a purpose, "" for none.
func countAudits(t *testing.T, c *apptest.Clinic, action, entity string, actor apptest.User, purpose string) int {
	t.Helper()
	return c.Count("SELECT count(*) FROM audit_logs WHERE action = $1 AND entity_id = $2 AND actor_id = $3 AND "+
		"coalesce(metadata->>'purpose', '') = $4",
		action, entity, actor.ID, purpose)
}

func TestReadHealthData(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor, admin, support := c.Patient(), c.Doctor("0.00"), c.Admin(), c.Support()
	id := c.Book(patient, c.Slot(doctor, 10*time.Minute, 1))
	c.Patch(doctor, "consultations/"+id+"/status", object{"status": "IN_PROGRESS", "notes": "Advised rest"}).Want(200)
	cancel(c, doctor, id, "the call broke down").Want(200)
	path := "consultations/" + id
	checkSees := func(actor apptest.User, purpose string, want bool) {
		t.Helper()
		var headers []string
		if purpose != "" {
			headers = []string{"X-Purpose", purpose}
		}
		a := c.Do(actor, "GET", path, nil, headers...).Want(200)
		for _, field := range []string{"reason", "notes", "cancellationReason"} {
			if shown := a.At(field) != nil; shown != want {
				t.Errorf("%s with purpose %q sees %s: %v", actor.Role, purpose, field, shown)
			}
		}
	}
	checkSees(patient, "", true)
	checkSees(doctor, "", true)
	checkSees(support, "", false)
	checkSees(support, "complaint 17", false)
	checkSees(admin, "", false)
	checkSees(admin, "   ", false)
	checkSees(admin, "complaint 17", true)
	c.Do(admin, "GET", path, nil, "X-Purpose", strings.Repeat("x", 201)).Want(422)
	for _, meaningless := range []string{".", "\u200b", "-- !", "\u3164\u3164", "complaint \xe9"} {
		a := c.Do(admin, "GET", path, nil, "X-Purpose", meaningless).Want(422)
		if !strings.Contains(string(a.Body), "header.X-Purpose") {
			t.Errorf("%q: %s", meaningless, a.Body)
		}
	}
	for _, n := range []struct {
		actor   apptest.User
		purpose string
		rows    int
	}{
		{patient, "", 1},
		{doctor, "", 2},
		{admin, "complaint 17", 1},
		{admin, "", 2},
		{support, "", 2},
		{support, "complaint 17", 0},
	} {
		if got := countAudits(t, c, "consultation.read", id, n.actor, n.purpose); got != n.rows {
			t.Errorf("%s with purpose %q: %d audit rows, want %d", n.actor.Role, n.purpose, got, n.rows)
		}
	}
	for _, actor := range []apptest.User{c.Patient(), c.Doctor(fee)} {
		c.Get(actor, path).Want(404, "not-found")
		c.Get(actor, path).Want(404, "not-found")
		// Denials of one actor on one entity are audited once a minute.
		if n := countAudits(t, c, "access.deny", id, actor, ""); n != 1 {
			t.Errorf("%d denials are audited", n)
		}
	}
	c.Get(patient, "consultations/"+uuid.NewString()).Want(404, "not-found")

	// The lists of the parties have health data and an audit row, those of staff have no health data.
	for user, list := range map[*apptest.User]string{&patient: "consultations/me",
		&doctor: "consultations/doctor/me"} {
		items := c.Get(*user, list).Want(200).Items()
		if len(items) != 1 || items[0]["reason"] == nil || items[0]["notes"] == nil {
			t.Errorf("%s lists %v", user.Role, items)
		}
		if n := countAudits(t, c, "consultation.list", user.ID.String(), *user, ""); n != 1 {
			t.Errorf("%d audit rows of the list", n)
		}
	}
	for _, actor := range []apptest.User{admin, support} {
		items := c.Get(actor, "consultations?patientId="+patient.ID.String()).Want(200).Items()
		if len(items) != 1 || items[0]["reason"] != nil || items[0]["notes"] != nil ||
			items[0]["cancellationReason"] != nil {
			t.Errorf("%s lists %v", actor.Role, items)
		}
	}
	payment := c.Get(support, "payments/consultation/"+id).Want(200)
	if strings.Contains(string(payment.Body), "broke down") {
		t.Error("the payment shows the reason")
	}
	// The texts are in no audit row and stored sealed.
	if n := c.Count("SELECT count(*) FROM audit_logs WHERE metadata::text LIKE '%rest%' OR metadata::text LIKE " +
		"'%broke%' OR metadata::text LIKE '%Back pain%'"); n != 0 {
		t.Errorf("%d audit rows have health data", n)
	}
	if n := c.Count("SELECT count(*) FROM consultations WHERE position('Back pain'::bytea IN reason) > 0 OR " +
		"position('rest'::bytea IN notes) > 0"); n != 0 {
		t.Error("health data isn't sealed")
	}
}

// Lists are ordered by the start of the consultation, whatever the order of the bookings.
func TestListOrderAndFilters(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	for actor, path := range map[apptest.User]string{c.Patient(): "consultations/me", c.Admin(): "consultations"} {
		c.Get(actor, path+"?from=2030-01-02T00:00:00Z&to=2030-01-01T00:00:00Z").Want(422, "validation-failed")
	}
	doctor, patient := c.Doctor("0.00"), c.Patient()
	for _, hours := range []int{30, 10, 50, 20, 40} {
		c.Book(patient, c.Slot(doctor, time.Duration(hours)*time.Hour, 1))
	}
	cancelled := c.Book(patient, c.Slot(doctor, 60*time.Hour, 1))
	cancel(c, patient, cancelled, "I am well again").Want(200)
	for _, list := range []struct {
		actor apptest.User
		path  string
	}{
		{patient, "consultations/me"},
		{doctor, "consultations/doctor/me"},
		{c.Support(), "consultations"},
	} {
		walk := func(query string) (starts []string) {
			for cursor := ""; ; {
				a := c.Get(list.actor, list.path+"?limit=2&cursor="+cursor+query).Want(200)
				for _, item := range a.Items() {
					starts = append(starts, item["startTime"].(string)) //nolint:errcheck // the contract says so
				}
				if cursor = a.Text("nextCursor"); cursor == "" {
					return starts
				}
				otherSort := "earliest"
				if strings.Contains(query, "earliest") {
					otherSort = "latest"
				}
				c.Get(list.actor, list.path+"?cursor="+cursor+"&sort="+otherSort).Want(422)
			}
		}
		earliest, latest := walk("&sort=earliest"), walk("")
		if len(earliest) != 6 || !slices.IsSorted(earliest) {
			t.Errorf("%s: earliest first gives %v", list.path, earliest)
		}
		slices.Reverse(latest)
		if !slices.Equal(earliest, latest) {
			t.Errorf("%s: latest first gives %v", list.path, latest)
		}
		if live := walk("&sort=earliest&status=REQUESTED,CONFIRMED"); !slices.Equal(live, earliest[:5]) {
			t.Errorf("%s: live ones are %v", list.path, live)
		}
		period := "&from=" + earliest[1] + "&to=" + earliest[5]
		for query, want := range map[string][]string{
			"&status=CANCELLED":                               earliest[5:],
			"&status=CONFIRMED" + period:                      earliest[1:5],
			"&status=CANCELLED,CONFIRMED,CANCELLED":           earliest,
			"&status=CANCELLED,CONFIRMED&from=" + earliest[1]: earliest[1:],
			"&status=CANCELLED,CONFIRMED" + period:            earliest[1:5],
			"&status=IN_PROGRESS,NO_SHOW":                     nil,
		} {
			if found := walk("&sort=earliest" + query); !slices.Equal(found, want) {
				t.Errorf("%s: %s gives %v", list.path, query, found)
			}
			found := walk(query)
			if slices.Reverse(found); !slices.Equal(found, want) {
				t.Errorf("%s: %s, latest first, gives %v reversed", list.path, query, found)
			}
		}
		c.Get(list.actor, list.path+"?status=CONFIRMED,LOST").Want(422, "validation-failed")
	}
}
