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

// ways in which somebody stops; ask sends what the administrator, or they themselves, send.
var ways = map[string]struct {
	patient bool
	own     bool
	ask     func(c *apptest.Clinic, admin, user apptest.User, confirmed bool) *apptest.Answer
}{
	"withdrawal":        {ask: withdraw},
	"disabled doctor":   {ask: disable},
	"disabled patient":  {ask: disable, patient: true},
	"doctor who leaves": {ask: leave, own: true},
	"patient who goes":  {ask: leave, own: true, patient: true},
}

func withdraw(c *apptest.Clinic, admin, doctor apptest.User, confirmed bool) *apptest.Answer {
	return c.Patch(admin, "doctors/"+doctor.ID.String()+"/approve",
		decision(object{"approved": false, "reason": "The registration lapsed."}, confirmed))
}

func disable(c *apptest.Clinic, admin, user apptest.User, confirmed bool) *apptest.Answer {
	return c.Patch(admin, "users/"+user.ID.String()+"/disable", decision(object{"disabled": true}, confirmed))
}

func leave(c *apptest.Clinic, _, user apptest.User, _ bool) *apptest.Answer {
	return c.Do(user, "DELETE", "users/me", nil)
}

func decision(body object, confirmed bool) object {
	if confirmed {
		body["cancelConsultations"] = true
	}
	return body
}

// fresh proves the second factor anew, should the operation ask for it.
func fresh(c *apptest.Clinic, admin apptest.User) apptest.User {
	c.Prove(admin)
	return admin
}

func TestSomebodyStops(t *testing.T) {
	t.Parallel()
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := apptest.Open(t)
			admin, doctor, patient := c.Admin(), c.Doctor(fee), c.Patient()
			stops, other := doctor, patient
			if way.patient {
				stops, other = patient, doctor
			}
			soon, shared, free := c.Slot(doctor, 40*time.Minute, 1), c.Slot(doctor, 26*time.Hour, 2),
				c.Slot(doctor, 30*time.Hour, 1)
			paid, _ := c.BookAndPay(patient, soon, fee)
			unpaid := c.Book(patient, shared)
			reference := c.Initiate(patient, unpaid)
			over, _ := c.BookAndPay(patient, c.Slot(doctor, 5*time.Minute, 1), fee)
			move(c, doctor, over, "IN_PROGRESS").Want(200)
			move(c, doctor, over, "COMPLETED").Want(200)

			if !way.own {
				a := way.ask(c, fresh(c, admin), stops, false).Want(409, "has-consultations")
				if !strings.HasPrefix(a.Text("detail"), "2 consultations") {
					t.Errorf("told %s", a.Body)
				}
				for id, want := range map[string]string{paid: "CONFIRMED", unpaid: "REQUESTED"} {
					if s := c.Get(admin, "consultations/"+id).Text("status"); s != want {
						t.Errorf("%s after a refusal", s)
					}
				}
			}
			if a := way.ask(c, fresh(c, admin), stops, true); a.Status != 200 && a.Status != 204 {
				t.Fatalf("stopping: %d %s", a.Status, a.Body)
			}
			by := map[bool]string{true: string(stops.Role), false: "ADMIN"}[way.own]
			for _, id := range []string{paid, unpaid} {
				if a := c.Get(admin, "consultations/"+id).Want(200); a.Text("status") != "CANCELLED" ||
					a.Text("cancelledBy") != by {
					t.Errorf("it is %s", a.Body)
				}
			}
			if s := c.Get(admin, "consultations/"+over).Text("status"); s != "COMPLETED" {
				t.Errorf("what is over is %s", s)
			}
			if way.patient && way.own { // later than the patient could have cancelled
				if a := c.Get(admin, "consultations/"+paid).Want(200); a.Text("refundedAmount") != "0.00" {
					t.Errorf("it was given back: %s", a.Body)
				}
			} else {
				refunded(t, c, paid, fee)
			}
			c.Report("payment.succeeded", reference, fee).Want(200)
			refunded(t, c, unpaid, fee)
			if n := count(t, c, "SELECT count(*) FROM mails WHERE user_id = $1 AND kind = 'consultation-cancelled'",
				other.ID); n != 2 {
				t.Errorf("the other side got %d mails, want 2", n)
			}
			checkStopped(t, c, doctor, []uuid.UUID{soon, shared, free}, way.patient)
			c.CheckInvariants()
		})
	}
}

