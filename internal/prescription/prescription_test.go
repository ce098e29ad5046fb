package prescription_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

type object = map[string]any

func medication() object {
	return object{"name": "Triphala churna", "dosage": "5 g", "frequency": "twice a day"}
}

// startConsultation books and starts a consultation.
func startConsultation(c *apptest.Clinic, doctor apptest.User) (patient apptest.User, id string) {
	patient = c.Patient()
	id = c.Book(patient, c.Slot(doctor, 10*time.Minute, 1))
	c.Patch(doctor, "consultations/"+id+"/status", object{"status": "IN_PROGRESS"}).Want(200)
	return patient, id
}

func write(c *apptest.Clinic, doctor apptest.User, id string, more ...any) *apptest.Answer {
	body := object{"consultationId": id, "medications": []any{medication()}}
	for i := 0; i+1 < len(more); i += 2 {
		name, _ := more[i].(string)
		body[name] = more[i+1]
	}
	return c.Post(doctor, "prescriptions", body)
}

func TestWriteRequiresStartedConsultation(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, other := c.Doctor("0.00"), c.Doctor("0.00")
	patient := c.Patient()
	id := c.Book(patient, c.Slot(doctor, 10*time.Minute, 1))
	const notPossible = "prescription-not-possible"
	write(c, doctor, id).Want(409, notPossible)
	write(c, other, id).Want(404, "not-found")
	write(c, doctor, uuid.NewString()).Want(404, "not-found")
	for _, actor := range []apptest.User{patient, c.Admin(), c.Support()} {
		write(c, actor, id).Want(403, "forbidden")
	}
	c.Patch(doctor, "consultations/"+id+"/status", object{"status": "IN_PROGRESS"}).Want(200)
	body := object{"consultationId": id, "medications": []any{medication()}}
	c.Do(doctor, "POST", "prescriptions", body).Want(400, "idempotency-key-required")
	once := c.Do(doctor, "POST", "prescriptions", body, "Idempotency-Key", "once").Want(201).Text("id")
	again := c.Do(doctor, "POST", "prescriptions", body, "Idempotency-Key", "once").Want(201).Text("id")
	if again != once {
		t.Errorf("two prescriptions were written for one idempotency key")
	}
	write(c, other, id).Want(404, "not-found")
	completed := c.Patch(doctor, "consultations/"+id+"/status", object{"status": "COMPLETED"}).Want(200)
	ended, err := time.Parse(time.RFC3339, completed.Text("endedAt"))
	if err != nil {
		t.Fatal(err)
	}
	until := ended.Add(7 * 24 * time.Hour)
	c.Clock.Advance(until.Add(-30 * time.Second).Sub(c.DB.Now()))
	first := write(c, doctor, id).Want(201).Text("id")
	c.Clock.Advance(until.Add(time.Second).Sub(c.DB.Now()))
	write(c, doctor, id).Want(409, notPossible)
	write(c, doctor, id, "supersedes", first).Want(409, notPossible)

	_, broken := startConsultation(c, doctor)
	c.Post(doctor, "consultations/"+broken+"/cancel", object{"reason": "the call broke down"}).Want(200)
	write(c, doctor, broken).Want(409, notPossible)
	missed := c.Book(c.Patient(), c.Slot(other, 10*time.Minute, 1))
	c.Clock.Advance(21 * time.Minute)
	c.Patch(other, "consultations/"+missed+"/status", object{"status": "NO_SHOW"}).Want(200)
	write(c, other, missed).Want(409, notPossible)
	c.CheckInvariants()
}

func TestWriteSupersedes(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("0.00")
	patient, id := startConsultation(c, doctor)
	first := write(c, doctor, id).Want(201).Text("id")
	otherDoctor := c.Doctor("0.00")
	_, otherConsultation := startConsultation(c, otherDoctor)
	unrelated := write(c, otherDoctor, otherConsultation).Want(201).Text("id")
	for _, wrong := range []string{unrelated, uuid.NewString()} {
		write(c, doctor, id, "supersedes", wrong).Want(422, "validation-failed")
	}
	// Of ten concurrent corrections one is written.
	statuses := make([]int, 10)
	var all sync.WaitGroup
	for i := range statuses {
		all.Go(func() {
			a := write(c, doctor, id, "supersedes", first)
			for a.Status == 503 {
				a = write(c, doctor, id, "supersedes", first)
			}
			statuses[i] = a.Status
			if a.Status == 409 {
				a.Want(409, "already-superseded")
			}
		})
	}
	all.Wait()
	slices.Sort(statuses)
	if statuses[0] != 201 || statuses[1] != 409 || statuses[9] != 409 {
		t.Errorf("statuses %v, want one 201", statuses)
	}
	items := c.Get(patient, "prescriptions/consultation/"+id).Want(200).Items()
	if len(items) != 2 || items[0]["supersedes"] != first || items[1]["supersedes"] != nil ||
		items[1]["supersededBy"] != items[0]["id"] || items[0]["supersededBy"] != nil {
		t.Errorf("the patient sees %v", items)
	}
	mine := c.Get(patient, "prescriptions/me").Want(200).Items()
	if len(mine) != 2 || mine[1]["supersededBy"] != items[0]["id"] || mine[0]["supersededBy"] != nil {
		t.Errorf("the patient lists %v", mine)
	}
	for _, actor := range []apptest.User{patient, doctor} {
		if a := c.Get(actor, "prescriptions/"+first).Want(200); a.Text("supersededBy") != items[0]["id"] {
			t.Errorf("the %s reads %s", actor.Role, a.Body)
		}
	}
	for _, sql := range []string{"UPDATE prescriptions SET advice = NULL", "DELETE FROM prescriptions",
		"TRUNCATE prescriptions CASCADE"} {
		if _, err := c.DB.Pool.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s is possible", sql)
		}
	}
	c.CheckInvariants()
}

