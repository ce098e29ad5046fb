// Package apptest runs the whole server on a database of its own, for tests that go through the public API.
package apptest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/pquerna/otp/totp"

	"amrutam/internal/access"
	"amrutam/internal/app"
	"amrutam/internal/audit"
	"amrutam/internal/config"
	"amrutam/internal/invariant"
	"amrutam/internal/postgres"
	"amrutam/internal/seal"
	"amrutam/internal/testdb"
)

// Clinic is a running server with a clock.
type Clinic struct {
	t   testing.TB
	App *app.App
	// DB connects as the owner of the database, for builders and checks. The server uses App.DB, which has fewer
	// rights.
	DB    *postgres.DB
	URL   string
	Clock *Clock
	Log   *Log
	http  *http.Client
	users *atomic.Int64

	contract *contract // nil in benchmarks
}

// Clock is real time plus what Advance adds. After Freeze it stops.
type Clock struct {
	mu     sync.Mutex
	offset time.Duration
	frozen time.Time // zero while the clock runs
}

// Now returns the time of the clinic.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.frozen.IsZero() {
		return c.frozen.Add(c.offset)
	}
	return time.Now().Add(c.offset)
}

// Freeze stops the clock, for tests whose times must be exact on a slow machine.
func (c *Clock) Freeze() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frozen = time.Now()
}

// Advance moves the clock forward.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// Log collects the log of the server, so that tests can check what is in it and what isn't.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// linesOf returns the lines of a log about one request.
func linesOf(log fmt.Stringer, requestID string) string {
	var lines strings.Builder
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, `"`+requestID+`"`) {
			lines.WriteString(line)
		}
	}
	return lines.String()
}

// Open starts a clinic. The configure functions may change its settings.
func Open(t testing.TB, configure ...func(*config.Config)) *Clinic {
	t.Helper()
	return open(context.Background(), t, nil, configure)
}

// OpenTuned is Open with a function that changes how the server connects to the database.
func OpenTuned(t testing.TB, tune func(*pgx.ConnConfig), configure ...func(*config.Config)) *Clinic {
	t.Helper()
	return open(context.Background(), t, tune, configure)
}

// cheapHashes take a hundredth of the work of real ones: tests make thousands. TestHashParameters checks those of the
// server, and tests/fault runs it with them.
var cheapHashes = argon2id.Params{Memory: 256, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

func open(ctx context.Context, t testing.TB, tune func(*pgx.ConnConfig), configure []func(*config.Config)) *Clinic {
	t.Helper()
	cfg, err := config.Load(config.Server)
	must(t, err)
	cfg.MasterKey = base64.StdEncoding.EncodeToString(random(32))
	cfg.StubWebhookSecret = "whsec_" + base64.StdEncoding.EncodeToString(random(32))
	cfg.LoginLimit, cfg.RateLimit = "off", "off" // tests of the limits turn them on
	cfg.MaxInFlight = 2000                       // so that a machine busy with tests refuses nothing
	cfg.MaxBookings, cfg.MaxBookingsWithDoctor = 1000, 1000
	cfg.AuditCheckpoints = "none"
	cfg.DataDir = t.TempDir() // what a server writes beside its database
	server := httptest.NewUnstartedServer(nil)
	cfg.PublicURL = "http://" + server.Listener.Addr().String()
	for _, change := range configure {
		change(cfg)
	}
	clock := &Clock{}
	dsn := testdb.New(t, testdb.Migrate, postgres.Fingerprint())
	owner, err := postgres.Open(ctx, dsn, postgres.Options{Clock: clock.Now, MaxConns: 12, Owner: true})
	must(t, err)
	db, err := postgres.Open(ctx, dsn, postgres.Options{Clock: clock.Now, MaxConns: 12, Tune: tune,
		AcquireWithin: 20 * time.Second}) // likewise
	must(t, err)
	sealer, err := seal.Open(ctx, db.Pool, cfg.MasterKeys, clock.Now)
	must(t, err)
	log := &Log{}
	a, err := app.New(cfg, db, sealer, slog.New(slog.NewJSONHandler(log, nil)))
	must(t, err)
	_, isBenchmark := t.(*testing.B)
	if !isBenchmark {
		a.Passwords.Params = cheapHashes
	}
	handler := a.API.Handler()
	server.Config = app.Server(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", clock.Now().UTC().Format(http.TimeFormat)) // pages count down by it
		handler.ServeHTTP(w, r)
	}))
	server.Start()
	a.SetURL(server.URL)
	must(t, a.Queue.Start(ctx))
	t.Cleanup(func() {
		stopCtx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		a.Streams.Close()
		server.Close()
		a.API.WaitForDenials()
		_ = a.Queue.Stop(stopCtx)
		db.Close()
		owner.Close()
	})
	c := &Clinic{t: t, App: a, DB: owner, URL: server.URL, Clock: clock, Log: log,
		users: &atomic.Int64{}, http: &http.Client{Timeout: time.Minute}}
	c.http.Transport = &http.Transport{MaxIdleConnsPerHost: 100}
	if !isBenchmark {
		c.contract = &contract{t: t, log: log, document: documentOf(t, a), next: c.http.Transport,
			answered: &statusRecord{statuses: map[string]map[int]bool{}}}
		c.http.Transport = c.contract
	}
	return c
}

