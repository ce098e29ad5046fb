package account_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

const twentyYears = 20 * 365 * 24 * time.Hour

// requestTransfer asks to move a dependant's record to the account of an address.
func requestTransfer(c *apptest.Clinic, patient apptest.User, dependant uuid.UUID, email string) *apptest.Answer {
	c.Prove(patient)
	return c.Post(patient, "users/me/dependants/"+dependant.String()+"/transfer", object{"email": email})
}

func accept(c *apptest.Clinic, user apptest.User, id string) *apptest.Answer {
	c.Prove(user)
	return c.Post(user, "dependant-transfers/"+id+"/accept", nil)
}

func approve(c *apptest.Clinic, staff apptest.User, id string) *apptest.Answer {
	c.Prove(staff)
	return c.Post(staff, "dependant-transfers/"+id+"/approve", nil)
}

// visit books a consultation for a dependant, which takes place.
func visit(t *testing.T, c *apptest.Clinic, patient, doctor apptest.User, dependant uuid.UUID) (id string) {
	t.Helper()
	id = c.Post(patient, "consultations", object{"slotId": c.Slot(doctor, time.Minute, 1), "reason": "Fever",
		"dependantId": dependant}).Want(201).Text("id")
	c.Patch(doctor, "consultations/"+id+"/status", object{"status": "IN_PROGRESS"}).Want(200)
	c.Post(doctor, "prescriptions", object{"consultationId": id, "advice": "Rest", "medications": []object{
		{"name": "Paracetamol", "dosage": "500 mg", "frequency": "twice a day", "durationDays": 3}}}).Want(201)
	c.Patch(doctor, "consultations/"+id+"/status", object{"status": "COMPLETED"}).Want(200)
	return id
}

// checkNames checks that staff see whose accounts a transfer is between, and nobody else does.
func checkNames(t *testing.T, c *apptest.Clinic, support, mother, grown apptest.User, isAccepted bool) {
	t.Helper()
	c.Patch(mother, "users/me", object{"fullName": "Asha Rao"}).Want(200)
	c.Patch(grown, "users/me", object{"fullName": "Anil Rao"}).Want(200)
	seen := c.Get(support, "dependant-transfers").Want(200).Items()[0]
	if seen["requestedByName"] != "Asha Rao" || (seen["acceptedByName"] == "Anil Rao") != isAccepted ||
		(seen["acceptedBy"] == grown.ID.String()) != isAccepted {
		t.Errorf("staff see %v", seen)
	}
	for _, user := range []apptest.User{mother, grown} {
		seen := c.Get(user, "dependant-transfers").Want(200).Items()[0]
		if seen["requestedByName"] != nil || seen["acceptedBy"] != nil || seen["acceptedByName"] != nil {
			t.Errorf("a patient sees %v", seen)
		}
	}
}

