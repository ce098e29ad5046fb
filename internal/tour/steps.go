package tour

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"
)

type object = map[string]any

type step struct {
	name string
	run  func(t *Tour, ctx context.Context) error
}

var steps = []step{
	{"the server is ready", func(t *Tour, ctx context.Context) error {
		return t.get(ctx, person{}, "/health/ready", nil)
	}},
	{"a doctor signs up", func(t *Tour, ctx context.Context) error { return t.signUp(ctx, &t.doctor, "DOCTOR") }},
	{"the doctor gets a mail and proves the address",
		func(t *Tour, ctx context.Context) error { return t.verify(ctx, t.doctor) }},
	{"the doctor signs in", func(t *Tour, ctx context.Context) error { return t.signIn(ctx, &t.doctor) }},
	{"the doctor applies", (*Tour).apply},
	{"before the approval nobody finds the doctor", (*Tour).checkNotFound},
	{"an administrator signs in", (*Tour).signInAdmin},
	{"the administrator approves the doctor", (*Tour).approve},
	{"the doctor opens two slots", (*Tour).openSlots},
	{"a patient signs up, proves the address and signs in",
		func(t *Tour, ctx context.Context) error { return t.signUpAndIn(ctx, &t.patient) }},
	{"the patient finds the doctor", (*Tour).checkFound},
	{"the patient sees the free slots", (*Tour).checkFreeSlots},
	{"without a consent to treatment the patient can't book", (*Tour).checkConsentRequired},
	{"the patient reads the notice and consents", (*Tour).consentAsPatient},
	{"the patient books", (*Tour).book},
	{"another patient can't have the same place", (*Tour).checkSlotTaken},
	{"the first attempt to pay fails",
		func(t *Tour, ctx context.Context) error { return t.pay(ctx, "fail", "FAILED", "REQUESTED") }},
	{"the second one succeeds and confirms",
		func(t *Tour, ctx context.Context) error { return t.pay(ctx, "pay", "PAID", "CONFIRMED") }},
	{"the confirmation is mailed", (*Tour).confirmationMailed},
	{"the doctor starts the consultation",
		func(t *Tour, ctx context.Context) error { return t.setStatus(ctx, object{"status": "IN_PROGRESS"}) }},
	{"the doctor writes a prescription", (*Tour).prescribe},
	{"the doctor completes the consultation with notes", func(t *Tour, ctx context.Context) error {
		return t.setStatus(ctx, object{"status": "COMPLETED", "notes": "Sleep before eleven; come again in two weeks."})
	}},
	{"the patient reads the prescription", (*Tour).readPrescription},
	{"to another patient none of it exists", (*Tour).checkHidden},
	{"a booking that is paid and cancelled is refunded", (*Tour).cancelAndRefund},
	{"the administrator withdraws the approval, and the search is as before", (*Tour).withdrawApproval},
	{"the patient signs out, and the token is worth nothing", (*Tour).signOut},
}

func (t *Tour) signUp(ctx context.Context, p *person, role string) error {
	var created struct{ ID string }
	err := t.post(ctx, person{}, "auth/signup", object{"email": p.email, "password": p.password, "fullName": p.name,
		"role": role}, http.StatusCreated, &created)
	p.id = created.ID
	return err
}

var tokenInLink = regexp.MustCompile(`/verify-email\?token=([A-Za-z0-9_-]+)`)

// waitForMail waits for a mail of the kind in the development mailbox.
func (t *Tour) waitForMail(ctx context.Context, to, kind string) (text string, err error) {
	err = waitFor(ctx, func() error {
		var box struct{ Items []struct{ Kind, Text string } }
		if err := t.get(ctx, person{}, "/dev/mailbox.json?to="+url.QueryEscape(to), &box); err != nil {
			return fmt.Errorf("the tour reads the development mailbox: %w", err)
		}
		for _, m := range box.Items {
			if m.Kind == kind {
				text = m.Text
				return nil
			}
		}
		return errNotYet
	})
	return text, err
}

func (t *Tour) verify(ctx context.Context, p person) error {
	text, err := t.waitForMail(ctx, p.email, "verify-email")
	if err != nil {
		return err
	}
	found := tokenInLink.FindStringSubmatch(text)
	if found == nil {
		return errors.New("the mail holds no link with a token")
	}
	return t.post(ctx, person{}, "auth/verify-email", object{"token": found[1]}, http.StatusNoContent, nil)
}

