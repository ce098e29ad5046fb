package doctor_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
)

var anonymous apptest.User

func application(change ...func(map[string]any)) map[string]any {
	body := map[string]any{
		"specialization": "Panchakarma", "yearsOfExperience": 12, "registrationNumber": "AYU-" + uuid.NewString(),
		"clinicName": "Nair Ayurveda", "consultationFee": "500.00", "languagesSpoken": []string{"en", "HI", "hi"},
		"bio": "Since 2012.",
	}
	for _, c := range change {
		c(body)
	}
	return body
}

// setRow changes a doctor's row behind the API's back.
func setRow(t *testing.T, c *apptest.Clinic, id uuid.UUID, set string, args ...any) {
	t.Helper()
	if _, err := c.DB.Pool.Exec(context.Background(), "UPDATE doctors SET "+set+" WHERE id = $1",
		append([]any{id}, args...)...); err != nil {
		t.Fatal(err)
	}
}

// countAudits counts the audit rows of an action on an object.
func countAudits(t *testing.T, c *apptest.Clinic, action string, id uuid.UUID) int {
	t.Helper()
	var n int
	if err := c.DB.Pool.QueryRow(context.Background(),
		"SELECT count(*) FROM audit_logs WHERE action = $1 AND entity_id = $2", action, id.String()).
		Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func want(t *testing.T, name string, got, want any) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, want %v", name, got, want)
	}
}

func TestApply(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.User(access.RoleDoctor)

	a := c.Post(doctor, "doctors", application()).Want(201)
	want(t, "id", a.Text("id"), doctor.ID.String())
	want(t, "userId", a.Text("userId"), doctor.ID.String())
	want(t, "Location", a.Header.Get("Location"), "/api/v1/doctors/"+doctor.ID.String())
	want(t, "fullName", a.Text("fullName"), "Test DOCTOR")
	want(t, "currency", a.Text("currency"), "INR")
	want(t, "consultationFee", a.Text("consultationFee"), "500.00")
	want(t, "isApproved", a.At("isApproved"), false)
	want(t, "rating", a.At("rating"), nil)
	want(t, "ratingCount", a.At("ratingCount"), 0.0)
	want(t, "nextFreeSlot", a.At("nextFreeSlot"), nil)
	languages, _ := a.At("languagesSpoken").([]any)
	if len(languages) != 2 || languages[0] != "en" || languages[1] != "hi" {
		t.Errorf("languagesSpoken is %v", languages)
	}
	want(t, "audit rows", countAudits(t, c, "doctor.apply", doctor.ID), 1)

	c.Post(doctor, "doctors", application()).Want(409, "already-applied")
	number, _ := a.At("registrationNumber").(string)
	for _, same := range []string{number, " " + number, "ayu" + number[3:], strings.ReplaceAll(number, "-", ""),
		strings.ReplaceAll(number, "-", " / "), "ＡＹＵ" + number[3:]} {
		c.Post(c.User(access.RoleDoctor), "doctors",
			application(func(m map[string]any) { m["registrationNumber"] = same })).Want(409,
			"registration-number-taken")
	}
	c.Get(doctor, "doctors/"+doctor.ID.String()).Want(200)
	c.Post(c.Patient(), "doctors", application()).Want(403, "forbidden")
	c.Post(apptest.User{}, "doctors", application()).Want(401)
}

// A doctor who waits for an approval, or lost it, is visible only to themselves and to administrators.
func TestUnapprovedDoctorIsHidden(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, admin := c.User(access.RoleDoctor), c.Admin()
	path := c.Post(doctor, "doctors", application()).Want(201).Header.Get("Location")[len("/api/v1/"):]
	others := []apptest.User{anonymous, c.Patient(), c.Doctor("1.00"), c.Support()}
	look := func(approved bool) {
		t.Helper()
		for _, actor := range []apptest.User{doctor, admin} {
			want(t, "isApproved", c.Get(actor, path).Want(200).At("isApproved"), approved)
		}
		found := len(c.Get(admin, "doctors?isApproved=false").Want(200).Items()) == 1
		want(t, "waiting", found, !approved)
		for _, actor := range others {
			if a := c.Get(actor, path); (a.Status == 200) != approved || (a.Status != 200 && a.Status != 404) {
				t.Errorf("%s reads %s", actor.Role, a.Body)
			}
			status := map[bool]int{true: 401, false: 403}[actor.ID == uuid.Nil]
			c.Get(actor, "doctors?isApproved=false").Want(status)
		}
	}
	look(false)
	c.Patch(admin, path+"/approve", map[string]any{"approved": true}).Want(200)
	look(true)
	c.Patch(admin, path+"/approve", map[string]any{"approved": false, "reason": "The registration lapsed."}).Want(200)
	look(false)
	// A token that is no good is refused, where none at all would do.
	c.Get(apptest.User{Token: "at_nothing"}, "doctors").Want(401, "unauthenticated")
}

