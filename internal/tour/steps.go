package tour

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/pquerna/otp/totp"
)

type object = map[string]any

type step struct {
	name string
	walk func(t *Tour, ctx context.Context) error
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
	{"before the approval nobody finds the doctor", (*Tour).notFound},
	{"an administrator signs in", (*Tour).signInAdmin},
	{"the administrator approves the doctor", (*Tour).approve},
	{"the doctor opens two slots", (*Tour).openSlots},
	{"a patient signs up, proves the address and signs in",
		func(t *Tour, ctx context.Context) error { return t.join(ctx, &t.patient) }},
	{"the patient finds the doctor", (*Tour).find},
	{"the patient sees the free slots", (*Tour).seeSlots},
	{"without a consent to treatment the patient can't book", (*Tour).refuseWithoutConsent},
	{"the patient reads the notice and consents", (*Tour).consent},
	{"the patient books", (*Tour).book},
	{"another patient can't have the same place", (*Tour).refuseTwin},
	{"the first attempt to pay fails",
		func(t *Tour, ctx context.Context) error { return t.pay(ctx, "fail", "FAILED", "REQUESTED") }},
	{"the second one succeeds and confirms",
		func(t *Tour, ctx context.Context) error { return t.pay(ctx, "pay", "PAID", "CONFIRMED") }},
	{"the confirmation is mailed", (*Tour).confirmationMailed},
	{"the doctor starts the consultation",
		func(t *Tour, ctx context.Context) error { return t.move(ctx, object{"status": "IN_PROGRESS"}) }},
	{"the doctor writes a prescription", (*Tour).prescribe},
	{"the doctor completes the consultation with notes", func(t *Tour, ctx context.Context) error {
		return t.move(ctx, object{"status": "COMPLETED", "notes": "Sleep before eleven; come again in two weeks."})
	}},
	{"the patient reads the prescription", (*Tour).readPrescription},
	{"to another patient none of it exists", (*Tour).hidden},
	{"a booking that is paid and cancelled is refunded", (*Tour).cancelAndRefund},
	{"the administrator withdraws the approval, and the search is as before", (*Tour).withdraw},
	{"the patient signs out, and the token is worth nothing", (*Tour).signOut},
}

func (t *Tour) signUp(ctx context.Context, p *person, role string) error {
	var made struct{ ID string }
	err := t.post(ctx, person{}, "auth/signup", object{"email": p.email, "password": p.password, "fullName": p.name,
		"role": role}, http.StatusCreated, &made)
	p.id = made.ID
	return err
}

var tokenInLink = regexp.MustCompile(`/verify-email\?token=([A-Za-z0-9_-]+)`)

// mail waits for a mail of the kind in the development mailbox.
func (t *Tour) mail(ctx context.Context, to, kind string) (text string, err error) {
	err = await(ctx, func() error {
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
	text, err := t.mail(ctx, p.email, "verify-email")
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
			if err := wait(ctx, codeLife); err != nil {
				return err
			}
		}
		code, err := totp.GenerateCode(t.AdminSecret, t.Clock().Add(time.Duration(min(try, 1))*codeLife))
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

// codeLife is a step of an authenticator (RFC 6238).
const codeLife = 30 * time.Second

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func (t *Tour) join(ctx context.Context, p *person) error {
	if err := t.signUp(ctx, p, "PATIENT"); err != nil {
		return err
	}
	if err := t.verify(ctx, *p); err != nil {
		return err
	}
	return t.signIn(ctx, p)
}

func (t *Tour) apply(ctx context.Context) error {
	return t.post(ctx, t.doctor, "doctors", object{"specialization": "Panchakarma " + t.run, "yearsOfExperience": 12,
		"registrationNumber": "TOUR-" + t.run, "consultationFee": "500.00", "languagesSpoken": []string{"en", "hi"},
		"bio": "Takes part in a tour."}, http.StatusCreated, nil)
}

type found struct {
	Items []struct {
		ID           string
		NextFreeSlot *struct{ ID string }
	}
}

func (t *Tour) search(ctx context.Context) (all found, err error) {
	err = t.get(ctx, person{}, "doctors?q="+t.run+"&language=hi&minExperience=10&maxFee=500", &all)
	return all, err
}

func (t *Tour) notFound(ctx context.Context) error {
	all, err := t.search(ctx)
	if err == nil && len(all.Items) != 0 {
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

// withdraw leaves nobody in the search who isn't there for patients.
func (t *Tour) withdraw(ctx context.Context) error {
	err := t.patch(ctx, t.admin, "doctors/"+t.doctor.id+"/approve",
		object{"approved": false, "reason": "The tour is over."}, nil)
	if err != nil {
		return err
	}
	return t.notFound(ctx)
}

// openSlots opens one that may be started at once, and one far enough ahead to be cancelled.
func (t *Tour) openSlots(ctx context.Context) error {
	for _, slot := range []struct {
		in time.Duration
		id *string
	}{{10 * time.Minute, &t.slot}, {26 * time.Hour, &t.otherSlot}} {
		start := t.Clock().Add(slot.in).UTC().Truncate(time.Second)
		var made struct{ ID string }
		err := t.post(ctx, t.doctor, "availability", object{"startTime": start.Format(time.RFC3339),
			"endTime": start.Add(30 * time.Minute).Format(time.RFC3339), "maxPatients": 1}, http.StatusCreated, &made)
		if err != nil {
			return err
		}
		*slot.id = made.ID
	}
	return nil
}

func (t *Tour) move(ctx context.Context, body object) error {
	var c struct{ Status string }
	err := t.patch(ctx, t.doctor, "consultations/"+t.consultation+"/status", body, &c)
	if err == nil && c.Status != body["status"] {
		return fmt.Errorf("the consultation is %s", c.Status)
	}
	return err
}

const medicine = "Ashwagandha churna"

func (t *Tour) prescribe(ctx context.Context) error {
	var made struct{ ID string }
	body := object{"consultationId": t.consultation, "advice": "Warm milk in the evening",
		"medications": []object{{"name": medicine, "dosage": "3 g", "frequency": "at bedtime", "durationDays": 14}}}
	_, err := t.call(ctx, request{as: t.doctor, method: http.MethodPost, path: "prescriptions", body: body,
		key: t.nextKey()}, http.StatusCreated, &made)
	t.prescription = made.ID
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

func (t *Tour) hidden(ctx context.Context) error {
	for _, path := range []string{"consultations/" + t.consultation, "prescriptions/" + t.prescription,
		"payments/consultation/" + t.consultation} {
		if _, err := t.call(ctx, request{as: t.other, method: http.MethodGet, path: path}, http.StatusNotFound,
			nil); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tour) cancelAndRefund(ctx context.Context) error {
	var c struct{ ID string }
	err := t.post(ctx, t.patient, "consultations", object{"slotId": t.otherSlot, "reason": "Follow-up"},
		http.StatusCreated, &c)
	if err != nil {
		return err
	}
	if err := t.press(ctx, t.patient, c.ID, "pay"); err != nil {
		return err
	}
	if err := t.awaitConsultation(ctx, c.ID, "PAID", "CONFIRMED"); err != nil {
		return err
	}
	if err := t.post(ctx, t.patient, "consultations/"+c.ID+"/cancel", object{"reason": "Travelling"}, http.StatusOK,
		nil); err != nil {
		return err
	}
	return await(ctx, func() error {
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
	_, err := t.call(ctx, request{as: t.patient, method: http.MethodGet, path: "users/me"}, http.StatusUnauthorized,
		nil)
	return err
}
