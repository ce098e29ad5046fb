package consultation_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
)

// join sends one side's client, with a description for the other side's if there is one.
func join(c *apptest.Clinic, user apptest.User, visit, client, description, peer string) *apptest.Answer {
	body := map[string]any{"clientId": client}
	if description != "" {
		body["description"], body["peerId"] = description, peer
	}
	return c.Post(user, "consultations/"+visit+"/call", body)
}

// The two sides exchange an offer and an answer, join anew, and are told of each other's steps alone.
func TestJoinCall(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("500.00")
	visit, _ := c.BookAndPay(patient, c.Slot(doctor, time.Hour, 1), "500.00")
	p, d := uuid.NewString(), uuid.NewString()
	join(c, patient, visit, p, "", "").Want(409, "too-early")
	c.Clock.Advance(50 * time.Minute)

	first := join(c, patient, visit, p, "", "").Want(200)
	if servers, ok := first.At("iceServers").([]any); first.At("other") != nil || !ok || len(servers) > 0 {
		t.Fatalf("the first to join got %s", first.Body)
	}
	if got := join(c, doctor, visit, d, "v=0 the offer", p).Want(200); got.At("other", "clientId") != p {
		t.Errorf("the doctor got %s", got.Body)
	}
	got := join(c, patient, visit, p, "v=0 the answer", d).Want(200)
	if got.At("other", "description") != "v=0 the offer" || got.At("other", "peerId") != p {
		t.Errorf("the patient got %s", got.Body)
	}
	for range 3 { // a client that asks again
		got = join(c, doctor, visit, d, "", "").Want(200)
	}
	if got.At("other", "description") != "v=0 the answer" || got.At("other", "peerId") != d {
		t.Errorf("the doctor got %s", got.Body)
	}
	join(c, patient, visit, uuid.NewString(), "", "").Want(200)
	if got = join(c, doctor, visit, d, "", "").Want(200); got.At("other", "clientId") == p ||
		got.At("other", "description") != nil {
		t.Errorf("after the patient joined anew the doctor got %s", got.Body)
	}
	shown := c.Get(doctor, "consultations/"+visit).Want(200)
	if shown.At("patientArrivedAt") == nil || shown.At("doctorArrivedAt") == nil {
		t.Errorf("who joins isn't checked in: %s", shown.Body)
	}
	told := func(user apptest.User) int {
		return c.Count("SELECT count(*) FROM events WHERE type = 'call.changed' AND user_id = $1", user.ID)
	}
	if told(doctor) != 3 || told(patient) != 1 {
		t.Errorf("the doctor was told %d times and the patient %d", told(doctor), told(patient))
	}
	if n := c.Count("SELECT count(*) FROM audit_logs WHERE action = 'consultation.join-call'"); n != 3 {
		t.Errorf("%d audit entries, want one for each client", n)
	}
	c.CheckInvariants()
}

// A call is for the parties of a visit that can be attended, and lasts as long as the visit.
func TestCallIsClosed(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor, client := c.Patient(), c.Doctor("0.00"), uuid.NewString()
	book := func(in time.Duration) string {
		return c.Post(patient, "consultations", map[string]any{"slotId": c.Slot(doctor, in, 1),
			"reason": "Back pain"}).Want(201).Text("id")
	}
	visit, cancelled, missed := book(time.Hour), book(2*time.Hour), book(3*time.Hour)
	c.Post(patient, "consultations/"+cancelled+"/cancel", nil).Want(200)
	c.Clock.Advance(time.Hour)
	c.Patch(doctor, "consultations/"+visit+"/status", map[string]any{"status": "IN_PROGRESS"}).Want(200)
	c.Clock.Advance(65 * time.Minute) // the visit takes longer than its slot
	join(c, patient, visit, client, "", "").Want(200)
	join(c, doctor, visit, client, "", "").Want(200)
	join(c, patient, cancelled, client, "", "").Want(409, "illegal-transition")
	for _, stranger := range []apptest.User{c.Patient(), c.Doctor("0.00")} {
		join(c, stranger, visit, client, "", "").Want(404, "not-found")
	}
	c.Clock.Advance(2 * time.Hour)
	join(c, patient, missed, client, "", "").Want(409)
	for _, body := range []map[string]any{
		{}, {"clientId": "me"}, {"clientId": client, "description": "v=0"}, {"clientId": client, "peerId": client},
		{"clientId": client, "peerId": client, "description": "<html>"},
		{"clientId": client, "peerId": client, "description": "v=0" + strings.Repeat(" ", 20000)},
	} {
		c.Post(patient, "consultations/"+visit+"/call", body).Want(422, "validation-failed")
	}
}

// A TURN server verifies the credentials with the secret that it shares.
func TestTURNCredentials(t *testing.T) {
	t.Parallel()
	const secret = "a secret of twenty letters"
	c := apptest.Open(t, func(cfg *config.Config) {
		cfg.ICEServers = []string{"stun:stun.example.org", "turn:turn.example.org:3478?transport=udp"}
		cfg.TURNSecret = secret
	})
	patient, doctor := c.Patient(), c.Doctor("0.00")
	visit := c.Post(patient, "consultations", map[string]any{"slotId": c.Slot(doctor, time.Hour, 1),
		"reason": "Back pain"}).Want(201).Text("id")
	c.Clock.Advance(time.Hour)
	servers, _ := join(c, patient, visit, uuid.NewString(), "", "").Want(200).At("iceServers").([]any)
	if len(servers) != 2 {
		t.Fatalf("servers: %v", servers)
	}
	turn, _ := servers[1].(map[string]any)
	username, _ := turn["username"].(string)
	until, _, _ := strings.Cut(username, ":")
	seconds, err := strconv.ParseInt(until, 10, 64)
	if left := time.Unix(seconds, 0).Sub(c.Clock.Now()); err != nil || left < 3*time.Hour || left > 5*time.Hour {
		t.Errorf("the credential of %q is good for %s", username, left)
	}
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(username))
	if turn["credential"] != base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
		t.Errorf("the credential is %v", turn["credential"])
	}
	if strings.Contains(username, patient.ID.String()) {
		t.Error("the username tells the TURN server who calls")
	}
}
