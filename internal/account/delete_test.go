package account_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

func leave(c *apptest.Clinic, who apptest.User) *apptest.Answer {
	return c.Do(who, "DELETE", "users/me", nil)
}

func TestDeleteAccountOfPatient(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := verified(t, c)
	s, other := signIn(t, c, email, password), signIn(t, c, email, password)
	patient := s.user
	patient.ID = uuid.MustParse(c.Get(patient, "users/me").Want(200).Text("id"))
	c.Exec(`INSERT INTO consents (id, user_id, purpose, notice_version, language, channel, given_at)
		SELECT gen_random_uuid(), $1, purpose, max(version), 'en', 'API', now() FROM consent_notices
			WHERE purpose = 'TREATMENT' GROUP BY purpose`, patient.ID)
	doctor, next := c.Doctor("500.00"), c.Patient()
	held, _ := c.BookAndPay(patient, c.Slot(doctor, 5*time.Minute, 1), "500.00")
	c.Patch(doctor, "consultations/"+held+"/status", object{"status": "IN_PROGRESS"}).Want(200)
	soon := c.Slot(doctor, 40*time.Minute, 1)
	late, _ := c.BookAndPay(patient, soon, "500.00") // too late for a patient's ordinary cancellation
	early, _ := c.BookAndPay(patient, c.Slot(doctor, 3*time.Hour, 1), "500.00")
	unpaid := c.Book(patient, c.Slot(doctor, 26*time.Hour, 2))

	leave(c, patient).Want(204)
	dead(t, c, s)
	dead(t, c, other)
	leave(c, patient).Want(401)
	c.Post(nobody, "auth/login", credentials(email, password)).Want(401, "invalid-credentials")
	for id, want := range map[string]string{held: "IN_PROGRESS", late: "CANCELLED", early: "CANCELLED",
		unpaid: "CANCELLED"} {
		same(t, "status", c.Get(doctor, "consultations/"+id).Want(200).Text("status"), want)
	}
	for id, want := range map[string]int{held: 0, late: 0, early: 1} {
		same(t, "refunds", c.Count(
			"SELECT count(*) FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE p.consultation_id = $1", id),
			want)
	}
	mailed(t, c, email, "account-deleted", 1)
	mailed(t, c, doctor.Email, "consultation-cancelled", 3)
	same(t, "entries", audited(t, c, "user.delete", patient.ID.String()), 1)
	c.Book(next, soon) // the place is free again
	c.Patch(doctor, "consultations/"+held+"/status", object{"status": "COMPLETED", "notes": "Advised rest"}).Want(200)

	c.Post(nobody, "auth/signup", registration(email)).Want(201)
	c.Post(nobody, "auth/verify-email", object{"token": mailed(t, c, email, "verify-email", 2)}).Want(204)
	again := signIn(t, c, email, password)
	if anew := c.Get(again.user, "users/me").Want(200).Text("id"); anew == patient.ID.String() {
		t.Error("the same user came back")
	}
	same(t, "consultations of the new user", len(c.Get(again.user, "consultations/me").Want(200).Items()), 0)
	c.CheckInvariants()
}

