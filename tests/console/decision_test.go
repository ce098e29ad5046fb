package console_test

import (
	"fmt"
	"testing"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
	"amrutam/internal/apptest/browser"
)

// decision is something that waits for an administrator.
type decision struct {
	path, button, title string
	// fields are what the form asks for, by label.
	fields map[string]string
	// byAPI is how a colleague decides it.
	method, api string
	body        object
	// done is what the page then shows, and late what it says when a colleague was faster.
	done, late string
}

// setDecisions lets a refund, a dispute, money that fits nothing and an application wait.
func setDecisions(c *apptest.Clinic) []decision {
	patient, doctor, support, applicant := c.Patient(), c.Doctor("500.00"), c.Support(), c.User(access.RoleDoctor)
	c.Post(applicant, "doctors", object{"specialization": "Panchakarma", "yearsOfExperience": 8,
		"registrationNumber": "AYU-KL-7", "consultationFee": "500.00", "languagesSpoken": []string{"en"}}).Want(201)
	visit, _ := c.BookAndPay(patient, c.Slot(doctor, time.Hour, 1), "500.00")
	payment := c.Get(patient, "payments/consultation/"+visit).Want(200).Text("id")
	refund := c.Post(support, "payments/"+payment+"/refunds", object{"amount": "1.00",
		"reason": "The call broke down"}).Want(201).Text("id")
	c.Clock.Advance(75 * time.Minute)
	c.Patch(doctor, "consultations/"+visit+"/status", object{"status": "NO_SHOW"}).Want(200)
	dispute := c.Post(patient, "consultations/"+visit+"/dispute", object{"reason": "I was there"}).Want(201).Text("id")
	c.Report("payment.succeeded", "unknown-1", "500.00").Want(202)
	admin := c.Admin()
	c.Prove(admin)
	money := fmt.Sprint(c.Get(admin, "admin/unmatched-money?status=WAITING").Want(200).Items()[0]["id"])
	const changed = "The state has changed meanwhile"
	return []decision{
		{"/refunds", "Approve", "Approve the refund of ₹1.00", nil,
			"POST", "refunds/" + refund + "/approve", nil, "Approved by", changed},
		{"/disputes", "Decide", "Decide the dispute", map[string]string{"Decision": "UPHELD", "Reason": "Nobody came"},
			"POST", "disputes/" + dispute + "/decide", object{"decision": "UPHELD", "reason": "Nobody came"},
			"Left as recorded", changed},
		{"/admin/money", "Close it", "Close it", map[string]string{"Reason": "Settled by hand"},
			"POST", "admin/unmatched-money/" + money + "/resolve", object{"action": "CLOSE", "reason": "By hand"},
			"Nothing waits for a decision", "This no longer waits"},
		{"/admin/doctors/" + applicant.ID.String(), "Approve", "", nil,
			"PATCH", "doctors/" + applicant.ID.String() + "/approve", object{"approved": true},
			"is approved.", "was changed or decided meanwhile"},
	}
}

// TestDecisions lets an administrator decide what waits, each by a double click: it is decided once.
func TestDecisions(t *testing.T) {
	t.Parallel()
	c, p, decisions := openDecisions(t)
	for _, d := range decisions {
		open(p, d.path)
		d.begin(p)
		d.send(p)
		await(t, p, d.done)
	}
	c.CheckInvariants()
}

// TestDecidedMeanwhile tests that a page says so when a colleague has decided while the form was open, and that what
// was decided stays.
func TestDecidedMeanwhile(t *testing.T) {
	t.Parallel()
	c, p, decisions := openDecisions(t)
	colleague := c.Admin()
	c.Prove(colleague)
	for _, d := range decisions {
		open(p, d.path)
		d.begin(p)
		c.Do(colleague, d.method, d.api, d.body).Want(200)
		d.send(p)
		await(t, p, d.late)
	}
	c.CheckInvariants()
}

// openDecisions opens a browser with the session of an administrator, for whom decisions wait.
func openDecisions(t *testing.T) (*apptest.Clinic, *browser.Page, []decision) {
	t.Helper()
	c := apptest.Open(t)
	decisions, admin, p := setDecisions(c), c.Admin(), browser.Open(t, c)
	c.Prove(admin)
	p.SignIn(c, admin)
	return c, p, decisions
}

// begin opens the form of a decision and fills it in.
func (d decision) begin(p *browser.Page) {
	if d.title != "" {
		press(p, d.button)
	}
	for _, label := range []string{"Decision", "Reason"} {
		if value, isAsked := d.fields[label]; isAsked {
			fill(p, label, value)
		}
	}
}

// send sends the form by a double click.
func (d decision) send(p *browser.Page) {
	p.Script(`
		const button = [...(document.querySelector('dialog[open]') ?? document).querySelectorAll('form button')]
			.find(b => b.innerText.trim() === ` + quote(d.button) + `);
		button.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true, detail: 1}));
		button.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true, detail: 2}));
		return {};`)
}
