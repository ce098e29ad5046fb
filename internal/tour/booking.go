package tour

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

func (t *Tour) find(ctx context.Context) error {
	all, err := t.search(ctx)
	switch {
	case err != nil:
		return err
	case len(all.Items) != 1 || all.Items[0].ID != t.doctor.id:
		return fmt.Errorf("the search found %d doctors instead of this one", len(all.Items))
	case all.Items[0].NextFreeSlot == nil || all.Items[0].NextFreeSlot.ID != t.slot:
		return errors.New("the search does not show the next free slot")
	}
	return nil
}

func (t *Tour) seeSlots(ctx context.Context) error {
	var free struct{ Items []struct{ ID string } }
	err := t.get(ctx, person{}, "availability/doctor/"+t.doctor.id+"?timezone=Asia/Kolkata", &free)
	if err == nil && len(free.Items) != 2 {
		return fmt.Errorf("%d free slots instead of 2", len(free.Items))
	}
	return err
}

// book sends the same request twice, as an app does that lost the answer: there is one consultation.
func (t *Tour) book(ctx context.Context) error {
	r := request{as: t.patient, method: http.MethodPost, path: "consultations", key: t.nextKey(),
		body: object{"slotId": t.slot, "reason": "Trouble falling asleep"}}
	var first, again struct{ ID, Status string }
	if _, err := t.call(ctx, r, http.StatusCreated, &first); err != nil {
		return err
	}
	header, err := t.call(ctx, r, http.StatusCreated, &again)
	if err != nil {
		return err
	}
	if again != first || header.Get("Idempotency-Replayed") != "true" {
		return errors.New("the same key was answered with another booking")
	}
	t.consultation = first.ID
	if first.Status != "REQUESTED" {
		return fmt.Errorf("the booking is %s instead of REQUESTED", first.Status)
	}
	return nil
}

func (t *Tour) refuseWithoutConsent(ctx context.Context) error {
	return t.post(ctx, t.patient, "consultations", object{"slotId": t.slot, "reason": "Trouble falling asleep"},
		http.StatusConflict, nil)
}

func (t *Tour) consent(ctx context.Context) error { return t.agree(ctx, t.patient) }

// agree consents to what must be agreed to before a booking.
func (t *Tour) agree(ctx context.Context, p person) error {
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

func (t *Tour) refuseTwin(ctx context.Context) error {
	if err := t.join(ctx, &t.other); err != nil {
		return err
	}
	if err := t.agree(ctx, t.other); err != nil {
		return err
	}
	return t.post(ctx, t.other, "consultations", object{"slotId": t.slot, "reason": "Headache"}, http.StatusConflict,
		nil)
}

// press pays as a browser does: on the page the attempt names.
func (t *Tour) press(ctx context.Context, as person, consultation, button string) error {
	var begun struct {
		Attempt struct{ Checkout *struct{ URL string } }
	}
	if err := t.post(ctx, as, "payments/initiate", object{"consultationId": consultation}, http.StatusCreated,
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
	sent, err := http.NewRequestWithContext(ctx, http.MethodPost, t.URL+page.Path,
		strings.NewReader(url.Values{"outcome": {button}}.Encode()))
	if err != nil {
		return err
	}
	sent.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := t.http.Do(sent)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the checkout page answered %d", answer.StatusCode)
	}
	return nil
}

func (t *Tour) pay(ctx context.Context, button, paymentStatus, status string) error {
	if err := t.press(ctx, t.patient, t.consultation, button); err != nil {
		return err
	}
	return t.awaitConsultation(ctx, t.consultation, paymentStatus, status)
}

func (t *Tour) awaitConsultation(ctx context.Context, id, paymentStatus, status string) error {
	return await(ctx, func() error {
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
		text, err := t.mail(ctx, p.email, "consultation-confirmed")
		if err != nil {
			return err
		}
		if strings.Contains(text, "asleep") {
			return errors.New("the mail holds the reason, which is health data")
		}
	}
	return nil
}
