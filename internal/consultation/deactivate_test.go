package consultation_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
	"amrutam/internal/postgres"
	"amrutam/internal/privacy"
)

// deactivations has the requests that deactivate a doctor or a patient. own is true if users send it themselves, false
// if an administrator does.
var deactivations = map[string]struct {
	patient    bool
	own        bool
	deactivate func(c *apptest.Clinic, admin, user apptest.User, confirmed bool) *apptest.Answer
}{
	"withdrawn approval":      {deactivate: withdraw},
	"disabled doctor":         {deactivate: disable},
	"disabled patient":        {deactivate: disable, patient: true},
	"doctor deletes account":  {deactivate: deleteAccount, own: true},
	"patient deletes account": {deactivate: deleteAccount, own: true, patient: true},
}

func withdraw(c *apptest.Clinic, admin, doctor apptest.User, confirmed bool) *apptest.Answer {
	return c.Patch(admin, "doctors/"+doctor.ID.String()+"/approve",
		decision(object{"approved": false, "reason": "The registration lapsed."}, confirmed))
}

func disable(c *apptest.Clinic, admin, user apptest.User, confirmed bool) *apptest.Answer {
	return c.Patch(admin, "users/"+user.ID.String()+"/disable", decision(object{"disabled": true}, confirmed))
}

func deleteAccount(c *apptest.Clinic, _, user apptest.User, _ bool) *apptest.Answer {
	return c.Do(user, "DELETE", "users/me", nil)
}

func decision(body object, confirmed bool) object {
	if confirmed {
		body["cancelConsultations"] = true
	}
	return body
}

// proveRecently proves the second factor again, for operations that require a recent proof, and returns admin.
func proveRecently(c *apptest.Clinic, admin apptest.User) apptest.User {
	c.Prove(admin)
	return admin
}

func TestCancelUpcoming(t *testing.T) {
	t.Parallel()
	for name, way := range deactivations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := apptest.Open(t)
			admin, doctor, patient := c.Admin(), c.Doctor(fee), c.Patient()
			user, other := doctor, patient
			if way.patient {
				user, other = patient, doctor
			}
			soon := c.Slot(doctor, 40*time.Minute, 1)
			shared := c.Slot(doctor, 26*time.Hour, 2)
			free := c.Slot(doctor, 30*time.Hour, 1)
			paid, _ := c.BookAndPay(patient, soon, fee)
			if _, err := c.DB.Pool.Exec(t.Context(), "UPDATE consultations SET grace_until = created_at"); err != nil {
				t.Fatal(err)
			}
			unpaid := c.Book(patient, shared)
			reference := c.Initiate(patient, unpaid)
			over, _ := c.BookAndPay(patient, c.Slot(doctor, 5*time.Minute, 1), fee)
			updateStatus(c, doctor, over, "IN_PROGRESS").Want(200)
			updateStatus(c, doctor, over, "COMPLETED").Want(200)

			if !way.own {
				a := way.deactivate(c, proveRecently(c, admin), user, false).Want(409, "has-consultations")
				if !strings.HasPrefix(a.Text("detail"), "2 consultations") {
					t.Errorf("the refusal lacks the number: %s", a.Body)
				}
				for id, want := range map[string]string{paid: "CONFIRMED", unpaid: "REQUESTED"} {
					if s := c.Get(admin, "consultations/"+id).Text("status"); s != want {
						t.Errorf("the status after a refusal is %s, want %s", s, want)
					}
				}
			}
			if a := way.deactivate(c, proveRecently(c, admin), user, true); a.Status != 200 && a.Status != 204 {
				t.Fatalf("deactivation: %d %s", a.Status, a.Body)
			}
			by := "ADMIN"
			if way.own {
				by = string(user.Role)
			}
			for _, id := range []string{paid, unpaid} {
				if a := c.Get(admin, "consultations/"+id).Want(200); a.Text("status") != "CANCELLED" ||
					a.Text("cancelledBy") != by {
					t.Errorf("the consultation isn't cancelled by %s: %s", by, a.Body)
				}
			}
			if s := c.Get(admin, "consultations/"+over).Text("status"); s != "COMPLETED" {
				t.Errorf("the completed consultation is %s", s)
			}
			if way.patient && way.own { // later than the policy refunds anything
				if a := c.Get(admin, "consultations/"+paid).Want(200); a.Text("refundedAmount") != "0.00" {
					t.Errorf("the late cancellation was refunded: %s", a.Body)
				}
			} else {
				waitForRefund(t, c, paid, fee)
			}
			c.Report("payment.succeeded", reference, fee).Want(200)
			waitForRefund(t, c, unpaid, fee)
			if n := c.Count("SELECT count(*) FROM mails WHERE user_id = $1 AND kind = 'consultation-cancelled'",
				other.ID); n != 2 {
				t.Errorf("the other party got %d mails, want 2", n)
			}
			checkSlots(t, c, doctor, []uuid.UUID{soon, shared, free}, way.patient)
			c.CheckInvariants()
		})
	}
}

