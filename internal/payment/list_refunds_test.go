package payment_test

import (
	"fmt"
	"testing"

	"amrutam/internal/apptest"
)

func TestListRefunds(t *testing.T) {
	t.Parallel()
	c := openWithoutJobs(t)
	support, admin := c.Support(), c.Admin()
	_, consultation, id, reference := captured(t, c)
	asked := requestRefund(c, support, id, "10.00").Want(201).Text("id")
	approve(c, admin, requestRefund(c, support, id, "20.00").Want(201).Text("id")).Want(200)
	reportRefunded(c, reference, "30.00", "INR").Want(200)
	for user, name := range map[*apptest.User]string{&support: "support", &admin: "the administrator"} {
		waiting := c.Get(*user, "refunds?status=REQUESTED").Want(200).Items()
		if len(waiting) != 1 || waiting[0]["id"] != asked || waiting[0]["consultationId"] != consultation ||
			waiting[0]["paymentId"] != id ||
			waiting[0]["requestedBy"] != support.ID.String() {
			t.Errorf("%s sees %v", name, waiting)
		}
		first := c.Get(*user, "refunds?limit=2").Want(200)
		rest := c.Get(*user, "refunds?limit=2&cursor="+first.Text("nextCursor")).Want(200)
		if len(first.Items()) != 2 || len(rest.Items()) != 1 || first.Items()[0]["atProvider"] != true ||
			rest.Text("nextCursor") != "" {
			t.Errorf("%s sees %s, then %s", name, first.Body, rest.Body)
		}
	}
	c.Exec("UPDATE profiles SET full_name = 'Ravi Menon' WHERE user_id = $1", support.ID)
	c.Exec("UPDATE profiles SET full_name = 'Leela Das' WHERE user_id = $1", admin.ID)
	names := func() (all []any) {
		for _, refund := range c.Get(support, "refunds").Want(200).Items() {
			all = append(all, refund["requestedByName"], refund["approvedByName"])
		}
		return all
	}
	// The money that the provider gave back by itself, the request that was approved, and the one that waits.
	wantEqual(t, "names", fmt.Sprint(names()), "[<nil> <nil> Ravi Menon Leela Das Ravi Menon <nil>]")
	c.Exec("UPDATE users SET deleted_at = now() WHERE id = $1", admin.ID)
	wantEqual(t, "names", fmt.Sprint(names()), "[<nil> <nil> Ravi Menon <nil> Ravi Menon <nil>]")
	c.Get(support, "refunds?status=ASKED").Want(422)
	c.Get(c.Patient(), "refunds").Want(403, "forbidden")
}
