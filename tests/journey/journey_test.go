// Package journey tests the course of a consultation, over HTTP only.
package journey_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/app"
	"amrutam/internal/apptest"
	"amrutam/internal/tour"
)

type object = map[string]any

func book(c *apptest.Clinic, patient apptest.User, slot uuid.UUID) *apptest.Answer {
	return c.Post(patient, "consultations", object{"slotId": slot, "reason": "Back pain for two weeks"})
}

// pay starts a payment attempt and submits the form of its checkout page, as a browser does.
func pay(t *testing.T, patient apptest.User, c *apptest.Clinic, consultation, outcome string) {
	t.Helper()
	payment := c.Post(patient, "payments/initiate", object{"consultationId": consultation}).Want(201)
	page, err := url.Parse(payment.Text("attempt", "checkout", "url"))
	if err != nil || page.Path == "" {
		t.Fatalf("checkout address %v: %s", err, payment.Body)
	}
	form := url.Values{"outcome": {outcome}}.Encode()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, c.URL+page.Path,
		strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := c.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("checkout: status %d", response.StatusCode)
	}
}

func TestBookingToPrescription(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("500.00")
	slot := c.Slot(doctor, 3*time.Hour, 1)
	booked := book(c, patient, slot).Want(201)
	id := booked.Text("id")
	if booked.Text("status") != "REQUESTED" || booked.Text("fee") != "500.00" ||
		booked.Header.Get("Location") != "/api/v1/consultations/"+id {
		t.Fatalf("booked: %s %v", booked.Body, booked.Header)
	}
	book(c, c.Patient(), slot).Want(409, "slot-taken")
	pay(t, patient, c, id, "fail")
	if s := c.Get(patient, "consultations/"+id).Want(200).Text("paymentStatus"); s != "FAILED" {
		t.Fatalf("paymentStatus %s after a failed attempt", s)
	}
	pay(t, patient, c, id, "pay")
	if s := c.Get(patient, "consultations/"+id).Want(200).Text("status"); s != "CONFIRMED" {
		t.Fatalf("status %s after the payment", s)
	}
	c.Post(patient, "payments/initiate", object{"consultationId": id}).Want(409, "already-paid")
	c.Patch(doctor, "consultations/"+id+"/status", object{"status": "IN_PROGRESS"}).Want(409, "too-early")
	c.Clock.Advance(3 * time.Hour)
	c.Patch(patient, "consultations/"+id+"/status", object{"status": "IN_PROGRESS"}).Want(403)
	c.Patch(doctor, "consultations/"+id+"/status", object{"status": "IN_PROGRESS"}).Want(200)
	medication := object{"name": "Triphala churna", "dosage": "5 g", "frequency": "twice a day", "durationDays": 14}
	prescription := c.Post(doctor, "prescriptions",
		object{"consultationId": id, "medications": []any{medication}, "advice": "Light food"}).Want(201)
	c.Patch(doctor, "consultations/"+id+"/status", object{"status": "COMPLETED", "notes": "Advised rest"}).Want(200)
	c.Patch(doctor, "consultations/"+id+"/status", object{"status": "IN_PROGRESS"}).Want(409, "illegal-transition")
	read := c.Get(patient, "prescriptions/"+prescription.Text("id")).Want(200)
	if !bytes.Contains(read.Body, []byte("Triphala churna")) {
		t.Fatalf("prescription: %s", read.Body)
	}
	if n := len(c.Get(patient, "prescriptions/me").Want(200).Items()); n != 1 {
		t.Fatalf("%d prescriptions listed", n)
	}
	// Another patient gets 404 for all of it, and support sees no health data.
	stranger := c.Patient()
	for _, path := range []string{
		"consultations/" + id,
		"prescriptions/" + prescription.Text("id"),
		"payments/consultation/" + id,
	} {
		c.Get(stranger, path).Want(404, "not-found")
	}
	seen := c.Get(c.Support(), "consultations/"+id).Want(200).Map()
	if seen["reason"] != nil || seen["notes"] != nil {
		t.Fatal("support sees health data")
	}
	list := c.Get(patient, "consultations/me").Want(200).Items()
	if len(list) != 1 || list[0]["notes"] != "Advised rest" {
		t.Fatalf("the patient's list: %v", list)
	}
	c.CheckInvariants()
}

