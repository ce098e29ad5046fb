package property_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
	"amrutam/internal/consultation"
	"amrutam/internal/invariant"
	"amrutam/internal/jobs"
	"amrutam/internal/money"
	"amrutam/internal/notification"
	"amrutam/internal/payment"
	"amrutam/internal/telemetry"
)

type object = map[string]any

// clinic is a running clinic whose job queue is stopped: its sweep runs only when a test calls it.
type clinic struct {
	*apptest.Clinic
	consultations  *consultation.Service
	admin, support apptest.User
	runs           int
	// seen returns the transitions of the state machines that the database has stored.
	seen func() []apptest.Transition
	// drawn has the transitions in the diagrams of docs/architecture.md.
	drawn map[apptest.Transition]bool
	// answerCounts counts the responses by command and result: a long run fails if a result is missing.
	answerCounts map[string]int
}

func openClinic(t *testing.T, answerCounts map[string]int) *clinic {
	t.Helper()
	limits := func(c *config.Config) {
		c.MaxBookings = 5
		c.MaxBookingsWithDoctor = 3
	}
	c := &clinic{Clinic: apptest.Open(t, limits), answerCounts: answerCounts}
	if err := c.App.Queue.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	c.consultations = newSweeper(t, c.Clinic)
	c.seen = c.RecordTransitions()
	c.drawn = apptest.DiagramTransitions(t, "../../docs/architecture.md")
	c.admin, c.support = c.Admin(), c.Support()
	return c
}

// newSweeper returns a service whose Sweep is the server's, with a queue that only inserts jobs and runs none.
func newSweeper(t *testing.T, c *apptest.Clinic) *consultation.Service {
	t.Helper()
	log, metrics := slog.New(slog.NewTextHandler(io.Discard, nil)), telemetry.NewMetrics()
	queue, err := jobs.New(c.App.DB, log, metrics)
	if err != nil {
		t.Fatal(err)
	}
	mails, err := notification.New(c.App.DB, queue, c.App.Sealer, c.App.Config, log, metrics)
	if err != nil {
		t.Fatal(err)
	}
	jobs.Handle(queue, func(context.Context, payment.SendRefund) error { return nil }) // never started
	return &consultation.Service{
		DB:       c.App.DB,
		Sealer:   c.App.Sealer,
		Mails:    mails,
		Config:   c.App.Config,
		Metrics:  metrics,
		Payments: &payment.Service{DB: c.App.DB, Queue: queue, Metrics: metrics},
	}
}

// The model's copy of the data that the server should have.
type (
	doctor struct {
		apptest.User
		approved bool
		fee      money.Amount
	}
	slot struct {
		id               string
		doctor           *doctor
		start, end       time.Time
		seats, taken     int
		blocked, deleted bool
		everBooked       bool // a consultation has been booked
		closed           bool // by the withdrawal of an approval: a seat that is freed can't be booked
	}
	booking struct {
		id           string
		patient      apptest.User
		slot         *slot
		start, end   time.Time
		status       string
		payment      string
		fee          money.Amount
		due, endedAt time.Time
		created      time.Time
		cancelledBy  string
		// cancelledByID is zero if the system cancelled the booking.
		cancelledByID uuid.UUID
		// ended is when the patient cancelled the booking, or when its payment was due if that was earlier.
		ended         time.Time
		absent        string
		attempts      []*attempt
		refunds       []*refund
		prescriptions []*prescription
	}
	attempt struct {
		reference, status string
		booking           *booking
		captured          bool
		receipts          []*receipt // in the order in which a refund made at the provider uses them
		hasUnexpected     bool       // the provider reported another amount or currency, or none
		earlyRefunds      []receipt  // refunds that were reported before the payment
	}
	// receipt is money that the provider reported for an attempt: the expected amount, or another one.
	receipt struct {
		amount   money.Amount
		currency string
		expected bool
	}
	refund struct {
		receipt *receipt
		amount  money.Amount
		status  string
	}
	prescription struct {
		id         string
		superseded bool
	}
	// storedAnswer is the stored response of an idempotency key.
	storedAnswer struct {
		path   string
		body   string
		answer []byte
		until  time.Time
	}
	// userKey is an idempotency key of one user.
	userKey struct {
		user uuid.UUID
		key  string
	}
)

// model is the model of one run, and the clinic that it is compared with.
type model struct {
	*clinic
	doctors  []*doctor
	patients []apptest.User
	slots    []*slot
	bookings []*booking
	keys     map[userKey]storedAnswer
	webhooks []string
}

func newModel(c *clinic) *model {
	m := &model{clinic: c, keys: map[userKey]storedAnswer{}}
	for _, fee := range []money.Amount{50000, 0} {
		m.doctors = append(m.doctors, &doctor{User: c.Doctor(fee.String()), approved: true, fee: fee})
	}
	for range 3 {
		m.patients = append(m.patients, c.Patient())
	}
	return m
}

// result is the status of a response, and the slug of the problem if it is one.
type result struct {
	status int
	slug   string
}

var (
	notFound  = result{404, "not-found"}
	forbidden = result{403, "forbidden"}
	invalid   = result{422, "validation-failed"}

	notApproved = result{403, "doctor-not-approved"}
	illegal     = result{409, "illegal-transition"}
	tooEarly    = result{409, "too-early"}
	tooLate     = result{409, "too-late"}
)

func conflict(slug string) result { return result{409, slug} }

func resultOf(a *apptest.Answer) result {
	r := result{status: a.Status}
	if a.Status >= 300 {
		r.slug = strings.TrimPrefix(a.Text("type"), "/problems/")
	}
	return r
}

