package fault_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/postgres/cluster"
)

var (
	metricsPattern   = regexp.MustCompile(`"metrics":"([^"]+)"`)
	mailTokenPattern = regexp.MustCompile(`token=([A-Za-z0-9_-]{20,})`)
)

// TestDumpHoldsNoSecrets walks through a journey in which every private text has a unique word, and searches for these
// texts in a dump of the database, in the server's log and in its metrics.
func TestDumpHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	c := startPostgres(t, filepath.Join(t.TempDir(), "data"))
	secrets := t.TempDir()
	variables := []string{
		"DATABASE_URL=" + c.DSN(cluster.Database),
		masterKeyVariable,
		"AMRUTAM_DATA_DIR=" + secrets,
		"AMRUTAM_LISTEN=127.0.0.1:0",
		"AMRUTAM_METRICS_LISTEN=127.0.0.1:0",
		"AMRUTAM_REQUIRE_ADMIN_MFA=false",
	}
	s := startServer(t, variables)
	createAdmin(t, variables)
	private := s.walkPrivateJourney()
	private["the master key"] = strings.TrimPrefix(masterKeyVariable, "AMRUTAM_MASTER_KEY=")
	private["the webhook secret"] = strings.TrimPrefix(keyFile(t, secrets, "stub-webhook.secret"), "whsec_")
	metrics := s.metrics()
	s.stop()

	text := dumpDatabase(t, c)
	if !strings.Contains(text, "COPY public.prescriptions") || !strings.Contains(text, "COPY public.river_job") ||
		!strings.Contains(text, "patient@example.org") {
		t.Fatal("the dump is not complete")
	}
	for name, secret := range private {
		if found := findSecret(text, secret); found != "" {
			t.Errorf("the dump holds %s, %s", name, found)
		}
	}
	private["an address"] = "patient@example.org"
	private["a name"] = "Test Person"
	for where, what := range map[string]string{"log": s.log.String(), "metrics": metrics} {
		if len(what) < 200 {
			t.Errorf("the %s is short: %q", where, what)
		}
		for name, secret := range private {
			if found := findSecret(what, secret); found != "" {
				t.Errorf("the %s holds %s, %s", where, name, found)
			}
		}
	}
}

// dumpDatabase returns every row of every table in the text format of COPY, with partitions and large objects, as
// pg_dump writes them. It doesn't use pg_dump, which not every installation of PostgreSQL has.
func dumpDatabase(t *testing.T, c *cluster.Cluster) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), c.AdminDSN(cluster.Database))
	must(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	rows, err := conn.Query(t.Context(), `SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c
		JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'm') AND (n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
			OR c.relname = 'pg_largeobject') ORDER BY 1`)
	must(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	var text strings.Builder
	for _, table := range tables {
		_, _ = fmt.Fprintln(&text, "COPY", table, "FROM stdin;")
		_, err = conn.PgConn().CopyTo(t.Context(), &text, "COPY "+table+" TO STDOUT")
		must(t, err)
	}
	return text.String()
}

// findSecret returns the form in which the text contains the secret, or "". A dump has bytea in hexadecimal.
func findSecret(text, secret string) string {
	forms := map[string]string{
		"as it is":       secret,
		"in lower case":  strings.ToLower(secret),
		"in hexadecimal": hex.EncodeToString([]byte(secret)),
	}
	for shift := range 3 { // the base64 of a longer text that contains the secret
		coded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + secret))
		forms[fmt.Sprint("in base64, shifted by ", shift)] = coded[shift*2 : len(coded)-2]
	}
	if raw, err := base64.StdEncoding.DecodeString(secret); err == nil && len(raw) >= 16 {
		forms["decoded, in hexadecimal"] = hex.EncodeToString(raw)
	}
	if raw, err := base64.RawURLEncoding.DecodeString(secret); err == nil && len(raw) >= 16 {
		forms["decoded, in hexadecimal"] = hex.EncodeToString(raw)
	}
	for form, encoded := range forms {
		if strings.Contains(text, encoded) {
			return form
		}
	}
	return ""
}