// checkStopped: a doctor who stopped has no slot open and is not booked; one whose patient did has all of them.
func checkStopped(t *testing.T, c *apptest.Clinic, doctor apptest.User, slots []uuid.UUID, open bool) {
	t.Helper()
	wantStatus, wantAnswer := "BLOCKED", 409
	if open {
		wantStatus, wantAnswer = "AVAILABLE", 201
	}
	for _, slot := range slots {
		if n := count(t, c, "SELECT count(*) FROM availability_slots WHERE id = $1 AND status::text = $2", slot,
			wantStatus); n != 1 {
			t.Errorf("a slot isn't %s", wantStatus)
		}
		ask(c, c.Patient(), slot).Want(wantAnswer)
	}
	if n := len(c.Get(apptest.User{}, "doctors?sort=rating").Want(200).Items()); (n == 1) != open {
		t.Errorf("%d doctors are found", n)
	}
}

// A doctor whose approval is withdrawn ends what is in progress, and starts, opens and prescribes nothing more.
func TestWhoIsNotApprovedAnyMore(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin, doctor := c.Admin(), c.Doctor("0.00")
	slot := c.Slot(doctor, 10*time.Minute, 3)
	held, waiting := c.Book(c.Patient(), slot), c.Book(c.Patient(), slot)
	move(c, doctor, held, "IN_PROGRESS").Want(200)
	withdraw(c, fresh(c, admin), doctor, false).Want(409, "has-consultations")
	withdraw(c, fresh(c, admin), doctor, true).Want(200)
	if s := c.Get(admin, "consultations/"+waiting).Text("status"); s != "CANCELLED" {
		t.Errorf("what hadn't begun is %s", s)
	}
	ask(c, c.Patient(), slot).Want(409, "slot-not-bookable")
	start := c.DB.Now().Add(50 * time.Hour)
	c.Post(doctor, "availability", object{"startTime": start, "endTime": start.Add(time.Hour)}).Want(403,
		"doctor-not-approved")
	lines := []any{object{"name": "Tulsi", "dosage": "1 cup", "frequency": "daily"}}
	c.Post(doctor, "prescriptions", object{"consultationId": held, "medications": lines}).Want(403,
		"doctor-not-approved")
	move(c, doctor, held, "COMPLETED").Want(200)
	c.Post(doctor, "prescriptions", object{"consultationId": held, "medications": lines}).Want(403,
		"doctor-not-approved")
	c.Patch(fresh(c, admin), "doctors/"+doctor.ID.String()+"/approve", object{"approved": true}).Want(200)
	c.Post(doctor, "prescriptions", object{"consultationId": held, "medications": lines}).Want(201)
	c.CheckInvariants()
}

// One that was booked before the approval went, by whatever way, is not started.
func TestAStartNeedsTheApproval(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("0.00")
	id := c.Book(c.Patient(), c.Slot(doctor, 10*time.Minute, 1))
	exec(t, c, "UPDATE doctors SET is_approved = false WHERE id = $1", doctor.ID)
	move(c, doctor, id, "IN_PROGRESS").Want(403, "doctor-not-approved")
	move(c, c.Doctor("0.00"), id, "IN_PROGRESS").Want(404, "not-found")
}

// An administrator who has somebody erased is told first, too.
func TestAnErasureOfSomebodyWithConsultations(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin, doctor, patient := c.Admin(), c.Doctor(fee), c.Patient()
	id, _ := c.BookAndPay(patient, c.Slot(doctor, 100*time.Hour, 1), fee)
	path := "users/" + patient.ID.String() + "/erasure"
	c.Post(fresh(c, admin), path, nil).Want(409, "has-consultations")
	c.Post(fresh(c, admin), path, object{"cancelConsultations": true}).Want(202)
	c.Clock.Advance(49 * time.Hour)
	if err := c.App.DB.Write(t.Context(),
		func(tx *postgres.Tx) error { return c.App.Queue.Insert(t.Context(), tx, privacy.Sweep{}) }); err != nil {
		t.Fatal(err)
	}
	eventually(t, "cancelled", func() bool { return c.Get(admin, "consultations/"+id).Text("status") == "CANCELLED" })
	refunded(t, c, id, fee)
}

// A doctor whose erasure is due takes bookings until then, and none of what the end would cancel.
func TestADoctorWhoseErasureIsDue(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor(fee), c.Patient()
	before, after, shared := c.Slot(doctor, 40*time.Hour, 1), c.Slot(doctor, 60*time.Hour, 1),
		c.Slot(doctor, 70*time.Hour, 3)
	booked := c.Book(patient, shared)
	c.Post(doctor, "users/me/erasure", nil).Want(202)
	for slot, status := range map[uuid.UUID]int{before: 201, after: 409, shared: 409} {
		ask(c, c.Patient(), slot).Want(status)
	}
	c.Patch(doctor, "availability/"+after.String(), object{"status": "AVAILABLE"}).Want(409, "erasure-due")
	for ahead, status := range map[time.Duration]int{47 * time.Hour: 201, 49 * time.Hour: 409} {
		start := c.DB.Now().Add(ahead)
		c.Post(doctor, "availability", object{"startTime": start, "endTime": start.Add(30 * time.Minute)}).Want(status)
	}
	if s := c.Get(patient, "consultations/"+booked).Want(200).Text("status"); s != "REQUESTED" {
		t.Errorf("what was booked before is %s", s)
	}
	c.CheckInvariants()
}

