package consultation_test

import (
	"strings"
	"testing"
	"time"

	"amrutam/internal/apptest"
)

func arrive(c *apptest.Clinic, actor apptest.User, id string) *apptest.Answer {
	return c.Post(actor, "consultations/"+id+"/arrive", nil)
}

// Of a consultation that was never started the check-ins say who was missing, and the money follows.
func TestSweepTellsWhoWasMissing(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		patient, doctor bool
		absent          string
	}{
		"nobody checked in":  {absent: "DOCTOR"},
		"patient checked in": {patient: true, absent: "DOCTOR"},
		"doctor checked in":  {doctor: true, absent: "PATIENT"},
		"both checked in":    {patient: true, doctor: true, absent: "DOCTOR"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := apptest.Open(t)
			doctor, patient := c.Doctor(fee), c.Patient()
			id, _ := c.BookAndPay(patient, c.Slot(doctor, 20*time.Minute, 1), fee)
			start, end := startOf(t, c, id)
			arrive(c, patient, id).Want(409, "too-early")
			advanceTo(t, c, start.Add(-10*time.Minute))
			if test.patient {
				first := arrive(c, patient, id).Want(200).Text("patientArrivedAt")
				c.Clock.Advance(time.Minute)
				if again := arrive(c, patient, id).Want(200).Text("patientArrivedAt"); again != first {
					t.Errorf("the second check-in counts: %s", again)
				}
			}
			if test.doctor {
				arrive(c, doctor, id).Want(200)
			}
			arrive(c, c.Patient(), id).Want(404)
			read := c.Get(doctor, "consultations/"+id).Want(200)
			if (read.At("patientArrivedAt") != nil) != test.patient ||
				(read.At("doctorArrivedAt") != nil) != test.doctor {
				t.Errorf("read as %s", read.Body)
			}
			advanceTo(t, c, end.Add(time.Second))
			eventually(t, "missed", func() bool {
				return c.Get(patient, "consultations/"+id).Want(200).Text("status") == "NO_SHOW"
			})
			a := c.Get(patient, "consultations/"+id).Want(200)
			if a.Text("absent") != test.absent {
				t.Errorf("absent is %s, want %s", a.Text("absent"), test.absent)
			}
			if test.absent == "DOCTOR" {
				waitForRefund(t, c, id, fee)
			} else if n := c.Count("SELECT count(*) FROM refunds"); n != 0 {
				t.Errorf("%d refunds", n)
			}
			arrive(c, doctor, id).Want(409, "illegal-transition")
			c.CheckInvariants()
		})
	}
}

// missed has a paid consultation whose doctor said that the patient didn't come.
func missed(t *testing.T) (c *apptest.Clinic, doctor, patient apptest.User, id string) {
	t.Helper()
	c = apptest.Open(t)
	doctor, patient = c.Doctor(fee), c.Patient()
	id, _ = c.BookAndPay(patient, c.Slot(doctor, 10*time.Minute, 1), fee)
	start, _ := startOf(t, c, id)
	advanceTo(t, c, start.Add(9*time.Minute))
	updateStatus(c, doctor, id, "NO_SHOW").Want(409, "too-early")
	advanceTo(t, c, start.Add(11*time.Minute))
	updateStatus(c, doctor, id, "NO_SHOW").Want(200)
	return c, doctor, patient, id
}

func dispute(c *apptest.Clinic, patient apptest.User, id string) *apptest.Answer {
	return c.Post(patient, "consultations/"+id+"/dispute", object{"reason": "I was in hospital"})
}

