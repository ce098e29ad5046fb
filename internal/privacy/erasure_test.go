package privacy_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
	"amrutam/internal/privacy"
	"amrutam/internal/seal"
)

const day = 24 * time.Hour

func requestErasure(c *apptest.Clinic, user apptest.User) *apptest.Answer {
	return c.Post(user, "users/me/erasure", nil)
}

func stopErasure(c *apptest.Clinic, user apptest.User) *apptest.Answer {
	return c.Do(user, "DELETE", "users/me/erasure", nil)
}

func sweep(t *testing.T, c *apptest.Clinic) {
	t.Helper()
	run(t, c, privacy.Sweep{})
}

// status returns the status of a person's newest erasure, or none.
func status(t *testing.T, c *apptest.Clinic, user apptest.User) string {
	t.Helper()
	return apptest.QueryOne[string](t, c, "SELECT coalesce((SELECT status FROM erasures WHERE user_id = $1 ORDER BY "+
		"requested_at DESC LIMIT 1), 'none')", user.ID)
}

// findMarks returns which tables have which of the marks, as text or as bytes.
func findMarks(t *testing.T, c *apptest.Clinic, marks ...string) (all []string) {
	t.Helper()
	// Partitions are read through their tables: the maintenance may drop one meanwhile.
	rows, err := c.DB.Pool.Query(t.Context(), `SELECT c.oid::regclass::text FROM pg_class c
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition`)
	must(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	if len(tables) < 25 {
		t.Fatalf("only %d tables", len(tables))
	}
	for _, table := range tables {
		text := apptest.QueryOne[string](t, c, "SELECT coalesce(string_agg(x::text, ''), '') FROM "+table+" x")
		for _, mark := range marks {
			if strings.Contains(text, mark) || strings.Contains(text, strings.ToLower(mark)) ||
				strings.Contains(text, hex.EncodeToString([]byte(mark))) {
				all = append(all, table+" has "+mark)
			}
		}
	}
	return all
}

func TestRequestAndStopErasure(t *testing.T) {
	t.Parallel()
	c := open(t)
	patient := c.Patient()
	c.Get(patient, "users/me/erasure").Want(404, "not-found")
	stopErasure(c, patient).Want(404, "not-found")
	first := requestErasure(c, patient).Want(202)
	due, err := time.Parse(time.RFC3339Nano, first.Text("dueAt"))
	must(t, err)
	asked, err := time.Parse(time.RFC3339Nano, first.Text("requestedAt"))
	must(t, err)
	same(t, "how long it can be stopped", due.Sub(asked), 48*time.Hour)
	same(t, "clinical", first.At("clinical"), any(object{"until": nil, "consultations": 0.0}))
	again := requestErasure(c, patient).Want(200)
	same(t, "asked twice", again.Map(), first.Map())
	same(t, "read", c.Get(patient, "users/me/erasure").Want(200).Map(), first.Map())
	texts := mails(t, c, patient.Email, "erasure-requested")
	if len(texts) != 1 || !strings.Contains(texts[0], "stop") || !strings.Contains(texts[0], "no care records") {
		t.Errorf("mails: %q", texts)
	}
	c.Clock.Advance(48*time.Hour - time.Minute)
	sweep(t, c)
	same(t, "before its time", status(t, c, patient), "PENDING")
	stopErasure(c, patient).Want(204)
	stopErasure(c, patient).Want(404)
	c.Get(patient, "users/me/erasure").Want(404)
	same(t, "mails of the stop", len(mails(t, c, patient.Email, "erasure-stopped")), 1)
	c.Clock.Advance(30 * day)
	sweep(t, c)
	c.Get(patient, "users/me").Want(200)
	id := first.Text("id")
	same(t, "audited", []int{countAudits(t, c, "erasure.request", id), countAudits(t, c, "erasure.stop", id)},
		[]int{2, 1})
	requestErasure(c, patient).Want(403, "reauthentication-required")
	c.Prove(patient)
	if anew := requestErasure(c, patient).Want(202).Text("id"); anew == id {
		t.Error("the stopped erasure is returned again")
	}
	files, _ := unzip(t, download(t, c, patient).Body)
	same(t, "erasures in the copy", len(entries(t, files, "requests.json", "erasures")), 2)
	c.CheckInvariants()
}

// Everything about a person whose consultations were never started is erased at once, and the data key destroyed.
func TestErasureWithoutCareRecord(t *testing.T) {
	t.Parallel()
	// Stored responses exist for a day: the erasure is due before.
	c := open(t, func(cfg *config.Config) { cfg.ErasureAfter = time.Hour })
	h := makeHistory(t, c) // of another person: it must not change
	patient := c.Patient()
	const otherName, otherReason = "MarkOther Rao", "MarkOtherReason"
	c.Patch(patient, "users/me",
		object{"fullName": otherName, "phone": "+919800000001", "address": "MarkOtherStreet 1",
			"dateOfBirth": "1970-02-03", "gender": "MALE", "timezone": "Europe/Paris"}).Want(200)
	id := c.Post(patient, "consultations", object{"slotId": c.Slot(h.doctor, 90*time.Hour, 1), "reason": otherReason}).
		Want(201).Text("id")
	reference := c.Initiate(patient, id)
	c.Report("payment.succeeded", reference, "500.00").Want(200)
	c.Export(patient)
	c.Exec("INSERT INTO recovery_codes (user_id, hash, created_at) VALUES ($1, '\\x00', now())", patient.ID)
	c.Exec("INSERT INTO tickets (hash, kind, user_id, created_at, expires_at) VALUES ('\\x01', 'EMAIL', $1, "+
		"now(), now() + interval '3 days')", patient.ID)
	idle(t, c)
	personal := []string{otherName, patient.Email}
	same(t, "marks are found", len(findMarks(t, c, personal...)) > 1, true)
	support := c.Support()
	asked := c.Post(support, "payments/"+apptest.QueryOne[string](t, c,
		"SELECT id::text FROM payments WHERE consultation_id = $1", id)+"/refunds",
		object{"amount": "1.00", "reason": "For " + otherName}).Want(201)
	c.Post(c.Admin(), "refunds/"+asked.Text("id")+"/decline", object{"reason": otherName + " was seen"}).Want(200)
	wrapped := apptest.QueryOne[[]byte](t, c, "SELECT wrapped FROM data_keys WHERE user_id = $1", patient.ID)
	erasure := requestErasure(c, patient).Want(202).Text("id")
	c.Clock.Advance(time.Hour)
	sweep(t, c)

	same(t, "status", status(t, c, patient), "DONE")
	c.Get(patient, "users/me").Want(401)
	same(t, "the consultation", c.Get(h.doctor, "consultations/"+id).Want(200).Text("status"), "CANCELLED")
	c.Await("refunded", func() bool {
		return c.Count("SELECT count(*) FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE "+
			"p.consultation_id = $1 AND r.status = 'SUCCEEDED'", id) == 1
	})
	idle(t, c)
	if left := findMarks(t, c, append(personal, otherReason, "MarkOtherStreet", "+919800000001",
		"1970-02-03")...); len(left) > 0 {
		t.Errorf("after the erasure %v", left)
	}
	for table, by := range map[string]string{"sessions": "user_id", "recovery_codes": "user_id", "tickets": "user_id",
		"exports": "user_id", "mails": "user_id", "idempotency_keys": "user_id"} {
		same(t, table, c.Count("SELECT count(*) FROM "+table+" WHERE "+by+" = $1", patient.ID), 0)
	}
	same(t, "the user", apptest.QueryOne[string](t, c, `SELECT concat_ws(' ', email, password_hash, is_email_verified,
		mfa_enabled, deleted_at IS NOT NULL, num_nonnulls(mfa_secret, email_verification_token, password_reset_token))
		FROM users
			WHERE id = $1`, patient.ID), "erased-"+patient.ID.String()+"@erased.invalid none f f t 0")
	same(t, "the profile", apptest.QueryOne[string](t, c,
		`SELECT concat_ws(' ', full_name, timezone, num_nonnulls(gender, date_of_birth, phone, phone_index, address))
			FROM profiles WHERE user_id = $1`, patient.ID), "Erased Asia/Kolkata 0")
	checkKeyDestroyed(t, c, patient)
	proof := apptest.QueryOne[string](t, c,
		"SELECT metadata ->> 'sha256' FROM audit_logs WHERE action = 'data-key.destroy' AND entity_id = $1",
		patient.ID.String())
	same(t, "proof", proof, sha256Hex(wrapped))
	var meta struct {
		Removed map[string]int `json:"removed"`
	}
	must(t, json.Unmarshal(apptest.QueryOne[[]byte](t, c,
		"SELECT metadata FROM audit_logs WHERE action = 'user.erase' AND entity_id = $1", patient.ID.String()), &meta))
	for _, table := range []string{"sessions", "session_tokens", "recovery_codes", "exports", "idempotency_keys",
		"mails", "mailbox_messages", "consultations.reason"} {
		if meta.Removed[table] == 0 {
			t.Errorf("the log has no %s: %v", table, meta.Removed)
		}
	}
	same(t, "refusals", countAudits(t, c, "erasure.refuse-clinical", erasure), 0)
	// The data of others has not changed.
	same(t, "another's record", c.Get(h.patient, "consultations/"+h.started).Want(200).Text("reason"), reason)
	same(t, "another's mails", len(mails(t, c, h.patient.Email, "prescription-ready")), 1)
	checkReadable(t, c, h, patient)
}

// A deleted user's address may be that of a new account, whose mails stay.
func TestErasureKeepsMailsOfNewAccount(t *testing.T) {
	t.Parallel()
	c := open(t)
	old, admin := c.Patient(), c.Admin()
	c.Do(old, "DELETE", "users/me", nil).Want(204)
	idle(t, c)
	c.Post(admin, "users/"+old.ID.String()+"/erasure", nil).Want(202)
	same(t, "for administrators", c.Get(admin, "users/"+old.ID.String()+"/erasure").Want(200).Text("status"),
		"PENDING")
	next := c.Patient()
	c.Exec("UPDATE users SET email = $2 WHERE id = $1", next.ID, old.Email)
	idle(t, c)
	before := len(mails(t, c, old.Email, "erasure-requested"))
	same(t, "mails before", before, 1)
	c.Clock.Advance(48 * time.Hour)
	sweep(t, c)
	same(t, "status", status(t, c, old), "DONE")
	same(t, "mails after", len(mails(t, c, old.Email, "erasure-requested")), before)
}

// checkKeyDestroyed checks that the server has no data key for the person.
func checkKeyDestroyed(t *testing.T, c *apptest.Clinic, user apptest.User) {
	t.Helper()
	if _, err := c.App.Sealer.PersonKey(context.Background(), c.DB.Pool, user.ID); !errors.Is(err, seal.ErrErased) {
		t.Errorf("the data key: %v", err)
	}
	same(t, "destroyed", c.Count(
		"SELECT count(*) FROM data_keys WHERE user_id = $1 AND wrapped IS NULL AND destroyed_at IS NOT NULL", user.ID),
		1)
}

// checkReadable reads, in every role, what shows an erased person.
func checkReadable(t *testing.T, c *apptest.Clinic, h history, erased apptest.User) {
	t.Helper()
	admin, support := c.Admin(), c.Support()
	const purpose = "Complaint"
	c.Get(h.doctor, "consultations/doctor/me").Want(200)
	for _, staff := range []apptest.User{admin, support} {
		same(t, "in the list of users", c.Get(staff, "users/"+erased.ID.String()).Want(200).Text("email"),
			"erased-"+erased.ID.String()+"@erased.invalid")
		list := c.Get(staff, "users?deleted=true").Want(200)
		if !strings.Contains(string(list.Body), erased.ID.String()) {
			t.Error("the list of deleted users lacks the erased one")
		}
		c.Get(staff, "consultations?patientId="+erased.ID.String()).Want(200)
	}
	for _, item := range c.Get(admin, "consultations?patientId="+erased.ID.String()).Want(200).Items() {
		c.Do(admin, "GET", fmt.Sprint("consultations/", item["id"]), nil, "X-Purpose", purpose).Want(200)
		c.Do(admin, "GET", fmt.Sprint("prescriptions/consultation/", item["id"]), nil, "X-Purpose", purpose).Want(200)
		c.Get(support, fmt.Sprint("payments/consultation/", item["id"])).Want(200)
	}
	c.Get(admin, "admin/analytics/summary").Want(200)
	c.Get(admin, "audit-logs?entityId="+erased.ID.String()).Want(200)
	files, _ := unzip(t, download(t, c, h.doctor).Body)
	if len(entries(t, files, "consultations.json", "items")) == 0 {
		t.Error("the doctor's export has no consultations")
	}
	idle(t, c)
	c.CheckInvariants()
}

// The care record is retained for three years after its last consultation, and then becomes unreadable.
func TestErasureRetainsCareRecord(t *testing.T) {
	t.Parallel()
	c := open(t)
	h := makeHistory(t, c)
	ended := apptest.QueryOne[time.Time](t, c, "SELECT ended_at FROM consultations WHERE id = $1", h.started)
	until := ended.AddDate(3, 0, 0).UTC()
	asked := requestErasure(c, h.patient).Want(202)
	id := asked.Text("id")
	same(t, "clinical", asked.At("clinical"),
		any(object{"until": until.Format(time.RFC3339Nano), "consultations": 1.0}))
	texts := mails(t, c, h.patient.Email, "erasure-requested")
	retained := until.In(time.FixedZone("IST", 19800)).Format("kept until Monday, 2 January 2006 at 15:04")
	if len(texts) != 1 || !strings.Contains(texts[0], retained) {
		t.Errorf("the mail doesn't name %s: %q", until, texts)
	}
	c.Clock.Advance(48 * time.Hour)
	sweep(t, c)
	same(t, "status", status(t, c, h.patient), "PARTIAL")
	same(t, "refusals", countAudits(t, c, "erasure.refuse-clinical", id), 2) // one at the request, one by the sweep
	same(t, "audited until", apptest.QueryOne[time.Time](t, c,
		"SELECT (metadata ->> 'until')::timestamptz FROM audit_logs WHERE "+
			"action = 'erasure.refuse-clinical' LIMIT 1").UTC(), until)
	c.Get(h.patient, "users/me").Want(401)
	if left := findMarks(t, c, h.patient.Email, "MarkStreet", phone, "MarkTravel"); len(left) > 0 {
		t.Errorf("after the first step %v", left)
	}
	record := c.Get(h.doctor, "consultations/"+h.started).Want(200)
	same(t, "the record", []any{record.At("reason"), record.At("notes"), record.At("patientName")},
		[]any{reason, notes, name})
	same(t, "the cancelled consultation", []any{c.Get(h.doctor, "consultations/"+h.cancelled).Want(200).At("reason"),
		c.Get(h.doctor, "consultations/"+h.cancelled).At("cancellationReason")}, []any{"(erased)", nil})
	c.Get(h.doctor, "prescriptions/"+h.prescription).Want(200)
	same(t, "consents in force", apptest.QueryOne[string](t, c,
		"SELECT string_agg(purpose, ' ' ORDER BY purpose) FROM "+
			"consents WHERE user_id = $1 AND withdrawn_at IS NULL", h.patient.ID), "TREATMENT")
	checkReadable(t, c, h, h.patient)

	c.Clock.Advance(until.Sub(c.DB.Now()) - time.Minute)
	sweep(t, c)
	same(t, "a minute before", status(t, c, h.patient), "PARTIAL")
	sealed := apptest.QueryOne[string](t, c, "SELECT md5(medications) || md5(advice) FROM prescriptions WHERE id = $1",
		h.prescription)
	c.Clock.Advance(2 * time.Minute)
	sweep(t, c)
	sweep(t, c) // the second one changes nothing
	same(t, "status", status(t, c, h.patient), "DONE")
	checkKeyDestroyed(t, c, h.patient)
	same(t, "the prescription's row",
		apptest.QueryOne[string](t, c, "SELECT md5(medications) || md5(advice) FROM prescriptions WHERE id = $1",
			h.prescription), sealed)
	if left := findMarks(t, c, append(slices.Clone(marks), h.patient.Email)...); len(left) > 0 {
		t.Errorf("at the end %v", left)
	}
	record = c.Get(h.doctor, "consultations/"+h.started).Want(200)
	same(t, "the record", []any{record.At("reason"), record.At("notes"), record.At("patientName"),
		record.At("status")}, []any{nil, nil, "Erased", "COMPLETED"})
	written := c.Get(h.doctor, "prescriptions/"+h.prescription).Want(200)
	same(t, "the prescription", []any{written.At("medications"), written.At("advice")}, []any{[]any{}, nil})
	same(t, "proofs", countAudits(t, c, "data-key.destroy", h.patient.ID.String()), 1)
	same(t, "what is unreadable",
		apptest.QueryOne[string](t, c,
			"SELECT metadata ->> 'unreadable' FROM audit_logs WHERE action = 'data-key.destroy'"),
		`{"consultations": 2, "prescriptions": 1}`)
	checkReadable(t, c, h, h.patient)
}

// A doctor's name is retained as long as the records of patients, then it is erased too.
func TestErasureOfDoctor(t *testing.T) {
	t.Parallel()
	c := open(t)
	h := makeHistory(t, c)
	c.Patch(h.doctor, "users/me", object{"fullName": "Dr. MarkDoctor", "phone": "+919800000002"}).Want(200)
	c.Patch(h.doctor, "doctors/"+h.doctor.ID.String(), object{"bio": "MarkBio", "clinicName": "MarkClinic"}).Want(200)
	until := apptest.QueryOne[time.Time](t, c, "SELECT max(ended_at) FROM consultations").AddDate(3, 0, 0)
	same(t, "until", requestErasure(c, h.doctor).Want(202).Text("clinical", "until"), until.Format(time.RFC3339Nano))
	c.Clock.Advance(48 * time.Hour)
	sweep(t, c)
	same(t, "status", status(t, c, h.doctor), "PARTIAL")
	if left := findMarks(t, c, "MarkBio", "MarkClinic", "+919800000002", h.doctor.Email); len(left) > 0 {
		t.Errorf("after the first step %v", left)
	}
	same(t, "the doctor's name", c.Get(h.patient, "consultations/"+h.started).Want(200).Text("doctorName"),
		"Dr. MarkDoctor")
	same(t, "another patient's booking", c.Get(h.other, "consultations/me").Want(200).Items()[0]["status"],
		any("CANCELLED"))
	c.Get(anonymous, "doctors/"+h.doctor.ID.String()).Want(404)
	c.Clock.Advance(until.Sub(c.DB.Now()) + time.Minute)
	sweep(t, c)
	same(t, "status", status(t, c, h.doctor), "DONE")
	if left := findMarks(t, c, "MarkDoctor", "AYU-"+h.doctor.ID.String()); len(left) > 0 {
		t.Errorf("at the end %v", left)
	}
	record := c.Get(h.patient, "consultations/"+h.started).Want(200)
	same(t, "the patient's record", []any{record.Text("doctorName"), record.Text("reason")}, []any{"Erased", reason})
	same(t, "the patient's prescriptions", len(c.Get(h.patient, "prescriptions/me").Want(200).Items()), 1)
	for _, reading := range c.Get(h.patient, "users/me/access-log?others=true").Want(200).Items() {
		same(t, "who read", reading["actorName"], nil)
	}
	idle(t, c)
	c.CheckInvariants()
}
