package prescription_test

import (
	"fmt"
	"testing"
	"time"

	"amrutam/internal/apptest"
)

// A doctor lists and searches the own prescriptions, and nobody else's; each reading is in the patients' logs.
func TestListWritten(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, other := c.Doctor("0.00"), c.Doctor("0.00")
	prescribe := func(doctor apptest.User, id string, names ...string) string {
		medications := []any{}
		for _, name := range names {
			medications = append(medications, object{"name": name, "dosage": "5 g", "frequency": "at night"})
		}
		return write(c, doctor, id, "medications", medications).Want(201).Text("id")
	}
	one, first := startConsultation(c, doctor)
	a := prescribe(doctor, first, "Triphala churna")
	b := prescribe(doctor, first, "Ashwagandha", "Brahmi ghrita")
	c.Patch(doctor, "consultations/"+first+"/status", object{"status": "COMPLETED"}).Want(200)
	c.Clock.Advance(time.Hour)
	two, second := startConsultation(c, doctor)
	d := prescribe(doctor, second, "Triphala guggulu")
	three, elsewhere := startConsultation(c, other)
	prescribe(other, elsewhere, "Triphala churna")

	const path = "prescriptions/doctor/me"
	find := func(query string, want ...string) {
		t.Helper()
		var got []string
		cursor := ""
		for range 10 {
			page := c.Get(doctor, path+"?"+query+cursor).Want(200)
			for _, item := range page.Items() {
				got = append(got, fmt.Sprint(item["id"]))
			}
			next, more := page.Map()["nextCursor"].(string)
			if !more {
				break
			}
			cursor = "&cursor=" + next
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s finds %v, want %v", query, got, want)
		}
	}
	find("limit=20", d, b, a)
	find("limit=1", d, b, a)
	find("limit=1&q=TRIPHALA", d, a)
	find("q=churna+tri", a)
	find("q=triphala+brahmi") // words of two medications
	find("q=brahmi&patientId="+one.ID.String(), b)
	find("limit=1&patientId="+one.ID.String(), b, a)
	find("patientId=" + three.ID.String())
	find("q=%25")

	cursor := c.Get(doctor, path+"?limit=1").Want(200).Text("nextCursor")
	c.Get(doctor, path+"?limit=1&patientId="+one.ID.String()+"&cursor="+cursor).Want(422)
	c.Get(doctor, path+"?patientId=1").Want(422)
	for _, actor := range []apptest.User{one, c.Admin(), c.Support()} {
		c.Get(actor, path).Want(403)
	}
	seen := func(patient apptest.User) int {
		return c.Count(`SELECT count(*) FROM audit_logs WHERE action = 'prescription.list' AND actor_id = $1
			AND (metadata->>'patientId' = $2 OR metadata->'patientIds' ? $2)`, doctor.ID, patient.ID.String())
	}
	before := [3]int{seen(one), seen(two), seen(three)}
	c.Get(doctor, path+"?q=guggulu").Want(200)
	if after := [3]int{seen(one), seen(two), seen(three)}; after != [3]int{before[0], before[1] + 1, before[2]} ||
		before[2] != 0 {
		t.Errorf("the readings are %v, then %v", before, after)
	}
}

// A search opens a bounded number of prescriptions for a page, and its cursor leads on from there.
func TestSearchOfWrittenIsBounded(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("0.00")
	_, id := startConsultation(c, doctor)
	oldest := write(c, doctor, id, "medications", []any{object{"name": "Brahmi", "dosage": "5 g",
		"frequency": "at night"}}).Want(201).Text("id")
	template := write(c, doctor, id).Want(201).Text("id")
	// Of an erased patient nothing can be opened: such rows need no sealed text of their own.
	c.Patch(doctor, "consultations/"+id+"/status", object{"status": "COMPLETED"}).Want(200)
	c.Clock.Advance(time.Hour)
	gone, erased := startConsultation(c, doctor)
	c.Exec(`INSERT INTO prescriptions (id, consultation_id, doctor_id, patient_id, medications, created_at)
		SELECT uuid7_floor(now() + n * interval '1 ms' + interval '1 hour'), $1, $2, $3, medications, now()
		FROM prescriptions, generate_series(1, 600) n WHERE id = $4`, erased, doctor.ID, gone.ID, template)
	c.Exec("UPDATE data_keys SET wrapped = NULL, destroyed_at = now() WHERE user_id = $1", gone.ID)
	first := c.Get(doctor, "prescriptions/doctor/me?q=brahmi").Want(200)
	if len(first.Items()) != 0 || first.Text("nextCursor") == "" {
		t.Fatalf("the first page is %s", first.Body)
	}
	rest := c.Get(doctor, "prescriptions/doctor/me?q=brahmi&cursor="+first.Text("nextCursor")).Want(200)
	if len(rest.Items()) != 1 || rest.Items()[0]["id"] != oldest {
		t.Errorf("the second page is %s", rest.Body)
	}
}
