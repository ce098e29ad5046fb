package payment_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
	"amrutam/internal/payment"
)

// captured is a consultation of 500.00 that is paid, its payment's id and its attempt's reference.
func captured(t *testing.T, c *apptest.Clinic) (patient apptest.User, consultation, id, reference string) {
	t.Helper()
	patient, consultation, reference = unpaid(c)
	wantOutcome(t, c.Report("payment.succeeded", reference, "500.00"), 200, payment.Captured)
	return patient, consultation, paymentOf(c, patient, consultation), reference
}

func paymentOf(c *apptest.Clinic, who apptest.User, consultation string) string {
	return c.Get(who, "payments/consultation/"+consultation).Want(200).Text("id")
}

func askBack(c *apptest.Clinic, who apptest.User, id, amount string) *apptest.Answer {
	return c.Post(who, "payments/"+id+"/refunds", object{"amount": amount, "reason": "The call was of poor quality"})
}

func approve(c *apptest.Clinic, who apptest.User, refund string) *apptest.Answer {
	return c.Do(who, "POST", "refunds/"+refund+"/approve", nil)
}

func decline(c *apptest.Clinic, who apptest.User, refund string) *apptest.Answer {
	return c.Do(who, "POST", "refunds/"+refund+"/decline", object{"reason": "It was held as booked"})
}

// atOnce sends so many requests together, again where the server was busy, and gives their answers.
func atOnce(n int, do func(i int) *apptest.Answer) []*apptest.Answer {
	answers := make([]*apptest.Answer, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			for answers[i] == nil || answers[i].Status == 503 {
				answers[i] = do(i)
			}
		})
	}
	all.Wait()
	return answers
}

func statuses(answers []*apptest.Answer) map[int]int {
	all := map[int]int{}
	for _, a := range answers {
		all[a.Status]++
	}
	return all
}

// refundsOf a consultation as somebody reads them: amount, status and why it failed.
func refundsOf(c *apptest.Clinic, who apptest.User, consultation string) string {
	var all []string
	refunds, _ := c.Get(who, "payments/consultation/"+consultation).Want(200).At("refunds").([]any)
	for _, one := range refunds {
		r, _ := one.(object)
		text, _ := r["amount"].(string)
		status, _ := r["status"].(string)
		why, _ := r["failureReason"].(string)
		all = append(all, strings.TrimSpace(text+" "+status+" "+why))
	}
	return strings.Join(all, ", ")
}

func wantRefundsOf(t *testing.T, c *apptest.Clinic, who apptest.User, consultation, want string) {
	t.Helper()
	var got string
	eventually(t, "the refunds "+want, func() bool {
		got = refundsOf(c, who, consultation)
		return got == want || !strings.Contains(got, "PENDING")
	})
	if got != want {
		t.Fatalf("%s reads the refunds %q, want %q", who.Role, got, want)
	}
}

