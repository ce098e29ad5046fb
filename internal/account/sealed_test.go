package account_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"amrutam/internal/apptest"
)

// places names every table where a row, as text, holds the value, also in hex (bytea) or base64.
func places(t *testing.T, c *apptest.Clinic, value string) []string {
	t.Helper()
	rows, err := c.DB.Pool.Query(context.Background(), `SELECT format('%I.%I', table_schema, table_name)
		FROM information_schema.tables
		WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'`)
	must(t, err)
	var tables []string
	for rows.Next() {
		var name string
		must(t, rows.Scan(&name))
		tables = append(tables, name)
	}
	must(t, rows.Err())
	if len(tables) < 20 {
		t.Fatalf("the sweep sees only %d tables", len(tables))
	}
	forms := []string{hex.EncodeToString([]byte(value)),
		strings.ToLower(base64.RawStdEncoding.EncodeToString([]byte(value)))}
	// A text of PostgreSQL can't hold the bytes of a hash.
	if utf8.ValidString(value) && !strings.Contains(value, "\x00") {
		forms = append(forms, strings.ToLower(value))
	}
	var found []string
	for _, table := range tables {
		if c.Count("SELECT count(*) FROM "+table+
			" AS r WHERE EXISTS (SELECT FROM unnest($1::text[]) AS f WHERE strpos(lower(r::text), f) > 0)",
			forms) > 0 {
			found = append(found, table)
		}
	}
	return found
}

// A whole life of an account leaves nothing readable in the database but what its columns are for.
func TestDatabaseHoldsNoPlainText(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := fresh()
	c.Post(nobody, "auth/signup", registration(email, func(m object) { m["phone"] = "+919812340000" })).Want(201)
	first := mailed(t, c, email, "verify-email", 1)
	c.Post(nobody, "auth/resend-verification", object{"email": email}).Want(202)
	second := mailed(t, c, email, "verify-email", 2)
	press(c, "/verify-email", url.Values{"token": {second}}).Want(200)
	s := signIn(t, c, email, password)
	again := held(t, refresh(c, s.refresh).Want(200))
	c.Patch(again.user, "users/me", object{"phone": "+919812345678", "address": "12 Lake Road",
		"dateOfBirth": "1990-05-17", "fullName": "Meera Nair"}).Want(200)
	c.Post(nobody, "auth/signup", registration(email)).Want(201)
	unknown := fresh()
	for _, path := range []string{"auth/request-password-reset", "auth/resend-verification"} {
		c.Post(nobody, path, object{"email": unknown}).Want(202)
	}
	c.Post(nobody, "auth/login", credentials(unknown, password)).Want(401)
	unused := requestReset(t, c, email, 1)
	used := requestReset(t, c, email, 2)
	reset(c, used, newPassword).Want(204)
	s3 := signIn(t, c, email, newPassword)
	change(c, s3.user, newPassword, password).Want(204)
	last := signIn(t, c, email, password)
	waiting := requestReset(t, c, email, 3)
	c.Clock.Advance(time.Minute)
	refresh(c, s.refresh).Want(401)
	quiet(t, c)

	for what, value := range map[string]string{
		"phone": "9812345678", "phone of the sign-up": "9812340000", "address": "Lake Road",
		"dateOfBirth": "1990-05-17",
		"password":    password, "new password": newPassword, "verification token": first,
		"used verification token": second, "superseded reset token": unused, "used reset token": used,
		"waiting reset token": waiting, "access token": last.user.Token[3:], "refresh token": last.refresh[3:],
		"ended access token": s.user.Token[3:], "used refresh token": s.refresh[3:], "unknown address": unknown,
	} {
		if found := places(t, c, value); len(found) > 0 {
			t.Errorf("the %s can be read in %v", what, found)
		}
	}
	same(t, "tables that hold the address", places(t, c, email), []string{"public.users"})
	same(t, "tables that hold the name", places(t, c, "Meera Nair"), []string{"public.profiles"})
	same(t, "tables that hold a token's hash", places(t, c, string(sha(last.refresh))),
		[]string{"public.session_tokens"})
	same(t, "mails that still hold their text", c.Count("SELECT count(*) FROM mails WHERE content IS NOT NULL"), 0)
	me := c.Get(last.user, "users/me").Want(200)
	same(t, "phone", me.Text("phone"), "+919812345678")
}