func (t *Tour) signIn(ctx context.Context, p *person) error {
	var session struct{ AccessToken string }
	err := t.post(ctx, person{}, "auth/login", object{"email": p.email, "password": p.password}, http.StatusOK,
		&session)
	p.token = session.AccessToken
	return err
}

// signInAdmin signs in with a code of the authenticator. Each works once, so a second tour within its 30 seconds takes
// the next one, which is good already, and a third one waits.
func (t *Tour) signInAdmin(ctx context.Context) error {
	var begun struct{ MFAToken string }
	err := t.post(ctx, person{}, "auth/login", object{"email": t.admin.email, "password": t.admin.password},
		http.StatusOK, &begun)
	if err != nil {
		return fmt.Errorf("the server may use another database than this command (same DATABASE_URL and "+
			"AMRUTAM_DATA_DIR?): %w", err)
	}
	if begun.MFAToken == "" {
		return errors.New("an administrator signs in by the password alone")
	}
	for try := range 3 {
		if try == 2 {
			if err := pause(ctx, codePeriod); err != nil {
				return err
			}
		}
		code, err := totp.GenerateCode(t.AdminSecret, t.Clock().Add(time.Duration(min(try, 1))*codePeriod))
		if err != nil {
			return err
		}
		var session struct{ AccessToken string }
		_, err = t.call(ctx, request{method: http.MethodPost, path: "auth/verify-mfa",
			body: object{"mfaToken": begun.MFAToken, "otp": code}}, http.StatusOK, &session)
		if t.admin.token = session.AccessToken; err == nil || try == 2 {
			return err
		}
	}
	return nil
}

// codePeriod is a step of an authenticator (RFC 6238).
const codePeriod = 30 * time.Second

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func (t *Tour) signUpAndIn(ctx context.Context, p *person) error {
	if err := t.signUp(ctx, p, "PATIENT"); err != nil {
		return err
	}
	if err := t.verify(ctx, *p); err != nil {
		return err
	}
	return t.signIn(ctx, p)
}

func (t *Tour) apply(ctx context.Context) error {
	return t.post(ctx, t.doctor, "doctors", object{"specialization": "Panchakarma " + t.runID, "yearsOfExperience": 12,
		"registrationNumber": "TOUR-" + t.runID, "consultationFee": "500.00", "languagesSpoken": []string{"en", "hi"},
		"bio": "Takes part in a tour."}, http.StatusCreated, nil)
}

type searchResult struct {
	Items []struct {
		ID           string
		NextFreeSlot *struct{ ID string }
	}
}

func (t *Tour) search(ctx context.Context) (result searchResult, err error) {
	err = t.get(ctx, person{}, "doctors?q="+t.runID+"&language=hi&minExperience=10&maxFee=500", &result)
	return result, err
}

func (t *Tour) checkNotFound(ctx context.Context) error {
	result, err := t.search(ctx)
	if err == nil && len(result.Items) != 0 {
		return errors.New("the search shows a doctor who is not approved")
	}
	return err
}

func (t *Tour) approve(ctx context.Context) error {
	var d struct{ IsApproved bool }
	err := t.patch(ctx, t.admin, "doctors/"+t.doctor.id+"/approve",
		object{"approved": true, "reason": "The registration was checked."}, &d)
	if err == nil && !d.IsApproved {
		return errors.New("the answer says that the doctor is not approved")
	}
	return err
}

// withdrawApproval leaves nobody in the search who isn't there for patients.
func (t *Tour) withdrawApproval(ctx context.Context) error {
	err := t.patch(ctx, t.admin, "doctors/"+t.doctor.id+"/approve",
		object{"approved": false, "reason": "The tour is over."}, nil)
	if err != nil {
		return err
	}
	return t.checkNotFound(ctx)
}

// openSlots opens one that may be started at once, and one far enough ahead to be cancelled.
func (t *Tour) openSlots(ctx context.Context) error {
	for _, slot := range []struct {
		in time.Duration
		id *string
	}{{10 * time.Minute, &t.slot}, {26 * time.Hour, &t.laterSlot}} {
		start := t.Clock().Add(slot.in).UTC().Truncate(time.Second)
		var created struct{ ID string }
		err := t.post(ctx, t.doctor, "availability", object{"startTime": start.Format(time.RFC3339),
			"endTime": start.Add(30 * time.Minute).Format(time.RFC3339), "maxPatients": 1}, http.StatusCreated, &created)
		if err != nil {
			return err
		}
		*slot.id = created.ID
	}
	return nil
}