func TestRefundOutsideThePolicy(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor, support, admin := c.Patient(), c.Doctor("500.00"), c.Support(), c.Admin()
	consultation, reference := c.Paid(patient, c.Slot(doctor, 5*time.Hour, 1), "500.00")
	id := paymentOf(c, patient, consultation)
	asked := askBack(c, support, id, "120.50").Want(201)
	refund := asked.Text("id")
	if asked.Text("status") != "REQUESTED" || asked.Text("amount") != "120.50" ||
		asked.Text("requestedBy") != support.ID.String() || asked.At("approvedBy") != nil ||
		asked.Header.Get("Location") != "/api/v1/payments/consultation/"+consultation {
		t.Fatalf("asked: %v %s", asked.Header, asked.Body)
	}
	// Until it is approved the provider is asked for nothing.
	wantOutcome(t, c.Report("refund.failed", reference, "120.50"), 202, payment.AmountMismatch)
	wantRefundsOf(t, c, support, consultation, "120.50 REQUESTED")
	wantRefundsOf(t, c, patient, consultation, "")
	wantRefundsOf(t, c, doctor, consultation, "")
	approve(c, support, refund).Want(403, "forbidden")
	approve(c, patient, refund).Want(403, "forbidden")
	if n := count(t, c, "SELECT count(*) FROM river_job WHERE kind = 'payment.refund'"); n != 0 {
		t.Errorf("%d refunds are asked for", n)
	}
	c.CheckInvariants()

	approved := approve(c, admin, refund).Want(200)
	if approved.Text("status") != "PENDING" || approved.Text("approvedBy") != admin.ID.String() ||
		approved.Text("requestedBy") != support.ID.String() {
		t.Errorf("approved: %s", approved.Body)
	}
	wantRefundsOf(t, c, patient, consultation, "120.50 SUCCEEDED")
	for _, party := range []apptest.User{patient, doctor} {
		if seen := string(c.Get(party, "payments/consultation/"+consultation).Want(200).Body); strings.Contains(seen,
			support.ID.String()) || strings.Contains(seen, admin.ID.String()) {
			t.Errorf("a %s reads who asked or approved: %s", party.Role, seen)
		}
	}
	wantState(t, c, patient, consultation, "CONFIRMED", "PAID")
	approve(c, admin, refund).Want(409, "illegal-transition")
	decline(c, admin, refund).Want(409, "illegal-transition")
	for _, missing := range []*apptest.Answer{approve(c, admin, uuid.NewString()), decline(c, admin, uuid.NewString()),
		askBack(c, admin, uuid.NewString(), "1.00")} {
		missing.Want(404, "not-found")
	}
	for action, who := range map[string]apptest.User{"refund.request": support, "refund.approve": admin} {
		if n := count(t, c, `SELECT count(*) FROM audit_logs WHERE action = $1 AND actor_id = $2 AND entity_id = $3
			AND metadata->>'amount' = '120.50'
			AND metadata->>'paymentId' = $4`, action, who.ID, refund, id); n != 1 {
			t.Errorf("%d rows of %s", n, action)
		}
	}
	if n := count(t, c, "SELECT count(*) FROM mails WHERE kind = 'refund-sent' AND user_id = $1", patient.ID); n != 1 {
		t.Errorf("%d mails tell the patient", n)
	}
	// What is left goes back when the consultation is cancelled.
	cancel(c, admin, consultation).Want(200)
	wantRefundsOf(t, c, patient, consultation, "120.50 SUCCEEDED, 379.50 SUCCEEDED")
	askBack(c, support, id, "0.01").Want(409, "refund-exceeds-capture")
	c.CheckInvariants()
}

func TestNobodyApprovesTheirOwnRefund(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	_, consultation, id, _ := captured(t, c)
	admin, other := c.Admin(), c.Admin()
	refund := askBack(c, admin, id, "500").Want(201).Text("id")
	approve(c, admin, refund).Want(409, "own-refund")
	wantRefundsOf(t, c, other, consultation, "500.00 REQUESTED")
	// A decision is about money: the second factor has to be fresh.
	c.Clock.Advance(5*time.Minute + time.Second)
	approve(c, other, refund).Want(403, "mfa-required")
	decline(c, other, refund).Want(403, "mfa-required")
	wantRefundsOf(t, c, other, consultation, "500.00 REQUESTED")
	c.Prove(other)
	decline(c, other, uuid.NewString()).Want(404)
	approve(c, other, refund).Want(200)
	wantRefundsOf(t, c, other, consultation, "500.00 SUCCEEDED")
	c.CheckInvariants()
	// Nor does the database take it.
	if _, err := c.DB.Pool.Exec(context.Background(), "UPDATE refunds SET approved_by = requested_by"); err == nil {
		t.Error("whoever asked is taken as who approved")
	}
	if _, err := c.DB.Pool.Exec(context.Background(), "UPDATE refunds SET approved_by = NULL"); err == nil {
		t.Error("a refund on request needs no approval")
	}
}

func TestDeclinedThenAskedAgain(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, consultation, id, _ := captured(t, c)
	support, admin := c.Support(), c.Admin()
	first := askBack(c, support, id, "400.00").Want(201).Text("id")
	askBack(c, support, id, "100.01").Want(409, "refund-exceeds-capture")
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
	again := askBack(c, admin, id, "500.00").Want(201).Text("id")
	decline(c, admin, again).Want(200) // whoever asked takes it back
	approve(c, admin, askBack(c, support, id, "500.00").Want(201).Text("id")).Want(200)
	wantRefundsOf(t, c, patient, consultation, "500.00 SUCCEEDED")
	if n := count(t, c, "SELECT count(*) FROM audit_logs WHERE action = 'refund.decline' AND entity_type = "+
		"'refund' AND actor_id = $1", admin.ID); n != 2 {
		t.Errorf("%d declines are audited", n)
	}
	c.CheckInvariants()
}

