package payment_test

import (
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
	c.Get(support, "refunds?status=ASKED").Want(422)
	c.Get(c.Patient(), "refunds").Want(403, "forbidden")
}