func (t *Tour) checkFound(ctx context.Context) error {
	result, err := t.search(ctx)
	switch {
	case err != nil:
		return err
	case len(result.Items) != 1 || result.Items[0].ID != t.doctor.id:
		return fmt.Errorf("the search found %d doctors instead of this one", len(result.Items))
	case result.Items[0].NextFreeSlot == nil || result.Items[0].NextFreeSlot.ID != t.slot:
		return errors.New("the search does not show the next free slot")
	}
	return nil
}

func (t *Tour) checkFreeSlots(ctx context.Context) error {
	var free struct{ Items []struct{ ID string } }
	err := t.get(ctx, person{}, "availability/doctor/"+t.doctor.id+"?timezone=Asia/Kolkata", &free)
	if err == nil && len(free.Items) != 2 {
		return fmt.Errorf("%d free slots instead of 2", len(free.Items))
	}
	return err
}

// book sends the same request twice, as an app does that lost the answer: there is one consultation.
func (t *Tour) book(ctx context.Context) error {
	r := request{caller: t.patient, method: http.MethodPost, path: "consultations", key: t.nextKey(),
		body: object{"slotId": t.slot, "reason": "Trouble falling asleep"}}
	var first, replay struct{ ID, Status string }
	if _, err := t.call(ctx, r, http.StatusCreated, &first); err != nil {
		return err
	}
	header, err := t.call(ctx, r, http.StatusCreated, &replay)
	if err != nil {
		return err
	}
	if replay != first || header.Get("Idempotency-Replayed") != "true" {
		return errors.New("the same key was answered with another booking")
	}
	t.consultation = first.ID
	if first.Status != "REQUESTED" {
		return fmt.Errorf("the booking is %s instead of REQUESTED", first.Status)
	}
	return nil
}

func (t *Tour) checkConsentRequired(ctx context.Context) error {
	return t.post(ctx, t.patient, "consultations", object{"slotId": t.slot, "reason": "Trouble falling asleep"},
		http.StatusConflict, nil)
}

func (t *Tour) consentAsPatient(ctx context.Context) error { return t.giveConsents(ctx, t.patient) }

// giveConsents consents to what must be agreed to before a booking.
func (t *Tour) giveConsents(ctx context.Context, p person) error {
	var notices struct {
		Items []struct {
			Purpose, Text string
			NoticeVersion int
			Required      bool
		}
	}
	if err := t.get(ctx, p, "consents?language=hi", &notices); err != nil {
		return err
	}
	for _, n := range notices.Items {
		if !n.Required {
			continue
		}
		if n.Text == "" {
			return errors.New("the notice is empty")
		}
		if err := t.post(ctx, p, "consents", object{"purpose": n.Purpose, "noticeVersion": n.NoticeVersion,
			"language": "hi"}, http.StatusCreated, nil); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tour) checkSlotTaken(ctx context.Context) error {
	if err := t.signUpAndIn(ctx, &t.stranger); err != nil {
		return err
	}
	if err := t.giveConsents(ctx, t.stranger); err != nil {
		return err
	}
	return t.post(ctx, t.stranger, "consultations", object{"slotId": t.slot, "reason": "Headache"}, http.StatusConflict,
		nil)
}

// submitCheckout pays as a browser does: on the page the attempt names.
func (t *Tour) submitCheckout(ctx context.Context, caller person, consultation, outcome string) error {
	var begun struct {
		Attempt struct{ Checkout *struct{ URL string } }
	}
	if err := t.post(ctx, caller, "payments/initiate", object{"consultationId": consultation}, http.StatusCreated,
		&begun); err != nil {
		return err
	}
	if begun.Attempt.Checkout == nil {
		return errors.New("the attempt has no checkout page")
	}
	page, err := url.Parse(begun.Attempt.Checkout.URL)
	if err != nil {
		return err
	}
	httpRequest, err := http.NewRequestWithContext(ctx, http.MethodPost, t.URL+page.Path,
		strings.NewReader(url.Values{"outcome": {outcome}}.Encode()))
	if err != nil {
		return err
	}
	httpRequest.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := t.http.Do(httpRequest)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the checkout page answered %d", response.StatusCode)
	}
	return nil
}

