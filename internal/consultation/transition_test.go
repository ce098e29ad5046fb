package consultation_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

func TestCancelWindows(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, admin, support := c.Doctor(fee), c.Admin(), c.Support()
	slot := c.Slot(doctor, 5*time.Hour, 10)
	var ids []string
	var patients []apptest.User
	for range 6 {
		p := c.Patient()
		id, _ := c.BookAndPay(p, slot, fee)
		patients, ids = append(patients, p), append(ids, id)
	}
	unpaid, due := c.Patient(), c.App.Config.PayWithin
	start, _ := startOf(t, c, ids[0])

	advanceTo(t, c, start.Add(-2*time.Hour-30*time.Second))
	if a := cancel(c, patients[0], ids[0], "travelling").Want(200); a.Text("cancelledBy") != "PATIENT" ||
		a.Text("cancellationReason") != "travelling" {
		t.Errorf("cancelled as %s", a.Body)
	}
	advanceTo(t, c, start.Add(-2*time.Hour+time.Second))
	if a := cancel(c, patients[1], ids[1], "travelling").Want(200); a.Text("refund", "amount") != "0.00" {
		t.Errorf("a late cancellation refunds %s", a.Text("refund", "amount"))
	}
	waiting := c.Book(unpaid, slot) // a REQUESTED one may be cancelled at any time
	if due < 10*time.Minute {
		t.Fatal("the time to pay is shorter than this test expects")
	}
	advanceTo(t, c, start.Add(-30*time.Second))
	for user, id := range map[*apptest.User]string{&doctor: ids[2], &admin: ids[3], &support: ids[4]} {
		a := cancel(c, *user, id, "unwell").Want(200)
		if a.Text("cancelledBy") != string(user.Role) {
			t.Errorf("cancelled as %s", a.Body)
		}
		if shown := a.At("cancellationReason") != nil; shown != (user == &doctor) {
			t.Errorf("%s sees the reason: %v", user.Role, shown)
		}
	}
	advanceTo(t, c, start.Add(2*time.Second))
	for _, actor := range []apptest.User{doctor, admin, support, patients[5]} {
		cancel(c, actor, ids[5], "unwell").Want(409, "too-late")
	}
	// The sweep may have been quicker: then the cancellation is refused, and the seat is free too.
	if a := cancel(c, unpaid, waiting, ""); a.Status != 200 {
		a.Want(409, "illegal-transition")
	}
	for _, stranger := range []apptest.User{c.Patient(), c.Doctor(fee), patients[1]} {
		cancel(c, stranger, ids[5], "mine").Want(404, "not-found")
	}
	cancel(c, patients[0], ids[0], "again").Want(200)
	cancel(c, doctor, ids[0], "again").Want(409, "illegal-transition")
	waitForRefund(t, c, ids[0], "250.00")
	for _, id := range []string{ids[2], ids[3], ids[4]} {
		waitForRefund(t, c, id, fee)
	}
	c.CheckInvariants()
}

func TestCancelInProgress(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor(fee), c.Patient()
	id, _ := c.BookAndPay(patient, c.Slot(doctor, 10*time.Minute, 1), fee)
	updateStatus(c, doctor, id, "IN_PROGRESS").Want(200)
	for _, reason := range []string{"", " \t\n"} {
		cancel(c, doctor, id, reason).Want(422, "validation-failed")
	}
	c.Do(doctor, "POST", "consultations/"+id+"/cancel", nil).Want(422, "validation-failed")
	cancel(c, patient, id, "the call broke down").Want(409, "illegal-transition")
	cancel(c, doctor, id, "the call broke down").Want(200)
	waitForRefund(t, c, id, fee)
	c.CheckInvariants()
	for _, to := range []string{"IN_PROGRESS", "COMPLETED", "NO_SHOW"} {
		updateStatus(c, doctor, id, to).Want(409, "illegal-transition")
	}
}