func TestAskingForARefundRefuses(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	_, _, id, _ := captured(t, c)
	support, admin := c.Support(), c.Admin()
	for body, location := range map[string]string{
		`{"amount": "0", "reason": "x"}`:                                           "body.amount",
		`{"amount": 0.00, "reason": "x"}`:                                          "body.amount",
		`{"amount": "-77.31", "reason": "x"}`:                                      "body.amount",
		`{"amount": -77.31, "reason": "x"}`:                                        "body.amount",
		`{"amount": "77.311", "reason": "x"}`:                                      "body.amount",
		`{"amount": 77.311, "reason": "x"}`:                                        "body.amount",
		`{"amount": "77,31", "reason": "x"}`:                                       "body.amount",
		`{"reason": "x"}`:                                                          "body.amount",
		`{"amount": "1.00"}`:                                                       "body.reason",
		`{"amount": "1.00", "reason": ""}`:                                         "body.reason",
		`{"amount": "1.00", "reason": " \n"}`:                                      "body.reason",
		`{"amount": "1.00", "reason": "\u200b"}`:                                   "body.reason",
		`{"amount": "1.00", "reason": "..."}`:                                      "body.reason",
		`{"amount": "1.00", "reason": "` + strings.Repeat("7731", 126) + `"}`:      "body.reason",
		`{"amount": "1.00", "reason": "x", "currency": "USD"}`:                     "body.currency",
		`{"amount": "1.00", "reason": "x", "requestedBy": "` + id + `", "x": "y"}`: "body.requestedBy",
	} {
		a := c.Post(support, "payments/"+id+"/refunds", []byte(body)).Want(422, "validation-failed")
		faults, _ := a.At("errors").([]any)
		if first, _ := faults[0].(object); first["location"] != location {
			t.Errorf("%s: %s", body, a.Body)
		}
		if said := fmt.Sprint(faults, a.Text("title"), a.Text("detail")); strings.Contains(said, "77") {
			t.Errorf("the answer repeats the value: %s", a.Body)
		}
	}
	exceeding := askBack(c, support, id, "500.01").Want(409, "refund-exceeds-capture")
	if !strings.Contains(exceeding.Text("detail"), "500.00 INR") {
		t.Errorf("it doesn't say how much remains: %s", exceeding.Body)
	}
	refund := askBack(c, support, id, "1.00").Want(201).Text("id")
	for _, reason := range []string{"", " \t", strings.Repeat("é", 501)} {
		c.Post(admin, "refunds/"+refund+"/decline", object{"reason": reason}).Want(422, "validation-failed")
	}
	longest := "Checked " + strings.Repeat("é", 492)
	if got := c.Post(admin, "refunds/"+refund+"/decline", object{"reason": longest}).Want(200).
		Text("failureReason"); got != longest {
		t.Errorf("the reason became %q", got)
	}
	// Nothing came, or nothing was due.
	patient, consultation, _ := unpaid(c)
	askBack(c, support, paymentOf(c, patient, consultation), "0.01").Want(409, "refund-exceeds-capture")
	free := c.Book(patient, c.Slot(c.Doctor("0.00"), 9*time.Hour, 1))
	askBack(c, support, paymentOf(c, patient, free), "0.01").Want(409, "refund-exceeds-capture")
	c.CheckInvariants()
}

func TestTheSameRequestAgainIsOne(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	_, _, id, _ := captured(t, c)
	support := c.Support()
	body := object{"amount": "10.00", "reason": "Goodwill"}
	first := c.Do(support, "POST", "payments/"+id+"/refunds", body, "Idempotency-Key", "once").Want(201)
	again := c.Do(support, "POST", "payments/"+id+"/refunds", body, "Idempotency-Key", "once").Want(201)
	if string(first.Body) != string(again.Body) || again.Header.Get("Idempotency-Replayed") != "true" ||
		again.Header.Get("Location") != first.Header.Get("Location") {
		t.Errorf("again: %v %s", again.Header, again.Body)
	}
	if n := count(t, c, "SELECT count(*) FROM refunds"); n != 1 {
		t.Errorf("%d refunds are asked for", n)
	}
	c.CheckInvariants()
}

func TestRequestsAtOnce(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	support := c.Support()
	for amount, win := range map[string]int{"500.00": 1, "200.00": 2} {
		_, _, id, _ := captured(t, c)
		answers := atOnce(10, func(int) *apptest.Answer { return askBack(c, support, id, amount) })
		if got := statuses(answers); got[201] != win || got[409] != 10-win {
			t.Errorf("10 requests for %s: %v", amount, got)
		}
	}
	c.CheckInvariants()
}