// check sends a command and compares the result with the model's prediction. The clock runs in the meantime, so the
// result may be the one predicted for the instant before or for the instant after.
func (m *model) check(t *rapid.T, command string, send func() *apptest.Answer,
	predict func(now time.Time) result) *apptest.Answer {
	before := predict(m.DB.Now())
	a := send()
	after := predict(m.DB.Now())
	got := resultOf(a)
	if got != before && got != after {
		t.Fatalf("%s: the model says %v, the server %v: %s%s", command, before, got, a.Body, m.describeSlots())
	}
	name := fmt.Sprintf("%s %d %s", command, got.status, got.slug)
	if a.Header.Get("Idempotency-Replayed") != "" {
		name += "replayed"
	}
	m.answerCounts[strings.TrimSpace(name)]++
	return a
}

// describeSlots returns the model's slots with their rows in the database, for error messages.
func (m *model) describeSlots() string {
	var text strings.Builder
	for _, s := range m.slots {
		var row *string
		err := m.DB.Pool.QueryRow(context.Background(),
			"SELECT (SELECT s::text FROM availability_slots s WHERE id::text = $1)", s.id).Scan(&row)
		fmt.Fprintf(&text, "\n%s of %s, %s to %s, taken %d of %d, %s, deleted %v; row: ",
			s.id, s.doctor.ID, s.start, s.end, s.taken, s.seats, s.status(), s.deleted)
		switch {
		case err != nil:
			text.WriteString(err.Error())
		case row != nil:
			text.WriteString(*row)
		}
	}
	return text.String()
}

// pick returns a random element.
func pick[T any](t *rapid.T, name string, from []T) T {
	return from[draw(t, name, len(from))]
}

// draw returns a number from 0 to n-1, all with the same probability. rapid's own generators prefer small numbers,
// which would be the same few commands here.
func draw(t *rapid.T, name string, n int) int {
	scramble := func(v uint64) int { return int((v * 0x9e3779b97f4a7c15 >> 33) % uint64(n)) }
	return rapid.Map(rapid.Uint64(), scramble).Draw(t, name)
}

// drawActor returns mostly one of the usual users, otherwise any user of the clinic.
func (m *model) drawActor(t *rapid.T, usual ...apptest.User) apptest.User {
	all := append([]apptest.User{m.admin, m.support}, m.patients...)
	for _, d := range m.doctors {
		all = append(all, d.User)
	}
	if len(usual) > 0 && draw(t, "usual", 4) > 0 {
		all = usual
	}
	return pick(t, "actor", all)
}

func (s *slot) status() string {
	switch {
	case s.blocked:
		return "BLOCKED"
	case s.taken == s.seats:
		return "BOOKED"
	default:
		return "AVAILABLE"
	}
}

// predictOverlap returns the refusal of a slot that conflicts with another one of the doctor, if it does.
func (m *model) predictOverlap(s slot) (refusal result, overlaps bool) {
	for _, o := range m.slots {
		switch {
		case o.deleted || o.id == s.id || o.doctor != s.doctor:
		case o.start.Equal(s.start) && o.end.Equal(s.end):
			return conflict("slot-exists"), true
		case !s.blocked && !o.blocked && o.start.Before(s.end) && s.start.Before(o.end):
			refusal, overlaps = conflict("slot-overlap"), true
		}
	}
	return refusal, overlaps
}

// predictReplay returns the prediction for a key that was used before, or false if the command runs.
func (m *model) predictReplay(k userKey, path, body string, now time.Time) (result, bool) {
	old, known := m.keys[k]
	if !known || !old.until.After(now) {
		return result{}, false
	}
	if old.path != path || old.body != body {
		return result{422, "idempotency-key-reused"}, true
	}
	return result{status: 201}, true
}

// storeAnswer stores the first successful response of a key and compares a repeated one with it, byte for byte. It
// reports whether this is the first.
func (m *model) storeAnswer(t *rapid.T, k userKey, path, body string, a *apptest.Answer) (first bool) {
	if a.Status != 201 {
		return false
	}
	if a.Header.Get("Idempotency-Replayed") == "" {
		m.keys[k] = storedAnswer{path, body, a.Body, m.DB.Now().Add(24 * time.Hour)}
		return true
	}
	if string(m.keys[k].answer) != string(a.Body) {
		t.Fatalf("the replay differs:\n%s\n%s", m.keys[k].answer, a.Body)
	}
	return false
}

// drawKey returns a new key, one that may have been used, or rarely none.
func (m *model) drawKey(t *rapid.T, user apptest.User) userKey {
	switch n := draw(t, "key", 20); {
	case n == 0:
		return userKey{user.ID, ""}
	case n <= 5:
		return userKey{user.ID, pick(t, "used", []string{"a", "b"})}
	default:
		return userKey{user.ID, uuid.NewString()}
	}
}

func (m *model) post(user apptest.User, path, key, body string) *apptest.Answer {
	if key == "" {
		return m.Do(user, "POST", path, []byte(body))
	}
	return m.Do(user, "POST", path, []byte(body), "Idempotency-Key", key)
}

func encode(body object) string {
	b, _ := json.Marshal(body)
	return string(b)
}

// checkInvariants checks the invariants of the whole database.
func checkInvariants(t interface{ Fatalf(string, ...any) }, c *apptest.Clinic) {
	results, err := invariant.Check(context.Background(), c.DB)
	if err != nil {
		t.Fatalf("%v", err)
	}
	for _, r := range results {
		if r.Broken > 0 {
			t.Fatalf("%s is broken %d times, for example by %v: %s", r.Name, r.Broken, r.Examples, r.Description)
		}
	}
}