// User is a signed-in user.
type User struct {
	ID    uuid.UUID
	Email string
	Token string
	Role  access.Role
}

// User creates a user with a role, a verified address and a session. Staff have proven a second factor, and patients
// have consented to treatment. The user has no usable password; tests of the sign-in create their own users.
func (c *Clinic) User(role access.Role) User {
	c.t.Helper()
	u := User{ID: uuid.Must(uuid.NewV7()), Role: role, Token: base64.RawURLEncoding.EncodeToString(random(32))}
	u.Email = "user-" + u.ID.String() + "@example.org"
	wrapped, err := c.App.Sealer.NewWrappedKey(context.Background(), c.DB.Pool, u.ID)
	must(c.t, err)
	session := uuid.Must(uuid.NewV7())
	hash := sha256.Sum256([]byte(u.Token))
	now := c.DB.Now()
	var secondFactorAt *time.Time
	if role == access.RoleAdmin || role == access.RoleSupport {
		secondFactorAt = &now
	}
	c.build(func(tx *postgres.Tx) {
		tx.Queue(`INSERT INTO users (id, email, password_hash, role, is_email_verified, created_at, updated_at)
			VALUES ($1, $2, 'none', $3, true, $4, $4)`, u.ID, u.Email, role, now)
		tx.Queue(`INSERT INTO profiles (id, user_id, full_name, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)`,
			uuid.Must(uuid.NewV7()), u.ID, "Test "+string(role), now)
		tx.Queue(`INSERT INTO data_keys (user_id, wrapped, created_at) VALUES ($1, $2, $3)`, u.ID, wrapped, now)
		tx.Queue(`INSERT INTO sessions (id, user_id, user_agent, ip_address, created_at, last_used_at, expires_at,
			second_factor_at) VALUES ($1, $2, 'test', '127.0.0.1', $3, $3, $4, $5)`,
			session, u.ID, now, now.Add(10*365*24*time.Hour), secondFactorAt)
		tx.Queue(`INSERT INTO session_tokens (hash, session_id, kind, created_at, expires_at)
			VALUES ($1, $2, 'ACCESS', $3, $4)`,
			hash[:], session, now, now.Add(10*365*24*time.Hour))
		if role == access.RolePatient {
			queueConsent(tx, u, now)
		}
		auditBuilt(tx, "user.create", u.ID)
		auditBuilt(tx, "session.start", session)
	})
	if n := c.users.Add(1); n == 100 || n%1000 == 0 {
		c.analyze()
	}
	return u
}

// analyze makes PostgreSQL replace the plans that the connections made when the tables were empty: looking up a
// session among thousands took milliseconds.
func (c *Clinic) analyze() {
	c.t.Helper()
	c.Exec("ANALYZE users, profiles, data_keys, sessions, session_tokens, doctors, availability_slots, consultations")
}

// Authenticator sets up an authenticator for the user, confirmed or not. code returns its code at the clock's time.
func (c *Clinic) Authenticator(u User, confirmed bool) (code func() string) {
	c.t.Helper()
	secret := base32.StdEncoding.EncodeToString(random(20))
	key, err := c.App.Sealer.PersonKey(context.Background(), c.DB.Pool, u.ID)
	must(c.t, err)
	sealed, err := key.Seal("users.mfa_secret", u.ID, secret)
	must(c.t, err)
	c.Exec(`UPDATE users SET mfa_secret = $2, mfa_enabled = $3, mfa_step = 0,
		totp_confirmed_at = CASE WHEN $3 THEN $4::timestamptz END WHERE id = $1`,
		u.ID, sealed, confirmed, c.DB.Now())
	return func() string {
		code, err := totp.GenerateCode(secret, c.Clock.Now())
		must(c.t, err)
		return code
	}
}

// queueConsent records a consent to treatment, for the current version of the notice.
func queueConsent(tx *postgres.Tx, u User, now time.Time) {
	id := uuid.Must(uuid.NewV7())
	tx.Queue(`INSERT INTO consents (id, user_id, purpose, notice_version, language, channel, given_at)
		SELECT $1, $2, purpose, max(version), 'en', 'API', $3 FROM consent_notices WHERE purpose = 'TREATMENT'
			GROUP BY purpose`, id, u.ID, now)
	auditBuilt(tx, "consent.give", id)
}

