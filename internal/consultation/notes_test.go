package consultation_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"amrutam/internal/apptest"
)

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// started has a consultation in progress.
func started(t *testing.T) (c *apptest.Clinic, doctor, patient apptest.User, id string) {
	t.Helper()
	c = apptest.Open(t)
	doctor, patient = c.Doctor("0.00"), c.Patient()
	id = c.Book(patient, c.Slot(doctor, 10*time.Minute, 1))
	updateStatus(c, doctor, id, "IN_PROGRESS").Want(200)
	return c, doctor, patient, id
}

func saveNotes(c *apptest.Clinic, doctor apptest.User, id, version string, body object) *apptest.Answer {
	if version == "" {
		return c.Do(doctor, "PATCH", "consultations/"+id+"/notes", body)
	}
	return c.Do(doctor, "PATCH", "consultations/"+id+"/notes", body, "If-Match", version)
}

func etag(a *apptest.Answer) string { return a.Header.Get("ETag") }

// Two windows of the doctor save: the second one is refused, and neither text is lost.
func TestNotesAreNotOverwritten(t *testing.T) {
	t.Parallel()
	c, doctor, patient, id := started(t)
	path := "consultations/" + id
	version := etag(c.Get(doctor, path).Want(200))
	first := saveNotes(c, doctor, id, version, object{"notes": "Sleeps badly"}).Want(200)
	refused := saveNotes(c, doctor, id, version, object{"notes": "Sleeps well"}).Want(409, "notes-changed")
	if strings.Contains(string(refused.Body), "Sleeps") {
		t.Errorf("the refusal repeats a text: %s", refused.Body)
	}
	if !strings.Contains(refused.Text("detail"), strings.Split(strings.Trim(etag(first), `"`), ".")[0]) {
		t.Errorf("the refusal doesn't name the version %s: %s", etag(first), refused.Body)
	}
	now := c.Get(doctor, path).Want(200)
	if now.Text("notes") != "Sleeps badly" || now.At("notesReleased") != false {
		t.Errorf("the doctor reads %s", now.Body)
	}
	second := saveNotes(c, doctor, id, etag(now), object{"notes": "Sleeps badly; sleeps well"}).Want(200)
	saveNotes(c, doctor, id, etag(second), object{"notes": "Sleeps"}).Want(200)
	saveNotes(c, doctor, id, "", object{"notes": "x"}).Want(428, "version-required")
	saveNotes(c, doctor, id, "*", object{"notes": "Sleeps little"}).Want(200)
	saveNotes(c, doctor, id, "*", object{"notes": strings.Repeat("क", 20_000)}).Want(200)
	saveNotes(c, doctor, id, "*", object{"notes": strings.Repeat("क", 20_001)}).Want(422)
	saveNotes(c, doctor, id, "*", object{"notes": nil}).Want(422)
	saveNotes(c, c.Doctor("0.00"), id, "*", object{"notes": "x"}).Want(404)
	saveNotes(c, patient, id, "*", object{"notes": "x"}).Want(403)
	if n := c.Count("SELECT count(*) FROM consultations WHERE position('Sleeps'::bytea IN notes) > 0"); n != 0 {
		t.Error("the notes aren't sealed")
	}
	c.CheckInvariants()
}

// The audit log has one entry for a session of writing, which ends after ten minutes without a save.
func TestNotesAuditSessions(t *testing.T) {
	t.Parallel()
	c, doctor, _, id := started(t)
	entries := func() int {
		return c.Count(`SELECT count(*) FROM audit_logs
			WHERE action = 'consultation.write-notes' AND entity_id = $1`, id)
	}
	for i := range 5 {
		if i > 0 {
			c.Clock.Advance(9 * time.Minute)
		}
		saveNotes(c, doctor, id, "*", object{"notes": strings.Repeat("x", i)}).Want(200)
	}
	if n := entries(); n != 1 {
		t.Errorf("%d entries of one session", n)
	}
	c.Clock.Advance(10 * time.Minute)
	saveNotes(c, doctor, id, "*", object{"notes": "later"}).Want(200)
	if n := entries(); n != 2 {
		t.Errorf("%d entries of two sessions", n)
	}
}