func TestDisputeIsRefunded(t *testing.T) {
	t.Parallel()
	c, doctor, patient, id := missed(t)
	path := "consultations/" + id + "/dispute"
	c.Get(patient, path).Want(404)
	dispute(c, c.Patient(), id).Want(404)
	c.Post(patient, path, object{"reason": " "}).Want(422)
	opened := dispute(c, patient, id).Want(201)
	dispute(c, patient, id).Want(409, "already-disputed")
	support := c.Support()
	listed := c.Get(support, "disputes").Want(200).Items()
	if len(listed) != 1 || listed[0]["id"] != opened.Text("id") || listed[0]["reason"] != "I was in hospital" {
		t.Errorf("support lists %v", listed)
	}
	if a := c.Get(doctor, path).Want(200); a.At("reason") != nil || strings.Contains(string(a.Body), "hospital") {
		t.Errorf("the doctor reads %s", a.Body)
	}
	visit, _ := listed[0]["visit"].(object)
	if listed[0]["patientName"] == nil || listed[0]["doctorName"] == nil || listed[0]["decidedByName"] != nil ||
		visit["startTime"] != c.Get(support, "consultations/"+id).Want(200).Text("startTime") {
		t.Errorf("support lists %v", listed)
	}
	for _, party := range []apptest.User{patient, doctor} {
		if a := c.Get(party, path).Want(200); a.At("patientName") != nil || a.Map()["visit"] != nil {
			t.Errorf("the %s reads %s", party.Role, a.Body)
		}
	}
	if log := c.Get(patient, "users/me/access-log?others=true").Want(200).Items(); len(log) == 0 {
		t.Error("support's reading is in no access log")
	}
	if n := c.Count("SELECT count(*) FROM disputes WHERE position('hospital'::bytea IN reason) > 0"); n != 0 {
		t.Error("the reason isn't sealed")
	}
	decide := func(actor apptest.User, decision string) *apptest.Answer {
		return c.Post(actor, "disputes/"+opened.Text("id")+"/decide",
			object{"decision": decision, "reason": "The doctor agrees"})
	}
	c.Prove(support)
	decide(patient, "REFUNDED").Want(403)
	decide(support, "OPEN").Want(422)
	decided := decide(support, "REFUNDED").Want(200)
	if decided.Text("decidedBy") != support.ID.String() {
		t.Errorf("decided: %s", decided.Body)
	}
	c.Exec("UPDATE users SET deleted_at = now() WHERE id = $1", doctor.ID)
	if a := c.Get(support, path).Want(200); a.At("decidedByName") == nil || a.At("doctorName") != nil {
		t.Errorf("support reads %s", a.Body)
	}
	c.Exec("UPDATE users SET deleted_at = NULL WHERE id = $1", doctor.ID)
	decide(support, "UPHELD").Want(409, "illegal-transition")
	waitForRefund(t, c, id, fee)
	if a := c.Get(patient, "consultations/"+id).Want(200); a.Text("status") != "NO_SHOW" ||
		a.Text("absent") != "PATIENT" || a.Text("refundedAmount") != fee {
		t.Errorf("the consultation is %s", a.Body)
	}
	for _, party := range []apptest.User{patient, doctor} {
		a := c.Get(party, path).Want(200)
		if a.Text("status") != "REFUNDED" || a.Text("decisionReason") != "The doctor agrees" ||
			a.At("decidedBy") != nil {
			t.Errorf("the %s reads %s", party.Role, a.Body)
		}
		for _, kind := range []string{"dispute-opened", "dispute-decided"} {
			if n := c.Count("SELECT count(*) FROM mails WHERE user_id = $1 AND kind = $2", party.ID, kind); n != 1 {
				t.Errorf("the %s got %d mails %s", party.Role, n, kind)
			}
		}
	}
	if n := len(c.Get(support, "disputes").Want(200).Items()); n != 0 {
		t.Errorf("%d disputes are open", n)
	}
	c.CheckInvariants()
}

func TestDisputeIsUpheldAfterTheArchive(t *testing.T) {
	t.Parallel()
	c, _, patient, id := missed(t)
	opened := dispute(c, patient, id).Want(201).Text("id")
	c.Clock.Advance(400 * 24 * time.Hour)
	if n := archive(t, c); n != 1 {
		t.Fatalf("%d consultations are archived", n)
	}
	admin := c.Admin()
	c.Prove(admin)
	c.Post(admin, "disputes/"+opened+"/decide", object{"decision": "UPHELD", "reason": "Nobody was in the call"}).
		Want(200)
	if n := c.Count("SELECT count(*) FROM refunds"); n != 0 {
		t.Errorf("%d refunds", n)
	}
	if a := c.Get(patient, "consultations/"+id+"/dispute").Want(200); a.Text("status") != "UPHELD" {
		t.Errorf("the patient reads %s", a.Body)
	}
	c.CheckInvariants()
}

func TestDisputeHasATime(t *testing.T) {
	t.Parallel()
	c, doctor, patient, id := missed(t)
	_, end := startOf(t, c, id)
	booked := c.Book(patient, c.Slot(doctor, 2*time.Hour, 1))
	dispute(c, patient, booked).Want(409, "illegal-transition")
	advanceTo(t, c, end.Add(14*24*time.Hour+time.Second))
	dispute(c, patient, id).Want(409, "too-late")
}