func TestApprovalsAtOnce(t *testing.T) {
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
		refund := askBack(c, support, id, "300.00").Want(201).Text("id")
		if got := statuses(atOnce(5,
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
		if n := count(t, c, sql); n != rounds {
			t.Errorf("%d %s, want %d", n, what, rounds)
		}
	}
	c.CheckInvariants()
}

// A cancellation gives back everything, once, whatever was asked for or approved before.
func TestCancellationBesideARequest(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, consultation, id, _ := captured(t, c)
	support, admin := c.Support(), c.Admin()
	open := askBack(c, support, id, "150.00").Want(201).Text("id")
	askBack(c, support, id, "50.00").Want(201)
	cancel(c, patient, consultation).Want(200)
	c.CheckInvariants()
	wantRefundsOf(t, c, patient, consultation, "500.00 SUCCEEDED")
	wantRefundsOf(t, c, support, consultation, "150.00 FAILED superseded, 50.00 FAILED superseded, 500.00 SUCCEEDED")
	approve(c, admin, open).Want(409, "illegal-transition")
	if n := count(t, c, "SELECT count(*) FROM audit_logs WHERE action = 'refund.supersede' AND actor_id = $1",
		patient.ID); n != 2 {
		t.Errorf("%d ended requests are audited", n)
	}
	c.CheckInvariants()
}

func TestCancellationRacesAnApproval(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	support, admin := c.Support(), c.Admin()
	for range 8 {
		patient, consultation, id, _ := captured(t, c)
		refund := askBack(c, support, id, "200.00").Want(201).Text("id")
		answers := atOnce(3, func(i int) *apptest.Answer {
			switch i {
			case 0:
				return cancel(c, patient, consultation)
			case 1:
				return approve(c, admin, refund)
			default:
				return askBack(c, support, id, "300.00")
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
		if n := count(t, c, "SELECT count(*) FROM refunds WHERE status = 'REQUESTED'"); n != 0 {
			t.Errorf("%d requests are left", n)
		}
	}
	c.CheckInvariants()
}

// What the provider refuses is sent again, under the approval that was given.
func TestAnApprovedRefundFails(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	// so that the refund waits for what is reported here
	if err := c.App.Queue.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	patient, consultation, id, reference := captured(t, c)
	support, admin := c.Support(), c.Admin()
	approve(c, admin, askBack(c, support, id, "80.00").Want(201).Text("id")).Want(200)
	askBack(c, support, id, "80.00").Want(201) // of the same amount, and not sent
	wantOutcome(t, c.Report("refund.failed", reference, "80.00"), 200, payment.RefundFailed)
	c.CheckInvariants()
	if got := refundsOf(c, patient, consultation); got != "80.00 FAILED, 80.00 PENDING" {
		t.Errorf("the patient reads %q", got)
	}
	if n := count(t, c, "SELECT count(*) FROM refunds WHERE status = 'PENDING' AND requested_by = $1 AND "+
		"approved_by = $2", support.ID, admin.ID); n != 1 {
		t.Errorf("%d refunds under the approval, want 1", n)
	}
	askBack(c, support, id, "340.01").Want(409, "refund-exceeds-capture")
	wantOutcome(t, c.Report("refund.succeeded", reference, "80.00"), 200, payment.Refunded)
	if got := refundsOf(c, support, consultation); got != "80.00 FAILED, 80.00 REQUESTED, 80.00 SUCCEEDED" {
		t.Errorf("support reads %q", got)
	}
	c.CheckInvariants()
}

// A refund that the provider names is that one, however often and under however many ids it is reported; another name
// is a refund made there.
func TestRefundsByName(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	// so that the refund waits for what is reported here
	if err := c.App.Queue.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	_, consultation, id, reference := captured(t, c)
	support, admin := c.Support(), c.Admin()
	refund := askBack(c, support, id, "80.00").Want(201).Text("id")
	approve(c, admin, refund).Want(200)
	report := func(event, name string, status int, want payment.Outcome) {
		t.Helper()
		reportRefund(t, c, event, reference, "80.00", name, status, want)
	}
	report("refund.failed", "re_of_the_provider", 202, payment.AmountMismatch)
	report("refund.succeeded", "re_of_the_provider", 200, payment.Refunded) // made there, while ours is under way
	report("refund.succeeded", "re_of_the_provider", 200, payment.Unchanged)
	if got := refundsOf(c, support, consultation); got != "80.00 PENDING, 80.00 SUCCEEDED" {
		t.Errorf("support reads %q", got)
	}
	report("refund.succeeded", refund, 200, payment.Refunded)
	for range 2 {
		report("refund.succeeded", refund, 200, payment.Unchanged)
		report("refund.failed", refund, 200, payment.Unchanged)
	}
	if got := refundsOf(c, support, consultation); got != "80.00 SUCCEEDED, 80.00 SUCCEEDED" {
		t.Errorf("support reads %q", got)
	}
	reportRefund(t, c, "refund.succeeded", reference, "80.00", strings.ToUpper(refund), 200, payment.Unchanged)
	// What contradicts a name is listed, and books nothing.
	_, _, _, other := captured(t, c)
	waiting := askBack(c, support, id, "10.00").Want(201).Text("id")
	reportRefund(t, c, "refund.succeeded", reference, "40.00", refund, 202, payment.AmountMismatch)
	reportRefund(t, c, "refund.succeeded", reference, "40.00", "re_of_the_provider", 202, payment.AmountMismatch)
	reportRefund(t, c, "refund.succeeded", reference, "10.00", waiting, 202, payment.AmountMismatch)
	reportRefund(t, c, "refund.failed", reference, "40.00", refund, 202, payment.AmountMismatch)
	third := askBack(c, support, id, "5.00").Want(201).Text("id")
	approve(c, admin, third).Want(200)
	reportRefund(t, c, "refund.succeeded", other, "5.00", third, 202, payment.AmountMismatch)
	if n := count(t, c, "SELECT count(*) FROM unmatched_money WHERE reason = 'WRONG_REFUND' AND status = 'WAITING'"); n != 4 {
		t.Errorf("%d contradictions are listed, want 4", n)
	}
	if got := refundsOf(c, support,
		consultation); got != "80.00 SUCCEEDED, 80.00 SUCCEEDED, 10.00 REQUESTED, 5.00 PENDING" {
		t.Errorf("support reads %q", got)
	}
	askBack(c, support, id, "325.01").Want(409, "refund-exceeds-capture")
	askBack(c, support, id, "325.00").Want(201)
}

// A refund of ours in whose place another one was made, and that the provider made all the same, is listed.
func TestBothNamedRefundsWereMade(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	if err := c.App.Queue.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	_, consultation, id, reference := captured(t, c)
	refund := askBack(c, c.Support(), id, "500.00").Want(201).Text("id")
	approve(c, c.Admin(), refund).Want(200)
	reportRefund(t, c, "refund.succeeded", reference, "500.00", "re_first", 200, payment.Refunded)
	reportRefund(t, c, "refund.succeeded", reference, "500.00", refund, 202, payment.AmountMismatch)
	reportRefund(t, c, "refund.succeeded", reference, "500.00", refund, 200, payment.Unchanged)
	if got := refundsOf(c, c.Support(), consultation); got != "500.00 FAILED superseded, 500.00 SUCCEEDED" {
		t.Errorf("support reads %q", got)
	}
	if n := count(t, c, "SELECT count(*) FROM unmatched_money WHERE reason = 'EXCEEDS_CAPTURE' AND amount = 500"); n != 1 {
		t.Errorf("%d are listed, want 1", n)
	}
}

func reportRefund(t *testing.T, c *apptest.Clinic, event, reference, amount, name string, status int,
	want payment.Outcome) {
	t.Helper()
	body := apptest.Event(event, reference, amount, "INR")
	body["data"].(map[string]any)["refundId"] = name //nolint:errcheck,forcetypeassert // made a line above
	wantOutcome(t, c.Webhook(uuid.NewString(), body), status, want)
	c.CheckInvariants()
}

// Also before its money comes and after all of it went back, a refund that is named is counted and listed once.
func TestNamedRefundsThatFitNothing(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, consultation, reference := unpaid(c)
	again := func(name, amount string, status int, first payment.Outcome) {
		t.Helper()
		reportRefund(t, c, "refund.succeeded", reference, amount, name, status, first)
		reportRefund(t, c, "refund.succeeded", reference, amount, name, 200, payment.Unchanged)
	}
	again("re_early", "200.00", 202, payment.AmountMismatch)
	wantOutcome(t, c.Report("payment.succeeded", reference, "500.00"), 200, payment.Captured)
	reportRefund(t, c, "refund.succeeded", reference, "200.00", "re_early", 200, payment.Unchanged)
	again("re_part", "250.00", 200, payment.Refunded)
	again("re_split", "80.00", 200, payment.Refunded) // 50.00 of it is left
	again("re_beyond", "70.00", 202, payment.AmountMismatch)
	if got := refundsOf(c, patient, consultation); got != "200.00 SUCCEEDED, 250.00 SUCCEEDED, 50.00 SUCCEEDED" {
		t.Errorf("the patient reads %q", got)
	}
	if n := count(t, c, "SELECT count(*) FROM unmatched_money WHERE kind = 'REFUND' AND status = 'WAITING'"); n != 2 {
		t.Errorf("%d refunds wait, want 30.00 and 70.00", n)
	}
}
