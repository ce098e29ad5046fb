package seed_test

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/pquerna/otp/totp"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
	"amrutam/internal/seed"
)

type object = map[string]any

// openQuiet starts a clinic whose jobs don't run, so that nothing changes what was made.
func openQuiet(t *testing.T, configure ...func(*config.Config)) *apptest.Clinic {
	t.Helper()
	c := apptest.Open(t, configure...)
	if err := c.App.Queue.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

func options(c *apptest.Clinic, scale float64) seed.Options {
	return seed.Options{Scale: scale, Seed: 1, Months: 13, Until: seed.LatestBase(c.Clock.Now())}
}

// fill fills the clinic's database, and returns what the command prints.
func fill(t *testing.T, c *apptest.Clinic, o seed.Options) string {
	t.Helper()
	var out bytes.Buffer
	if err := c.App.Seed(t.Context(), c.DB, o, &out, false); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestYear(t *testing.T) {
	t.Parallel()
	c := openQuiet(t)
	before := indexes(t, c)
	o := options(c, 0.0002)
	printed := fill(t, c, o)
	c.CheckInvariants()
	after := indexes(t, c)
	for _, definition := range before {
		if !slices.Contains(after, definition) {
			t.Errorf("missing: %s", definition)
		}
	}
	if len(after) != len(before) {
		t.Errorf("%d indexes, before there were %d", len(after), len(before))
	}

	for _, table := range []string{"users", "profiles", "data_keys", "doctors", "availability_slots", "consultations",
		"consents", "consultation_consents", "payments", "payment_attempts", "payment_webhooks", "refunds",
		"prescriptions", "reviews", "seats", "audit_logs", "idempotency_keys", "mails", "sessions",
		"session_tokens"} {
		if c.Count("SELECT count(*) FROM "+table) == 0 {
			t.Errorf("%s is empty", table)
		}
		if !strings.Contains(printed, " "+table+"\n") {
			t.Errorf("the summary leaves out %s", table)
		}
	}
	for _, table := range []string{"audit_logs", "consultations", "idempotency_keys"} {
		if n := c.Count("SELECT count(*) FROM " + table + "_default"); n != 0 {
			t.Errorf("%d rows of %s are in no partition of a month", n, table)
		}
	}
	wanted := int(o.Scale * 36_500_000)
	all := c.Count("SELECT count(*) FROM consultations")
	if all < wanted*9/10 || all > wanted*11/10 {
		t.Errorf("%d consultations, want about %d", all, wanted)
	}
	if n := 100 * c.Count("SELECT count(*) FROM consultations WHERE status = 'COMPLETED'") / all; n < 55 || n > 68 {
		t.Errorf("%d %% are completed", n)
	}
	if n := c.Count("SELECT count(DISTINCT (status, cancelled_by, absent)) FROM consultations"); n < 8 {
		t.Errorf("consultations end in %d ways only", n)
	}
	if n := c.Count("SELECT count(*) FROM prescriptions WHERE supersedes IS NOT NULL"); n == 0 {
		t.Error("no prescription corrects another")
	}
	// Nothing is later than the base date, apart from the calendar.
	base := o.Until.Add(5 * time.Hour)
	for _, column := range []string{"audit_logs.created_at", "consultations.updated_at", "users.created_at",
		"payments.updated_at", "availability_slots.updated_at", "prescriptions.created_at", "refunds.updated_at"} {
		table, name, _ := strings.Cut(column, ".")
		if n := c.Count("SELECT count(*) FROM "+table+" WHERE "+name+" > $1", base); n != 0 {
			t.Errorf("%d rows have a later %s", n, column)
		}
	}
	free := "SELECT count(*) FROM availability_slots WHERE status = 'AVAILABLE' AND start_time > $1"
	if n := c.Count(free, base); n == 0 {
		t.Error("nobody can book: there is no free slot")
	}
}

// indexes returns the definitions of all indexes, except for those of partitions.
func indexes(t *testing.T, c *apptest.Clinic) []string {
	t.Helper()
	return apptest.QueryOne[[]string](t, c, `SELECT array_agg(pg_get_indexdef(i.indexrelid)) FROM pg_index i
		JOIN pg_class c ON c.oid = i.indrelid
		WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition`)
}

// TestAuditTrail checks that each command has the rows that the server writes, with the same names in the metadata.
func TestAuditTrail(t *testing.T) {
	t.Parallel()
	c := openQuiet(t)
	fill(t, c, options(c, 0.0001))
	want := map[string][]string{
		"consultation.book":     {"doctorId", "requestId", "slotId", "to"},
		"consultation.cancel":   {"from", "job", "to"}, // by the sweep
		"consultation.complete": {"from", "requestId", "to"},
		"consultation.confirm":  {"from", "job", "requestId", "to"},
		"consultation.read":     {"healthData", "patientId", "requestId"},
		"consultation.start":    {"from", "requestId", "to"},
		"consent.give":          {"changed", "noticeVersion", "purpose", "requestId"},
		"doctor.approve":        {"changed", "requestId"},
		"payment.initiate":      {"attemptId", "consultationId", "requestId"},
		"payment.webhook":       {"job", "requestId", "type"},
		"prescription.read":     {"patientId", "requestId"},
		"prescription.write":    {"consultationId", "requestId", "supersedes"},
		"review.create":         {"consultationId", "doctorId", "requestId"},
		"refund.open":           {"amount", "currency", "paymentId", "requestId"},
		"refund.succeed":        {"job", "paymentId", "requestId"},
		"session.start":         {"requestId"},
		"slot.create":           {"requestId"},
		"user.sign-up":          {"requestId", "role"},
		"user.verify-email":     {"requestId"},
	}
	for action, names := range want {
		n := c.Count(`SELECT count(*) FROM audit_logs WHERE action = $1
			AND (SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(metadata) k) = $2::text[]`, action, names)
		if n == 0 {
			t.Errorf("no %s has %v", action, names)
		}
	}
}

func TestSameChoicesAgain(t *testing.T) {
	t.Parallel()
	o := options(openQuiet(t), 0.00005)
	var first []string
	for range 2 {
		c := openQuiet(t)
		fill(t, c, o)
		sums := checksums(t, c)
		if first != nil && !slices.Equal(first, sums) {
			t.Errorf("the same options made %v, then %v", first, sums)
		}
		first = sums
	}
	other := openQuiet(t)
	o.Seed = 2
	fill(t, other, o)
	if slices.Equal(first, checksums(t, other)) {
		t.Error("another seed made the same rows")
	}
}

// checksums returns a checksum of each table, without sealed values and without what follows from an installation's
// keys.
func checksums(t *testing.T, c *apptest.Clinic) []string {
	t.Helper()
	rows, err := c.DB.Pool.Query(t.Context(), `
		SELECT format('SELECT %L || md5(string_agg(t::text, E''\n'' ORDER BY t::text))
			FROM (SELECT %s FROM %I) t', table_name || ' ', string_agg(quote_ident(column_name), ', '
			ORDER BY ordinal_position), table_name)
		FROM information_schema.columns
		WHERE table_schema = 'public' AND table_name IN ('users', 'profiles', 'doctors', 'availability_slots',
			'consultations', 'consents', 'consultation_consents', 'payments', 'payment_attempts', 'payment_webhooks',
			'refunds', 'prescriptions', 'reviews', 'seats', 'audit_logs', 'idempotency_keys', 'mails', 'sessions')
			AND data_type <> 'bytea' AND column_name NOT IN ('password_hash', 'request_hash', 'xid')
		GROUP BY table_name ORDER BY table_name`)
	if err != nil {
		t.Fatal(err)
	}
	statements, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if len(statements) != 18 {
		t.Fatalf("%d tables", len(statements))
	}
	var sums []string
	for _, statement := range statements {
		sums = append(sums, apptest.QueryOne[string](t, c, statement))
	}
	return sums
}

func TestPeopleSignIn(t *testing.T) {
	t.Parallel()
	c := openQuiet(t)
	fill(t, c, options(c, 0.0001))
	password, err := c.App.DemoPassword()
	if err != nil {
		t.Fatal(err)
	}
	// A patient with a prescription reads it, the consultation and their own profile.
	email := apptest.QueryOne[string](t, c, `SELECT u.email FROM users u JOIN prescriptions p ON p.patient_id = u.id
		ORDER BY p.id LIMIT 1`)
	patient := signIn(c, email, password)
	profile := c.Get(patient, "users/me").Want(200)
	if profile.Text("phone") == "" || profile.Text("dateOfBirth") == "" {
		t.Errorf("profile: %s", profile.Body)
	}
	prescription := apptest.QueryOne[uuid.UUID](t, c, `SELECT p.id FROM prescriptions p
		JOIN users u ON u.id = p.patient_id WHERE u.email = $1 ORDER BY p.id LIMIT 1`, email)
	written := c.Get(patient, "prescriptions/"+prescription.String()).Want(200)
	if medications, ok := written.At("medications").([]any); !ok || len(medications) == 0 {
		t.Errorf("prescription: %s", written.Body)
	}
	consultation := c.Get(patient, "consultations/"+written.Text("consultationId")).Want(200)
	if consultation.Text("reason") == "" || consultation.Text("patientName") != profile.Text("fullName") {
		t.Errorf("consultation: %s", consultation.Body)
	}
	c.Get(patient, "payments/consultation/"+written.Text("consultationId")).Want(200)

	doctor := signIn(c, "doctor-1@example.org", password)
	if a := c.Get(doctor, "consultations/doctor/me").Want(200); len(a.Items()) == 0 {
		t.Errorf("consultations: %s", a.Body)
	}
	signInStaff(t, c, password)
}

func signIn(c *apptest.Clinic, email, password string) apptest.User {
	a := c.Post(apptest.User{}, "auth/login", object{"email": email, "password": password}).Want(200)
	return apptest.User{Email: email, Token: a.Text("accessToken")}
}

// signInStaff checks that the administrator's authenticator has the secret of `amrutam code`.
func signInStaff(t *testing.T, c *apptest.Clinic, password string) {
	t.Helper()
	secret, err := c.App.DemoSecret()
	if err != nil {
		t.Fatal(err)
	}
	code, err := totp.GenerateCode(secret, c.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	credentials := object{"email": "admin@example.org", "password": password}
	ticket := c.Post(apptest.User{}, "auth/login", credentials).Want(200).Text("mfaToken")
	a := c.Post(apptest.User{}, "auth/verify-mfa", object{"mfaToken": ticket, "otp": code}).Want(200)
	admin := apptest.User{Token: a.Text("accessToken")}
	support := c.Get(admin, "users?role=SUPPORT").Want(200)
	if items := support.Items(); len(items) != 1 || items[0]["email"] != "support@example.org" {
		t.Errorf("support: %s", support.Body)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	c := openQuiet(t)
	refuse := func(what string, o seed.Options, want string) {
		t.Helper()
		err := c.App.Seed(t.Context(), c.DB, o, io.Discard, false)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
	}
	o := options(c, 0.0001)
	for _, scale := range []float64{0, -1, 1.01} {
		refuse("a scale", seed.Options{Scale: scale, Months: 13, Until: o.Until}, "--scale")
	}
	refuse("no month", seed.Options{Scale: 0.1, Until: o.Until}, "--months")
	if err := c.App.Seed(t.Context(), c.App.DB, o, io.Discard, false); err == nil ||
		!strings.Contains(err.Error(), "own the schema") {
		t.Errorf("without the owner: %v", err)
	}
	c.App.Config.Env = "production"
	refuse("production", o, "production")
	c.App.Config.Env = "development"
	if n := c.Count("SELECT count(*) FROM users"); n != 0 {
		t.Errorf("%d users after refusals", n)
	}
	c.Patient()
	refuse("a used database", o, "has users already")
}

func TestInterruption(t *testing.T) {
	t.Parallel()
	c := openQuiet(t)
	o := options(c, 0.001)
	ctx, cancel := context.WithCancel(t.Context())
	stop := interrupter{cancel: cancel, after: "consultations, "}
	err := c.App.Seed(ctx, c.DB, o, &stop, true)
	if err == nil || !strings.Contains(err.Error(), "interrupted: the database is incomplete") {
		t.Fatalf("interrupted: %v", err)
	}
	err = c.App.Seed(t.Context(), c.DB, o, io.Discard, false)
	if err == nil || !strings.Contains(err.Error(), "did not finish") {
		t.Errorf("again: %v", err)
	}
}

// interrupter interrupts a program when it prints a text.
type interrupter struct {
	cancel context.CancelFunc
	after  string
}

func (i *interrupter) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(i.after)) {
		i.cancel()
	}
	return len(p), nil
}
