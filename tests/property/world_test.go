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

	"amrutam/internal/access"
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
	care           *consultation.Service
	admin, support apptest.User
	runs           int
	// seen are the steps of the state machines that the database has stored, drawn those of the diagrams.
	seen  func() []apptest.Transition
	drawn map[apptest.Transition]bool
	// met counts the answers by command: a search that reaches too few of them fails.
	met map[string]int
}

func openClinic(t *testing.T, met map[string]int) *clinic {
	t.Helper()
	h := &clinic{Clinic: apptest.Open(t, func(c *config.Config) { c.MaxBookings, c.MaxBookingsWithDoctor = 5, 3 }),
		met: met}
	if err := h.App.Queue.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	h.care = sweeper(t, h.Clinic)
	h.seen, h.drawn = h.RecordTransitions(), apptest.DrawnTransitions(t, "../../docs/architecture.md")
	h.admin, h.support = h.Admin(), h.Support()
	return h
}

// sweeper is the server's own sweep on a queue that only inserts.
func sweeper(t *testing.T, c *apptest.Clinic) *consultation.Service {
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
	return &consultation.Service{DB: c.App.DB, Sealer: c.App.Sealer, Mails: mails, Config: c.App.Config,
		Metrics: metrics, Log: log, Money: &payment.Service{DB: c.App.DB, Queue: queue, Metrics: metrics, Log: log}}
}

// The model: what the server should know.
type (
	doctor struct {
		apptest.User
		approved bool
		fee      money.Amount
	}
	slot struct {
		id               string
		of               *doctor
		start, end       time.Time
		seats, taken     int
		blocked, deleted bool
		used             bool // had a consultation
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
		cancelledBy  string
		// cancelledByID: nobody, when the system did; ended is when an unpaid one ended, by its patient or because it
		// was due.
		cancelledByID uuid.UUID
		ended         time.Time
		absent        string
		attempts      []*attempt
		refunds       []*refund
		written       []*prescribed
	}
	attempt struct {
		reference, status string
		of                *booking
		captured          bool
		came              []*sum // in the order in which they go back when a refund names none
		unasked           bool   // something came that isn't what was asked
		early             []sum  // refunds that were reported before their money
	}
	// sum is money that came on an attempt, as much as was asked (own) or not.
	sum struct {
		amount   money.Amount
		currency string
		own      bool
	}
	refund struct {
		of     *sum
		amount money.Amount
		status string
	}
	prescribed struct {
		id         string
		superseded bool
	}
	// kept is the stored answer of an idempotency key.
	kept struct {
		path   string
		body   string
		answer []byte
		until  time.Time
	}
	// keyed is a key of one user.
	keyed struct {
		user uuid.UUID
		key  string
	}
)

type world struct {
	*clinic
	doctors  []*doctor
	patients []apptest.User
	slots    []*slot
	bookings []*booking
	keys     map[keyed]kept
	webhooks []string
}

func newWorld(h *clinic) *world {
	w := &world{clinic: h, keys: map[keyed]kept{}}
	for _, fee := range []money.Amount{50000, 0} {
		w.doctors = append(w.doctors, &doctor{User: h.Doctor(fee.String()), approved: true, fee: fee})
	}
	for range 3 {
		w.patients = append(w.patients, h.Patient())
	}
	return w
}

// verdict is what a command was answered: the status, and the slug of a refusal.
type verdict struct {
	status int
	slug   string
}

var (
	notFound  = verdict{404, "not-found"}
	forbidden = verdict{403, "forbidden"}
	invalid   = verdict{422, "validation-failed"}

	notApproved = verdict{403, "doctor-not-approved"}
	illegal     = verdict{409, "illegal-transition"}
	tooEarly    = verdict{409, "too-early"}
	tooLate     = verdict{409, "too-late"}
)

func conflict(slug string) verdict { return verdict{409, slug} }

func verdictOf(a *apptest.Answer) verdict {
	v := verdict{status: a.Status}
	if a.Status >= 300 {
		v.slug = a.Text("type")
		if len(v.slug) > len("/problems/") {
			v.slug = v.slug[len("/problems/"):]
		}
	}
	return v
}

// check sends a command and compares the answer with the model's. Time goes on meanwhile, so the prediction is asked
// for the instant before and for the one after.
func (w *world) check(t *rapid.T, command string, send func() *apptest.Answer,
	predict func(now time.Time) verdict) *apptest.Answer {
	before := predict(w.DB.Now())
	a := send()
	after := predict(w.DB.Now())
	got := verdictOf(a)
	if got != before && got != after {
		t.Fatalf("%s: the model says %v, the server %v: %s%s", command, before, got, a.Body, w.explain())
	}
	name := fmt.Sprintf("%s %d %s", command, got.status, got.slug)
	if a.Header.Get("Idempotency-Replayed") != "" {
		name += "replayed"
	}
	w.met[strings.TrimSpace(name)]++
	return a
}

// explain puts the model's slots beside the rows that are kept of them.
func (w *world) explain() string {
	var text strings.Builder
	for _, s := range w.slots {
		var kept *string
		err := w.DB.Pool.QueryRow(context.Background(),
			"SELECT (SELECT s::text FROM availability_slots s WHERE id::text = $1)", s.id).Scan(&kept)
		fmt.Fprintf(&text, "\n%s of %s, %s to %s, taken %d of %d, %s, deleted %v; kept: ", s.id, s.of.ID, s.start,
			s.end, s.taken, s.seats, s.status(), s.deleted)
		switch {
		case err != nil:
			text.WriteString(err.Error())
		case kept != nil:
			text.WriteString(*kept)
		}
	}
	return text.String()
}

func pick[T any](t *rapid.T, name string, from []T) T {
	return from[dice(t, name, len(from))]
}

