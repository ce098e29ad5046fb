package account_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/account"
	"amrutam/internal/apptest"
	"amrutam/internal/postgres"
)

// commandLineService returns the service that the command line uses.
func commandLineService(c *apptest.Clinic) *account.Service {
	return &account.Service{DB: c.DB, Sealer: c.App.Sealer, Config: c.App.Config, Passwords: c.App.Passwords}
}

func TestCreateAdmin(t *testing.T) {
	t.Parallel()
	c := open(t)
	s, ctx, email := commandLineService(c), context.Background(), "amélie."+newEmail()
	spelling := " AME\u0301" + strings.ToUpper(email[len("amé"):]) + "\n"
	id, err := s.CreateAdmin(ctx, spelling, " Meera Nair ", password)
	must(t, err)
	admin := signIn(t, c, email, password)
	wantEqual(t, "id", admin.user.ID, id)
	c.Get(admin.user, "users/me").Want(403, "mfa-required")
	c.Prove(admin.user)
	me := c.Get(admin.user, "users/me").Want(200)
	wantEqual(t, "role", me.Text("role"), "ADMIN")
	wantEqual(t, "fullName", me.Text("fullName"), "Meera Nair")
	wantEqual(t, "timezone", me.Text("timezone"), account.DefaultTimezone)
	c.Get(admin.user, "users").Want(200)
	c.Patch(admin.user, "users/me", object{"phone": "+919812345678"}).Want(200)
	wantEqual(t, "audit rows", c.Count(`SELECT count(*) FROM audit_logs WHERE action = 'user.create'
		AND entity_id = $1 AND actor_id IS NULL AND metadata->>'job' = 'admin create'`, id.String()), 1)
	awaitJobs(t, c)
	wantEqual(t, "mails", c.Count("SELECT count(*) FROM mails"), 0)

	if _, err := s.CreateAdmin(ctx, email, "Another", newPassword); !errors.Is(err, account.ErrAddressTaken) {
		t.Errorf("a taken address: %v", err)
	}
	taken := signUp(t, c)
	if _, err := s.CreateAdmin(ctx, taken, "Another", newPassword); !errors.Is(err, account.ErrAddressTaken) {
		t.Errorf("a patient's address: %v", err)
	}
	role := apptest.QueryOne[string](t, c, "SELECT role FROM users WHERE email = $1", taken)
	wantEqual(t, "role of the patient", role, "PATIENT")
	for _, bad := range []struct{ email, name, password, want string }{
		{"zaphod", "Z", newPassword, "the e-mail address must be a plain e-mail address like asha@example.org"},
		{"", "Z", newPassword, "the e-mail address must be a plain e-mail address like asha@example.org"},
		{"z\xff@example.org", "Z", newPassword,
			"the e-mail address must be a plain e-mail address like asha@example.org"},
		{"z@example.org", " ", newPassword, "the name must not be empty"},
		{"z@example.org", "Z\xff", newPassword,
			"the name contains a replacement character: something was lost on the way here (U+FFFD)"},
		{"z@example.org", "Zaphod\n", "too short", "the password must have at least 15 characters"},
		{"z@example.org", "Zaphod", "so long, says zaphod", "the password must not contain your name or address"},
		{"z@example.org", "Z", "aaaaaaaaaaaaaaaaaaa", "the password must not be a sequence or a repetition"},
	} {
		if _, err := s.CreateAdmin(ctx, bad.email, bad.name, bad.password); err == nil || err.Error() != bad.want {
			t.Errorf("%q %q: %v, want %s", bad.email, bad.name, err, bad.want)
		}
	}
	wantEqual(t, "users", c.Count("SELECT count(*) FROM users"), 2)
}

func TestConcurrentProvisions(t *testing.T) {
	t.Parallel()
	c := open(t)
	s, email := commandLineService(c), newEmail()
	hash, err := c.App.Passwords.Hash(t.Context(), password)
	must(t, err)
	user := account.NewUser{
		PasswordHash: hash, Role: access.RoleSupport, FullName: "Meera", Verified: true, Gender: "OTHER",
		DateOfBirth: "1990-05-17", Phone: "+919812345678", Address: "Pune", Timezone: "UTC",
	}
	type result struct {
		id  uuid.UUID
		err error
	}
	results := apptest.Concurrently(20, func(i int) (r result) {
		u := user
		u.Email = strings.ToUpper(email[:i]) + email[i:]
		r.err = c.DB.Write(context.Background(), func(tx *postgres.Tx) (err error) {
			r.id, err = s.Provision(context.Background(), tx, u)
			return err
		})
		return r
	})
	var winner uuid.UUID
	for _, r := range results {
		switch {
		case r.err == nil && winner == uuid.Nil:
			winner = r.id
		case !errors.Is(r.err, account.ErrAddressTaken):
			t.Errorf("another one: %v", r.err)
		}
	}
	wantEqual(t, "users, profiles and keys", c.Count(`SELECT (SELECT count(*) FROM users)
		+ (SELECT count(*) FROM profiles) + (SELECT count(*) FROM data_keys)`), 3)
	support := signIn(t, c, email, password).user
	c.Prove(support)
	me := c.Get(support, "users/me").Want(200)
	for name, want := range map[string]any{
		"id":          winner.String(),
		"role":        "SUPPORT",
		"gender":      "OTHER",
		"dateOfBirth": "1990-05-17",
		"phone":       "+919812345678",
		"address":     "Pune",
		"timezone":    "UTC",
	} {
		wantEqual(t, name, me.At(name), want)
	}
}

// TestProvisionAfterFailure checks that a transaction that waits for another one with the same address succeeds if the
// other one fails.
func TestProvisionAfterFailure(t *testing.T) {
	t.Parallel()
	c := open(t)
	s, email, ctx := commandLineService(c), newEmail(), context.Background()
	user := account.NewUser{Email: email, PasswordHash: "none", Role: access.RoleAdmin, FullName: "Meera"}
	inserted, second := make(chan struct{}), make(chan error, 1)
	failure := errors.New("failed later")
	go func() {
		<-inserted
		second <- c.DB.Write(ctx, func(tx *postgres.Tx) error {
			_, err := s.Provision(ctx, tx, user)
			return err
		})
	}()
	err := c.DB.Write(ctx, func(tx *postgres.Tx) error {
		if _, err := s.Provision(ctx, tx, user); err != nil {
			return err
		}
		close(inserted)
		awaitLockWaiters(t, c, 1)
		return failure
	})
	if !errors.Is(err, failure) {
		t.Errorf("the first transaction: %v", err)
	}
	must(t, <-second)
	wantEqual(t, "users", c.Count("SELECT count(*) FROM users"), 1)
}
