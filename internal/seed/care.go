package seed

import (
	"encoding/json"
	"net/http"

	"amrutam/internal/access"
	"amrutam/internal/consultation"
	"amrutam/internal/httpapi"
	"amrutam/internal/idempotency"
	"amrutam/internal/seal"
)

const (
	columnReason       = "consultations.reason"
	columnNotes        = "consultations.notes"
	columnCancellation = "consultations.cancellation_reason"
	columnResponse     = "idempotency_keys.response_body"

	currency = "INR"
)

// addConsultation adds a consultation as far as it went, with its payment, review and prescriptions.
func (g *generator) addConsultation(b *booking) error {
	_, key, err := g.key(b.patient.id)
	if err != nil {
		return err
	}
	reason, complaint := reasonText(g.random)
	if err := g.consultationRow(b, key, reason, complaint); err != nil {
		return err
	}
	t := g.batch.bookingConsents
	t.row()
	t.id(b.id)
	t.text("IMPLIED")
	t.int32(g.notice)
	t.id(b.patient.id)
	t.time(b.created)
	if !b.isFinal() {
		t = g.batch.seats
		t.row()
		t.id(b.slot.id)
		t.id(b.patient.id)
		t.id(b.id)
		t.period(b.slot.start, b.slot.end)
		t.id(b.slot.doctor.id)
		t.bool(b.status() == consultation.StatusInProgress)
	}
	g.batch.booked++
	g.auditBooking(b)
	if err := g.keyRow(b, reason); err != nil {
		return err
	}
	payment := g.addPayment(b)
	g.auditCare(b)
	if b.refunds() {
		g.addRefund(b, payment)
	}
	g.addReview(b)
	return g.addPrescriptions(b, key, complaint)
}

func (g *generator) consultationRow(b *booking, key seal.Key, reason string, c complaint) error {
	sealedReason, err := key.Seal(columnReason, b.id, reason)
	if err != nil {
		return err
	}
	status := b.status()
	var notes, cancellation []byte
	if status == consultation.StatusCompleted && b.outcome == completed && g.chance(0.9) {
		if notes, err = key.Seal(columnNotes, b.id, notesText(g.random, c)); err != nil {
			return err
		}
	}
	if status == consultation.StatusCancelled && b.canceller() != "" && (b.outcome == brokeDown || g.chance(0.6)) {
		if cancellation, err = key.Seal(columnCancellation, b.id, pick(g.random, cancellations)); err != nil {
			return err
		}
	}
	t := g.batch.consultations
	t.row()
	t.id(b.id)
	t.id(b.patient.id)
	t.id(b.slot.doctor.id)
	t.id(b.slot.id)
	t.text(string(status))
	t.bytes(sealedReason)
	t.bytes(notes)
	t.text(string(b.paymentState()))
	t.amount(b.fee)
	t.text(currency)
	t.time(b.slot.start)
	t.time(b.slot.end)
	t.time(b.due)
	if status == consultation.StatusCancelled {
		t.optionalText(string(b.canceller()))
		t.bytes(cancellation)
		t.time(b.ended)
	} else {
		t.null()
		t.null()
		t.null()
	}
	if b.happened(b.started) {
		t.time(b.started)
	} else {
		t.null()
	}
	switch {
	case status != consultation.StatusCompleted:
		t.null()
	case b.outcome == overrun:
		t.time(b.slot.end)
	default:
		t.time(b.ended)
	}
	t.time(b.created)
	t.time(b.updated())
	t.optionalText(string(b.absent()))
	return nil
}

// absent returns who didn't come, if it is known.
func (b *booking) absent() access.Role {
	switch {
	case b.status() != consultation.StatusNoShow:
		return ""
	case b.outcome == patientAbsent:
		return access.RolePatient
	}
	return access.RoleDoctor
}

