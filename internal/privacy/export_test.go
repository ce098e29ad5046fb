package privacy_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
	"amrutam/internal/retention"
)

// Private texts of the history. Each has a mark to search for; some have characters that are special in HTML or JSON.
const (
	name     = "Asha \"MarkName\" <script>alert(1)</script> राव"
	reason   = "MarkReason </script><b>खुजली</b> \"since\" Diwali \\ & more"
	notes    = "MarkNotes dry skin"
	medicine = "MarkMedicine त्रिफला"
	advice   = "MarkAdvice no curd"
	street   = "MarkStreet 7, Kochi"
	phone    = "+919812345678"
	birth    = "1983-04-17"
	travel   = "MarkTravel I am travelling"
)

var marks = []string{"MarkName", "MarkReason", "MarkNotes", "MarkMedicine", "MarkAdvice", "MarkStreet", phone, birth,
	"MarkTravel"}

// history is a patient and a doctor with data of every kind.
type history struct {
	patient, doctor, other apptest.User
	started, cancelled     string
	prescription           string
}

func makeHistory(t *testing.T, c *apptest.Clinic) history {
	t.Helper()
	h := history{patient: c.Patient(), doctor: c.Doctor("500.00"), other: c.Patient()}
	c.Patch(h.patient, "users/me", object{"fullName": name, "gender": "FEMALE", "dateOfBirth": birth, "phone": phone,
		"address": street}).Want(200)
	c.Post(h.patient, "consents", object{"purpose": "DATA_USE", "noticeVersion": 1}).Want(201)
	c.Post(h.patient, "consents", object{"purpose": "MESSAGES", "noticeVersion": 1}).Want(201)
	c.Post(h.patient, "consents/MESSAGES/withdraw", nil).Want(204)
	book := func(in time.Duration) string {
		id := c.Post(h.patient, "consultations", object{"slotId": c.Slot(h.doctor, in, 1), "reason": reason}).
			Want(201).Text("id")
		c.Report("payment.failed", c.Initiate(h.patient, id), "500.00").Want(200)
		c.Report("payment.succeeded", c.Initiate(h.patient, id), "500.00").Want(200)
		return id
	}
	h.started, h.cancelled = book(10*time.Minute), book(30*time.Hour)
	c.Post(h.patient, "consultations/"+h.cancelled+"/cancel", object{"reason": travel}).Want(200)
	c.Patch(h.doctor, "consultations/"+h.started+"/status", object{"status": "IN_PROGRESS"}).Want(200)
	h.prescription = c.Post(h.doctor, "prescriptions",
		object{"consultationId": h.started, "advice": advice, "medications": []any{
			object{"name": medicine, "dosage": "5 g", "frequency": "twice a day"}}}).Want(201).Text("id")
	c.Patch(h.doctor, "consultations/"+h.started+"/status", object{"status": "COMPLETED", "notes": notes}).Want(200)
	c.Get(h.doctor, "consultations/"+h.started).Want(200)
	c.Book(h.other, c.Slot(h.doctor, 50*time.Hour, 1))
	idle(t, c)
	return h
}

// download requests an export, waits for it and downloads it.
func download(t *testing.T, c *apptest.Clinic, user apptest.User) *apptest.Answer {
	t.Helper()
	return c.Get(user, "users/me/exports/"+c.Export(user)).Want(200)
}

