package audit_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

// pressCheckoutButton initiates a payment and presses a button of its checkout page.
func pressCheckoutButton(t *testing.T, c *apptest.Clinic, patient apptest.User, consultation, button string) {
	t.Helper()
	begun := c.Post(patient, "payments/initiate", object{"consultationId": consultation}).Want(201)
	page, err := url.Parse(begun.Text("attempt", "checkout", "url"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, c.URL+page.Path,
		strings.NewReader(url.Values{"outcome": {button}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := c.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("checkout: status %d", response.StatusCode)
	}
}

func TestEntryFields(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin, patient, doctor := c.Admin(), c.Patient(), c.Doctor("500.00")
	slot := c.Slot(doctor, 3*time.Hour, 1)
	began := c.DB.Now()
	a := c.Do(patient, "POST", "consultations", object{"slotId": slot, "reason": "Back pain"}, "Idempotency-Key", "k",
		"X-Request-Id", "req-1").Want(201)
	items := c.Get(admin, "audit-logs?action=consultation.book&entityId="+strings.ToUpper(a.Text("id"))).Want(200).
		Items()
	if len(items) != 1 {
		t.Fatalf("%d entries", len(items))
	}
	e := items[0]
	at, err := time.Parse(time.RFC3339Nano, fmt.Sprint(e["createdAt"]))
	if err != nil || at.Before(began) || at.After(c.DB.Now()) || !strings.HasSuffix(fmt.Sprint(e["createdAt"]), "Z") {
		t.Errorf("createdAt is %v", e["createdAt"])
	}
	want := object{"id": e["id"], "actorId": patient.ID.String(), "actorRole": "PATIENT",
		"action": "consultation.book", "entityType": "consultation", "entityId": a.Text("id"),
		"ipAddress": "127.0.0.1", "createdAt": e["createdAt"],
		"metadata": object{"to": "REQUESTED", "slotId": slot.String(), "doctorId": doctor.ID.String(),
			"requestId": "req-1"},
		"actorName": "Test PATIENT", "visit": object{"startTime": a.Text("startTime"), "patientName": "Test PATIENT",
			"doctorName": "Test DOCTOR"}}
	if !reflect.DeepEqual(e, want) {
		t.Errorf("entry %v, want %v", e, want)
	}
	if one := c.Get(admin, "audit-logs/"+fmt.Sprint(e["id"])).Want(200); !reflect.DeepEqual(one.Map(), want) ||
		one.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("read alone: %s %v", one.Body, one.Header)
	}
	c.Get(admin, "audit-logs/"+uuid.Must(uuid.NewV7()).String()).Want(404, "not-found")
	c.Get(admin, "audit-logs/"+uuid.NewString()).Want(404, "not-found")
}

func TestReadFindsAnyID(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	makePartitions(t, c)
	admin := c.Admin()
	var rows []row
	for i, id := range []uuid.UUID{uuid.New(), uuid.Must(uuid.NewV7()), uuid.Max, uuid.Must(uuid.NewV7()),
		uuid.Must(uuid.NewV7())} {
		rows = append(rows, row{id: id, action: "slot.create", entityType: "slot", entityID: id.String(),
			at: c.DB.Now().AddDate(0, -3*i, 0)})
	}
	insertRows(t, c, rows)
	for _, r := range rows {
		if a := c.Get(admin, "audit-logs/"+r.id.String()).Want(200); a.Text("entityId") != r.id.String() {
			t.Errorf("%s", a.Body)
		}
	}
}

func TestEntryOfJobNamesIt(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin, patient, doctor := c.Admin(), c.Patient(), c.Doctor("500.00")
	id := c.Post(patient, "consultations", object{"slotId": c.Slot(doctor, 3*time.Hour, 1), "reason": "Cough"}).
		Want(201).Text("id")
	c.Clock.Advance(20 * time.Minute) // the sweep cancels the unpaid booking
	var items []map[string]any
	for deadline := time.Now().Add(30 * time.Second); len(items) == 0; {
		if time.Now().After(deadline) {
			t.Fatal("the unpaid booking isn't cancelled")
		}
		items = c.Get(admin, "audit-logs?action=consultation.cancel&entityId="+id).Want(200).Items()
	}
	e := items[0]
	job, _ := e["metadata"].(object)
	if e["actorId"] != nil || e["actorRole"] != nil || e["ipAddress"] != nil || job["job"] != "consultation.sweep" {
		t.Errorf("entry %v", e)
	}
}

func TestEntryOfWebhookNamesIt(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	id, _ := c.BookAndPay(c.Patient(), c.Slot(c.Doctor("500.00"), 3*time.Hour, 1), "500.00")
	items := c.Get(c.Admin(), "audit-logs?action=consultation.confirm&entityId="+id).Want(200).Items()
	if len(items) != 1 {
		t.Fatalf("%d rows of the confirmation", len(items))
	}
	more, _ := items[0]["metadata"].(object)
	if items[0]["actorId"] != nil || items[0]["ipAddress"] != "127.0.0.1" || more["job"] != "payment.webhook" ||
		more["requestId"] == nil {
		t.Errorf("entry %v", items[0])
	}
}

func TestReadingTheLogIsAudited(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin, officer, patient := c.Admin(), c.Admin(), c.Patient()
	c.Get(patient, "consultations/me").Want(200)
	const typed = "asha@example.org has a cough"
	query := url.Values{"actorId": {patient.ID.String()}, "entityId": {typed}, "action": {typed},
		"entityType": {typed}, "from": {"2026-01-01T05:30:00+05:30"}}
	c.Get(admin, "audit-logs?"+query.Encode()).Want(200)
	entry := fmt.Sprint(c.Get(admin, "audit-logs?limit=1&actorId="+patient.ID.String()).Want(200).Items()[0]["id"])
	c.Get(admin, "audit-logs/"+entry).Want(200)

	seen := c.Get(officer, "audit-logs?entityType=audit-log&actorId="+admin.ID.String()).Want(200)
	items := seen.Items()
	if len(items) != 3 || items[0]["action"] != "audit-log.read" || items[0]["entityId"] != entry ||
		items[2]["action"] != "audit-log.list" || items[2]["entityId"] != admin.ID.String() {
		t.Fatalf("entries of the log's readings: %s", seen.Body)
	}
	meta, _ := items[2]["metadata"].(object)
	delete(meta, "requestId")
	want := object{"filters": []any{"actorId", "action", "entityType", "entityId", "from"},
		"actorId": patient.ID.String(), "from": "2026-01-01T00:00:00Z"}
	if !reflect.DeepEqual(meta, want) {
		t.Errorf("metadata %v, want %v", meta, want)
	}
	if bytes.Contains(seen.Body, []byte("cough")) {
		t.Error("the log holds the values of the filters")
	}
	// A refused call leaves no entry.
	c.Get(admin, "audit-logs?limit=0").Want(422)
	if n := len(c.Get(officer, "audit-logs?entityType=audit-log&actorId="+admin.ID.String()).Want(200).
		Items()); n != 3 {
		t.Errorf("%d entries after a refused call", n)
	}
}

func TestLogHoldsNoHealthData(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin, patient, doctor := c.Admin(), c.Patient(), c.Doctor("500.00")
	secrets := []string{"reason-of-the-visit", "notes-of-the-doctor", "medicine-name", "dosage-text", "frequency-text",
		"advice-text", "why-it-ends", "secret-phone", "secret-street", patient.Token, patient.Email}
	book := func() string {
		return c.Post(patient, "consultations",
			object{"slotId": c.Slot(doctor, 3*time.Hour, 1), "reason": secrets[0]}).Want(201).Text("id")
	}
	c.Patch(patient, "users/me", object{"fullName": "Asha", "address": secrets[8]}).Want(200)
	id := book()
	pressCheckoutButton(t, c, patient, id, "fail")
	pressCheckoutButton(t, c, patient, id, "pay")
	c.Clock.Advance(3 * time.Hour)
	c.Patch(doctor, "consultations/"+id+"/status", object{"status": "IN_PROGRESS"}).Want(200)
	line := object{"name": secrets[2], "dosage": secrets[3], "frequency": secrets[4]}
	written := c.Post(doctor, "prescriptions",
		object{"consultationId": id, "medications": []any{line}, "advice": secrets[5]}).Want(201).Text("id")
	c.Patch(doctor, "consultations/"+id+"/status", object{"status": "COMPLETED", "notes": secrets[1]}).Want(200)
	cancelled := book()
	c.Post(patient, "consultations/"+cancelled+"/cancel", object{"reason": secrets[6]}).Want(200)
	for _, path := range []string{"consultations/" + id, "consultations/me", "prescriptions/" + written,
		"prescriptions/me", "prescriptions/consultation/" + id} {
		if a := c.Get(patient, path).Want(200); !slices.ContainsFunc(secrets,
			func(s string) bool { return bytes.Contains(a.Body, []byte(s)) }) {
			t.Fatalf("%s shows no health data: %s", path, a.Body)
		}
	}
	c.Get(c.Patient(), "consultations/"+id).Want(404)
	c.Prove(admin)
	c.Do(admin, "GET", "consultations/"+id, nil, "X-Purpose", "complaint 2291").Want(200)

	actions := map[string]bool{}
	query := url.Values{"limit": {"10"}}
	for cursor := "x"; cursor != ""; {
		page := c.Get(admin, "audit-logs?"+query.Encode()).Want(200)
		for _, secret := range secrets {
			if bytes.Contains(page.Body, []byte(secret)) {
				t.Errorf("the log holds %s: %s", secret, page.Body)
			}
		}
		for _, e := range page.Items() {
			actions[fmt.Sprint(e["action"])] = true
		}
		cursor = page.Text("nextCursor")
		query.Set("cursor", cursor)
	}
	for _, action := range []string{"consultation.book", "payment.initiate", "payment.webhook", "consultation.confirm",
		"consultation.start", "prescription.write",
		"consultation.complete", "consultation.cancel", "consultation.read", "consultation.list", "prescription.read",
		"prescription.list", "access.deny", "user.update"} {
		if !actions[action] {
			t.Errorf("the journey left no %s", action)
		}
	}
	// Nor do the columns that the API doesn't show.
	var rows int
	if err := c.DB.Pool.QueryRow(context.Background(), "SELECT count(*) FROM audit_logs a WHERE a::text ~ $1",
		strings.Join(secrets[:9], "|")).Scan(&rows); err != nil || rows != 0 {
		t.Errorf("%d rows hold health data (%v)", rows, err)
	}
}