// checkSlots checks that the doctor is found and the slots can be booked if open, and neither otherwise.
func checkSlots(t *testing.T, c *apptest.Clinic, doctor apptest.User, slots []uuid.UUID, open bool) {
	t.Helper()
	wantStatus, wantAnswer := "BLOCKED", 409
	if open {
		wantStatus, wantAnswer = "AVAILABLE", 201
	}
	for _, slot := range slots {
		if n := c.Count("SELECT count(*) FROM availability_slots WHERE id = $1 AND status::text = $2", slot,
			wantStatus); n != 1 {
			t.Errorf("the status of a slot isn't %s", wantStatus)
		}
		postBooking(c, c.Patient(), slot).Want(wantAnswer)
	}
	if n := len(c.Get(apptest.User{}, "doctors?sort=rating").Want(200).Items()); (n == 1) != open {
		t.Errorf("%d doctors are found", n)
	}
}

// A doctor whose approval was withdrawn may complete a consultation in progress, but not open slots or prescribe.
func TestWithdrawnApproval(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin, doctor := c.Admin(), c.Doctor("0.00")
	slot := c.Slot(doctor, 10*time.Minute, 3)
	started, waiting := c.Book(c.Patient(), slot), c.Book(c.Patient(), slot)
	updateStatus(c, doctor, started, "IN_PROGRESS").Want(200)
	withdraw(c, proveRecently(c, admin), doctor, false).Want(409, "has-consultations")
	withdraw(c, proveRecently(c, admin), doctor, true).Want(200)
	if s := c.Get(admin, "consultations/"+waiting).Text("status"); s != "CANCELLED" {
		t.Errorf("the consultation that wasn't started is %s", s)
	}
	postBooking(c, c.Patient(), slot).Want(409, "slot-not-bookable")
	start := c.DB.Now().Add(50 * time.Hour)
	c.Post(doctor, "availability", object{"startTime": start, "endTime": start.Add(time.Hour)}).Want(403,
		"doctor-not-approved")
	lines := []any{object{"name": "Tulsi", "dosage": "1 cup", "frequency": "daily"}}
	c.Post(doctor, "prescriptions", object{"consultationId": started, "medications": lines}).Want(403,
		"doctor-not-approved")
	updateStatus(c, doctor, started, "COMPLETED").Want(200)
	c.Post(doctor, "prescriptions", object{"consultationId": started, "medications": lines}).Want(403,
		"doctor-not-approved")
	c.Patch(proveRecently(c, admin), "doctors/"+doctor.ID.String()+"/approve", object{"approved": true}).Want(200)
	c.Post(doctor, "prescriptions", object{"consultationId": started, "medications": lines}).Want(201)
	c.CheckInvariants()
}

// A consultation that was booked before is not started by a doctor without approval.
func TestStartRequiresApproval(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("0.00")
	id := c.Book(c.Patient(), c.Slot(doctor, 10*time.Minute, 1))
	c.Exec("UPDATE doctors SET is_approved = false WHERE id = $1", doctor.ID)
	updateStatus(c, doctor, id, "IN_PROGRESS").Want(403, "doctor-not-approved")
	updateStatus(c, c.Doctor("0.00"), id, "IN_PROGRESS").Want(404, "not-found")
}

// An administrator who requests an erasure has to confirm that it cancels consultations.
func TestErasureCancelsUpcoming(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin, doctor, patient := c.Admin(), c.Doctor(fee), c.Patient()
	id, _ := c.BookAndPay(patient, c.Slot(doctor, 100*time.Hour, 1), fee)
	path := "users/" + patient.ID.String() + "/erasure"
	c.Post(proveRecently(c, admin), path, nil).Want(409, "has-consultations")
	c.Post(proveRecently(c, admin), path, object{"cancelConsultations": true}).Want(202)
	c.Clock.Advance(49 * time.Hour)
	if err := c.App.DB.Write(t.Context(),
		func(tx *postgres.Tx) error { return c.App.Queue.Insert(t.Context(), tx, privacy.Sweep{}) }); err != nil {
		t.Fatal(err)
	}
	eventually(t, "cancelled", func() bool { return c.Get(admin, "consultations/"+id).Text("status") == "CANCELLED" })
	waitForRefund(t, c, id, fee)
}

// After a doctor's erasure was requested, slots that start after it is due can't be booked or opened; earlier ones
// can.
func TestErasureRequestClosesLaterSlots(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor(fee), c.Patient()
	before, after, shared := c.Slot(doctor, 40*time.Hour, 1), c.Slot(doctor, 60*time.Hour, 1),
		c.Slot(doctor, 70*time.Hour, 3)
	booked := c.Book(patient, shared)
	c.Post(doctor, "users/me/erasure", nil).Want(202)
	for slot, status := range map[uuid.UUID]int{before: 201, after: 409, shared: 409} {
		postBooking(c, c.Patient(), slot).Want(status)
	}
	c.Patch(doctor, "availability/"+after.String(), object{"status": "AVAILABLE"}).Want(409, "erasure-due")
	for ahead, status := range map[time.Duration]int{47 * time.Hour: 201, 49 * time.Hour: 409} {
		start := c.DB.Now().Add(ahead)
		c.Post(doctor, "availability", object{"startTime": start, "endTime": start.Add(30 * time.Minute)}).Want(status)
	}
	if s := c.Get(patient, "consultations/"+booked).Want(200).Text("status"); s != "REQUESTED" {
		t.Errorf("the earlier booking is %s", s)
	}
	c.CheckInvariants()
}