func TestExportOfPatient(t *testing.T) {
	t.Parallel()
	c := open(t)
	h := makeHistory(t, c)
	requested := c.Get(h.patient, "users/me/export").Want(202)
	same(t, "when requested", []any{requested.Text("status"), requested.At("readyAt"), requested.At("url"),
		requested.Header.Get("Retry-After")}, []any{"PENDING", nil, nil, "2"})
	id := c.Export(h.patient)
	same(t, "the export", id, requested.Text("id"))
	export := c.Get(h.patient, "users/me/export").Want(200)
	same(t, "url", export.Text("url"), c.App.Config.PublicURL+"/api/v1/users/me/exports/"+id)
	a := c.Get(h.patient, strings.TrimPrefix(export.Text("url"), c.App.Config.PublicURL)).Want(200)
	same(t, "headers", []string{a.Header.Get("Content-Type"), a.Header.Get("Content-Disposition"),
		a.Header.Get("Cache-Control")},
		[]string{"application/zip", `attachment; filename="amrutam-export-` + c.DB.Now().Format(time.DateOnly) +
			`.zip"`, "no-store"})
	same(t, "sha256", export.Text("sha256"), sha256Hex(a.Body))
	same(t, "size", export.At("size"), float64(len(a.Body)))

	files, page := unzip(t, a.Body)
	same(t, "files", slices.Sorted(maps.Keys(files)), []string{"access-log.json", "account.json", "activity.json",
		"addenda.json", "consents.json", "consultations.json", "dependants.json", "disputes.json", "mails.json",
		"passkeys.json", "payments.json", "prescriptions.json",
		"requests.json", "review-reports.json", "reviews.json", "sessions.json",
		"waitlist.json"})
	account := files["account.json"]
	same(t, "account", []any{account["fullName"], account["email"], account["phone"], account["address"],
		account["dateOfBirth"], account["gender"], account["role"]},
		[]any{name, h.patient.Email, phone, street, birth, "FEMALE", "PATIENT"})
	same(t, "account as the API shows it", account, c.Get(h.patient, "users/me").Want(200).Map())
	same(t, "consents", len(entries(t, files, "consents.json", "items")), 3)
	same(t, "consents to consultations", len(entries(t, files, "consents.json", "consultations")), 2)

	consultations := entries(t, files, "consultations.json", "items")
	same(t, "consultations as the API shows them", consultations,
		c.Get(h.patient, "consultations/me?sort=earliest").Want(200).Items())
	same(t, "the completed consultation", []any{consultations[0]["reason"], consultations[0]["notes"],
		consultations[0]["status"]}, []any{reason, notes, "COMPLETED"})
	same(t, "the cancelled consultation", []any{consultations[1]["cancellationReason"], consultations[1]["status"]},
		[]any{travel, "CANCELLED"})
	same(t, "prescriptions", entries(t, files, "prescriptions.json", "items"),
		c.Get(h.patient, "prescriptions/me").Want(200).Items())
	payments := entries(t, files, "payments.json", "items")
	same(t, "payments", payments, []object{c.Get(h.patient, "payments/consultation/"+h.started).Want(200).Map(),
		c.Get(h.patient, "payments/consultation/"+h.cancelled).Want(200).Map()})
	if attempts, _ := payments[1]["attempts"].([]any); len(attempts) != 2 {
		t.Errorf("attempts: %v", attempts)
	}
	if refunds, _ := payments[1]["refunds"].([]any); len(refunds) != 1 {
		t.Errorf("refunds: %v", refunds)
	}
	readings := entries(t, files, "access-log.json", "items")
	if len(readings) == 0 || !slices.ContainsFunc(readings,
		func(r object) bool { return r["actorId"] == h.doctor.ID.String() && r["consultationId"] == h.started }) {
		t.Errorf("who read: %v", readings)
	}
	same(t, "sessions", len(entries(t, files, "sessions.json", "items")), 1)
	if kinds := entries(t, files, "mails.json", "items"); !slices.ContainsFunc(kinds,
		func(m object) bool { return m["kind"] == "prescription-ready" && m["sentAt"] != nil }) {
		t.Errorf("mails: %v", kinds)
	}
	for _, entry := range entries(t, files, "activity.json", "items") {
		same(t, "actor", entry["actorId"], h.patient.ID.String())
	}
	same(t, "requests", len(entries(t, files, "requests.json", "exports")), 1)
	checkPage(t, files, page)
	all, err := json.Marshal(files)
	must(t, err)
	for _, foreign := range []string{h.doctor.Email, h.other.ID.String(), h.other.Email, "passwordHash",
		"password_hash", "mfaSecret", "hash\""} {
		if bytes.Contains(all, []byte(foreign)) {
			t.Errorf("the export has %s", foreign)
		}
	}
}