// dice is 0 to n-1, each as likely: rapid's own draws prefer small numbers, which here would be the same few commands.
func dice(t *rapid.T, name string, n int) int {
	return rapid.Map(rapid.Uint64(), func(v uint64) int { return int((v * 0x9e3779b97f4a7c15 >> 33) % uint64(n)) }).
		Draw(t, name)
}

// anyone is mostly one of the named ones, else somebody of the clinic.
func (w *world) anyone(t *rapid.T, usual ...apptest.User) apptest.User {
	all := append([]apptest.User{w.admin, w.support}, w.patients...)
	for _, d := range w.doctors {
		all = append(all, d.User)
	}
	if len(usual) > 0 && dice(t, "usual", 4) > 0 {
		all = usual
	}
	return pick(t, "actor", all)
}

func (b *booking) live() bool {
	return b.status == "REQUESTED" || b.status == "CONFIRMED" || b.status == "IN_PROGRESS"
}

func (b *booking) sees(actor apptest.User) bool {
	return actor.ID == b.patient.ID || actor.ID == b.slot.of.ID || actor.Role == access.RoleAdmin ||
		actor.Role == access.RoleSupport
}

// end makes a status final: the seat is free.
func (b *booking) finish(status string) {
	b.status = status
	b.slot.taken--
}

// cancel is what a cancellation does, by nobody when the system does it.
func (b *booking) cancel(by apptest.User, at time.Time) {
	b.finish("CANCELLED")
	b.cancelledBy, b.cancelledByID = string(by.Role), by.ID
	if by.ID == uuid.Nil {
		b.cancelledBy, at = "SYSTEM", b.due
	}
	if by.ID == uuid.Nil || by.ID == b.patient.ID {
		b.ended = at
		if b.due.Before(at) {
			b.ended = b.due
		}
	}
	for _, a := range b.attempts {
		if a.status == "INITIATED" {
			a.status, b.payment = "FAILED", "FAILED"
		}
	}
	b.refundAll()
}

// refundAll gives back what came and is not on its way.
func (b *booking) refundAll() {
	for _, a := range b.attempts {
		for _, s := range a.came {
			if s.own {
				b.owe(s, s.amount-b.back(s, "PENDING")-b.back(s, "SUCCEEDED"))
			}
		}
	}
}

// owe begins a refund.
func (b *booking) owe(s *sum, amount money.Amount) {
	if amount > 0 {
		b.refunds = append(b.refunds, &refund{of: s, amount: amount, status: "PENDING"})
	}
}

// back is what goes back of a sum, or has gone.
func (b *booking) back(s *sum, status string) (all money.Amount) {
	for _, r := range b.refunds {
		if r.of == s && r.status == status {
			all += r.amount
		}
	}
	return all
}

func (b *booking) paymentStatus() string {
	switch b.payment {
	case "SUCCESS":
		return "PAID"
	case "FAILED":
		return "FAILED"
	default:
		return "PENDING"
	}
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

// clash is the refusal of a slot of the doctor that another one stands in the way of, if one does.
func (w *world) clash(s slot) (v verdict, clashes bool) {
	for _, o := range w.slots {
		switch {
		case o.deleted || o.id == s.id || o.of != s.of:
		case o.start.Equal(s.start) && o.end.Equal(s.end):
			return conflict("slot-exists"), true
		case !s.blocked && !o.blocked && o.start.Before(s.end) && s.start.Before(o.end):
			v, clashes = conflict("slot-overlap"), true
		}
	}
	return v, clashes
}

// replay is the prediction for a key that was used; false when the command runs.
func (w *world) replay(k keyed, path, body string, now time.Time) (verdict, bool) {
	old, known := w.keys[k]
	if !known || !old.until.After(now) {
		return verdict{}, false
	}
	if old.path != path || old.body != body {
		return verdict{422, "idempotency-key-reused"}, true
	}
	return verdict{status: 201}, true
}

// store keeps a first answer under its key, and compares a repeated one byte for byte. It tells whether it was the
// first.
func (w *world) store(t *rapid.T, k keyed, path, body string, a *apptest.Answer) (first bool) {
	if a.Status != 201 {
		return false
	}
	if a.Header.Get("Idempotency-Replayed") == "" {
		w.keys[k] = kept{path, body, a.Body, w.DB.Now().Add(24 * time.Hour)}
		return true
	}
	if string(w.keys[k].answer) != string(a.Body) {
		t.Fatalf("the replay differs:\n%s\n%s", w.keys[k].answer, a.Body)
	}
	return false
}

// key draws a fresh key, a used one, or now and then none.
func (w *world) key(t *rapid.T, user apptest.User) keyed {
	switch n := dice(t, "key", 20); {
	case n == 0:
		return keyed{user.ID, ""}
	case n <= 5:
		return keyed{user.ID, pick(t, "used", []string{"a", "b"})}
	default:
		return keyed{user.ID, uuid.NewString()}
	}
}

func (w *world) post(user apptest.User, path, key, body string) *apptest.Answer {
	if key == "" {
		return w.Do(user, "POST", path, []byte(body))
	}
	return w.Do(user, "POST", path, []byte(body), "Idempotency-Key", key)
}

func text(body object) string {
	b, _ := json.Marshal(body)
	return string(b)
}

// invariants are asked of the whole database.
func invariants(t interface{ Fatalf(string, ...any) }, c *apptest.Clinic) {
	results, err := invariant.Check(context.Background(), c.DB)
	if err != nil {
		t.Fatalf("%v", err)
	}
	for _, r := range results {
		if r.Broken > 0 {
			t.Fatalf("%s is broken %d times, for example by %v: %s", r.Name, r.Broken, r.Some, r.Text)
		}
	}
}
