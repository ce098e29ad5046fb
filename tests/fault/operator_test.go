package fault_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/postgres"
	"amrutam/internal/postgres/cluster"
)

const webhookSecret = "AMRUTAM_STUB_WEBHOOK_SECRET=whsec_yDB0rbiIhAOy0zhr77v3Xf3hpzIT1Nl9"

// given starts a PostgreSQL for DATABASE_URL.
func given(t *testing.T) *cluster.Cluster {
	t.Helper()
	c, err := cluster.Start(context.Background(), cluster.Options{DataDir: filepath.Join(t.TempDir(), "data"),
		Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	t.Cleanup(func() { _ = c.Stop(context.Background()) })
	return c
}

// TestFirstDayInProduction goes the way of an operator: what is missing is named, each command needs no more than it
// uses, no key is made beside the database, and the server says what nobody would find out otherwise.
func TestFirstDayInProduction(t *testing.T) {
	t.Parallel()
	c, folder := given(t), t.TempDir()
	database := []string{"AMRUTAM_ENV=production", "DATABASE_URL=" + c.DSN(cluster.Database),
		"AMRUTAM_DATA_DIR=" + folder, "AMRUTAM_LISTEN=127.0.0.1:0"}
	out, err := run(t, database, "", "migrate", "--status")
	if err == nil || !strings.Contains(out, "schema at version 0,") ||
		!strings.Contains(out, "missing: 00001_people.sql") || !strings.Contains(out, "run amrutam migrate") {
		t.Errorf("status of a new database: %v %s", err, out)
	}
	if out, err = run(t, database, "", "migrate"); err != nil {
		t.Fatalf("migrate: %v %s", err, out)
	}
	if out, err = run(t, database, "", "migrate", "--status"); err != nil || strings.Contains(out, "missing") ||
		!strings.Contains(out, fmt.Sprint("schema at version ", postgres.SchemaVersion())) {
		t.Errorf("status: %v %s", err, out)
	}
	if out, err = run(t, database, "", "check"); err != nil {
		t.Errorf("check: %v %s", err, out)
	}
	create := []string{"admin", "create", "--email", "admin@example.org", "--name", "Ad Min"}
	if out, err = run(t, database, password+"\n", create...); err == nil ||
		out != "amrutam: error: AMRUTAM_MASTER_KEY is needed in production: make one with openssl rand -base64 32, "+
			"and keep it apart from the backups\n" {
		t.Errorf("an administrator without a key: %v %s", err, out)
	}
	for _, arguments := range [][]string{{"code"}, {"demo"}} {
		if out, err = run(t, database, "", arguments...); err == nil || !strings.Contains(out, "production has n") ||
			strings.Count(out, "\n") != 1 {
			t.Errorf("%v: %v %s", arguments, err, out)
		}
	}
	if out, err = run(t, append(database, sealedWith), password+"\n", create...); err != nil {
		t.Errorf("an administrator: %v %s", err, out)
	}
	out, err = run(t, append(database, sealedWith), "", "serve")
	for _, name := range []string{"AMRUTAM_MAIL_FROM", "AMRUTAM_PUBLIC_URL", "AMRUTAM_SMTP_URL",
		"AMRUTAM_STUB_WEBHOOK_SECRET", "AMRUTAM_TRUSTED_PROXIES"} {
		if err == nil || !strings.Contains(out, name+" ") {
			t.Errorf("serve doesn't name %s: %v %s", name, err, out)
		}
	}
	if made, err := os.ReadDir(folder); err != nil || len(made) > 0 {
		t.Errorf("made in the data folder: %v %v", made, err)
	}
	conn, err := pgx.Connect(context.Background(), c.DSN(cluster.Database))
	must(t, err)
	_, err = conn.Exec(context.Background(), "INSERT INTO river_job (kind, args, state, max_attempts, "+
		"scheduled_at) VALUES ('mail.send', '{}', 'available', 3, now() - interval '2 days')")
	must(t, err)
	must(t, conn.Close(context.Background()))
	if out, err = run(t, database, "", "migrate", "--status"); err != nil ||
		!strings.Contains(out, "waiting: 1 of mail.send, the oldest since ") {
		t.Errorf("what a restored copy would send: %v %s", err, out)
	}
	s := serve(t, append(database, sealedWith, webhookSecret, "AMRUTAM_PUBLIC_URL=https://care.clinic.example",
		"AMRUTAM_SMTP_URL=smtp://me:hunter2@127.0.0.1:9", "AMRUTAM_MAIL_FROM=Clinic <no-reply@clinic.example>",
		"AMRUTAM_TRUSTED_PROXIES=none", "AMRUTAM_METRICS_LISTEN=127.0.0.1:0",
		"AMRUTAM_METRICS_TOKEN=f3kZ9qLw2xVbT7mN4cRd"))
	for _, said := range []string{`in production nobody can pay`,
		`"server":"127.0.0.1:9","tls":"STARTTLS, without which nothing is sent`, `"kind":"mail.send","jobs":1`,
		"a restored copy"} {
		if !strings.Contains(s.log.String(), said) {
			t.Errorf("the start doesn't say %s:\n%s", said, s.log)
		}
	}
	if strings.Contains(s.log.String(), "hunter2") {
		t.Errorf("the log holds the password:\n%s", s.log)
	}
	for token, want := range map[string]int{"": 401, "Bearer f3kZ9qLw2xVbT7mN4cRe": 401,
		"Bearer f3kZ9qLw2xVbT7mN4cRd": 200, "bearer f3kZ9qLw2xVbT7mN4cRd": 200, "Basic f3kZ9qLw2xVbT7mN4cRd": 401,
		"f3kZ9qLw2xVbT7mN4cRd": 401} {
		status, text := s.scrape(token)
		if status != want || (status == 200) != strings.Contains(text, `amrutam_build_info{goversion="go1.`) ||
			(status == 200) != strings.Contains(text, `version="`+release+`"`) ||
			(status == 200) != strings.Contains(text, `amrutam_queue_jobs{state="retryable"}`) {
			t.Errorf("metrics with %q: %d %.200s", token, status, text)
		}
	}
	s.stop()
}

// scrape reads the metrics.
func (s *server) scrape(authorization string) (status int, text string) {
	s.t.Helper()
	at := metricsAt.FindStringSubmatch(s.log.String())
	if at == nil {
		s.t.Fatal("the log doesn't say where the metrics are")
	}
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, at[1], nil)
	must(s.t, err)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	answer, err := s.client.Do(r)
	must(s.t, err)
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	must(s.t, err)
	return answer.StatusCode, string(body)
}

// TestTheServersLoginMigratesNothing: with it alone, the variable for the owner's is named.
func TestTheServersLoginMigratesNothing(t *testing.T) {
	t.Parallel()
	c := given(t)
	variables := []string{"DATABASE_URL=" + c.ServerDSN(cluster.Database), sealedWith,
		"AMRUTAM_DATA_DIR=" + t.TempDir(), "AMRUTAM_LISTEN=127.0.0.1:0"}
	for _, arguments := range [][]string{{"migrate"}, {"serve"}} {
		out, err := run(t, variables, "", arguments...)
		if err == nil || !strings.Contains(out, "AMRUTAM_MIGRATE_DATABASE_URL") || strings.Count(out, "\n") != 1 {
			t.Errorf("%v: %v %s", arguments, err, out)
		}
	}
	owner, err := url.Parse(c.DSN(cluster.Database))
	must(t, err)
	owner.Path = "/nowhere"
	out, err := run(t, append(variables, "AMRUTAM_MIGRATE_DATABASE_URL="+owner.String()), "", "migrate")
	if err == nil || !strings.HasPrefix(out,
		"amrutam: error: AMRUTAM_MIGRATE_DATABASE_URL: the database does not exist") {
		t.Errorf("a wrong owner's address: %v %s", err, out)
	}
	if out, err = run(t, append(variables, "AMRUTAM_MIGRATE_DATABASE_URL="+c.DSN(cluster.Database)), "",
		"migrate"); err != nil {
		t.Fatalf("migrate: %v %s", err, out)
	}
	for _, arguments := range [][]string{{"migrate"}, {"migrate", "--status"}} { // nothing is to be done
		if out, err = run(t, variables, "", arguments...); err != nil {
			t.Errorf("%v: %v %s", arguments, err, out)
		}
	}
}

// TestATypoStopsEveryCommand before anything is opened.
func TestATypoStopsEveryCommand(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "data")
	for _, arguments := range [][]string{{"serve"}, {"migrate"}, {"check"}, {"keys", "rotate"}, {"code"}, {"demo"},
		{"admin", "create", "--email", "a@example.org", "--name", "Ad Min"}} {
		out, err := run(t, []string{"AMRUTAM_DATA_DIR=" + folder, "AMRUTAM_PAYWITHIN=hunter2"}, password+"\n",
			arguments...)
		if err == nil || !strings.HasPrefix(out,
			"amrutam: error: AMRUTAM_PAYWITHIN is no setting: did you mean AMRUTAM_PAY_WITHIN?") ||
			strings.Contains(out, "hunter2") {
			t.Errorf("%v: %v %s", arguments, err, out)
		}
	}
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("the data folder was made: %v", err)
	}
}

