package seed

import (
	"time"

	"github.com/google/uuid"

	"amrutam/internal/seal"
)

const (
	columnMedications = "prescriptions.medications"
	columnAdvice      = "prescriptions.advice"
)

// addPrescriptions adds those of a consultation that was in progress: most have one, and few of them are corrected.
func (g *generator) addPrescriptions(b *booking, key seal.Key, c complaint) error {
	if b.outcome != completed && b.outcome != overrun || !b.happened(b.started) || !g.chance(0.85) {
		return nil
	}
	end := b.ended
	if b.outcome == overrun {
		end = b.slot.end
	}
	at := g.instant(b.started, end)
	if at.After(b.base) {
		return nil
	}
	first, err := g.prescriptionRow(b, at, uuid.Nil, key, c)
	if err != nil || !g.chance(0.05) {
		return err
	}
	if at = end.Add(g.between(10*time.Minute, 4*day)); at.After(b.base) {
		return nil
	}
	_, err = g.prescriptionRow(b, at, first, key, c)
	return err
}

// prescriptionRow adds a prescription, which corrects an earlier one unless that is uuid.Nil, and returns its id.
func (g *generator) prescriptionRow(b *booking, at time.Time, supersedes uuid.UUID, key seal.Key,
	c complaint) (id uuid.UUID, err error) {
	id = g.id(at)
	text, err := medicationsText(g.random)
	if err != nil {
		return id, err
	}
	medications, err := key.Seal(columnMedications, id, text)
	if err != nil {
		return id, err
	}
	advice, err := key.Seal(columnAdvice, id, c.advice)
	if err != nil {
		return id, err
	}
	if !g.chance(0.7) {
		advice = nil
	}
	t := g.batch.prescriptions
	t.row()
	t.id(id)
	t.id(b.id)
	t.id(b.slot.doctor.id)
	t.id(b.patient.id)
	t.bytes(medications)
	t.bytes(advice)
	t.optionalID(supersedes)
	t.time(at)
	g.audit(at, g.request(b.slot.doctor.person, at), "prescription.write", "prescription", id.String(),
		quoted("consultationId", b.id)+","+quoted("supersedes", optional(supersedes)))
	g.mail(at, b.patient.id, "prescription-ready")
	if read := at.Add(g.between(5*time.Minute, day)); g.chance(0.4) && !read.After(b.base) {
		g.audit(read, g.request(b.patient, read), "prescription.read", "prescription", id.String(),
			quoted("patientId", b.patient.id))
	}
	return id, nil
}

// optional returns an id for JSON, in which uuid.Nil is null.
func optional(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}