// Prove gives the user's sessions a recent proof of the password and the second factor.
func (c *Clinic) Prove(u User) {
	c.t.Helper()
	c.Exec("UPDATE sessions SET second_factor_at = $2, authenticated_at = $2 WHERE user_id = $1", u.ID, c.DB.Now())
}

// ClearSecondFactor removes the proof of a second factor from the user's sessions.
func (c *Clinic) ClearSecondFactor(u User) {
	c.t.Helper()
	c.Exec("UPDATE sessions SET second_factor_at = NULL WHERE user_id = $1", u.ID)
}

// Cookie returns the value of a cookie with the session of a user, for a browser.
func (c *Clinic) Cookie(user User) string {
	c.t.Helper()
	cookie := "ct_" + base64.RawURLEncoding.EncodeToString(random(32))
	hash, known := sha256.Sum256([]byte(cookie)), sha256.Sum256([]byte(user.Token))
	c.build(func(tx *postgres.Tx) {
		tx.Queue(`INSERT INTO session_tokens (hash, session_id, kind, created_at, expires_at)
			SELECT $1, session_id, 'COOKIE', created_at, expires_at FROM session_tokens WHERE hash = $2`,
			hash[:], known[:])
		auditBuilt(tx, "session.start", user.ID)
	})
	return cookie
}

// Patient creates a signed-in patient.
func (c *Clinic) Patient() User { return c.User(access.RolePatient) }

// Admin creates a signed-in administrator.
func (c *Clinic) Admin() User { return c.User(access.RoleAdmin) }

// Support creates a signed-in member of the support staff.
func (c *Clinic) Support() User { return c.User(access.RoleSupport) }

// Doctor creates a signed-in, approved doctor with a fee like "500.00".
func (c *Clinic) Doctor(fee string) User {
	c.t.Helper()
	u := c.User(access.RoleDoctor)
	c.build(func(tx *postgres.Tx) {
		tx.Queue(`INSERT INTO doctors (id, user_id, specialization, years_of_experience, registration_number,
			registration_key, consultation_fee, languages_spoken, is_approved, created_at, updated_at)
			VALUES ($1, $1, 'Panchakarma', 12, $2, lower(replace($2, '-', '')), $3::text::numeric, '{en,hi}',
			true, $4, $4)`, u.ID, "AYU-"+u.ID.String(), fee, c.DB.Now())
		auditBuilt(tx, "doctor.apply", u.ID)
	})
	return u
}

// Dependant names a child of a patient, who was born so long ago.
func (c *Clinic) Dependant(patient User, age time.Duration) uuid.UUID {
	c.t.Helper()
	return uuid.MustParse(c.Post(patient, "users/me/dependants", map[string]any{"fullName": "Anil Rao",
		"dateOfBirth": c.DB.Now().Add(-age).Format(time.DateOnly), "gender": "MALE", "relation": "CHILD"}).
		Want(201).Text("id"))
}

// Slot creates a slot of 30 minutes that begins in so long from now, and returns its id.
func (c *Clinic) Slot(doctor User, in time.Duration, seats int) uuid.UUID {
	c.t.Helper()
	id := uuid.Must(uuid.NewV7())
	start := c.DB.Now().Add(in).Truncate(time.Second)
	c.build(func(tx *postgres.Tx) {
		tx.Queue(`INSERT INTO availability_slots (id, doctor_id, start_time, end_time, max_patients, created_at,
				updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $6)`,
			id, doctor.ID, start, start.Add(30*time.Minute), seats, c.DB.Now())
		auditBuilt(tx, "slot.create", id)
	})
	return id
}

// TakeConnections takes every connection of the server's pool, until release is called.
func (c *Clinic) TakeConnections() (release func()) {
	c.t.Helper()
	pool := c.App.DB.Pool
	var conns []interface{ Release() }
	for range pool.Config().MaxConns {
		conn, err := pool.Acquire(context.Background())
		must(c.t, err)
		conns = append(conns, conn)
	}
	return func() {
		for _, conn := range conns {
			conn.Release()
		}
	}
}

// build queues the rows of a builder and sends them in one transaction: tests make thousands of users.
func (c *Clinic) build(queue func(tx *postgres.Tx)) {
	c.t.Helper()
	must(c.t, c.DB.Write(context.Background(), func(tx *postgres.Tx) error {
		queue(tx)
		return nil
	}))
}

// auditBuilt writes the audit row that the server would write for what a builder inserts.
func auditBuilt(tx *postgres.Tx, action string, id uuid.UUID) {
	audit.Write(tx, access.System("test"), action, id, nil)
}

// CheckInvariants fails the test if an invariant is broken.
func (c *Clinic) CheckInvariants() {
	c.t.Helper()
	results, err := invariant.Check(context.Background(), c.DB)
	must(c.t, err)
	for _, r := range results {
		if r.Broken > 0 {
			c.t.Errorf("%s is broken %d times, for example by %v: %s", r.Name, r.Broken, r.Examples, r.Description)
		}
	}
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
