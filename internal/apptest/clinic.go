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
	"testing"
	"time"

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
	// DB is the database as its owner, for builders and for looking behind the server, who works as App.DB with fewer
	// rights.
	DB    *postgres.DB
	URL   string
	Clock *Clock
	Log   *Log
	http  *http.Client

	contract *contract // nil in benchmarks
}

// Clock is real time, or stands still after Freeze, moved ahead by Advance.
type Clock struct {
	mu     sync.Mutex
	offset time.Duration
	frozen time.Time // zero: it goes
}

// Now is the clinic's instant.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.frozen.IsZero() {
		return c.frozen.Add(c.offset)
	}
	return time.Now().Add(c.offset)
}

// Freeze has the clock stand still from now on, for what must be exact however slow the machine is.
func (c *Clock) Freeze() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frozen = time.Now()
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// Log collects what the server logs, so that tests can look for what must not be there.
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

// Open starts a clinic. configure, when given, changes the settings first.
func Open(t testing.TB, configure ...func(*config.Config)) *Clinic {
	t.Helper()
	return open(context.Background(), t, nil, configure)
}

// OpenWatched is Open where tune changes how the server makes its connections.
func OpenWatched(t testing.TB, tune func(*pgx.ConnConfig), configure ...func(*config.Config)) *Clinic {
	t.Helper()
	return open(context.Background(), t, tune, configure)
}

func open(ctx context.Context, t testing.TB, tune func(*pgx.ConnConfig), configure []func(*config.Config)) *Clinic {
	t.Helper()
	cfg, err := config.Load(config.Server)
	must(t, err)
	cfg.MasterKey = base64.StdEncoding.EncodeToString(random(32))
	cfg.StubWebhookSecret = "whsec_" + base64.StdEncoding.EncodeToString(random(32))
	cfg.LoginLimit, cfg.RateLimit = "off", "off" // tests of the limits turn them on
	cfg.MaxInFlight = 2000                       // a machine that is busy with tests turns nobody away
	cfg.MaxBookings, cfg.MaxBookingsWithDoctor = 1000, 1000
	server := httptest.NewUnstartedServer(nil)
	cfg.PublicURL = "http://" + server.Listener.Addr().String()
	for _, change := range configure {
		change(cfg)
	}
	clock := &Clock{}
	dsn := testdb.New(t, testdb.Migrate, postgres.Fingerprint())
	owner, err := postgres.Open(ctx, dsn, postgres.Options{Clock: clock.Now, MaxConns: 12, Owner: true})
	must(t, err)
	db, err := postgres.Open(ctx, dsn, postgres.Options{Clock: clock.Now, MaxConns: 12, Tune: tune})
	must(t, err)
	sealer, err := seal.Open(ctx, db.Pool, cfg.MasterKeys, clock.Now)
	must(t, err)
	log := &Log{}
	a, err := app.New(cfg, db, sealer, slog.New(slog.NewJSONHandler(log, nil)))
	must(t, err)
	server.Config = app.Server(a.API.Handler())
	server.Start()
	a.ListensAt(server.URL)
	must(t, a.Queue.Start(ctx))
	t.Cleanup(func() {
		stopping, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		server.Close()
		a.API.Settle()
		_ = a.Queue.Stop(stopping)
		db.Close()
		owner.Close()
	})
	c := &Clinic{t: t, App: a, DB: owner, URL: server.URL, Clock: clock, Log: log,
		http: &http.Client{Timeout: time.Minute}}
	c.http.Transport = &http.Transport{MaxIdleConnsPerHost: 100}
	if _, measuring := t.(*testing.B); !measuring {
		c.contract = &contract{t: t, log: log, document: documentOf(t, a), next: c.http.Transport,
			seen: &record{met: map[string]map[int]bool{}}}
		c.http.Transport = c.contract
	}
	return c
}

// User is somebody signed in.
type User struct {
	ID    uuid.UUID
	Email string
	Token string
	Role  access.Role
}

// User makes somebody of a role, verified and signed in; a patient consents to treatment. The password is not usable:
// sign-in has tests of its own.
func (c *Clinic) User(role access.Role) User {
	c.t.Helper()
	u := User{ID: uuid.Must(uuid.NewV7()), Role: role, Token: base64.RawURLEncoding.EncodeToString(random(32))}
	u.Email = "user-" + u.ID.String() + "@example.org"
	wrapped, err := c.App.Sealer.NewWrappedKey(context.Background(), c.DB.Pool, u.ID)
	must(c.t, err)
	session := uuid.Must(uuid.NewV7())
	hash := sha256.Sum256([]byte(u.Token))
	now := c.DB.Now()
	c.exec(`INSERT INTO users (id, email, password_hash, role, is_email_verified, created_at, updated_at)
		VALUES ($1, $2, 'none', $3, true, $4, $4)`, u.ID, u.Email, role, now)
	c.exec(`INSERT INTO profiles (id, user_id, full_name, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)`,
		uuid.Must(uuid.NewV7()), u.ID, "Test "+string(role), now)
	c.exec(`INSERT INTO data_keys (user_id, wrapped, created_at) VALUES ($1, $2, $3)`, u.ID, wrapped, now)
	var proven *time.Time
	if role == access.RoleAdmin || role == access.RoleSupport {
		proven = &now
	}
	c.exec(`INSERT INTO sessions (id, user_id, user_agent, ip_address, created_at, last_used_at, expires_at,
		second_factor_at) VALUES ($1, $2, 'test', '127.0.0.1', $3, $3, $4, $5)`,
		session, u.ID, now, now.Add(10*365*24*time.Hour), proven)
	c.exec(`INSERT INTO session_tokens (hash, session_id, kind, created_at, expires_at)
		VALUES ($1, $2, 'ACCESS', $3, $4)`,
		hash[:], session, now, now.Add(10*365*24*time.Hour))
	if role == access.RolePatient {
		c.consent(u, now)
	}
	c.audit("user.create", u.ID)
	c.audit("session.start", session)
	return u
}