// The patient sees what the doctor has released: not a draft, and not what was changed since.
func TestPatientSeesReleasedNotes(t *testing.T) {
	t.Parallel()
	c, doctor, patient, id := started(t)
	path := "consultations/" + id
	wantSeen := func(want any) {
		t.Helper()
		if got := c.Get(patient, path).Want(200).At("notes"); got != want {
			t.Errorf("the patient reads %v, want %v", got, want)
		}
		if got := c.Get(patient, "consultations/me").Want(200).Items()[0]["notes"]; got != want {
			t.Errorf("the patient lists %v, want %v", got, want)
		}
	}
	saveNotes(c, doctor, id, "*", object{"notes": "Perhaps anaemia"}).Want(200)
	wantSeen(nil)
	saveNotes(c, doctor, id, "*", object{"notes": "Rest and iron", "release": true}).Want(200)
	wantSeen("Rest and iron")
	saveNotes(c, doctor, id, "*", object{"notes": "Rest, iron, a blood test"}).Want(200)
	wantSeen(nil)
	updateStatus(c, doctor, id, "COMPLETED").Want(200)
	wantSeen(nil)
	saveNotes(c, doctor, id, "*", object{"notes": "changed"}).Want(409, "illegal-transition")
	saveNotes(c, doctor, id, "*", object{"release": true}).Want(200)
	wantSeen("Rest, iron, a blood test")
	admin := c.Admin()
	c.Prove(admin)
	if a := c.Do(admin, "GET", path, nil, "X-Purpose", "complaint 17").Want(200); a.At("notesReleased") != true {
		t.Errorf("an administrator reads %s", a.Body)
	}
	if a := c.Get(c.Support(), path).Want(200); a.At("notesReleased") != nil {
		t.Errorf("support reads %s", a.Body)
	}
}

// Notes that come with the status are for the patient, unless the doctor says otherwise.
func TestNotesWithStatus(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		more object
		want any
	}{
		"released":   {object{"notes": "Rest"}, "Rest"},
		"kept":       {object{"notes": "Rest", "release": false}, nil},
		"of a draft": {object{"release": true}, "A draft"},
		"nothing":    {object{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, doctor, patient, id := started(t)
			saveNotes(c, doctor, id, "*", object{"notes": "A draft"}).Want(200)
			test.more["status"] = "COMPLETED"
			c.Patch(doctor, "consultations/"+id+"/status", test.more).Want(200)
			if got := c.Get(patient, "consultations/"+id).Want(200).At("notes"); got != test.want {
				t.Errorf("the patient reads %v, want %v", got, test.want)
			}
		})
	}
}

// Addenda are written after the end, also when the consultation is archived; they are signed and never change.
func TestAddenda(t *testing.T) {
	t.Parallel()
	c, doctor, patient, id := started(t)
	path := "consultations/" + id + "/addenda"
	write := func(text string, release bool) *apptest.Answer {
		return c.Post(doctor, path, object{"text": text, "release": release})
	}
	write("too early", false).Want(409, "illegal-transition")
	updateStatus(c, doctor, id, "COMPLETED").Want(200)
	for _, text := range []string{"", "  ", strings.Repeat("x", 20_001)} {
		write(text, false).Want(422)
	}
	c.Post(c.Doctor("0.00"), path, object{"text": "x"}).Want(404)
	draft := write("The test is normal", false).Want(201)
	name := draft.Text("authorName")
	if name == "" || draft.Text("authorId") != doctor.ID.String() || draft.At("releasedAt") != nil {
		t.Errorf("written: %s", draft.Body)
	}
	if n := len(c.Get(patient, path).Want(200).Items()); n != 0 {
		t.Errorf("the patient sees %d addenda", n)
	}
	c.Post(patient, "addenda/"+draft.Text("id")+"/release", nil).Want(403)
	c.Post(c.Doctor("0.00"), "addenda/"+draft.Text("id")+"/release", nil).Want(404)
	released := c.Post(doctor, "addenda/"+draft.Text("id")+"/release", nil).Want(200)
	c.Clock.Advance(time.Minute)
	again := c.Post(doctor, "addenda/"+draft.Text("id")+"/release", nil).Want(200)
	if again.Text("releasedAt") != released.Text("releasedAt") {
		t.Errorf("released again at %s", again.Text("releasedAt"))
	}
	c.Patch(doctor, "users/me", object{"fullName": "Dr. Another Name"}).Want(200)
	items := c.Get(patient, path).Want(200).Items()
	if len(items) != 1 || items[0]["text"] != "The test is normal" || items[0]["authorName"] != name {
		t.Errorf("the patient sees %v", items)
	}
	for _, sql := range []string{"UPDATE addenda SET text = ''", "UPDATE addenda SET released_at = NULL",
		"UPDATE addenda SET released_at = now()", "DELETE FROM addenda", "TRUNCATE addenda"} {
		if _, err := c.DB.Pool.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s is possible", sql)
		}
	}
	c.Clock.Advance(400 * 24 * time.Hour)
	if n := archive(t, c); n != 1 {
		t.Fatalf("%d consultations are archived", n)
	}
	if n := len(c.Get(patient, path).Want(200).Items()); n != 1 {
		t.Errorf("after the archive the patient sees %d addenda", n)
	}
	write("A year later", true).Want(201)
	saveNotes(c, doctor, id, "*", object{"release": true}).Want(409, "illegal-transition")
	if n := len(c.Get(patient, path).Want(200).Items()); n != 2 {
		t.Errorf("the patient sees %d addenda", n)
	}
	c.CheckInvariants()
}