// checkPage checks that the page lists every file, has no script, loads nothing and escapes the person's name.
func checkPage(t *testing.T, files map[string]object, page string) {
	t.Helper()
	for file := range files {
		if !strings.Contains(page, `<a href="`+file+`">`) {
			t.Errorf("the page doesn't name %s", file)
		}
	}
	if !strings.Contains(page, "&lt;script&gt;alert(1)&lt;/script&gt; राव") {
		t.Errorf("the page doesn't show the name: %s", page)
	}
	for _, loads := range []string{"<script", "src=", "http://", "https://", "url(", "@import", "<link"} {
		if strings.Contains(page, loads) {
			t.Errorf("the page has %s", loads)
		}
	}
}

func TestExportOfDoctor(t *testing.T) {
	t.Parallel()
	c := open(t)
	h := makeHistory(t, c)
	c.Exec("UPDATE doctors SET bio = 'Twelve years', clinic_name = 'Nair Ayurveda' WHERE id = $1", h.doctor.ID)
	files, _ := unzip(t, download(t, c, h.doctor).Body)
	same(t, "files", slices.Sorted(maps.Keys(files)), []string{"account.json", "activity.json", "addenda.json",
		"availability-exceptions.json", "availability-rules.json", "booking-rules.json", "consultations.json",
		"doctor.json", "mails.json", "passkeys.json", "prescriptions.json", "requests.json", "review-replies.json",
		"review-reports.json", "sessions.json", "slots.json"})
	practice := entries(t, files, "doctor.json", "items")
	same(t, "practice", []any{len(practice), practice[0]["bio"], practice[0]["clinicName"],
		practice[0]["consultationFee"], practice[0]["registrationNumber"]},
		[]any{1, "Twelve years", "Nair Ayurveda", "500.00", "AYU-" + h.doctor.ID.String()})
	same(t, "slots", len(entries(t, files, "slots.json", "items")), 3)
	consultations := entries(t, files, "consultations.json", "items")
	same(t, "consultations", []any{len(consultations), consultations[0]["id"], consultations[0]["patientName"],
		consultations[0]["fee"]}, []any{3, h.started, name, "500.00"})
	written := entries(t, files, "prescriptions.json", "items")
	same(t, "prescriptions", []any{len(written), written[0]["id"], written[0]["consultationId"]},
		[]any{1, h.prescription, h.started})
	all, err := json.Marshal(files)
	must(t, err)
	// The patient's name is part of a doctor's export.
	for _, mark := range append(slices.Clone(marks[1:]), h.patient.Email, h.other.Email) {
		if bytes.Contains(all, []byte(mark)) {
			t.Errorf("a doctor's export has the patient's %s", mark)
		}
	}
}

func TestExportOfStaff(t *testing.T) {
	t.Parallel()
	c := open(t)
	for _, user := range []apptest.User{c.Admin(), c.Support()} {
		c.Get(user, "users").Want(200)
		files, _ := unzip(t, download(t, c, user).Body)
		same(t, "files", slices.Sorted(maps.Keys(files)),
			[]string{"account.json", "activity.json", "mails.json", "passkeys.json", "requests.json",
				"review-reports.json", "sessions.json"})
		same(t, "role", files["account.json"]["role"], string(user.Role))
	}
}

func TestDownloadByOwnerOnly(t *testing.T) {
	t.Parallel()
	c := open(t)
	owner := c.Patient()
	id := c.Export(owner)
	for _, stranger := range []apptest.User{c.Patient(), c.Doctor("0"), c.Admin(), c.Support()} {
		hidden := c.Get(stranger, "users/me/exports/"+id).Want(404, "not-found")
		missing := c.Get(stranger, "users/me/exports/"+uuid.NewString()).Want(404, "not-found")
		same(t, "detail", hidden.Text("detail"), missing.Text("detail"))
		same(t, "denials", c.Count("SELECT count(*) FROM audit_logs WHERE action = 'access.deny' AND actor_id "+
			"= $1 AND entity_type = 'export' AND entity_id = $2", stranger.ID, id), 1)
	}
	c.Get(anonymous, "users/me/exports/"+id).Want(401)
	c.Get(owner, "users/me/exports/"+id).Want(200)
	c.Get(owner, "users/me/exports/"+id).Want(200)
	same(t, "downloads in the log", countAudits(t, c, "export.download", id), 2)
	same(t, "requests in the log", countAudits(t, c, "export.request", id), 1)
	same(t, "makings in the log", countAudits(t, c, "export.make", id), 1)
}