func TestCancellationIsRefunded(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("300.00")
	id := book(c, patient, c.Slot(doctor, 5*time.Hour, 1)).Want(201).Text("id")
	pay(t, patient, c, id, "pay")
	c.Do(patient, "POST", "consultations/"+id+"/cancel", object{"reason": "travelling"}).Want(200)
	// A job and a webhook make the refund: wait for them.
	deadline := time.Now().Add(20 * time.Second)
	for {
		paid := c.Get(patient, "payments/consultation/"+id).Want(200)
		if bytes.Contains(paid.Body, []byte(`"SUCCEEDED"`)) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no refund: %s", paid.Body)
		}
	}
	// The seat is free again.
	free := c.Get(apptest.User{}, "availability/doctor/"+doctor.ID.String()).Want(200).Items()
	if len(free) != 1 {
		t.Fatalf("%d free slots", len(free))
	}
	c.CheckInvariants()
}

func TestIdempotencyKeyHasOneEffect(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("500.00")
	body := object{"slotId": c.Slot(doctor, 3*time.Hour, 5), "reason": "Cough"}
	var wg sync.WaitGroup
	answers := make([]*apptest.Answer, 30)
	for i := range answers {
		wg.Go(func() { answers[i] = c.Do(patient, "POST", "consultations", body, "Idempotency-Key", "one") })
	}
	wg.Wait()
	for _, a := range answers {
		if a.Status != 201 {
			a.Want(409, "idempotency-in-flight")
		}
	}
	again := c.Do(patient, "POST", "consultations", body, "Idempotency-Key", "one").Want(201)
	if again.Header.Get("Idempotency-Replayed") != "true" || len(c.Get(patient, "consultations/me").Items()) != 1 {
		t.Fatal("the key had more than one effect")
	}
	body["reason"] = "Fever"
	c.Do(patient, "POST", "consultations", body, "Idempotency-Key", "one").Want(422, "idempotency-key-reused")
	c.Do(patient, "POST", "consultations", body).Want(400, "idempotency-key-required")
	c.CheckInvariants()
}

func TestConcurrentBookingsOfOneSlot(t *testing.T) {
	t.Parallel()
	for _, seats := range []int{1, 3} {
		t.Run(fmt.Sprint(seats), func(t *testing.T) {
			t.Parallel()
			c := apptest.Open(t)
			slot := c.Slot(c.Doctor("500.00"), 3*time.Hour, seats)
			var wg sync.WaitGroup
			var mu sync.Mutex
			statuses := map[int]int{}
			for range 60 {
				patient := c.Patient()
				wg.Go(func() {
					a := book(c, patient, slot)
					for a.Status == 503 {
						a = book(c, patient, slot)
					}
					mu.Lock()
					defer mu.Unlock()
					statuses[a.Status]++
				})
			}
			wg.Wait()
			if statuses[201] != seats || statuses[409] != 60-seats {
				t.Fatalf("statuses %v for %d seats", statuses, seats)
			}
			c.CheckInvariants()
		})
	}
}

// TestTour walks the tour of `amrutam demo`.
func TestTour(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	if _, err := c.App.CreateDemoAdmin(context.Background()); err != nil {
		t.Fatal(err)
	}
	password, err := c.App.DemoPassword()
	if err != nil {
		t.Fatal(err)
	}
	secret, err := c.App.DemoSecret()
	if err != nil {
		t.Fatal(err)
	}
	var output bytes.Buffer
	demo := tour.Tour{
		URL:           c.URL,
		AdminEmail:    app.DemoAdmin.Email,
		AdminPassword: password,
		AdminSecret:   secret,
		Out:           &output,
		Clock:         c.Clock.Now,
	}
	for range 2 { // a second tour works with what the first has left
		if err := demo.Run(context.Background()); err != nil {
			t.Fatalf("%v\n%s", err, output.String())
		}
	}
	demo.AdminPassword = "another one"
	if err := demo.Run(context.Background()); err == nil || !strings.Contains(output.String(), "WRONG") {
		t.Fatalf("a failed step is not reported: %v\n%s", err, output.String())
	}
	c.CheckInvariants()
}