// keyRow adds the stored answer to a booking's key, if its day isn't over.
func (g *generator) keyRow(b *booking, reason string) error {
	expires := b.created.Add(idempotency.Lifetime)
	if !expires.After(g.plan.base) {
		return nil
	}
	c := consultation.Consultation{
		ID: b.id, PatientID: b.patient.id, DoctorID: b.slot.doctor.id, SlotID: b.slot.id,
		Status: consultation.StatusRequested, PaymentStatus: consultation.PaymentPending,
		Fee: b.fee, Currency: currency, StartTime: b.slot.start, EndTime: b.slot.end, Reason: &reason,
		PaymentDueAt: &b.due, CreatedAt: b.created, UpdatedAt: b.created,
	}
	if b.fee == 0 {
		c.Status, c.PaymentStatus, c.PaymentDueAt = consultation.StatusConfirmed, consultation.PaymentPaid, nil
	}
	body, err := json.Marshal(c)
	if err != nil {
		return err
	}
	id := g.id(b.created)
	sealed, err := g.sealer.System().Seal(columnResponse, id, string(body))
	if err != nil {
		return err
	}
	path := httpapi.Base + "/consultations"
	request := `{"slotId":"` + b.slot.id.String() + `","reason":"` + reason + `"}`
	claim, err := idempotency.NewClaim(g.sealer, b.patient.id, "book-"+b.id.String(), http.MethodPost, path,
		[]byte(request))
	if err != nil {
		return err
	}
	t := g.batch.keys
	t.row()
	t.id(id)
	t.text(claim.Key)
	t.id(claim.UserID)
	t.text(claim.Method)
	t.text(claim.Path)
	t.text(claim.Hash)
	t.bytes(sealed)
	t.int32(http.StatusCreated)
	t.text(c.Location())
	t.text(c.ETag())
	t.text("consultation")
	t.id(b.id)
	t.time(b.created)
	t.time(expires)
	return nil
}

func (g *generator) auditBooking(b *booking) {
	to := consultation.StatusRequested
	if b.fee == 0 {
		to = consultation.StatusConfirmed
		g.mailParties(b, "consultation-confirmed")
	}
	g.audit(b.created, g.request(b.patient, b.created), "consultation.book", "consultation", b.id.String(),
		quoted("to", to)+","+quoted("slotId", b.slot.id)+","+quoted("doctorId", b.slot.doctor.id))
}

// mailParties mails both at the time of the last step that is audited.
func (g *generator) mailParties(b *booking, kind string) {
	at := b.created
	switch kind {
	case "consultation-confirmed":
		at = b.paid
	case "consultation-cancelled", "consultation-missed":
		at = b.ended
	}
	g.mail(at, b.patient.id, kind)
	g.mail(at, b.slot.doctor.id, kind)
}

// step audits a change of the status.
func (g *generator) step(b *booking, by actor, action string, from, to consultation.Status) {
	at := b.ended
	if to == consultation.StatusInProgress {
		at = b.started
	}
	g.audit(at, by, action, "consultation", b.id.String(), quoted("from", from)+","+quoted("to", to))
	if by.role == access.RoleDoctor && to != consultation.StatusCancelled { // the answer shows the reason
		g.audit(at, by, "consultation.read", "consultation", b.id.String(),
			quoted("patientId", b.patient.id)+`,"healthData":true`)
	}
}

// sweep is the job that ends what nobody has ended.
var sweep = actor{job: consultation.Sweep{}.Kind()}

// auditCare audits what comes after the payment.
func (g *generator) auditCare(b *booking) {
	from := consultation.StatusConfirmed
	if b.happened(b.started) {
		by := g.request(b.slot.doctor.person, b.started)
		g.step(b, by, "consultation.start", from, consultation.StatusInProgress)
		from = consultation.StatusInProgress
	}
	if !b.isFinal() {
		return
	}
	if b.paid.IsZero() {
		from = consultation.StatusRequested
	}
	to := b.final()
	switch to {
	case consultation.StatusCompleted:
		g.step(b, g.ender(b), "consultation.complete", from, to)
		if b.outcome == overrun {
			g.mail(b.ended, b.slot.doctor.id, "consultation-completed")
		}
	case consultation.StatusNoShow:
		g.step(b, g.ender(b), "consultation.no-show", from, to)
		g.mailParties(b, "consultation-missed")
	default:
		g.step(b, g.ender(b), "consultation.cancel", from, to)
		g.mailParties(b, "consultation-cancelled")
	}
}

// ender returns who ended the consultation.
func (g *generator) ender(b *booking) actor {
	p := b.slot.doctor.person
	switch b.outcome {
	case overrun, expired, doctorAbsent:
		return sweep
	case cancelledByPatient, cancelledUnpaid:
		p = b.patient
	case cancelledBySupport:
		p = g.support
	default:
	}
	return g.request(p, b.ended)
}
