package payment_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
	"amrutam/internal/payment"
)

func approve(c *apptest.Clinic, user apptest.User, refund string) *apptest.Answer {
	return c.Do(user, "POST", "refunds/"+refund+"/approve", nil)
}

func decline(c *apptest.Clinic, user apptest.User, refund string) *apptest.Answer {
	return c.Do(user, "POST", "refunds/"+refund+"/decline", object{"reason": "It was held as booked"})
}

func TestOwnRefundCannotBeApproved(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	_, consultation, id, _ := captured(t, c)
	admin, other := c.Admin(), c.Admin()
	refund := requestRefund(c, admin, id, "500").Want(201).Text("id")
	approve(c, admin, refund).Want(409, "own-refund")
	wantRefundsOf(t, c, other, consultation, "500.00 REQUESTED")
	// A decision needs a recent second factor.
	c.Clock.Advance(5*time.Minute + time.Second)
	approve(c, other, refund).Want(403, "mfa-required")
	decline(c, other, refund).Want(403, "mfa-required")
	wantRefundsOf(t, c, other, consultation, "500.00 REQUESTED")
	c.Prove(other)
	decline(c, other, uuid.NewString()).Want(404)
	approved := approve(c, other, refund).Want(200)
	name := func(user apptest.User) string {
		return c.Get(other, "users/"+user.ID.String()).Want(200).Text("fullName")
	}
	wantEqual(t, "requestedByName", approved.Text("requestedByName"), name(admin))
	wantEqual(t, "approvedByName", approved.Text("approvedByName"), name(other))
	read := c.Get(other, "payments/consultation/"+consultation).Want(200)
	refunds, _ := read.At("refunds").([]any)
	first, _ := refunds[0].(object)
	wantEqual(t, "the name with the payment", fmt.Sprint(first["requestedByName"]), name(admin))
	wantRefundsOf(t, c, other, consultation, "500.00 SUCCEEDED")
	c.CheckInvariants()
	// The database refuses it too.
	if _, err := c.DB.Pool.Exec(context.Background(), "UPDATE refunds SET approved_by = requested_by"); err == nil {
		t.Error("the database accepts an approval by whoever requested it")
	}
	if _, err := c.DB.Pool.Exec(context.Background(), "UPDATE refunds SET approved_by = NULL"); err == nil {
		t.Error("a refund on request needs no approval")
	}
}

func TestRequestAfterDecline(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, consultation, id, _ := captured(t, c)
	support, admin := c.Support(), c.Admin()
	first := requestRefund(c, support, id, "400.00").Want(201).Text("id")
	requestRefund(c, support, id, "100.01").Want(409, "refund-exceeds-capture")
	decline(c, support, first).Want(403, "forbidden")
	declined := decline(c, admin, first).Want(200)
	if declined.Text("status") != "FAILED" || declined.Text("failureReason") != "It was held as booked" ||
		declined.At("approvedBy") != nil {
		t.Errorf("declined: %s", declined.Body)
	}
	decline(c, admin, first).Want(409, "illegal-transition")
	approve(c, admin, first).Want(409, "illegal-transition")
	wantRefundsOf(t, c, support, consultation, "400.00 FAILED It was held as booked")
	wantRefundsOf(t, c, patient, consultation, "")
	again := requestRefund(c, admin, id, "500.00").Want(201).Text("id")
	decline(c, admin, again).Want(200) // whoever asked takes it back
	approve(c, admin, requestRefund(c, support, id, "500.00").Want(201).Text("id")).Want(200)
	wantRefundsOf(t, c, patient, consultation, "500.00 SUCCEEDED")
	if n := c.Count("SELECT count(*) FROM audit_logs WHERE action = 'refund.decline' AND entity_type = "+
		"'refund' AND actor_id = $1", admin.ID); n != 2 {
		t.Errorf("%d declines are audited", n)
	}
	c.CheckInvariants()
}

func TestConcurrentApprovals(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	support := c.Support()
	var admins []apptest.User
	for range 5 {
		admins = append(admins, c.Admin())
	}
	const rounds = 8
	for range rounds {
		patient, consultation, id, _ := captured(t, c)
		refund := requestRefund(c, support, id, "300.00").Want(201).Text("id")
		if got := statuses(concurrently(5,
			func(i int) *apptest.Answer { return approve(c, admins[i], refund) })); got[200] != 1 || got[409] != 4 {
			t.Errorf("5 approvals: %v", got)
		}
		wantRefundsOf(t, c, patient, consultation, "300.00 SUCCEEDED")
	}
	for what, sql := range map[string]string{
		"jobs":               "SELECT count(*) FROM river_job WHERE kind = 'payment.refund'",
		"provider's refunds": "SELECT count(*) FROM payment_webhooks WHERE type = 'refund.succeeded'",
		"approvals audited":  "SELECT count(*) FROM audit_logs WHERE action = 'refund.approve'",
	} {
		if n := c.Count(sql); n != rounds {
			t.Errorf("%d %s, want %d", n, what, rounds)
		}
	}
	c.CheckInvariants()
}

func TestConcurrentCancellationAndApproval(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	support, admin := c.Support(), c.Admin()
	for range 8 {
		patient, consultation, id, _ := captured(t, c)
		refund := requestRefund(c, support, id, "200.00").Want(201).Text("id")
		answers := concurrently(3, func(i int) *apptest.Answer {
			switch i {
			case 0:
				return cancel(c, patient, consultation)
			case 1:
				return approve(c, admin, refund)
			default:
				return requestRefund(c, support, id, "300.00")
			}
		})
		answers[0].Want(200)
		want := "500.00 SUCCEEDED"
		if answers[1].Status == 200 {
			want = "200.00 SUCCEEDED, 300.00 SUCCEEDED"
		} else {
			answers[1].Want(409, "illegal-transition")
		}
		wantRefundsOf(t, c, patient, consultation, want)
		if n := c.Count("SELECT count(*) FROM refunds WHERE status = 'REQUESTED'"); n != 0 {
			t.Errorf("%d requests are left", n)
		}
	}
	c.CheckInvariants()
}

// After an approved refund that the provider refuses another follows, under the same approval.
func TestApprovedRefundFails(t *testing.T) {
	t.Parallel()
	c := openWithoutJobs(t)
	patient, consultation, id, reference := captured(t, c)
	support, admin := c.Support(), c.Admin()
	approve(c, admin, requestRefund(c, support, id, "80.00").Want(201).Text("id")).Want(200)
	requestRefund(c, support, id, "80.00").Want(201) // of the same amount, and not sent
	wantOutcome(t, c.Report("refund.failed", reference, "80.00"), 200, payment.RefundFailed)
	c.CheckInvariants()
	if got := refundsOf(c, patient, consultation); got != "80.00 FAILED, 80.00 PENDING" {
		t.Errorf("the patient reads %q", got)
	}
	if n := c.Count("SELECT count(*) FROM refunds WHERE status = 'PENDING' AND requested_by = $1 AND "+
		"approved_by = $2", support.ID, admin.ID); n != 1 {
		t.Errorf("%d refunds under the approval, want 1", n)
	}
	requestRefund(c, support, id, "340.01").Want(409, "refund-exceeds-capture")
	wantOutcome(t, c.Report("refund.succeeded", reference, "80.00"), 200, payment.Refunded)
	if got := refundsOf(c, support, consultation); got != "80.00 FAILED, 80.00 REQUESTED, 80.00 SUCCEEDED" {
		t.Errorf("support reads %q", got)
	}
	c.CheckInvariants()
}