func TestApplyReplaysIdempotencyKey(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, body, key := c.User(access.RoleDoctor), application(), uuid.NewString()
	first := c.Do(doctor, "POST", "doctors", body, "Idempotency-Key", key).Want(201)
	again := c.Do(doctor, "POST", "doctors", body, "Idempotency-Key", key).Want(201)
	want(t, "replayed", again.Header.Get("Idempotency-Replayed"), "true")
	want(t, "body", string(again.Body), string(first.Body))
	want(t, "ETag", again.Header.Get("ETag"), first.Header.Get("ETag"))
}

func TestApplyRefusesInvalidBody(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.User(access.RoleDoctor)
	many := make([]string, 21)
	for i := range many {
		many[i] = "x" + string(rune('a'+i))
	}
	for name, change := range map[string]func(map[string]any){
		"no specialization":    func(m map[string]any) { delete(m, "specialization") },
		"blank specialization": func(m map[string]any) { m["specialization"] = "  " },
		"long specialization":  func(m map[string]any) { m["specialization"] = string(make([]byte, 201)) },
		"negative experience":  func(m map[string]any) { m["yearsOfExperience"] = -1 },
		"half a year":          func(m map[string]any) { m["yearsOfExperience"] = 1.5 },
		"no number":            func(m map[string]any) { delete(m, "registrationNumber") },
		"no letter or digit":   func(m map[string]any) { m["registrationNumber"] = "- / -" },
		"negative fee":         func(m map[string]any) { m["consultationFee"] = "-1" },
		"three decimals":       func(m map[string]any) { m["consultationFee"] = "1.005" },
		"fee null":             func(m map[string]any) { m["consultationFee"] = nil },
		"currency":             func(m map[string]any) { m["currency"] = "rupees" },
		"no languages":         func(m map[string]any) { m["languagesSpoken"] = []string{} },
		"languages null":       func(m map[string]any) { m["languagesSpoken"] = nil },
		"language with space":  func(m map[string]any) { m["languagesSpoken"] = []string{"en us"} },
		"too many languages":   func(m map[string]any) { m["languagesSpoken"] = many },
		"long bio":             func(m map[string]any) { m["bio"] = string(make([]rune, 5001)) },
		"unknown field":        func(m map[string]any) { m["isApproved"] = true },
	} {
		if a := c.Post(doctor, "doctors", application(change)); a.Status != 422 {
			t.Errorf("%s: status %d: %s", name, a.Status, a.Body)
		}
	}
	c.Post(doctor, "doctors", application(func(m map[string]any) {
		delete(m, "clinicName")
		delete(m, "bio")
		m["consultationFee"] = 0
	})).Want(201)
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.User(access.RoleDoctor)
	c.Post(doctor, "doctors", application()).Want(201)
	path := "doctors/" + doctor.ID.String()

	a := c.Patch(doctor, path, map[string]any{"clinicName": nil, "consultationFee": 650.5,
		"languagesSpoken": []string{"TA", "en"}}).Want(200)
	want(t, "clinicName", a.At("clinicName"), nil)
	want(t, "bio", a.Text("bio"), "Since 2012.")
	want(t, "consultationFee", a.Text("consultationFee"), "650.50")
	if _, there := a.Map()["clinicName"]; !there {
		t.Error("a cleared member is left out of the answer")
	}
	want(t, "specialization", a.Text("specialization"), "Panchakarma")

	tag := a.Header.Get("ETag")
	b := c.Do(doctor, "PATCH", path, map[string]any{"bio": nil}, "If-Match", tag).Want(200)
	want(t, "bio", b.At("bio"), nil)
	c.Do(doctor, "PATCH", path, map[string]any{"bio": "x"}, "If-Match", tag).Want(412, "precondition-failed")
	same := c.Patch(doctor, path, map[string]any{"specialization": "Panchakarma"}).Want(200)
	want(t, "ETag of what did not change", same.Header.Get("ETag"), b.Header.Get("ETag"))
	c.Patch(doctor, path, map[string]any{}).Want(200)

	for _, wrong := range []map[string]any{{"specialization": nil}, {"specialization": " "}, {"languagesSpoken": nil},
		{"languagesSpoken": []string{}},
		{"consultationFee": nil}, {"consultationFee": "x"}, {"clinicName": " "}, {"rating": 5}, {"isApproved": true},
		{"yearsOfExperience": 81}} {
		a := c.Patch(doctor, path, wrong).Want(422, "validation-failed")
		if faults, _ := a.At("errors").([]any); len(faults) != 1 {
			t.Errorf("%v: errors %v", wrong, faults)
		}
	}
	other := c.User(access.RoleDoctor)
	c.Patch(other, path, map[string]any{"bio": "mine"}).Want(404, "not-found")
	want(t, "denials", countAudits(t, c, "access.deny", doctor.ID), 1)
	c.Patch(other, "doctors/"+other.ID.String(), map[string]any{"bio": "mine"}).Want(404)
	c.Patch(other, "doctors/"+uuid.NewString(), map[string]any{"bio": "mine"}).Want(404)
	c.Patch(c.Admin(), path, map[string]any{"bio": "mine"}).Want(403)
}

