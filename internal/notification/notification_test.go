package notification_test

import (
	"strings"
	"testing"
	"time"

	"amrutam/internal/apptest"
)

func TestAConfirmationIsMailedToBoth(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("0.00")
	c.Post(patient, "consultations", map[string]any{"slotId": c.Slot(doctor, 3*time.Hour, 1), "reason": "Migraine"}).Want(201)
	deadline := time.Now().Add(20 * time.Second)
	for _, to := range []apptest.User{patient, doctor} {
		for {
			items := c.Get(apptest.User{}, "/dev/mailbox.json?to="+to.Email).Want(200).Items()
			if len(items) == 1 {
				if text, _ := items[0]["text"].(string); !strings.Contains(text, "is confirmed") || strings.Contains(text, "Migraine") || strings.Contains(text, "{") {
					t.Fatalf("mail: %s", text)
				}
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("no mail came")
			}
		}
	}
	if log := c.Log.String(); strings.Contains(log, patient.Email) {
		t.Fatal("the log holds a mail address")
	}
}