// TestReadmesFirstBooking runs README's commands, more often than a patient may hold unpaid bookings.
func TestReadmesFirstBooking(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil && os.Getenv("CI") == "" {
		t.Skip("there is no curl (Debian: apt-get install curl), which README's commands need")
	}
	readme, err := os.ReadFile("../../README.md")
	must(t, err)
	_, block, _ := strings.Cut(string(readme), "```sh\n")
	block, _, _ = strings.Cut(block, "```")
	folder := t.TempDir()
	s := serve(t, []string{"AMRUTAM_DATA_DIR=" + filepath.Join(folder, "data"), "AMRUTAM_LISTEN=127.0.0.1:0"},
		"--demo")
	_, shown, _ := strings.Cut(s.stdout.String(), "all with the password ")
	shown, _, _ = strings.Cut(shown, "\n")
	block = strings.ReplaceAll(strings.Replace(block, "PASSWORD=…", "PASSWORD="+shown, 1), "127.0.0.1:8080", s.addr)
	for range 5 {
		cmd := exec.CommandContext(t.Context(), "bash", "-c", block)
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), `"status":"CONFIRMED"`) ||
			!strings.Contains(string(out), `"status":"CANCELLED"`) {
			t.Fatalf("%v: %s", err, out)
		}
	}
	// Three bookings that somebody left unpaid are in nobody's way.
	unpaid, _, _ := strings.Cut(block, "# Refused,")
	for range 3 {
		out, err := exec.CommandContext(t.Context(), "bash", "-c", unpaid).CombinedOutput()
		must(t, err)
		if !strings.Contains(string(out), `"status":"REQUESTED"`) {
			t.Fatalf("%s", out)
		}
	}
	out, err := exec.CommandContext(t.Context(), "bash", "-c", block).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "too-many-unpaid") ||
		!strings.Contains(string(out), `"status":"CONFIRMED"`) {
		t.Errorf("%v: %s", err, out)
	}
	s.stop()
}