func TestUpdateRegistrationNumber(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, other := c.User(access.RoleDoctor), c.Doctor("100.00")
	c.Post(doctor, "doctors", application()).Want(201)
	path := "doctors/" + doctor.ID.String()
	c.Patch(doctor, path, map[string]any{"registrationNumber": "AYU-" + other.ID.String()}).Want(409,
		"registration-number-taken")
	c.Patch(doctor, path, map[string]any{"registrationNumber": "NEW-1"}).Want(200)
	admin := c.Admin()
	c.Patch(admin, path+"/approve", map[string]any{"approved": true}).Want(200)
	c.Patch(doctor, path, map[string]any{"registrationNumber": "NEW-2"}).Want(409, "registration-number-approved")
	c.Patch(doctor, path, map[string]any{"registrationNumber": "NEW-1", "bio": "Hello."}).Want(200)
	want(t, "registrationNumber", c.Get(apptest.User{}, path).Want(200).Text("registrationNumber"), "NEW-1")
}

// A registration number belongs to one approved or waiting doctor; a refusal or the end of the account frees it.
func TestRegistrationNumberIsFreed(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin := c.Admin()
	numbered := func(number string) map[string]any {
		return application(func(m map[string]any) { m["registrationNumber"] = number })
	}
	apply := func(number string) (apptest.User, *apptest.Answer) {
		u := c.User(access.RoleDoctor)
		return u, c.Post(u, "doctors", numbered(number))
	}
	decide := func(u apptest.User, approved bool) *apptest.Answer {
		c.Prove(admin)
		return c.Patch(admin, "doctors/"+u.ID.String()+"/approve",
			map[string]any{"approved": approved, "reason": "The register was asked."})
	}
	first, a := apply("MH-91")
	a.Want(201)
	_, a = apply("MH 91")
	a.Want(409, "registration-number-taken") // while it waits
	decide(first, false).Want(200)
	second, a := apply("mh91")
	a.Want(201)
	decide(first, true).Want(409, "registration-number-taken")
	c.Post(first, "doctors", numbered("ＭＨ९१")).Want(409, "registration-number-taken")
	// it holds none
	c.Patch(first, "doctors/"+first.ID.String(), map[string]any{"registrationNumber": "M.H.91"}).Want(200)
	// and applies anew
	c.Post(first, "doctors", numbered("KA-7")).Want(201)
	c.Post(first, "doctors", numbered("KA-8")).Want(409, "already-applied")
	want(t, "isApproved", decide(first, true).Want(200).At("isApproved"), true)

	decide(second, true).Want(200)
	decide(second, false).Want(200) // a withdrawal does not free the number
	_, a = apply("MH-91")
	a.Want(409, "registration-number-taken")
	c.Post(second, "doctors", numbered("TN-1")).Want(409, "already-applied")
	decide(second, true).Want(200)
	c.Exec("UPDATE users SET disabled_at = now() WHERE id = $1", second.ID)
	_, a = apply("MH-91")
	a.Want(409, "registration-number-taken")
	c.Exec("UPDATE users SET disabled_at = NULL WHERE id = $1", second.ID)
	c.Do(second, "DELETE", "users/me", nil).Want(204)
	_, a = apply("MH-91")
	a.Want(201)
}

