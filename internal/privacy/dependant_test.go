package privacy_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

// TestDependantsAreExportedAndErased: a dependant's records are in the copy of the account. They are erased with the
// account, each person's own record of care when the law allows it.
func TestDependantsAreExportedAndErased(t *testing.T) {
	t.Parallel()
	c := open(t)
	mother, doctor := c.Patient(), c.Doctor("0.00")
	seen, unseen := c.Dependant(mother, 9*365*day), c.Dependant(mother, 7*365*day)
	book := func(dependant uuid.UUID, in time.Duration, reason string) string {
		return c.Post(mother, "consultations", object{"slotId": c.Slot(doctor, in, 1), "reason": reason,
			"dependantId": dependant}).Want(201).Text("id")
	}
	id := book(seen, time.Minute, "MarkOne")
	c.Patch(doctor, "consultations/"+id+"/status", object{"status": "IN_PROGRESS"}).Want(200)
	c.Patch(doctor, "consultations/"+id+"/status", object{"status": "COMPLETED"}).Want(200)
	dropped := book(unseen, 24*time.Hour, "MarkTwo")
	c.Do(mother, "POST", "consultations/"+dropped+"/cancel", object{"reason": "travelling"}).Want(200)
	coming := book(unseen, 30*day, "MarkThree")

	files, _ := unzip(t, download(t, c, mother).Body)
	same(t, "dependants in the copy", len(entries(t, files, "dependants.json", "items")), 2)
	same(t, "their consultations", len(entries(t, files, "consultations.json", "items")), 3)
	same(t, "their payments", len(entries(t, files, "payments.json", "items")), 3)
	same(t, "their consents", len(entries(t, files, "consents.json", "consultations")), 3)

	c.Prove(mother)
	requestErasure(c, mother).Want(202)
	c.Clock.Advance(49 * time.Hour)
	sweep(t, c)
	sweep(t, c)
	child := func(id uuid.UUID) string { return status(t, c, apptest.User{ID: id}) }
	same(t, "erasures", []string{status(t, c, mother), child(seen), child(unseen)},
		[]string{"DONE", "PARTIAL", "DONE"})
	same(t, "the one to come", apptest.QueryOne[string](t, c, "SELECT status::text FROM consultations WHERE id = $1",
		coming), "CANCELLED")
	if read := c.Get(doctor, "consultations/"+id).Want(200); read.Text("reason") != "MarkOne" ||
		read.Text("patientName") != "Anil Rao" {
		t.Errorf("the record of care is %s", read.Body)
	}
	c.Clock.Advance(4 * 365 * day)
	sweep(t, c)
	same(t, "after the retention", child(seen), "DONE")
	same(t, "keys that are left", c.Count("SELECT count(*) FROM data_keys WHERE user_id IN ($1, $2, $3) AND wrapped "+
		"IS NOT NULL", mother.ID, seen, unseen), 0)
	same(t, "names that are left", c.Count("SELECT count(*) FROM profiles WHERE full_name = 'Anil Rao'"), 0)
	same(t, "texts that are left", findMarks(t, c, "MarkOne", "MarkTwo", "MarkThree"), []string(nil))
	c.CheckInvariants()
}

// TestDeletionCancelsDependants: with the account, the consultations of its dependants end.
func TestDeletionCancelsDependants(t *testing.T) {
	t.Parallel()
	c := open(t)
	mother, doctor, admin := c.Patient(), c.Doctor("0.00"), c.Admin()
	child := c.Dependant(mother, 9*365*day)
	id := c.Post(mother, "consultations", object{"slotId": c.Slot(doctor, 30*day, 1), "reason": "Fever",
		"dependantId": child}).Want(201).Text("id")
	c.Patch(admin, "users/"+mother.ID.String()+"/disable", object{"disabled": true}).Want(409, "has-consultations")
	c.Post(admin, "users/"+mother.ID.String()+"/erasure", nil).Want(409, "has-consultations")
	c.Do(mother, "DELETE", "users/me", nil).Want(204)
	if a := c.Get(doctor, "consultations/"+id).Want(200); a.Text("status") != "CANCELLED" {
		t.Errorf("the child's consultation is %s", a.Text("status"))
	}
	same(t, "deleted dependants", c.Count("SELECT count(*) FROM dependants d JOIN users u ON u.id = d.id WHERE "+
		"d.id = $1 AND d.deleted_at IS NOT NULL AND u.deleted_at IS NOT NULL", child), 1)
	c.CheckInvariants()
}

// TestTransferBesideErasure: the last confirmation of a transfer beside the erasure of the account that it leaves.
// Whichever comes first, a record that was moved is not erased with the mother's account, and one that was not moved
// is.
func TestTransferBesideErasure(t *testing.T) {
	t.Parallel()
	var moved atomic.Int32
	var all sync.WaitGroup
	delays := []int{0, 20, 60, 200} // so that some come first, and some last
	for _, delay := range delays {
		all.Go(func() { moved.Add(transferBesideErasure(t, delay)) })
	}
	all.Wait()
	t.Logf("%d of %d records were moved first", moved.Load(), len(delays))
}

// acceptTransfer has a mother ask for the move of a grown son's record to his own account, which accepts it.
func acceptTransfer(c *apptest.Clinic) (mother apptest.User, son uuid.UUID, grown apptest.User, id string) {
	mother, grown = c.Patient(), c.Patient()
	son = c.Dependant(mother, 20*365*day)
	c.Prove(mother)
	c.Prove(grown)
	id = c.Post(mother, "users/me/dependants/"+son.String()+"/transfer", object{"email": grown.Email}).
		Want(201).Text("id")
	c.Post(grown, "dependant-transfers/"+id+"/accept", nil).Want(200)
	return mother, son, grown, id
}

// transferBesideErasure returns 1 if the record was moved.
func transferBesideErasure(t *testing.T, delay int) int32 {
	t.Helper()
	c := open(t)
	mother, son, grown, id := acceptTransfer(c)
	support := c.Support()
	requestErasure(c, mother).Want(202)
	c.Clock.Advance(49 * time.Hour)
	c.Prove(support)
	apptest.Concurrently(2, func(i int) bool {
		if i == 0 {
			sweep(t, c)
			return true
		}
		for range delay {
			c.Get(support, "dependant-transfers?limit=1")
		}
		if a := c.Post(support, "dependant-transfers/"+id+"/approve", nil); a.Status != 200 {
			a.Want(409, "transfer-over")
		}
		return true
	})
	sweep(t, c)
	account := apptest.QueryOne[uuid.UUID](t, c, "SELECT user_id FROM dependants WHERE id = $1", son)
	want := map[uuid.UUID]string{mother.ID: "DONE", grown.ID: "none"}[account]
	same(t, "the mother's erasure", status(t, c, mother), "DONE")
	same(t, "the record's", status(t, c, apptest.User{ID: son}), want)
	c.CheckInvariants()
	if account == grown.ID {
		return 1
	}
	return 0
}

// TestExportOfTransfers tests that the copies of both sides name the transfer of a record.
func TestExportOfTransfers(t *testing.T) {
	t.Parallel()
	c := open(t)
	mother, _, grown, id := acceptTransfer(c)
	for _, user := range []apptest.User{mother, grown} {
		files, _ := unzip(t, download(t, c, user).Body)
		if text := fmt.Sprint(files["dependants.json"]); !strings.Contains(text, id) {
			t.Errorf("the copy doesn't name the transfer: %s", text)
		}
	}
}
