package account_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

func deleteAccount(c *apptest.Clinic, actor apptest.User) *apptest.Answer {
	return c.Do(actor, "DELETE", "users/me", nil)
}

func TestDeleteAccountOfPatient(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	s, other := signIn(t, c, email, password), signIn(t, c, email, password)
	patient := s.user
	patient.ID = uuid.MustParse(c.Get(patient, "users/me").Want(200).Text("id"))
	c.Exec(`INSERT INTO consents (id, user_id, purpose, notice_version, language, channel, given_at)
		SELECT gen_random_uuid(), $1, purpose, max(version), 'en', 'API', now() FROM consent_notices
			WHERE purpose = 'TREATMENT' GROUP BY purpose`, patient.ID)
	doctor, next := c.Doctor("500.00"), c.Patient()
	started, _ := c.BookAndPay(patient, c.Slot(doctor, 5*time.Minute, 1), "500.00")
	c.Patch(doctor, "consultations/"+started+"/status", object{"status": "IN_PROGRESS"}).Want(200)
	slot := c.Slot(doctor, 40*time.Minute, 1)
	late, _ := c.BookAndPay(patient, slot, "500.00") // too late for a refund
	early, _ := c.BookAndPay(patient, c.Slot(doctor, 3*time.Hour, 1), "500.00")
	c.Exec("UPDATE consultations SET grace_until = created_at")
	unpaid := c.Book(patient, c.Slot(doctor, 26*time.Hour, 2))

	deleteAccount(c, patient).Want(204)
	wantEnded(t, c, s)
	wantEnded(t, c, other)
	deleteAccount(c, patient).Want(401)
	login(c, email, password).Want(401, "invalid-credentials")
	for id, want := range map[string]string{
		started: "IN_PROGRESS", late: "CANCELLED", early: "CANCELLED", unpaid: "CANCELLED",
	} {
		wantEqual(t, "status", c.Get(doctor, "consultations/"+id).Want(200).Text("status"), want)
	}
	for id, want := range map[string]int{started: 0, late: 0, early: 1} {
		wantEqual(t, "refunds", countRefunds(c, id), want)
	}
	awaitMail(t, c, email, "account-deleted", 1)
	awaitMail(t, c, doctor.Email, "consultation-cancelled", 3)
	wantEqual(t, "audit rows", countAudits(t, c, "user.delete", patient.ID.String()), 1)
	c.Book(next, slot) // the seat is free again
	completed := object{"status": "COMPLETED", "notes": "Advised rest"}
	c.Patch(doctor, "consultations/"+started+"/status", completed).Want(200)

	c.Post(anonymous, "auth/signup", registration(email)).Want(201)
	verifyEmail(c, awaitMail(t, c, email, "verify-email", 2)).Want(204)
	newUser := signIn(t, c, email, password).user
	if c.Get(newUser, "users/me").Want(200).Text("id") == patient.ID.String() {
		t.Error("the new user has the id of the deleted one")
	}
	wantEqual(t, "consultations of the new user", len(c.Get(newUser, "consultations/me").Want(200).Items()), 0)
	c.CheckInvariants()
}

func countRefunds(c *apptest.Clinic, consultation string) int {
	return c.Count("SELECT count(*) FROM refunds r JOIN payments p ON p.id = r.payment_id "+
		"WHERE p.consultation_id = $1", consultation)
}

