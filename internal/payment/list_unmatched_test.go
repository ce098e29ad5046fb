package payment_test

import (
	"fmt"
	"strings"
	"testing"

	"amrutam/internal/apptest"
)

func listUnmatched(c *apptest.Clinic, admin apptest.User, reference string) string {
	var all []string
	for _, u := range c.Get(admin, "admin/unmatched-money?transactionReference="+reference).Want(200).Items() {
		all = append(all, fmt.Sprint(u["kind"], " ", u["amount"], " ", u["currency"], " ", u["reason"], " ",
			u["status"], " ", u["actions"]))
	}
	return strings.Join(all, ", ")
}

func TestUnmatchedMoneyPages(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin := c.Admin()
	for i := range 5 {
		reportPaid(c, fmt.Sprint("stub_", i), "1.00", "INR").Want(202)
		reportRefunded(c, fmt.Sprint("other_", i), "1.00", "INR").Want(202)
	}
	seen, cursor := map[any]bool{}, ""
	for range 3 {
		a := c.Get(admin, "admin/unmatched-money?status=WAITING&kind=PAYMENT&limit=2"+cursor).Want(200)
		for _, u := range a.Items() {
			seen[u["id"]] = u["kind"] == "PAYMENT"
		}
		cursor = "&cursor=" + a.Text("nextCursor")
	}
	if len(seen) != 5 || cursor != "&cursor=" {
		t.Errorf("pages hold %v, then %q", seen, cursor)
	}
	for filter, n := range map[string]int{"": 10, "?status=CLOSED": 0, "?status=CLOSED,WAITING": 10, "?kind=REFUND": 5,
		"?from=2100-01-01T00:00:00Z": 0, "?to=2100-01-01T00:00:00Z": 10, "?transactionReference=stub_3": 1} {
		if got := len(c.Get(admin, "admin/unmatched-money"+filter).Want(200).Items()); got != n {
			t.Errorf("%q lists %d, want %d", filter, got, n)
		}
	}
	c.Get(admin, "admin/unmatched-money?status=LOST").Want(422)
	c.Get(admin, "admin/unmatched-money?cursor=AAAA").Want(422)
	c.Get(admin, "admin/unmatched-money?from=2030-01-02T00:00:00Z&to=2030-01-01T00:00:00Z").Want(422)
}