func TestConcurrentUseOfRegistrationNumber(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin := c.Admin()
	doctors := make([]apptest.User, 6)
	countWinners := func(do func(i int) *apptest.Answer) (won int) {
		for _, a := range apptest.Concurrently(len(doctors), do) {
			if a.Status < 300 {
				won++
				continue
			}
			a.Want(409, "registration-number-taken")
		}
		return won
	}
	for i := range doctors {
		doctors[i] = c.User(access.RoleDoctor)
	}
	won := countWinners(func(i int) *apptest.Answer {
		return c.Post(doctors[i], "doctors",
			application(func(m map[string]any) { m["registrationNumber"] = []string{"MH-91", "mh 91"}[i%2] }))
	})
	want(t, "applications", won, 1)
	c.Exec("UPDATE doctors SET approval_decided_at = now(), registration_key = NULL") // refused
	won = countWinners(func(i int) *apptest.Answer {
		return c.Post(doctors[i], "doctors",
			application(func(m map[string]any) { m["registrationNumber"] = "KL" + strconv.Itoa(i) }))
	})
	want(t, "new applications", won, 6)
	c.Exec("UPDATE doctors SET approval_decided_at = now(), registration_key = NULL, registration_number = 'MH91'")
	won = countWinners(func(i int) *apptest.Answer {
		return c.Patch(admin, "doctors/"+doctors[i].ID.String()+"/approve", map[string]any{"approved": true})
	})
	want(t, "approvals", won, 1)
}

func TestApprove(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, admin := c.User(access.RoleDoctor), c.Admin()
	c.Post(doctor, "doctors", application()).Want(201)
	path := "doctors/" + doctor.ID.String()
	mails := func() (n int) {
		err := c.DB.Pool.QueryRow(context.Background(), "SELECT count(*) FROM mails WHERE user_id = $1", doctor.ID).
			Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}

	a := c.Patch(admin, path+"/approve", map[string]any{"approved": true}).Want(200)
	want(t, "isApproved", a.At("isApproved"), true)
	c.Get(apptest.User{}, path).Want(200)
	shown := c.Get(admin, path).Want(200)
	want(t, "ETag", shown.Header.Get("ETag"), a.Header.Get("ETag"))
	want(t, "again", c.Patch(admin, path+"/approve", map[string]any{"approved": true}).Want(200).Header.Get("ETag"),
		a.Header.Get("ETag"))
	after := mails()

	c.Patch(admin, path+"/approve", map[string]any{"approved": false}).Want(422, "validation-failed")
	c.Patch(admin, path+"/approve", map[string]any{"approved": false, "reason": " "}).Want(422)
	c.Do(admin, "PATCH", path+"/approve", map[string]any{"approved": false, "reason": "Lapsed."}, "If-Match", `"old"`).
		Want(412)
	c.Patch(admin, path+"/approve", map[string]any{"approved": false, "reason": "Lapsed."}).Want(200)
	c.Get(apptest.User{}, path).Want(404)
	if after > 0 { // the package of mails stores them
		want(t, "mails", mails(), after+1)
		want(t, "mails of one approval", after, 1)
	}
	want(t, "audited approvals", countAudits(t, c, "doctor.approve", doctor.ID), 2)
	want(t, "audited withdrawals", countAudits(t, c, "doctor.withdraw", doctor.ID), 1)
	c.Patch(admin, "doctors/"+uuid.NewString()+"/approve", map[string]any{"approved": true}).Want(404)
	for _, user := range []apptest.User{doctor, c.Patient(), c.Support()} {
		c.Patch(user, path+"/approve", map[string]any{"approved": true}).Want(403)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("300.00")
	path := "doctors/" + doctor.ID.String()
	want(t, "nextFreeSlot", c.Get(apptest.User{}, path).Want(200).At("nextFreeSlot"), nil)

	c.Slot(doctor, 5*time.Hour, 1)
	soon := c.Slot(doctor, 2*time.Hour, 1)
	blocked := c.Slot(doctor, time.Hour, 1)
	c.Exec("UPDATE availability_slots SET status = 'BLOCKED' WHERE id = $1", blocked)
	c.Slot(doctor, -time.Hour, 1)
	a := c.Get(apptest.User{}, path).Want(200)
	want(t, "nextFreeSlot", a.Text("nextFreeSlot", "id"), soon.String())
	c.Exec("UPDATE availability_slots SET status = 'BOOKED', seats_taken = 1 WHERE id = $1", soon)
	if a := c.Get(apptest.User{}, path); a.Text("nextFreeSlot", "id") == soon.String() {
		t.Error("a booked slot is shown as free")
	}

	c.Get(apptest.User{}, "doctors/not-a-uuid").Want(422)
	c.Get(apptest.User{}, "doctors/"+uuid.NewString()).Want(404)
	for i, set := range []string{"disabled_at = now()", "disabled_at = NULL, deleted_at = now()"} {
		c.Exec("UPDATE users SET "+set+" WHERE id = $1", doctor.ID)
		if a := c.Get(apptest.User{}, path); a.Status != 404 {
			t.Errorf("case %s: status %d", strconv.Itoa(i), a.Status)
		}
	}
}
