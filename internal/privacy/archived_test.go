package privacy_test

import (
	"testing"
	"time"

	"amrutam/internal/apptest"
	"amrutam/internal/consultation"
)

// TestArchivedDataAreExportedAndErased archives a history of a year ago. The copy has all of it, marked; an erasure
// empties what was never started, and keeps the rest until it is unreadable.
func TestArchivedDataAreExportedAndErased(t *testing.T) {
	t.Parallel()
	c := open(t)
	h := makeHistory(t, c)
	c.Clock.Advance(400 * day)
	run := consultation.ArchiveRun{DB: c.DB, Before: c.DB.Now().Add(-365 * day)}
	sum, err := run.Archive(t.Context())
	must(t, err)
	if sum.Consultations < 2 || sum.Prescriptions != 1 {
		t.Fatalf("archived %+v", sum)
	}
	files, _ := unzip(t, download(t, c, h.patient).Body)
	for name, want := range map[string]int{"consultations.json": 2, "prescriptions.json": 1, "payments.json": 2} {
		items, _ := files[name]["items"].([]any)
		same(t, name, len(items), want)
		for _, item := range items {
			if name != "payments.json" {
				fields, _ := item.(object)
				same(t, name+" is archived", fields["archived"], any(true))
			}
		}
	}
	consents, _ := files["consents.json"]["consultations"].([]any)
	same(t, "consents to consultations", len(consents), 2)
	files, _ = unzip(t, download(t, c, h.doctor).Body)
	prescriptions, _ := files["prescriptions.json"]["items"].([]any)
	same(t, "the doctor's prescriptions", len(prescriptions), 1)

	until := apptest.QueryOne[time.Time](t, c, "SELECT ended_at FROM all_consultations WHERE id = $1", h.started).
		AddDate(3, 0, 0)
	same(t, "until", requestErasure(c, h.patient).Want(202).Text("clinical", "until"), until.Format(time.RFC3339Nano))
	c.Clock.Advance(48 * time.Hour)
	sweep(t, c)
	same(t, "status", status(t, c, h.patient), "PARTIAL")
	c.Prove(h.doctor)
	same(t, "a cancelled one", c.Get(h.doctor, "consultations/"+h.cancelled).Want(200).Text("reason"), "(erased)")
	same(t, "the care record", c.Get(h.doctor, "consultations/"+h.started).Want(200).Text("reason"), reason)
	c.Clock.Advance(until.Sub(c.DB.Now()) + time.Minute)
	sweep(t, c)
	same(t, "status", status(t, c, h.patient), "DONE")
	record := c.Get(h.doctor, "consultations/"+h.started).Want(200)
	same(t, "the care record at the end", []any{record.At("reason"), record.At("notes")}, []any{nil, nil})
	medications, _ := c.Get(h.doctor, "prescriptions/"+h.prescription).Want(200).At("medications").([]any)
	same(t, "the prescription at the end", len(medications), 0)
	same(t, "unreadable", c.Count(`SELECT (metadata->'unreadable'->>'consultations')::int FROM audit_logs
		WHERE action = 'data-key.destroy'`), 2)
	idle(t, c)
	c.CheckInvariants()
}
