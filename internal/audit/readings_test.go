package audit_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/apptest"
	"amrutam/internal/audit"
)

// TestAccessLog reads a record in every role and checks the patient's access log.
func TestAccessLog(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, admin, support := c.Doctor("0"), c.Admin(), c.Support()
	patient, stranger := c.Patient(), c.Patient()
	mine := c.Book(patient, c.Slot(doctor, 10*time.Minute, 2))
	other := c.Book(stranger, c.Slot(doctor, 40*time.Minute, 1))
	c.Patch(doctor, "consultations/"+mine+"/status", object{"status": "IN_PROGRESS"}).Want(200)
	prescription := c.Post(doctor, "prescriptions", object{"consultationId": mine, "medications": []any{
		object{"name": "Triphala churna", "dosage": "5 g", "frequency": "twice a day"}}}).Want(201).Text("id")
	c.Get(patient, "users/me/access-log").Want(200)
	// The answer to the start showed the reason to the doctor.
	if entries := c.Get(patient, "users/me/access-log?others=true").Want(200).Items(); len(entries) != 1 {
		t.Fatalf("before anybody else read: %v", entries)
	}

	const purpose = "Complaint of the patient"
	c.Get(doctor, "consultations/"+mine).Want(200)
	c.Get(doctor, "consultations/doctor/me").Want(200) // both patients' are in it
	c.Get(doctor, "consultations/"+other).Want(200)
	c.Get(support, "consultations/"+mine).Want(200)
	c.Get(support, "consultations?patientId="+patient.ID.String()).Want(200)
	c.Get(stranger, "consultations/"+mine).Want(404)
	c.Do(admin, "GET", "prescriptions/consultation/"+mine, nil, "X-Purpose", purpose).Want(200)
	c.Do(admin, "GET", "prescriptions/"+prescription, nil, "X-Purpose", purpose).Want(200)
	c.Get(patient, "prescriptions/"+prescription).Want(200)

	type entry struct {
		action, actor, role      string
		health                   any
		consultation, prescribed any
		purpose                  any
	}
	want := []entry{
		{"prescription.read", patient.ID.String(), "PATIENT", true, nil, prescription, nil},
		{"prescription.read", admin.ID.String(), "ADMIN", true, nil, prescription, purpose},
		{"prescription.list", admin.ID.String(), "ADMIN", true, mine, nil, purpose},
		{"consultation.read", support.ID.String(), "SUPPORT", false, mine, nil, nil},
		{"consultation.list", doctor.ID.String(), "DOCTOR", true, nil, nil, nil},
		{"consultation.read", doctor.ID.String(), "DOCTOR", true, mine, nil, nil},
		{"consultation.read", doctor.ID.String(), "DOCTOR", true, mine, nil, nil},
	}
	var got []entry
	for cursor := ""; ; {
		page := c.Get(patient, "users/me/access-log?limit=2&cursor="+cursor).Want(200)
		for _, i := range page.Items() {
			if name, _ := i["actorName"].(string); strings.TrimSpace(name) == "" {
				t.Errorf("a reader without a name: %v", i)
			}
			got = append(got, entry{text(i, "action"), text(i, "actorId"), text(i, "actorRole"), i["healthData"],
				i["consultationId"], i["prescriptionId"], i["purpose"]})
		}
		if cursor = page.Text("nextCursor"); cursor == "" {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("entries\n%v\nwant\n%v", got, want)
	}
	others := c.Get(patient, "users/me/access-log?others=true&limit=3").Want(200)
	if n := len(others.Items()); n != 3 || others.Items()[0]["actorId"] != admin.ID.String() {
		t.Errorf("readings of others: %s", others.Body)
	}
	// A cursor belongs to its list.
	c.Get(patient, "users/me/access-log?cursor="+others.Text("nextCursor")).Want(422, "validation-failed")
	if n := len(c.Get(stranger, "users/me/access-log").Want(200).Items()); n != 2 {
		t.Errorf("the other patient's access log has %d readings, want 2", n)
	}
}

func text(o object, name string) string {
	s, _ := o[name].(string)
	return s
}

// TestAccessLogUsesItsIndex inserts many readings of other patients and checks that the access log doesn't read them.
func TestAccessLogUsesItsIndex(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	c.Get(patient, "consultations/me").Want(200)
	ctx := context.Background()
	for _, sql := range []string{
		`INSERT INTO audit_logs (id, actor_id, actor_role, action, entity_type, entity_id, metadata, created_at)
			SELECT gen_random_uuid(), id, 'PATIENT', 'consultation.list', 'consultation', id::text,
			jsonb_build_object('patientId', gen_random_uuid()), now()
			FROM users, generate_series(1, 20000)`,
		"VACUUM ANALYZE audit_logs",
	} {
		if _, err := c.DB.Pool.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(c.Get(patient, "users/me/access-log").Want(200).Items()); n != 1 {
		t.Errorf("%d readings, want 1", n)
	}
	// Planned for any patient, as the server's connections do after some calls.
	tx, err := c.DB.Pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	if _, err := tx.Exec(ctx, "SET LOCAL plan_cache_mode = force_generic_plan"); err != nil {
		t.Fatal(err)
	}
	rows, err := tx.Query(ctx, "EXPLAIN (ANALYZE, BUFFERS) "+audit.SelectReadings, patient.ID.String(), false,
		c.DB.Now(), uuid.Max, 21, time.Time{}, patient.ID)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if plan := strings.Join(lines, "\n"); !strings.Contains(plan, "Bitmap Index Scan on audit_logs_") ||
		strings.Contains(plan, "Rows Removed by Filter: 20000") {
		t.Errorf("the log was read from end to end:\n%s", plan)
	}
}

// TestReadingActionsAgree checks that the code, the statement and the document have the same actions.
func TestReadingActionsAgree(t *testing.T) {
	t.Parallel()
	var quoted []string
	for _, action := range audit.Readings {
		quoted = append(quoted, "'"+string(action)+"'")
	}
	if list := strings.Join(quoted, ", "); !strings.Contains(audit.SelectReadings,
		"action IN ("+list+")") {
		t.Errorf("the statement doesn't select %s", list)
	}
}