// Authenticator sets one up for the user, confirmed or not yet, and gives what tells its code of the clock's moment.
func (c *Clinic) Authenticator(u User, confirmed bool) (code func() string) {
	c.t.Helper()
	secret := base32.StdEncoding.EncodeToString(random(20))
	key, err := c.App.Sealer.PersonKey(context.Background(), c.DB.Pool, u.ID)
	must(c.t, err)
	sealed, err := key.Seal("users.mfa_secret", u.ID, secret)
	must(c.t, err)
	c.exec(`UPDATE users SET mfa_secret = $2, mfa_enabled = $3, mfa_step = 0,
		totp_confirmed_at = CASE WHEN $3 THEN $4::timestamptz END WHERE id = $1`,
		u.ID, sealed, confirmed, c.DB.Now())
	return func() string {
		code, err := totp.GenerateCode(secret, c.Clock.Now())
		must(c.t, err)
		return code
	}
}

// consent to treatment, at the notice's current version.
func (c *Clinic) consent(u User, now time.Time) {
	c.t.Helper()
	id := uuid.Must(uuid.NewV7())
	c.exec(`INSERT INTO consents (id, user_id, purpose, notice_version, language, channel, given_at)
		SELECT $1, $2, purpose, max(version), 'en', 'API', $3 FROM consent_notices WHERE purpose = 'TREATMENT'
			GROUP BY purpose`, id, u.ID, now)
	c.audit("consent.give", id)
}

// Prove has the user's sessions prove the password and a second factor at this moment of the clinic's clock.
func (c *Clinic) Prove(u User) {
	c.t.Helper()
	c.exec("UPDATE sessions SET second_factor_at = $2, authenticated_at = $2 WHERE user_id = $1", u.ID, c.DB.Now())
}

// Forget has them never have proven a second factor.
func (c *Clinic) Forget(u User) {
	c.t.Helper()
	c.exec("UPDATE sessions SET second_factor_at = NULL WHERE user_id = $1", u.ID)
}

// Patient is a signed-in patient.
func (c *Clinic) Patient() User { return c.User(access.RolePatient) }

// Admin is a signed-in administrator.
func (c *Clinic) Admin() User { return c.User(access.RoleAdmin) }

// Support is a signed-in member of support.
func (c *Clinic) Support() User { return c.User(access.RoleSupport) }

// Doctor is a signed-in, approved doctor whose fee is given as "500.00".
func (c *Clinic) Doctor(fee string) User {
	c.t.Helper()
	u := c.User(access.RoleDoctor)
	c.exec(`INSERT INTO doctors (id, user_id, specialization, years_of_experience, registration_number,
		registration_key, consultation_fee, languages_spoken, is_approved, created_at, updated_at)
		VALUES ($1, $1, 'Panchakarma', 12, $2, lower(replace($2, '-', '')), $3::text::numeric, '{en,hi}',
		true, $4, $4)`, u.ID, "AYU-"+u.ID.String(), fee, c.DB.Now())
	c.audit("doctor.apply", u.ID)
	return u
}

// Slot opens a slot of 30 minutes, so long from now, and gives its id.
func (c *Clinic) Slot(doctor User, in time.Duration, seats int) uuid.UUID {
	c.t.Helper()
	id := uuid.Must(uuid.NewV7())
	start := c.DB.Now().Add(in).Truncate(time.Second)
	c.exec(`INSERT INTO availability_slots (id, doctor_id, start_time, end_time, max_patients, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $6)`,
		id, doctor.ID, start, start.Add(30*time.Minute), seats, c.DB.Now())
	c.audit("slot.create", id)
	return id
}

// TakeConnections takes every connection of the server's pool, until what it gives is called.
func (c *Clinic) TakeConnections() (giveBack func()) {
	c.t.Helper()
	pool := c.App.DB.Pool
	var taken []interface{ Release() }
	for range pool.Config().MaxConns {
		conn, err := pool.Acquire(context.Background())
		must(c.t, err)
		taken = append(taken, conn)
	}
	return func() {
		for _, conn := range taken {
			conn.Release()
		}
	}
}

// audit writes the row that the builders' shortcut would leave out.
func (c *Clinic) audit(action string, id uuid.UUID) {
	c.t.Helper()
	must(c.t, c.DB.Write(context.Background(), func(tx *postgres.Tx) error {
		audit.Write(tx, access.System("test"), action, id, nil)
		return nil
	}))
}

// CheckInvariants fails the test unless all hold.
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

func (c *Clinic) exec(sql string, args ...any) {
	c.t.Helper()
	_, err := c.DB.Pool.Exec(context.Background(), sql, args...)
	must(c.t, err)
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