// walkPrivateJourney goes from sign-up to prescription and returns the private texts by their names.
func (s *server) walkPrivateJourney() map[string]string {
	s.t.Helper()
	private := map[string]string{
		"the password":                 password,
		"a wrong password":             "MarkWrong was never the password",
		"the reason":                   "MarkReason itching since Diwali",
		"the notes":                    "MarkNotes dry skin",
		"a medicine":                   "MarkMedicine Mahatiktaka",
		"the advice":                   "MarkAdvice no curd",
		"the telephone number":         "+919812345678",
		"the postal address":           "MarkStreet 7, Kochi",
		"the date of birth":            "1983-04-17",
		"the reason of a cancellation": "MarkCancel travelling",
	}
	admin := s.signIn("admin@example.org")
	doctor := s.createApprovedDoctor(admin)
	patient := s.signUpAndSignIn("patient@example.org", "PATIENT")
	session := s.expect(200, "POST", "/api/v1/auth/login", "", "",
		object{"email": "patient@example.org", "password": password})
	s.expect(401, "POST", "/api/v1/auth/login", "", "",
		object{"email": "patient@example.org", "password": private["a wrong password"]})
	s.expect(200, "PATCH", "/api/v1/users/me", patient, "", object{
		"phone":       private["the telephone number"],
		"address":     private["the postal address"],
		"dateOfBirth": private["the date of birth"],
	})
	private["an access token"] = session.text("accessToken")
	private["a refresh token"] = session.text("refreshToken")
	private["the doctor's token"] = doctor
	private["the administrator's token"] = admin

	openSlot := func(in time.Duration) string {
		start := time.Now().Add(in).UTC().Truncate(time.Minute)
		return s.expect(201, "POST", "/api/v1/availability", doctor, "", object{
			"startTime": start.Format(time.RFC3339),
			"endTime":   start.Add(20 * time.Minute).Format(time.RFC3339),
		}).text("id")
	}
	book := func(slot string) string {
		body := object{"slotId": slot, "reason": private["the reason"]}
		sent, err := json.Marshal(body)
		must(s.t, err)
		sum := sha256.Sum256(sent) // a reader of the hash could test guesses of the reason
		private["the hash of a body about "+slot] = hex.EncodeToString(sum[:])
		return s.expect(201, "POST", "/api/v1/consultations", patient, "key-"+slot, body).text("id")
	}
	id, other := book(openSlot(10*time.Minute)), book(openSlot(30*time.Hour))
	s.expect(200, "POST", "/api/v1/consultations/"+other+"/cancel", patient, "",
		object{"reason": private["the reason of a cancellation"]})
	s.expect(200, "PATCH", "/api/v1/consultations/"+id+"/status", doctor, "", object{"status": "IN_PROGRESS"})
	s.expect(201, "POST", "/api/v1/prescriptions", doctor, "write", object{
		"consultationId": id,
		"advice":         private["the advice"],
		"medications": []object{
			{"name": private["a medicine"], "dosage": "5 g", "frequency": "twice a day", "durationDays": 14},
		},
	})
	s.expect(200, "PATCH", "/api/v1/consultations/"+id+"/status", doctor, "",
		object{"status": "COMPLETED", "notes": private["the notes"]})
	for _, path := range []string{
		"/api/v1/consultations/" + id,
		"/api/v1/consultations/me",
		"/api/v1/prescriptions/me",
	} {
		s.expect(200, "GET", path, patient, "", nil)
	}
	s.expect(202, "POST", "/api/v1/auth/request-password-reset", "", "", object{"email": "patient@example.org"})
	s.waitFor("the mails with tokens", func() bool {
		mailbox := s.expect(200, "GET", "/dev/mailbox.json?to=patient@example.org", "", "", nil)
		tokens := mailTokenPattern.FindAllStringSubmatch(fmt.Sprint(mailbox.body), -1)
		for i, found := range tokens {
			private[fmt.Sprint("token of mail ", i)] = found[1]
		}
		return private["token of mail 1"] != ""
	})
	return private
}

// metrics returns the server's metrics in the text format.
func (s *server) metrics() string {
	s.t.Helper()
	status, text := s.scrape("")
	if status != http.StatusOK {
		s.t.Fatalf("metrics: status %d", status)
	}
	return text
}