func TestStartAndNoShowWindows(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, stranger := c.Doctor(fee), c.Doctor(fee)
	slot := c.Slot(doctor, 5*time.Hour, 5)
	patient := c.Patient()
	started, _ := c.BookAndPay(patient, slot, fee)
	absent, _ := c.BookAndPay(c.Patient(), slot, fee)
	start, _ := startOf(t, c, started)
	advanceTo(t, c, start.Add(-15*time.Minute-30*time.Second))
	updateStatus(c, doctor, started, "IN_PROGRESS").Want(409, "too-early")
	advanceTo(t, c, start.Add(-15*time.Minute))
	updateStatus(c, doctor, started, "COMPLETED").Want(409, "illegal-transition")
	updateStatus(c, stranger, started, "IN_PROGRESS").Want(404, "not-found")
	for _, actor := range []apptest.User{patient, c.Admin(), c.Support()} {
		updateStatus(c, actor, started, "IN_PROGRESS").Want(403, "forbidden")
	}
	updateStatus(c, doctor, started, "IN_PROGRESS").Want(200)
	updateStatus(c, doctor, started, "NO_SHOW").Want(409, "illegal-transition")
	advanceTo(t, c, start.Add(9*time.Minute+30*time.Second))
	updateStatus(c, doctor, absent, "NO_SHOW").Want(409, "too-early")
	advanceTo(t, c, start.Add(10*time.Minute))
	updateStatus(c, doctor, absent, "NO_SHOW").Want(200)
	begins := c.DB.Now().Add(5 * time.Minute)
	other := c.Doctor(fee)
	short := uuid.MustParse(c.Post(other, "availability",
		object{"startTime": begins, "endTime": begins.Add(6 * time.Minute)}).Want(201).Text("id"))
	missed, _ := c.BookAndPay(c.Patient(), short, fee)
	c.Clock.Advance(7 * time.Minute)
	updateStatus(c, other, missed, "NO_SHOW").Want(409, "too-early")
	c.Clock.Advance(90 * time.Second) // past its middle
	updateStatus(c, other, missed, "NO_SHOW").Want(200)
	a := c.Patch(doctor, "consultations/"+started+"/status", object{"status": "COMPLETED", "notes": "Advised rest"}).
		Want(200)
	if a.Text("notes") != "Advised rest" || a.At("endedAt") == nil {
		t.Errorf("completed as %s", a.Body)
	}
	for _, id := range []string{started, absent} {
		for _, to := range []string{"IN_PROGRESS", "COMPLETED", "NO_SHOW"} {
			updateStatus(c, doctor, id, to).Want(409, "illegal-transition")
		}
		for _, actor := range []apptest.User{doctor, c.Admin(), c.Support()} {
			cancel(c, actor, id, "too late").Want(409, "illegal-transition")
		}
	}
	// The patient was absent, not the doctor: nothing is refunded.
	if n := c.Count("SELECT count(*) FROM refunds"); n != 0 {
		t.Errorf("%d refunds", n)
	}
	c.CheckInvariants()
}

