package account_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"amrutam/internal/apptest"
)

// tablesWith returns the tables that have a row whose text contains the value: as it is, in hex (bytea) or in base64.
func tablesWith(t *testing.T, c *apptest.Clinic, value string) []string {
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
		t.Fatalf("only %d tables were found", len(tables))
	}
	forms := []string{
		hex.EncodeToString([]byte(value)),
		strings.ToLower(base64.RawStdEncoding.EncodeToString([]byte(value))),
	}
	// A text of PostgreSQL can't contain the bytes of a hash.
	if utf8.ValidString(value) && !strings.Contains(value, "\x00") {
		forms = append(forms, strings.ToLower(value))
	}
	var found []string
	for _, table := range tables {
		sql := "SELECT count(*) FROM " + table +
			" AS r WHERE EXISTS (SELECT FROM unnest($1::text[]) AS f WHERE strpos(lower(r::text), f) > 0)"
		if c.Count(sql, forms) > 0 {
			found = append(found, table)
		}
	}
	return found
}

// TestDatabaseHoldsNoPlainText uses every operation that receives a private value, and checks that no table contains
// the value afterwards, except the address and the name in their own columns.
func TestDatabaseHoldsNoPlainText(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := newEmail()
	c.Post(anonymous, "auth/signup", registration(email, func(m object) { m["phone"] = "+919812340000" })).Want(201)
	first := awaitMail(t, c, email, "verify-email", 1)
	c.Post(anonymous, "auth/resend-verification", object{"email": email}).Want(202)
	second := awaitMail(t, c, email, "verify-email", 2)
	verifyEmail(c, second).Want(204)
	s := signIn(t, c, email, password)
	again := sessionOf(t, refresh(c, s.refresh).Want(200))
	c.Patch(again.user, "users/me", object{
		"phone":       "+919812345678",
		"address":     "12 Lake Road",
		"dateOfBirth": "1990-05-17",
		"fullName":    "Meera Nair",
	}).Want(200)
	c.Post(anonymous, "auth/signup", registration(email)).Want(201)
	unknown := newEmail()
	for _, path := range []string{"auth/request-password-reset", "auth/resend-verification"} {
		c.Post(anonymous, path, object{"email": unknown}).Want(202)
	}
	login(c, unknown, password).Want(401)
	replaced := requestReset(t, c, email, 1)
	used := requestReset(t, c, email, 2)
	resetPassword(c, used, newPassword).Want(204)
	changePassword(c, signIn(t, c, email, newPassword).user, newPassword, password).Want(204)
	last := signIn(t, c, email, password)
	unused := requestReset(t, c, email, 3)
	c.Clock.Advance(time.Minute)
	refresh(c, s.refresh).Want(401)
	awaitJobs(t, c)

	for name, value := range map[string]string{
		"phone":                       "9812345678",
		"phone of the sign-up":        "9812340000",
		"address":                     "Lake Road",
		"dateOfBirth":                 "1990-05-17",
		"password":                    password,
		"new password":                newPassword,
		"replaced verification token": first,
		"used verification token":     second,
		"replaced reset token":        replaced,
		"used reset token":            used,
		"unused reset token":          unused,
		"access token":                last.user.Token[3:],
		"refresh token":               last.refresh[3:],
		"ended access token":          s.user.Token[3:],
		"used refresh token":          s.refresh[3:],
		"unknown address":             unknown,
	} {
		if found := tablesWith(t, c, value); len(found) > 0 {
			t.Errorf("the %s can be read in %v", name, found)
		}
	}
	wantEqual(t, "tables with the address", tablesWith(t, c, email), []string{"public.users"})
	wantEqual(t, "tables with the name", tablesWith(t, c, "Meera Nair"), []string{"public.profiles"})
	wantEqual(t, "tables with a token's hash", tablesWith(t, c, string(hashOf(last.refresh))),
		[]string{"public.session_tokens"})
	wantEqual(t, "mails with a text", c.Count("SELECT count(*) FROM mails WHERE content IS NOT NULL"), 0)
	me := c.Get(last.user, "users/me").Want(200)
	wantEqual(t, "phone", me.Text("phone"), "+919812345678")
}