// Bookings and new slots race with a deactivation: no upcoming consultation is left.
func TestCancelUpcomingRacesBooking(t *testing.T) {
	t.Parallel()
	for name, way := range deactivations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := apptest.Open(t)
			admin := proveRecently(c, c.Admin())
			for range 5 {
				doctor, patient := c.Doctor("0.00"), c.Patient()
				user := doctor
				if way.patient {
					user = patient
				}
				c.Book(patient, c.Slot(doctor, 20*time.Hour, 2)) // so that both lock the same patient
				slot := c.Slot(doctor, 30*time.Hour, 4)
				var all sync.WaitGroup
				var deactivated *apptest.Answer
				all.Go(func() {
					deactivated = retry(func() *apptest.Answer { return way.deactivate(c, admin, user, true) })
				})
				for _, actor := range []apptest.User{patient, c.Patient(), c.Patient()} {
					all.Go(func() {
						a := retry(func() *apptest.Answer { return postBooking(c, actor, slot) })
						if !slices.Contains([]int{201, 401, 409}, a.Status) {
							t.Errorf("booking: %d %s", a.Status, a.Body)
						}
					})
				}
				start := c.DB.Now().Add(60 * time.Hour)
				all.Go(func() {
					a := retry(func() *apptest.Answer {
						return c.Post(doctor, "availability",
							object{"startTime": start, "endTime": start.Add(time.Hour)})
					})
					if !slices.Contains([]int{201, 401, 403}, a.Status) {
						t.Errorf("new slot: %d %s", a.Status, a.Body)
					}
				})
				all.Wait()
				if deactivated.Status != 200 && deactivated.Status != 204 {
					t.Errorf("deactivation: %d %s", deactivated.Status, deactivated.Body)
				}
				if n := c.Count("SELECT count(*) FROM consultations WHERE $1 IN (patient_id, doctor_id) AND "+
					"status IN ('REQUESTED', 'CONFIRMED')", user.ID); n != 0 {
					t.Errorf("%d consultations are left", n)
				}
				if user.Role == access.RoleDoctor {
					postBooking(c, c.Patient(), slot).Want(409, "slot-not-bookable")
				}
			}
			c.CheckInvariants()
		})
	}
}

// Three administrators deactivate a doctor at once: each consultation is cancelled, mailed and refunded once.
func TestConcurrentDeactivations(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admins := []apptest.User{proveRecently(c, c.Admin()), proveRecently(c, c.Admin()), proveRecently(c, c.Admin())}
	for range 4 {
		doctor, patient := c.Doctor(fee), c.Patient()
		id, _ := c.BookAndPay(patient, c.Slot(doctor, 20*time.Hour, 1), fee)
		var all sync.WaitGroup
		for i, deactivate := range []func(*apptest.Clinic, apptest.User, apptest.User, bool) *apptest.Answer{
			withdraw, withdraw, disable} {
			all.Go(func() {
				retry(func() *apptest.Answer { return deactivate(c, admins[i], doctor, true) }).Want(200)
			})
		}
		all.Wait()
		if n := c.Count("SELECT count(*) FROM mails WHERE user_id = $1 AND kind = 'consultation-cancelled'",
			patient.ID); n != 1 {
			t.Errorf("%d mails", n)
		}
		waitForRefund(t, c, id, fee)
	}
	c.CheckInvariants()
}

// A start races with the withdrawal of the approval: the consultation is either in progress or cancelled.
func TestStartRacesWithdrawal(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin := proveRecently(c, c.Admin())
	for range 6 {
		doctor := c.Doctor("0.00")
		id := c.Book(c.Patient(), c.Slot(doctor, 10*time.Minute, 1))
		var started *apptest.Answer
		var both sync.WaitGroup
		both.Go(func() { retry(func() *apptest.Answer { return withdraw(c, admin, doctor, true) }).Want(200) })
		both.Go(func() {
			started = retry(func() *apptest.Answer { return updateStatus(c, doctor, id, "IN_PROGRESS") })
		})
		both.Wait()
		want := map[int]string{200: "IN_PROGRESS", 403: "CANCELLED", 409: "CANCELLED"}[started.Status]
		if s := c.Get(admin, "consultations/"+id).Text("status"); s != want {
			t.Errorf("the start got %d and the consultation is %s", started.Status, s)
		}
	}
	c.CheckInvariants()
}