// TestTransfer moves a record: all three confirm it in either order, and until then the
// mother alone sees it.
func TestTransfer(t *testing.T) {
	t.Parallel()
	for name, staffFirst := range map[string]bool{"the other side first": false, "staff first": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := apptest.Open(t)
			mother, grown, doctor, support := c.Patient(), c.Patient(), c.Doctor("0.00"), c.Support()
			son := c.Dependant(mother, twentyYears)
			old := visit(t, c, mother, doctor, son)
			id := requestTransfer(c, mother, son, strings.ToUpper(grown.Email)).Want(201).Text("id")
			requestTransfer(c, mother, son, grown.Email).Want(409, "transfer-pending")
			confirm := []func() *apptest.Answer{
				func() *apptest.Answer { return accept(c, grown, id) },
				func() *apptest.Answer { return approve(c, support, id) },
			}
			if staffFirst {
				slices.Reverse(confirm)
			}
			if a := confirm[0]().Want(200); a.Text("status") != "OPEN" {
				t.Errorf("after one confirmation: %s", a.Body)
			}
			confirm[0]().Want(200) // again
			checkNames(t, c, support, mother, grown, !staffFirst)
			c.Get(mother, "consultations/"+old).Want(200)
			c.Get(grown, "consultations/"+old).Want(404)
			if a := confirm[1]().Want(200); a.Text("status") != "DONE" {
				t.Errorf("after both confirmations: %s", a.Body)
			}
			confirm[1]().Want(409, "transfer-over")

			c.Get(mother, "consultations/"+old).Want(404)
			if a := c.Get(grown, "consultations/"+old).Want(200); a.Text("reason") != "Fever" {
				t.Errorf("the record is %s", a.Body)
			}
			for user, want := range map[apptest.User]int{mother: 0, grown: 1} {
				for _, list := range []string{"consultations/me", "prescriptions/me", "users/me/dependants"} {
					if items := c.Get(user, list).Want(200).Items(); len(items) != want {
						t.Errorf("%s has %d items, want %d", list, len(items), want)
					}
				}
			}
			c.Get(mother, "payments/consultation/"+old).Want(200)
			c.Post(mother, "consultations", object{"slotId": c.Slot(doctor, time.Hour, 1), "reason": "Fever",
				"dependantId": son}).Want(404)
			c.Post(grown, "consultations", object{"slotId": c.Slot(doctor, time.Hour*2, 1), "reason": "Fever",
				"dependantId": son}).Want(404)
			// The record is the new account's own: its next visit is a later one, and the doctor sees the earlier.
			later := c.Slot(doctor, 3*time.Hour, 1)
			next := c.Post(grown, "consultations", object{"slotId": later, "reason": "Fever"}).Want(201).Text("id")
			who := c.Get(doctor, "consultations/"+next+"/patient").Want(200)
			if visits, _ := who.At("visits").([]any); len(visits) != 1 {
				t.Errorf("who comes: %s", who.Body)
			}
			for user, hidden := range map[apptest.User]bool{mother: true, grown: false} {
				items := c.Get(user, "dependant-transfers").Want(200).Items()
				if len(items) != 1 || (items[0]["dependantName"] == nil) != hidden {
					t.Errorf("transfers: %v", items)
				}
			}
			if n := c.Count("SELECT count(*) FROM mails WHERE kind = 'dependant-moved' AND user_id = ANY($1)",
				[]uuid.UUID{mother.ID, grown.ID}); n != 2 {
				t.Errorf("%d mails", n)
			}
			c.CheckInvariants()
		})
	}
}

// TestTransferTellsNothing: the answer and what others see don't depend on whether an address has an account.
func TestTransferTellsNothing(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	mother, known, stranger, doctor := c.Patient(), c.Patient(), c.Patient(), c.Doctor("0.00")
	shape := func(email string) object {
		a := requestTransfer(c, mother, c.Dependant(mother, twentyYears), email).Want(201).Map()
		for _, field := range []string{"id", "dependantId", "createdAt", "expiresAt"} {
			delete(a, field)
		}
		return a
	}
	one, other := shape(known.Email), shape("nobody-here@example.org")
	if len(one) != len(other) || one["status"] != other["status"] || one["acceptedAt"] != other["acceptedAt"] {
		t.Errorf("%v differs from %v", one, other)
	}
	id := requestTransfer(c, mother, c.Dependant(mother, twentyYears), known.Email).Want(201).Text("id")
	for _, user := range []apptest.User{stranger, mother} {
		accept(c, user, id).Want(404)
	}
	c.Do(stranger, "DELETE", "dependant-transfers/"+id, nil).Want(404)
	if items := c.Get(stranger, "dependant-transfers").Want(200).Items(); len(items) != 0 {
		t.Errorf("a stranger sees %v", items)
	}
	accept(c, doctor, id).Want(403)
	child := c.Dependant(mother, twentyYears)
	requestTransfer(c, mother, child, mother.Email).Want(422)
	requestTransfer(c, mother, child, "no address").Want(422)
	requestTransfer(c, stranger, child, known.Email).Want(404)
}