// The sweep ends a consultation that nobody started, and one that was not paid.
func TestSweep(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, support := c.Doctor(fee), c.Support()
	missed, _ := c.BookAndPay(c.Patient(), c.Slot(doctor, 20*time.Minute, 1), fee)
	patient := c.Patient()
	overdue := c.Book(patient, c.Slot(doctor, 5*time.Hour, 1))
	started, _ := c.BookAndPay(c.Patient(), c.Slot(doctor, 60*time.Minute, 1), fee)
	status := func(id string) string { return c.Get(support, "consultations/"+id).Want(200).Text("status") }

	c.Clock.Advance(15*time.Minute - 10*time.Second)
	if s := status(overdue); s != "REQUESTED" {
		t.Errorf("the status is %s before the payment is due", s)
	}
	c.Clock.Advance(11 * time.Second)
	eventually(t, "cancelled", func() bool { return status(overdue) == "CANCELLED" })
	if by := c.Get(patient, "consultations/"+overdue).Text("cancelledBy"); by != "SYSTEM" {
		t.Errorf("cancelled by %s", by)
	}
	c.Post(patient, "payments/initiate", object{"consultationId": overdue}).Want(409, "illegal-transition")
	_, end := startOf(t, c, started)
	advanceTo(t, c, end.Add(-20*time.Minute))
	updateStatus(c, doctor, started, "IN_PROGRESS").Want(200)
	advanceTo(t, c, end.Add(time.Second))
	eventually(t, "missed", func() bool { return status(missed) == "NO_SHOW" })
	waitForRefund(t, c, missed, fee)
	if s := status(started); s != "IN_PROGRESS" {
		t.Errorf("a consultation that runs over its time is %s", s)
	}
	for _, id := range []string{overdue, missed} {
		if n := c.Count("SELECT count(*) FROM audit_logs WHERE entity_id = $1 AND actor_id IS NULL AND "+
			"metadata->>'job' = 'consultation.sweep'", id); n != 1 {
			t.Errorf("%d audit rows name the sweep", n)
		}
	}
	c.CheckInvariants()
}

// After the slot's end the doctor can't report a no-show of the patient: the sweep records one of the doctor, and
// everything is refunded.
func TestNoShowRefusedAfterEnd(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor(fee)
	id, _ := c.BookAndPay(c.Patient(), c.Slot(doctor, 20*time.Minute, 1), fee)
	_, end := startOf(t, c, id)
	advanceTo(t, c, end.Add(time.Second))
	updateStatus(c, doctor, id, "NO_SHOW").Want(409) // too-late, or illegal-transition when the sweep came first
	eventually(t, "missed", func() bool { return c.Get(doctor, "consultations/"+id).Text("status") == "NO_SHOW" })
	waitForRefund(t, c, id, fee)
}

// A booking has to be paid before it starts: later it could be neither cancelled nor refunded.
func TestPaymentDueByStart(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	id := c.Book(patient, c.Slot(c.Doctor(fee), 4*time.Minute, 1))
	start, _ := startOf(t, c, id)
	if due := c.Get(patient, "consultations/"+id).Text("paymentDueAt"); due != start.Format(time.RFC3339) {
		t.Errorf("the payment is due at %s, want the start at %s", due, start)
	}
	c.Clock.Advance(4*time.Minute + time.Second)
	eventually(t, "cancelled",
		func() bool { return c.Get(patient, "consultations/"+id).Text("status") == "CANCELLED" })
}

// A change with the ETag of an older version is refused.
func TestUpdateStatusChecksVersion(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("0.00")
	id := c.Book(c.Patient(), c.Slot(doctor, 10*time.Minute, 1))
	path := "consultations/" + id + "/status"
	old := c.Get(doctor, "consultations/"+id).Want(200).Header.Get("ETag")
	started := c.Do(doctor, "PATCH", path, object{"status": "IN_PROGRESS"}, "If-Match", old).Want(200).
		Header.Get("ETag")
	if started == "" || started == old {
		t.Fatalf("the ETag is %q after %q", started, old)
	}
	c.Do(doctor, "PATCH", path, object{"status": "COMPLETED"}, "If-Match", old).Want(412, "precondition-failed")
	c.Do(doctor, "PATCH", path, object{"status": "COMPLETED"}, "If-Match", started).Want(200)
}

// After the slot's end a consultation can't be started.
func TestStartRefusedAfterEnd(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	if err := c.App.Queue.Stop(t.Context()); err != nil { // the sweep would end it
		t.Fatal(err)
	}
	doctor := c.Doctor("0.00")
	id := c.Book(c.Patient(), c.Slot(doctor, 10*time.Minute, 1))
	_, end := startOf(t, c, id)
	advanceTo(t, c, end.Add(time.Second))
	updateStatus(c, doctor, id, "IN_PROGRESS").Want(409, "too-late")
}