// A user with a second factor must have proved it recently to download an export.
func TestDownloadRequiresRecentSecondFactor(t *testing.T) {
	t.Parallel()
	c := open(t)
	owner := c.Patient()
	id := c.Export(owner)
	code := c.Authenticator(owner, true)
	c.ClearSecondFactor(owner)
	c.Get(owner, "users/me/exports/"+id).Want(403, "reauthentication-required")
	same(t, "downloads in the log", countAudits(t, c, "export.download", id), 0)
	c.Post(owner, "auth/step-up", object{"otp": code()}).Want(204)
	c.Get(owner, "users/me/exports/"+id).Want(200)
}

func TestExportExpires(t *testing.T) {
	t.Parallel()
	c := open(t)
	owner := c.Patient()
	id := c.Export(owner)
	c.Clock.Advance(24*time.Hour - time.Minute)
	c.Get(owner, "users/me/exports/"+id).Want(403, "reauthentication-required")
	c.Prove(owner)
	c.Get(owner, "users/me/exports/"+id).Want(200)
	c.Clock.Advance(2 * time.Minute)
	c.Get(owner, "users/me/exports/"+id).Want(410, "export-expired")
	next := c.Get(owner, "users/me/export").Want(202)
	if next.Text("id") == id {
		t.Error("the expired export is returned again")
	}
	run(t, c, retention.Purge{})
	c.Get(owner, "users/me/exports/"+id).Want(410, "export-expired")
	same(t, "stored archives", c.Count("SELECT count(*) FROM exports WHERE id = $1 AND archive IS NOT NULL",
		id), 0)
	same(t, "the new export", c.Export(owner), next.Text("id"))
	c.Clock.Advance(91 * 24 * time.Hour)
	run(t, c, retention.Purge{})
	c.Prove(owner)
	c.Get(owner, "users/me/exports/"+id).Want(404)
}

func TestExportLimits(t *testing.T) {
	t.Parallel()
	c := open(t)
	owner := c.Patient()
	ids := map[string]bool{}
	var mu sync.Mutex
	var all sync.WaitGroup
	release := blockJobs(t, c)
	for i := range 12 {
		all.Go(func() {
			a := c.Do(owner, []string{"GET", "POST"}[i%2], "users/me/export", nil).Want(202)
			mu.Lock()
			defer mu.Unlock()
			ids[a.Text("id")] = true
		})
	}
	all.Wait()
	same(t, "concurrent exports", len(ids), 1)
	release()
	for range 4 {
		old := c.Export(owner)
		if c.Post(owner, "users/me/export", nil).Want(202).Text("id") == old {
			t.Error("no new export was requested")
		}
	}
	c.Export(owner)
	refused := c.Post(owner, "users/me/export", nil).Want(429, "too-many-requests")
	if wait := refused.Header.Get("Retry-After"); wait < "86300" || wait > "86400" {
		t.Errorf("Retry-After: %s", wait)
	}
	c.Get(owner, "users/me/export").Want(200)
	c.Post(c.Patient(), "users/me/export", nil).Want(202) // the limit is per user
	c.Clock.Advance(24*time.Hour + time.Second)
	c.Get(owner, "users/me/export").Want(403, "reauthentication-required") // all have expired
	c.Prove(owner)
	c.Get(owner, "users/me/export").Want(202)
}

func TestRequestExportIdempotencyKey(t *testing.T) {
	t.Parallel()
	c := open(t)
	owner := c.Patient()
	first := c.Do(owner, "POST", "users/me/export", nil, "Idempotency-Key", "once").Want(202)
	c.Export(owner)
	again := c.Do(owner, "POST", "users/me/export", nil, "Idempotency-Key", "once").Want(202)
	same(t, "answer", string(again.Body), string(first.Body))
	c.CheckInvariants()
}
