package account_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/access"
	"amrutam/internal/account"
	"amrutam/internal/apptest"
	"amrutam/internal/httpapi"
)

// listByPhone returns the ids of the users whom a search finds by a phone number. more are names and values of other
// parameters.
func listByPhone(t *testing.T, c *apptest.Clinic, actor apptest.User, phone string, more ...string) []string {
	t.Helper()
	query := url.Values{"phone": {phone}}
	for i := 0; i+1 < len(more); i += 2 {
		query.Set(more[i], more[i+1])
	}
	return listAll(t, c, actor, query)
}

// setPhone changes the user's phone number, nil to remove it, and returns the user's id.
func setPhone(c *apptest.Clinic, u apptest.User, phone any) string {
	c.Patch(u, "users/me", object{"phone": phone}).Want(200)
	return u.ID.String()
}

func TestListUsersByPhone(t *testing.T) {
	t.Parallel()
	c := open(t)
	support, admin := c.Support(), c.Admin()
	patient, relative, other := c.Patient(), c.Doctor("500.00"), c.Patient()
	// Two members of a family share a number.
	first, second := setPhone(c, patient, "+919812345678"), setPhone(c, relative, "+91 (98123) 45-678")
	setPhone(c, other, "+919812345679")
	for _, spelling := range []string{
		"+919812345678", "+91 98123 45678", "+91-98123-45678", "+91 (98123) 45.678", " +919812345678 ",
	} {
		for _, actor := range []apptest.User{support, admin} {
			wantEqual(t, spelling, listByPhone(t, c, actor, spelling), []string{second, first})
		}
	}
	wantEqual(t, "page by page", listByPhone(t, c, support, "+919812345678", "limit", "1"), []string{second, first})
	wantEqual(t, "patients", listByPhone(t, c, support, "+919812345678", "role", "PATIENT"), []string{first})
	wantEqual(t, "by number and address",
		listByPhone(t, c, support, "+919812345678", "email", relative.Email), []string{second})
	for _, part := range []string{"+91981234567", "+9198123456780"} {
		wantEqual(t, part, listByPhone(t, c, support, part), []string(nil))
	}
	for _, item := range c.Get(support, "users?phone=%2B919812345678").Want(200).Items() {
		if text := fmt.Sprint(item); strings.Contains(text, "98123") || strings.Contains(text, "phone") {
			t.Errorf("staff sees the number: %s", text)
		}
	}
	c.Exec("UPDATE users SET deleted_at = now() WHERE id = $1", relative.ID)
	wantEqual(t, "after a deletion", listByPhone(t, c, support, "+919812345678"), []string{first})
	wantEqual(t, "deleted users", listByPhone(t, c, support, "+919812345678", "deleted", "true"), []string{second})

	setPhone(c, patient, "+919812340000")
	wantEqual(t, "by the old number", listByPhone(t, c, support, "+919812345678"), []string(nil))
	wantEqual(t, "by the new number", listByPhone(t, c, support, "+919812340000"), []string{first})
	setPhone(c, patient, nil)
	wantEqual(t, "by a removed number", listByPhone(t, c, support, "+919812340000"), []string(nil))
	c.Get(patient, "users?phone=%2B919812345679").Want(403, "forbidden")
	if line := lineWithPhone(t, c); line != "" {
		t.Errorf("the log or the metrics contain a number: %s", line)
	}
}

// lineWithPhone returns the first line of the log or of the metrics that contains one of the numbers, or "".
func lineWithPhone(t *testing.T, c *apptest.Clinic) string {
	t.Helper()
	families, err := c.App.Metrics.Registry.Gather()
	must(t, err)
	lines := slices.Collect(strings.Lines(c.Log.String()))
	for _, family := range families {
		lines = append(lines, family.String())
	}
	if len(lines) < 20 {
		t.Fatalf("the log and the metrics have only %d lines", len(lines))
	}
	for _, line := range lines {
		if strings.Contains(line, "981234") || strings.Contains(line, "98123%20") || strings.Contains(line, "phone=") {
			return line
		}
	}
	return ""
}

func TestInvalidPhones(t *testing.T) {
	t.Parallel()
	c := open(t)
	support := c.Support()
	setPhone(c, c.Patient(), "+919812345678")
	for _, phone := range []string{
		"+98", "+0919812345678", "+919812345678901234", "+91981234567x", "+91/98123/45678",
		"77123", "+", " ", "%", "''", strings.Repeat("9", 41),
	} {
		a := c.Get(support, "users?phone="+url.QueryEscape(phone)).Want(422, "validation-failed")
		if found := fieldErrors(t, a); len(found) != 1 || found["query.phone"] == "" {
			t.Errorf("%s: %s", phone, a.Body)
		}
		if len(phone) > 4 && strings.Contains(string(a.Body), phone) {
			t.Errorf("the answer repeats the number: %s", a.Body)
		}
	}
	if a := c.Get(support, "users?phone=+44").Want(422); !strings.Contains(fieldErrors(t, a)["query.phone"], "%2B") {
		t.Errorf("the answer doesn't say how to send a plus sign: %s", a.Body)
	}
	wantEqual(t, "users found by a plus sign that isn't escaped and arrives as a space",
		len(c.Get(support, "users?phone=+919812345678").Want(200).Items()), 1)
}

// TestPhoneSearchUsesIndex checks the plan of the search among 20,000 users.
func TestPhoneSearchUsesIndex(t *testing.T) {
	t.Parallel()
	c := open(t)
	ctx := context.Background()
	patient := c.Patient()
	setPhone(c, patient, "+919812345678")
	for _, sql := range []string{
		`INSERT INTO users (id, email, password_hash, role, created_at, updated_at)
			SELECT gen_random_uuid(), 'many-' || n || '@example.org', 'none', 'PATIENT', now(), now()
				FROM generate_series(1, 20000) n`,
		`INSERT INTO profiles (id, user_id, full_name, phone_index, created_at, updated_at)
			SELECT gen_random_uuid(), id, 'One of many', sha256(id::text::bytea), now(), now() FROM users
				WHERE email LIKE 'many-%'`,
		"VACUUM ANALYZE users, profiles",
	} {
		c.Exec(sql)
	}
	for _, role := range []access.Role{"", access.RolePatient} {
		filter := account.UserListRequest{Paging: httpapi.Paging{Limit: 20}, Role: role, Phone: "+91 98123 45678"}
		sql, args, err := account.UsersQuery(&account.Service{Sealer: c.App.Sealer}, filter)
		must(t, err)
		rows, err := c.DB.Pool.Query(ctx, "EXPLAIN (ANALYZE, BUFFERS) "+sql, args...)
		must(t, err)
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		must(t, err)
		plan := strings.Join(lines, "\n")
		if !strings.Contains(plan, "profiles_phone_index_idx") || strings.Contains(plan, "Seq Scan") {
			t.Errorf("role %q:\n%s", role, plan)
		}
	}
	wantEqual(t, "found", listByPhone(t, c, c.Support(), "+919812345678"), []string{patient.ID.String()})
}