func TestDeleteAccountOfDoctor(t *testing.T) {
	t.Parallel()
	c := open(t)
	doctor, a, b := c.Doctor("500.00"), c.Patient(), c.Patient()
	unpaid := c.Book(a, c.Slot(doctor, 5*time.Minute, 1))
	slot := c.Slot(doctor, 2*time.Hour, 2)
	first, _ := c.BookAndPay(a, slot, "500.00")
	second, _ := c.BookAndPay(b, slot, "500.00")
	free := c.Slot(doctor, 26*time.Hour, 1)
	c.Exec("UPDATE consultations SET status = 'IN_PROGRESS', started_at = now(), payment_status = 'PAID' "+
		"WHERE id = $1", unpaid)
	deleteAccount(c, doctor).Want(409, "consultation-in-progress")
	wantEqual(t, "status", c.Get(a, "consultations/"+first).Want(200).Text("status"), "CONFIRMED")
	c.Get(anonymous, "availability/doctor/"+doctor.ID.String()).Want(200)
	c.Exec("UPDATE consultations SET status = 'REQUESTED', started_at = NULL, payment_status = 'PENDING' "+
		"WHERE id = $1", unpaid)

	deleteAccount(c, doctor).Want(204)
	for id, patient := range map[string]apptest.User{first: a, second: b} {
		consultation := c.Get(patient, "consultations/"+id).Want(200)
		wantEqual(t, "status", consultation.Text("status"), "CANCELLED")
		wantEqual(t, "cancelledBy", consultation.Text("cancelledBy"), "DOCTOR")
		wantEqual(t, "refunds", countRefunds(c, id), 1)
	}
	c.Get(anonymous, "doctors/"+doctor.ID.String()).Want(404)
	c.Post(a, "consultations", object{"slotId": free, "reason": "Back pain"}).Want(409, "slot-not-bookable")
	wantEqual(t, "future slots that aren't blocked", c.Count("SELECT count(*) FROM availability_slots "+
		"WHERE doctor_id = $1 AND start_time > now() AND status <> 'BLOCKED'", doctor.ID), 0)
	awaitMail(t, c, b.Email, "consultation-cancelled", 1)
	c.CheckInvariants()
}

func TestDeleteAccountRequiresSecondFactor(t *testing.T) {
	t.Parallel()
	c := open(t)
	patient := c.Patient()
	code := c.Authenticator(patient, true)
	deleteAccount(c, patient).Want(403, "reauthentication-required")
	wantEqual(t, "deleted users",
		c.Count("SELECT count(*) FROM users WHERE id = $1 AND deleted_at IS NOT NULL", patient.ID), 0)
	c.Post(patient, "auth/step-up", object{"otp": code()}).Want(204)
	deleteAccount(c, patient).Want(204)
}

// TestDeleteAccountKeepsLastAdministrator checks that one is left when all delete their accounts at the same time.
func TestDeleteAccountKeepsLastAdministrator(t *testing.T) {
	t.Parallel()
	c := open(t)
	admins := []apptest.User{c.Admin(), c.Admin(), c.Admin(), c.Admin()}
	statuses := apptest.Concurrently(len(admins), func(i int) int { return deleteAccount(c, admins[i]).Status })
	slices.Sort(statuses)
	wantEqual(t, "statuses", statuses, []int{204, 204, 204, 409})
}

// TestInvitedAdministratorDoesNotCount checks that an administrator can't delete the account if the only other one has
// not accepted an invitation yet.
func TestInvitedAdministratorDoesNotCount(t *testing.T) {
	t.Parallel()
	c := open(t)
	admin := c.Admin()
	c.Post(admin, "users", object{"email": newEmail(), "fullName": "Meera Nair", "role": "ADMIN"}).Want(201)
	deleteAccount(c, admin).Want(409, "last-admin")
}

// TestDeleteAccountRacesBooking checks that no consultation is open with a deleted doctor or patient, if a booking and
// the deletion run at the same time.
func TestDeleteAccountRacesBooking(t *testing.T) {
	t.Parallel()
	c := open(t)
	for i := range 12 {
		doctor, patient := c.Doctor("0"), c.Patient()
		slot := c.Slot(doctor, 30*time.Hour, 1)
		actor := []apptest.User{doctor, patient}[i%2]
		statuses := apptest.Concurrently(2, func(i int) int {
			if i == 0 {
				return deleteAccount(c, actor).Status
			}
			return c.Post(patient, "consultations", object{"slotId": slot, "reason": "Back pain"}).Status
		})
		if statuses[0] != 204 || !slices.Contains([]int{201, 401, 409}, statuses[1]) {
			t.Errorf("round %d: the deletion %d, the booking %d", i, statuses[0], statuses[1])
		}
	}
	wantEqual(t, "open consultations of deleted users", c.Count(`SELECT count(*) FROM consultations c
		JOIN users u ON u.id IN (c.patient_id, c.doctor_id)
		WHERE u.deleted_at IS NOT NULL AND c.status IN ('REQUESTED', 'CONFIRMED')`), 0)
	c.CheckInvariants()
}
