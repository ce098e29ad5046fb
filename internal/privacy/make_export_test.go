package privacy_test

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
	"amrutam/internal/privacy"
)

// The job runs again after it ended, and several times at once, as after a crash.
func TestMakeExportTwice(t *testing.T) {
	t.Parallel()
	c := open(t)
	owner := c.Patient()
	id := uuid.MustParse(c.Export(owner))
	first := c.Get(owner, "users/me/exports/"+id.String()).Want(200)
	run(t, c, privacy.MakeExport{ExportID: id})
	second := c.Get(owner, "users/me/exports/"+id.String()).Want(200)
	if !bytes.Equal(first.Body, second.Body) {
		t.Error("the second run changed the archive")
	}
	texts := mails(t, c, owner.Email, "export-ready")
	if len(texts) != 1 || strings.Contains(texts[0], id.String()) || strings.Contains(texts[0], "token") {
		t.Errorf("mails: %q", texts)
	}
	// The row of a job that was killed before it stored the archive.
	c.Exec("UPDATE exports SET status = 'PENDING', archive = NULL, ready_at = NULL, expires_at = NULL, size = "+
		"NULL, sha256 = NULL WHERE id = $1", id)
	c.Get(owner, "users/me/exports/"+id.String()).Want(409, "export-pending")
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { run(t, c, privacy.MakeExport{ExportID: id}) })
	}
	all.Wait()
	c.Get(owner, "users/me/exports/"+id.String()).Want(200)
	same(t, "makings", countAudits(t, c, "export.make", id.String()), 2)
	same(t, "mails", len(mails(t, c, owner.Email, "export-ready")), 2)
}

// An export that is pending when its owner is deleted is not made.
func TestMakeExportAfterDeletion(t *testing.T) {
	t.Parallel()
	c := open(t)
	owner := c.Patient()
	id := uuid.MustParse(c.Export(owner))
	c.Exec("UPDATE exports SET status = 'PENDING', archive = NULL, ready_at = NULL, expires_at = NULL, size = "+
		"NULL, sha256 = NULL WHERE id = $1", id)
	c.Do(owner, "DELETE", "users/me", nil).Want(204)
	run(t, c, privacy.MakeExport{ExportID: id})
	same(t, "status", apptest.QueryOne[string](t, c, "SELECT status FROM exports WHERE id = $1", id), "PENDING")
	same(t, "makings", countAudits(t, c, "export.make", id.String()), 1)
	run(t, c, privacy.MakeExport{ExportID: uuid.New()}) // there is no such export
}

// An export that was never made can be replaced after a day.
func TestAbandonedExport(t *testing.T) {
	t.Parallel()
	c := open(t)
	owner := c.Patient()
	stuck := c.Export(owner)
	c.Exec("UPDATE exports SET status = 'PENDING', archive = NULL, ready_at = NULL, expires_at = NULL, size = "+
		"NULL, sha256 = NULL WHERE id = $1", stuck)
	same(t, "the copy", c.Get(owner, "users/me/export").Want(202).Text("id"), stuck)
	c.Clock.Advance(24 * time.Hour)
	next := c.Export(owner)
	if next == stuck {
		t.Error("the abandoned export is returned")
	}
	c.Get(owner, "users/me/exports/"+stuck).Want(410, "export-expired")
}

// The database has no readable text of an archive.
func TestExportIsSealed(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t) // not open: the failed download logs an error
	h := makeHistory(t, c)
	id := c.Export(h.patient)
	sealed := apptest.QueryOne[[]byte](t, c, "SELECT archive FROM exports WHERE id = $1", id)
	body := c.Get(h.patient, "users/me/exports/"+id).Want(200).Body
	if bytes.Contains(sealed, body[:64]) || bytes.HasPrefix(sealed, []byte("PK")) || len(sealed) < len(body) {
		t.Error("the archive isn't sealed")
	}
	text := apptest.QueryOne[string](t, c, "SELECT string_agg(e::text, '') FROM exports e")
	for _, mark := range append(slices.Clone(marks), "account.json", h.patient.Email) {
		if strings.Contains(text, mark) || strings.Contains(text, hex.EncodeToString([]byte(mark))) {
			t.Errorf("the row has %s", mark)
		}
	}
	// An archive is sealed for its row: in another row it can't be opened.
	stranger := c.Patient()
	other := c.Export(stranger)
	c.Exec("UPDATE exports SET archive = (SELECT archive FROM exports WHERE id = $2) WHERE id = $1", other, id)
	c.Get(stranger, "users/me/exports/"+other).Want(500)
	c.Exec("DELETE FROM exports WHERE id = $1", other)
}

// An export has every entry of a long history.
func TestExportOfLongHistory(t *testing.T) {
	t.Parallel()
	c := open(t)
	doctor, patient := c.Doctor("0"), c.Patient()
	id := c.Book(patient, c.Slot(doctor, 10*time.Minute, 1))
	c.Patch(doctor, "consultations/"+id+"/status", object{"status": "IN_PROGRESS"}).Want(200)
	const written = 2*200 + 1 // two batches and one more
	for range written {
		c.Post(doctor, "prescriptions",
			object{"consultationId": id,
				"medications": []any{object{"name": medicine, "dosage": "5 g", "frequency": "twice a day"}}}).Want(201)
	}
	c.Exec(`INSERT INTO audit_logs (id, actor_id, actor_role, action, entity_type, entity_id, created_at)
		SELECT gen_random_uuid(), $1, 'PATIENT', 'session.start', 'session', n::text, now() FROM generate_series(1,
			20000) n`, patient.ID)
	before := c.Count("SELECT count(*) FROM audit_logs WHERE actor_id = $1", patient.ID)
	files, _ := unzip(t, download(t, c, patient).Body)
	ids := map[any]bool{}
	for _, p := range entries(t, files, "prescriptions.json", "items") {
		ids[p["id"]] = true
	}
	same(t, "prescriptions", len(ids), written)
	after := c.Count("SELECT count(*) FROM audit_logs WHERE actor_id = $1", patient.ID)
	if n := len(entries(t, files, "activity.json", "items")); n < before || n > after {
		t.Errorf("%d entries of activity, want %d to %d", n, before, after)
	}
	files, _ = unzip(t, download(t, c, doctor).Body)
	same(t, "written prescriptions", len(entries(t, files, "prescriptions.json", "items")), written)
}