func TestDeleteAccountOfDoctor(t *testing.T) {
	t.Parallel()
	c := open(t)
	doctor, a, b := c.Doctor("500.00"), c.Patient(), c.Patient()
	now := c.Book(a, c.Slot(doctor, 5*time.Minute, 1)) // unpaid
	paid := c.Slot(doctor, 2*time.Hour, 2)
	first, _ := c.BookAndPay(a, paid, "500.00")
	second, _ := c.BookAndPay(b, paid, "500.00")
	free := c.Slot(doctor, 26*time.Hour, 1)
	c.Exec("UPDATE consultations SET status = 'IN_PROGRESS', started_at = now(), payment_status = 'PAID' WHERE "+
		"id = $1", now)
	leave(c, doctor).Want(409, "consultation-in-progress")
	same(t, "status", c.Get(a, "consultations/"+first).Want(200).Text("status"), "CONFIRMED")
	c.Get(nobody, "availability/doctor/"+doctor.ID.String()).Want(200)
	c.Exec("UPDATE consultations SET status = 'REQUESTED', started_at = NULL, payment_status = 'PENDING' WHERE "+
		"id = $1", now)

	leave(c, doctor).Want(204)
	for _, id := range []string{first, second} {
		got := c.Get(a, "consultations/"+first).Want(200)
		same(t, "status", got.Text("status"), "CANCELLED")
		same(t, "by", got.Text("cancelledBy"), "DOCTOR")
		same(t, "refunds", c.Count(
			"SELECT count(*) FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE p.consultation_id = $1", id),
			1)
	}
	c.Get(nobody, "doctors/"+doctor.ID.String()).Want(404)
	c.Post(a, "consultations", object{"slotId": free, "reason": "Back pain"}).Want(409, "slot-not-bookable")
	same(t, "slots that aren't blocked", c.Count("SELECT count(*) FROM availability_slots WHERE doctor_id = $1 "+
		"AND start_time > now() AND status <> 'BLOCKED'", doctor.ID), 0)
	mailed(t, c, b.Email, "consultation-cancelled", 1)
	c.CheckInvariants()
}

func TestDeleteAccountRequiresSecondFactor(t *testing.T) {
	t.Parallel()
	c := open(t)
	patient := c.Patient()
	code := c.Authenticator(patient, true)
	leave(c, patient).Want(403, "reauthentication-required")
	same(t, "deleted", c.Count("SELECT count(*) FROM users WHERE id = $1 AND deleted_at IS NOT NULL", patient.ID),
		0)
	c.Post(patient, "auth/step-up", object{"otp": code()}).Want(204)
	leave(c, patient).Want(204)
}

// TestDeleteAccountKeepsLastAdministrator has all leave at once: one stays.
func TestDeleteAccountKeepsLastAdministrator(t *testing.T) {
	t.Parallel()
	c := open(t)
	admins := []apptest.User{c.Admin(), c.Admin(), c.Admin(), c.Admin()}
	got := atOnce(len(admins), func(i int) int { return leave(c, admins[i]).Status })
	slices.Sort(got)
	same(t, "answers", got, []int{204, 204, 204, 409})
}

// TestInvitedAdministratorDoesNotCount: nobody could sign in.
func TestInvitedAdministratorDoesNotCount(t *testing.T) {
	t.Parallel()
	c := open(t)
	admin := c.Admin()
	c.Post(admin, "users", object{"email": fresh(), "fullName": "Meera Nair", "role": "ADMIN"}).Want(201)
	leave(c, admin).Want(409, "last-admin")
}

// TestDeleteAccountRacesBooking: whoever comes first, no consultation to come is left with somebody who went.
func TestDeleteAccountRacesBooking(t *testing.T) {
	t.Parallel()
	c := open(t)
	for i := range 12 {
		doctor, patient := c.Doctor("0"), c.Patient()
		slot := c.Slot(doctor, 30*time.Hour, 1)
		who := []apptest.User{doctor, patient}[i%2]
		got := atOnce(2, func(i int) int {
			if i == 0 {
				return leave(c, who).Status
			}
			return c.Post(patient, "consultations", object{"slotId": slot, "reason": "Back pain"}).Status
		})
		if got[0] != 204 || !slices.Contains([]int{201, 401, 409}, got[1]) {
			t.Errorf("round %d: leaving %d, booking %d", i, got[0], got[1])
		}
	}
	same(t, "consultations with somebody who left", c.Count(`SELECT count(*) FROM consultations c
		JOIN users u ON u.id IN (c.patient_id, c.doctor_id)
		WHERE u.deleted_at IS NOT NULL AND c.status IN ('REQUESTED', 'CONFIRMED')`), 0)
	c.CheckInvariants()
}