// TestTransferEnds: whoever ends a transfer, or lets it be for too long, ends it for all.
func TestTransferEnds(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	mother, grown, support := c.Patient(), c.Patient(), c.Support()
	son := c.Dependant(mother, twentyYears)
	status := func(id string) string {
		return apptest.QueryOne[string](t, c, "SELECT status::text FROM dependant_transfers WHERE id = $1", id)
	}
	for user, want := range map[apptest.User]string{mother: "CANCELLED", grown: "REFUSED", support: "REFUSED"} {
		id := requestTransfer(c, mother, son, grown.Email).Want(201).Text("id")
		c.Prove(user)
		c.Do(user, "DELETE", "dependant-transfers/"+id, nil).Want(204)
		if got := status(id); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		approve(c, support, id).Want(409, "transfer-over")
		if user != mother { // whose refusal hides it from the address
			accept(c, grown, id).Want(404)
		}
	}
	id := requestTransfer(c, mother, son, grown.Email).Want(201).Text("id")
	approve(c, support, id).Want(200)
	c.Clock.Advance(31 * 24 * time.Hour)
	accept(c, grown, id).Want(409, "transfer-over")
	if n := c.Count("SELECT count(*) FROM dependants WHERE user_id = $1", mother.ID); n != 1 {
		t.Error("the record was moved")
	}
	c.Clock.Advance(time.Hour)
	id = requestTransfer(c, mother, son, grown.Email).Want(201).Text("id")
	accept(c, grown, id).Want(200)
	c.Do(grown, "DELETE", "users/me", nil).Want(204)
	approve(c, support, id).Want(409, "transfer-over")
	id = requestTransfer(c, mother, son, c.Patient().Email).Want(201).Text("id")
	c.Do(mother, "DELETE", "users/me/dependants/"+son.String(), nil).Want(204)
	approve(c, support, id).Want(409, "transfer-over")
	c.CheckInvariants()
}

// TestTransferRaces: a transfer races a booking, the deletion of the dependant, and of either account. Whatever comes
// first, the dependant belongs to one account, and none of its consultations to a deleted one.
func TestTransferRaces(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	support, doctor := c.Support(), c.Doctor("0.00")
	for round := range 8 {
		mother, grown := c.Patient(), c.Patient()
		son := c.Dependant(mother, twentyYears)
		id := requestTransfer(c, mother, son, grown.Email).Want(201).Text("id")
		accept(c, grown, id).Want(200)
		slot := c.Slot(doctor, time.Duration(round+2)*time.Hour, 1)
		c.Prove(support)
		c.Prove(mother)
		rivals := []func() *apptest.Answer{
			func() *apptest.Answer {
				return c.Post(mother, "consultations", object{"slotId": slot, "reason": "Fever", "dependantId": son})
			},
			func() *apptest.Answer { return c.Do(mother, "DELETE", "users/me/dependants/"+son.String(), nil) },
			func() *apptest.Answer { return c.Do(mother, "DELETE", "users/me", nil) },
			func() *apptest.Answer { return c.Do(grown, "DELETE", "users/me", nil) },
		}
		var approved, rival *apptest.Answer
		var both sync.WaitGroup
		both.Go(func() { approved = c.Post(support, "dependant-transfers/"+id+"/approve", nil) })
		both.Go(func() { rival = rivals[round%len(rivals)]() })
		both.Wait()
		moved := approved.Status == 200
		if !moved && approved.Status != 409 {
			t.Errorf("approved: %s", approved.Body)
		}
		won := rival.Status < 300
		switch {
		case round%len(rivals) < 2 && won == moved:
			t.Errorf("round %d: moved: %v, and the other: %d", round, moved, rival.Status)
		case round%len(rivals) >= 2 && !won:
			t.Errorf("round %d: the deletion: %s", round, rival.Body)
		}
	}
	if n := c.Count(`SELECT count(*) FROM dependants d JOIN users u ON u.id = d.user_id JOIN users p ON p.id = d.id
		WHERE (u.deleted_at IS NOT NULL AND d.deleted_at IS NULL)
			OR (d.deleted_at IS NULL) <> (p.deleted_at IS NULL)`); n != 0 {
		t.Errorf("%d dependants of deleted accounts", n)
	}
	c.CheckInvariants()
}
