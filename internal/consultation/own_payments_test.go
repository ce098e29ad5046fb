package consultation_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"

	"amrutam/internal/apptest"
)

// A patient lists their payments with refunds, that of the latest consultation first, a page at a time. Nobody else
// does.
func TestListOwnPayments(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient, other := c.Doctor(fee), c.Patient(), c.Patient()
	kept, reference := c.BookAndPay(patient, c.Slot(doctor, 30*time.Hour, 1), fee)
	cancelled, _ := c.BookAndPay(patient, c.Slot(doctor, 40*time.Hour, 1), fee)
	unpaid := c.Book(patient, c.Slot(doctor, 50*time.Hour, 1))
	cancel(c, patient, cancelled, "").Want(200)
	waitForRefund(t, c, cancelled, fee)
	c.BookAndPay(other, c.Slot(doctor, 60*time.Hour, 1), fee)

	first := c.Get(patient, "payments/me?limit=2").Want(200)
	rest := c.Get(patient, "payments/me?limit=2&cursor="+first.Text("nextCursor")).Want(200)
	items := append(first.Items(), rest.Items()...)
	if len(first.Items()) != 2 || len(items) != 3 || rest.Text("nextCursor") != "" {
		t.Fatalf("the pages are %s and %s", first.Body, rest.Body)
	}
	for i, id := range []string{unpaid, cancelled, kept} {
		p := items[i]
		if p["consultationId"] != id || p["amount"] != fee || p["currency"] != "INR" ||
			p["doctorName"] != "Test DOCTOR" || p["doctorId"] != doctor.ID.String() {
			t.Errorf("payment %d is %v", i, p)
		}
		if want := map[bool]string{true: "0.00", false: fee}[id == unpaid]; p["paidAmount"] != want {
			t.Errorf("of payment %d came %v, want %s", i, p["paidAmount"], want)
		}
		if (p["paidAt"] == nil) != (id == unpaid) || (p["paymentStatus"] == "PAID") != (id != unpaid) {
			t.Errorf("payment %d was paid: %v", i, p)
		}
		start, _ := startOf(t, c, id)
		if at, _ := p["startTime"].(string); at != start.UTC().Format(time.RFC3339Nano) {
			t.Errorf("payment %d is for %s, want %s", i, at, start)
		}
	}
	refunds, _ := items[1]["refunds"].([]any)
	refund, _ := refunds[0].(object)
	if len(refunds) != 1 || refund["amount"] != fee || refund["status"] != "SUCCEEDED" ||
		items[1]["refundedAmount"] != fee || items[1]["consultationStatus"] != "CANCELLED" ||
		refund["requestedBy"] != nil {
		t.Errorf("the refunded payment is %v", items[1])
	}
	if none, _ := items[2]["refunds"].([]any); items[2]["transactionReference"] != reference || len(none) != 0 {
		t.Errorf("the kept payment is %v", items[2])
	}
	c.Get(other, "payments/me?cursor="+first.Text("nextCursor")).Want(200)
	c.Get(other, "payments/me?cursor=x").Want(422)
	for _, actor := range []apptest.User{doctor, c.Support(), c.Admin()} {
		c.Get(actor, "payments/me").Want(403)
	}
}

// A request for a refund that nobody has approved is for staff; what an account paid for somebody stays in its
// list when the record moves to another account.
func TestOwnPaymentsShowOnlyWhatIsTheirs(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, parent, grown := c.Doctor(fee), c.Patient(), c.Patient()
	child := c.Dependant(parent, 19*365*24*time.Hour)
	id := c.Post(parent, "consultations", object{"slotId": c.Slot(doctor, 30*time.Hour, 1), "reason": "Cough",
		"dependantId": child}).Want(201).Text("id")
	c.Report("payment.succeeded", c.Initiate(parent, id), fee).Want(200)
	paymentID, _ := c.Get(parent, "payments/me").Want(200).Items()[0]["id"].(string)
	c.Post(c.Support(), "payments/"+paymentID+"/refunds", object{"amount": "10.00", "reason": "Waited"}).Want(201)
	own := c.Get(parent, "payments/me").Want(200).Items()
	if refunds, _ := own[0]["refunds"].([]any); len(own) != 1 || len(refunds) != 0 ||
		own[0]["dependantId"] != child.String() {
		t.Errorf("the parent sees %v", own)
	}
	c.Exec("UPDATE dependants SET user_id = $1, relation = 'SELF' WHERE id = $2", grown.ID, child)
	c.Exec(`INSERT INTO dependant_transfers (id, dependant_id, user_id, status, accepted_by, accepted_at, approved_by,
		approved_at, ended_at, created_at) SELECT $1, $2, $3, 'DONE', $4, now(), $5, now(), now(), now()`,
		parent.ID, child, parent.ID, grown.ID, c.Admin().ID)
	c.Post(grown, "consultations", object{"slotId": c.Slot(doctor, 60*time.Hour, 1), "reason": "Cough"}).Want(201)
	for user, moved := range map[*apptest.User][]any{&parent: {true}, &grown: {false, false}} {
		var got []any
		for _, p := range c.Get(*user, "payments/me").Want(200).Items() {
			got = append(got, p["recordMoved"])
		}
		if !slices.Equal(got, moved) {
			t.Errorf("an account sees payments whose records have moved: %v, want %v", got, moved)
		}
	}
	c.Get(parent, "consultations/"+id).Want(404)
}

// Each party of a consultation that is paid downloads it for a calendar: when and with whom, and nothing about health.
func TestCalendarFileOfConsultation(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor(fee), c.Patient()
	c.Patch(patient, "users/me", object{"fullName": "Asha Rao"}).Want(200)
	id := c.Post(patient, "consultations", object{"slotId": c.Slot(doctor, 30*time.Hour, 1),
		"reason": "Back pain"}).Want(201).Text("id")
	path := "consultations/" + id + "/calendar"
	c.Get(patient, path).Want(409, "illegal-transition")
	c.Report("payment.succeeded", c.Initiate(patient, id), fee).Want(200)
	read := func(user apptest.User, other, status string) {
		t.Helper()
		a := c.Get(user, path).Want(200)
		file, err := ics.ParseCalendar(strings.NewReader(string(a.Body)))
		if err != nil || len(file.Events()) != 1 || a.Header.Get("Content-Type") != "text/calendar; charset=utf-8" ||
			!strings.Contains(a.Header.Get("Content-Disposition"), ".ics") {
			t.Fatalf("the file is %v %s, %v", a.Header, a.Body, err)
		}
		event := file.Events()[0]
		start, _ := startOf(t, c, id)
		from, err := event.GetStartAt()
		if err != nil || !from.Equal(start) || !strings.HasPrefix(event.Id(), id+"@") ||
			!strings.Contains(event.GetProperty(ics.ComponentPropertySummary).Value, other) ||
			event.GetProperty(ics.ComponentPropertyStatus).Value != status {
			t.Errorf("the event is %s, %v", a.Body, err)
		}
		if strings.Contains(string(a.Body), "pain") {
			t.Errorf("the file tells health data: %s", a.Body)
		}
	}
	read(patient, "Test DOCTOR", "CONFIRMED")
	read(doctor, "Asha Rao", "CONFIRMED")
	cancel(c, patient, id, "Feeling better").Want(200)
	read(patient, "Test DOCTOR", "CANCELLED")
	for _, stranger := range []apptest.User{c.Patient(), c.Doctor(fee)} {
		c.Get(stranger, path).Want(404, "not-found")
	}
	c.Get(c.Support(), path).Want(403)
}