// Bookings race with whoever stops: nothing to come is left with them.
func TestStoppingRacesWithBookings(t *testing.T) {
	t.Parallel()
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := apptest.Open(t)
			admin := fresh(c, c.Admin())
			for range 5 {
				doctor, patient := c.Doctor("0.00"), c.Patient()
				stops := doctor
				if way.patient {
					stops = patient
				}
				c.Book(patient, c.Slot(doctor, 20*time.Hour, 2)) // so that both lock the same patient
				slot := c.Slot(doctor, 30*time.Hour, 4)
				var all sync.WaitGroup
				var stopped *apptest.Answer
				all.Go(func() { stopped = calm(func() *apptest.Answer { return way.ask(c, admin, stops, true) }) })
				for _, actor := range []apptest.User{patient, c.Patient(), c.Patient()} {
					all.Go(func() {
						a := calm(func() *apptest.Answer { return ask(c, actor, slot) })
						if !slices.Contains([]int{201, 401, 409}, a.Status) {
							t.Errorf("booking: %d %s", a.Status, a.Body)
						}
					})
				}
				start := c.DB.Now().Add(60 * time.Hour)
				all.Go(func() {
					a := calm(func() *apptest.Answer {
						return c.Post(doctor, "availability",
							object{"startTime": start, "endTime": start.Add(time.Hour)})
					})
					if !slices.Contains([]int{201, 401, 403}, a.Status) {
						t.Errorf("opening: %d %s", a.Status, a.Body)
					}
				})
				all.Wait()
				if stopped.Status != 200 && stopped.Status != 204 {
					t.Errorf("stopping: %d %s", stopped.Status, stopped.Body)
				}
				if n := count(t, c, "SELECT count(*) FROM consultations WHERE $1 IN (patient_id, doctor_id) AND "+
					"status IN ('REQUESTED', 'CONFIRMED')", stops.ID); n != 0 {
					t.Errorf("%d consultations are left", n)
				}
				if stops.Role == access.RoleDoctor {
					ask(c, c.Patient(), slot).Want(409, "slot-not-bookable")
				}
			}
			c.CheckInvariants()
		})
	}
}

// Two administrators withdraw, and disable, at once: what is cancelled is cancelled and told once.
func TestTwoStopsAtOnce(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admins := []apptest.User{fresh(c, c.Admin()), fresh(c, c.Admin()), fresh(c, c.Admin())}
	for range 4 {
		doctor, patient := c.Doctor(fee), c.Patient()
		id, _ := c.BookAndPay(patient, c.Slot(doctor, 20*time.Hour, 1), fee)
		var all sync.WaitGroup
		for i, stop := range []func(*apptest.Clinic, apptest.User, apptest.User, bool) *apptest.Answer{
			withdraw, withdraw, disable} {
			all.Go(func() { calm(func() *apptest.Answer { return stop(c, admins[i], doctor, true) }).Want(200) })
		}
		all.Wait()
		if n := count(t, c, "SELECT count(*) FROM mails WHERE user_id = $1 AND kind = 'consultation-cancelled'",
			patient.ID); n != 1 {
			t.Errorf("%d mails", n)
		}
		refunded(t, c, id, fee)
	}
	c.CheckInvariants()
}

// A start races with a withdrawal: it is in progress, or cancelled, and not both.
func TestAStartRacesAWithdrawal(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin := fresh(c, c.Admin())
	for range 6 {
		doctor := c.Doctor("0.00")
		id := c.Book(c.Patient(), c.Slot(doctor, 10*time.Minute, 1))
		var started *apptest.Answer
		var both sync.WaitGroup
		both.Go(func() { calm(func() *apptest.Answer { return withdraw(c, admin, doctor, true) }).Want(200) })
		both.Go(func() { started = calm(func() *apptest.Answer { return move(c, doctor, id, "IN_PROGRESS") }) })
		both.Wait()
		want := map[int]string{200: "IN_PROGRESS", 403: "CANCELLED", 409: "CANCELLED"}[started.Status]
		if s := c.Get(admin, "consultations/"+id).Text("status"); s != want {
			t.Errorf("a start answered %d left it %s", started.Status, s)
		}
	}
	c.CheckInvariants()
}