func (t *Tour) pay(ctx context.Context, outcome, paymentStatus, status string) error {
	if err := t.submitCheckout(ctx, t.patient, t.consultation, outcome); err != nil {
		return err
	}
	return t.awaitConsultation(ctx, t.consultation, paymentStatus, status)
}

func (t *Tour) awaitConsultation(ctx context.Context, id, paymentStatus, status string) error {
	return waitFor(ctx, func() error {
		var c struct{ Status, PaymentStatus string }
		if err := t.get(ctx, t.patient, "consultations/"+id, &c); err != nil {
			return err
		}
		if c.Status != status || c.PaymentStatus != paymentStatus {
			return errNotYet
		}
		return nil
	})
}

func (t *Tour) confirmationMailed(ctx context.Context) error {
	for _, p := range []person{t.patient, t.doctor} {
		text, err := t.waitForMail(ctx, p.email, "consultation-confirmed")
		if err != nil {
			return err
		}
		if strings.Contains(text, "asleep") {
			return errors.New("the mail holds the reason, which is health data")
		}
	}
	return nil
}

func (t *Tour) setStatus(ctx context.Context, body object) error {
	var c struct{ Status string }
	err := t.patch(ctx, t.doctor, "consultations/"+t.consultation+"/status", body, &c)
	if err == nil && c.Status != body["status"] {
		return fmt.Errorf("the consultation is %s", c.Status)
	}
	return err
}

const medicine = "Ashwagandha churna"

func (t *Tour) prescribe(ctx context.Context) error {
	var created struct{ ID string }
	body := object{"consultationId": t.consultation, "advice": "Warm milk in the evening",
		"medications": []object{{"name": medicine, "dosage": "3 g", "frequency": "at bedtime", "durationDays": 14}}}
	_, err := t.call(ctx, request{caller: t.doctor, method: http.MethodPost, path: "prescriptions", body: body,
		key: t.nextKey()}, http.StatusCreated, &created)
	t.prescription = created.ID
	return err
}

func (t *Tour) readPrescription(ctx context.Context) error {
	var p struct{ Medications []struct{ Name string } }
	err := t.get(ctx, t.patient, "prescriptions/"+t.prescription, &p)
	if err == nil && (len(p.Medications) != 1 || p.Medications[0].Name != medicine) {
		return errors.New("the prescription is not the one that was written")
	}
	return err
}

func (t *Tour) checkHidden(ctx context.Context) error {
	for _, path := range []string{"consultations/" + t.consultation, "prescriptions/" + t.prescription,
		"payments/consultation/" + t.consultation} {
		if _, err := t.call(ctx, request{caller: t.stranger, method: http.MethodGet, path: path}, http.StatusNotFound,
			nil); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tour) cancelAndRefund(ctx context.Context) error {
	var c struct{ ID string }
	err := t.post(ctx, t.patient, "consultations", object{"slotId": t.laterSlot, "reason": "Follow-up"},
		http.StatusCreated, &c)
	if err != nil {
		return err
	}
	if err := t.submitCheckout(ctx, t.patient, c.ID, "pay"); err != nil {
		return err
	}
	if err := t.awaitConsultation(ctx, c.ID, "PAID", "CONFIRMED"); err != nil {
		return err
	}
	if err := t.post(ctx, t.patient, "consultations/"+c.ID+"/cancel", object{"reason": "Travelling"}, http.StatusOK,
		nil); err != nil {
		return err
	}
	return waitFor(ctx, func() error {
		var paid struct {
			Refunds []struct{ Amount, Status string }
		}
		if err := t.get(ctx, t.patient, "payments/consultation/"+c.ID, &paid); err != nil {
			return err
		}
		if len(paid.Refunds) != 1 || paid.Refunds[0].Status != "SUCCEEDED" {
			return errNotYet
		}
		if paid.Refunds[0].Amount != "500.00" {
			return errors.New("another amount was refunded than was paid")
		}
		return nil
	})
}

func (t *Tour) signOut(ctx context.Context) error {
	if err := t.post(ctx, t.patient, "auth/logout", nil, http.StatusNoContent, nil); err != nil {
		return err
	}
	_, err := t.call(ctx, request{caller: t.patient, method: http.MethodGet, path: "users/me"}, http.StatusUnauthorized,
		nil)
	return err
}
