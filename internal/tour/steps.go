package tour

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

type object = map[string]any

// step is one step of the tour, with the name that Run prints.
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
	{"another patient can't book the same slot", (*Tour).checkSlotTaken},
	{"the first attempt to pay fails",
		func(t *Tour, ctx context.Context) error { return t.pay(ctx, "fail", "FAILED", "REQUESTED") }},
	{"the second one succeeds and confirms",
		func(t *Tour, ctx context.Context) error { return t.pay(ctx, "pay", "PAID", "CONFIRMED") }},
	{"the confirmation is mailed", (*Tour).confirmationMailed},
	{"the doctor starts the consultation",
		func(t *Tour, ctx context.Context) error { return t.setStatus(ctx, object{"status": "IN_PROGRESS"}) }},
	{"the doctor writes a prescription", (*Tour).prescribe},
	{"the doctor completes the consultation with notes", func(t *Tour, ctx context.Context) error {
		body := object{"status": "COMPLETED", "notes": "Sleep before eleven; come again in two weeks."}
		return t.setStatus(ctx, body)
	}},
	{"the patient reads the prescription", (*Tour).readPrescription},
	{"another patient sees none of it", (*Tour).checkHidden},
	{"the patient reviews the doctor, and everybody reads it without the name", (*Tour).review},
	{"a booking that is paid and cancelled is refunded", (*Tour).cancelAndRefund},
	{"the administrator withdraws the approval, and the search is as before", (*Tour).withdrawApproval},
	{"the patient signs out, and the token is refused", (*Tour).signOut},
}

// book sends the same request twice, as an app does that has lost the response: only one consultation is booked.
func (t *Tour) book(ctx context.Context) error {
	r := request{
		caller: t.patient,
		method: http.MethodPost,
		path:   "consultations",
		body:   object{"slotId": t.slot, "reason": "Trouble falling asleep"},
		key:    t.nextKey(),
	}
	var first, replay struct{ ID, Status string }
	if _, err := t.call(ctx, r, http.StatusCreated, &first); err != nil {
		return err
	}
	header, err := t.call(ctx, r, http.StatusCreated, &replay)
	if err != nil {
		return err
	}
	if replay != first || header.Get("Idempotency-Replayed") != "true" {
		return errors.New("the response to the same key is another booking")
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

func (t *Tour) checkSlotTaken(ctx context.Context) error {
	if err := t.signUpAndIn(ctx, &t.stranger); err != nil {
		return err
	}
	if err := t.giveConsents(ctx, t.stranger); err != nil {
		return err
	}
	body := object{"slotId": t.slot, "reason": "Headache"}
	return t.post(ctx, t.stranger, "consultations", body, http.StatusConflict, nil)
}

// submitCheckout starts a payment attempt and submits the form of its checkout page, as a browser does.
func (t *Tour) submitCheckout(ctx context.Context, caller person, consultation, outcome string) error {
	var payment struct {
		Attempt struct{ Checkout *struct{ URL string } }
	}
	body := object{"consultationId": consultation}
	if err := t.post(ctx, caller, "payments/initiate", body, http.StatusCreated, &payment); err != nil {
		return err
	}
	if payment.Attempt.Checkout == nil {
		return errors.New("the attempt has no checkout page")
	}
	page, err := url.Parse(payment.Attempt.Checkout.URL)
	if err != nil {
		return err
	}
	form := url.Values{"outcome": {outcome}}.Encode()
	httpRequest, err := http.NewRequestWithContext(ctx, http.MethodPost, t.URL+page.Path, strings.NewReader(form))
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
		return fmt.Errorf("the checkout page returned status %d", response.StatusCode)
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
			return errors.New("the mail contains the reason, which is health data")
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
	err := t.post(ctx, t.doctor, "prescriptions", object{
		"consultationId": t.consultation,
		"advice":         "Warm milk in the evening",
		"medications": []object{
			{"name": medicine, "dosage": "3 g", "frequency": "at bedtime", "durationDays": 14},
		},
	}, http.StatusCreated, &created)
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
	for _, path := range []string{
		"consultations/" + t.consultation,
		"prescriptions/" + t.prescription,
		"payments/consultation/" + t.consultation,
	} {
		r := request{caller: t.stranger, method: http.MethodGet, path: path}
		if _, err := t.call(ctx, r, http.StatusNotFound, nil); err != nil {
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
	err = t.post(ctx, t.patient, "consultations/"+c.ID+"/cancel", object{"reason": "Travelling"}, http.StatusOK, nil)
	if err != nil {
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