func TestWriteLimits(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("0.00")
	patient, id := startConsultation(c, doctor)
	medications := func(n int) []any {
		all := []any{}
		for range n {
			all = append(all, medication())
		}
		return all
	}
	with := func(name string, value any) []any {
		m := medication()
		m[name] = value
		return []any{m}
	}
	for name, invalid := range map[string]any{
		"none":              medications(0),
		"51":                medications(51),
		"null":              nil,
		"a text":            "Tulsi",
		"no name":           with("name", ""),
		"a blank name":      with("name", "  "),
		"a long name":       with("name", strings.Repeat("क", 201)),
		"NUL":               with("dosage", "5\x00g"),
		"no frequency":      with("frequency", nil),
		"0 days":            with("durationDays", 0),
		"731 days":          with("durationDays", 731),
		"half a day":        with("durationDays", 1.5),
		"long instructions": with("instructions", strings.Repeat("x", 2001)),
		"unknown field":     with("price", 1),
		"wrong case":        with("Route", "oral"),
	} {
		if a := write(c, doctor, id, "medications", invalid); a.Status != 422 {
			t.Errorf("%s: status %d: %s", name, a.Status, a.Body)
		}
	}
	for name, advice := range map[string]any{"long": strings.Repeat("क", 5001), "NUL": "\x00"} {
		if a := write(c, doctor, id, "advice", advice); a.Status != 422 {
			t.Errorf("advice, %s: status %d: %s", name, a.Status, a.Body)
		}
	}
	if n := c.Count("SELECT count(*) FROM prescriptions"); n != 0 {
		t.Fatalf("%d refused prescriptions are stored", n)
	}
	full := write(c, doctor, id, "medications", medications(50), "advice", strings.Repeat("क", 5000)).
		Want(201).Text("id")
	a := c.Get(patient, "prescriptions/"+full).Want(200)
	if all, _ := a.At("medications").([]any); len(all) != 50 || a.Text("advice") != strings.Repeat("क", 5000) {
		t.Errorf("the prescription is read as %s", a.Body)
	}
	written := write(c, doctor, id, "medications", with("name", strings.Repeat("e\u0301", 3))).Want(201)
	if !strings.Contains(string(written.Body), "ééé") {
		t.Errorf("not in NFC: %s", written.Body)
	}
	if n := c.Count(`SELECT count(*) FROM prescriptions
		WHERE position('Triphala'::bytea IN medications) > 0`); n != 0 {
		t.Error("medications aren't sealed")
	}
}

func TestReadPrescriptions(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, admin, support := c.Doctor("0.00"), c.Admin(), c.Support()
	patient, consultation := startConsultation(c, doctor)
	id := write(c, doctor, consultation).Want(201).Text("id")
	paths := []string{"prescriptions/" + id, "prescriptions/consultation/" + consultation}
	for _, path := range paths {
		c.Get(patient, path).Want(200)
		c.Get(doctor, path).Want(200)
		c.Do(admin, "GET", path, nil, "X-Purpose", "complaint 17").Want(200)
		c.Get(admin, path).Want(404, "not-found")
		c.Do(admin, "GET", path, nil, "X-Purpose", " ").Want(404, "not-found")
		c.Get(support, path).Want(403, "forbidden")
		c.Do(support, "GET", path, nil, "X-Purpose", "complaint 17").Want(403, "forbidden")
		for _, stranger := range []apptest.User{c.Patient(), c.Doctor("0.00")} {
			c.Get(stranger, path).Want(404, "not-found")
		}
	}
	for _, actor := range []apptest.User{patient, doctor, admin} {
		for action, entity := range map[string]string{"prescription.read": id, "prescription.list": consultation} {
			sql := "SELECT count(*) FROM audit_logs WHERE action = $1 AND entity_id = $2 AND actor_id = $3 AND " +
				"coalesce(metadata->>'purpose', '') = $4"
			purpose := ""
			if actor == admin {
				purpose = "complaint 17"
			}
			if n := c.Count(sql, action, entity, actor.ID, purpose); n != 1 {
				t.Errorf("%s: %d rows of %s, want 1", actor.Role, n, action)
			}
		}
	}
	if n := len(c.Get(patient, "prescriptions/me").Want(200).Items()); n != 1 {
		t.Errorf("the patient lists %d", n)
	}
	if n := len(c.Get(c.Patient(), "prescriptions/me").Want(200).Items()); n != 0 {
		t.Errorf("another patient lists %d", n)
	}
	c.Get(doctor, "prescriptions/me").Want(403, "forbidden")
}
