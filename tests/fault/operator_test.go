package fault_test

import (
	"context"
	"fmt"
	"io"
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

// TestFirstDayInProduction sets up production as an operator does: missing settings are named, each command needs only
// the settings that it uses, no key is created for DATABASE_URL, and the log has the warnings that an operator needs.
func TestFirstDayInProduction(t *testing.T) {
	t.Parallel()
	c := startPostgres(t, filepath.Join(t.TempDir(), "data"))
	folder := t.TempDir()
	database := []string{
		"AMRUTAM_ENV=production",
		"DATABASE_URL=" + c.DSN(cluster.Database),
		"AMRUTAM_DATA_DIR=" + folder,
		"AMRUTAM_LISTEN=127.0.0.1:0",
	}
	out, err := runCommand(t, database, "", "migrate", "--status")
	if err == nil || !strings.Contains(out, "schema at version 0,") ||
		!strings.Contains(out, "missing: 00001_people.sql") || !strings.Contains(out, "run amrutam migrate") {
		t.Errorf("status of a new database: %v %s", err, out)
	}
	if out, err = runCommand(t, database, "", "migrate"); err != nil {
		t.Fatalf("migrate: %v %s", err, out)
	}
	if out, err = runCommand(t, database, "", "migrate", "--status"); err != nil || strings.Contains(out, "missing") ||
		!strings.Contains(out, fmt.Sprint("schema at version ", postgres.SchemaVersion())) {
		t.Errorf("status: %v %s", err, out)
	}
	if out, err = runCommand(t, database, "", "check"); err != nil {
		t.Errorf("check: %v %s", err, out)
	}
	create := []string{"admin", "create", "--email", "admin@example.org", "--name", "Test Admin"}
	const needsKey = "amrutam: error: AMRUTAM_MASTER_KEY is needed in production: " +
		"make one with openssl rand -base64 32, and keep it apart from the backups\n"
	if out, err = runCommand(t, database, password+"\n", create...); err == nil || out != needsKey {
		t.Errorf("an administrator without a key: %v %s", err, out)
	}
	for _, arguments := range [][]string{{"code"}, {"demo"}} {
		out, err = runCommand(t, database, "", arguments...)
		if err == nil || !strings.Contains(out, "production has n") || strings.Count(out, "\n") != 1 {
			t.Errorf("%v: %v %s", arguments, err, out)
		}
	}
	if out, err = runCommand(t, append(database, masterKeyVariable), password+"\n", create...); err != nil {
		t.Errorf("an administrator: %v %s", err, out)
	}
	out, err = runCommand(t, append(database, masterKeyVariable), "", "serve")
	for _, name := range []string{
		"AMRUTAM_MAIL_FROM", "AMRUTAM_PUBLIC_URL", "AMRUTAM_SMTP_URL", "AMRUTAM_STUB_WEBHOOK_SECRET",
		"AMRUTAM_TRUSTED_PROXIES",
	} {
		if err == nil || !strings.Contains(out, name+" ") {
			t.Errorf("serve doesn't name %s: %v %s", name, err, out)
		}
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) > 0 {
		t.Errorf("created in the data folder: %v %v", files, err)
	}
	conn, err := pgx.Connect(context.Background(), c.DSN(cluster.Database))
	must(t, err)
	_, err = conn.Exec(context.Background(), `INSERT INTO river_job (kind, args, state, max_attempts, scheduled_at)
		VALUES ('mail.send', '{}', 'available', 3, now() - interval '2 days')`)
	must(t, err)
	must(t, conn.Close(context.Background()))
	if out, err = runCommand(t, database, "", "migrate", "--status"); err != nil ||
		!strings.Contains(out, "waiting: 1 of mail.send, the oldest since ") {
		t.Errorf("a waiting job, which a restored copy would run: %v %s", err, out)
	}
	s := startServer(t, append(database,
		masterKeyVariable,
		webhookSecret,
		"AMRUTAM_PUBLIC_URL=https://care.clinic.example",
		"AMRUTAM_SMTP_URL=smtp://me:hunter2@127.0.0.1:9",
		"AMRUTAM_MAIL_FROM=Clinic <no-reply@clinic.example>",
		"AMRUTAM_TRUSTED_PROXIES=none",
		"AMRUTAM_METRICS_LISTEN=127.0.0.1:0",
		"AMRUTAM_METRICS_TOKEN=f3kZ9qLw2xVbT7mN4cRd",
	))
	for _, expected := range []string{
		`in production nobody can pay`,
		`"server":"127.0.0.1:9","tls":"STARTTLS, without which nothing is sent`,
		`"kind":"mail.send","jobs":1`,
		"a restored copy",
	} {
		if !strings.Contains(s.log.String(), expected) {
			t.Errorf("the log doesn't say %s:\n%s", expected, s.log)
		}
	}
	if strings.Contains(s.log.String(), "hunter2") {
		t.Errorf("the log contains the password:\n%s", s.log)
	}
	s.checkMetricsToken()
	s.stop()
}

// checkMetricsToken checks that /metrics asks for the token f3kZ9qLw2xVbT7mN4cRd.
func (s *server) checkMetricsToken() {
	s.t.Helper()
	for authorization, want := range map[string]int{
		"":                            401,
		"Bearer f3kZ9qLw2xVbT7mN4cRe": 401,
		"Bearer f3kZ9qLw2xVbT7mN4cRd": 200,
		"bearer f3kZ9qLw2xVbT7mN4cRd": 200,
		"Basic f3kZ9qLw2xVbT7mN4cRd":  401,
		"f3kZ9qLw2xVbT7mN4cRd":        401,
	} {
		status, text := s.scrape(authorization)
		if status != want {
			s.t.Errorf("metrics with %q: status %d, want %d", authorization, status, want)
		}
		for _, metric := range []string{
			`amrutam_build_info{goversion="go1.`,
			`version="` + release + `"`,
			`amrutam_queue_jobs{state="retryable"}`,
		} {
			if strings.Contains(text, metric) != (status == 200) {
				s.t.Errorf("metrics with %q, %s: %.200s", authorization, metric, text)
			}
		}
	}
}

// scrape requests the metrics with a header Authorization, unless that is "".
func (s *server) scrape(authorization string) (status int, text string) {
	s.t.Helper()
	at := metricsPattern.FindStringSubmatch(s.log.String())
	if at == nil {
		s.t.Fatal("the log doesn't say where the metrics are")
	}
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, at[1], nil)
	must(s.t, err)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	httpResponse, err := s.client.Do(r)
	must(s.t, err)
	defer func() { _ = httpResponse.Body.Close() }()
	body, err := io.ReadAll(httpResponse.Body)
	must(s.t, err)
	return httpResponse.StatusCode, string(body)
}

// TestServerLoginCannotMigrate checks that the error names the variable for the owner's login.
func TestServerLoginCannotMigrate(t *testing.T) {
	t.Parallel()
	c := startPostgres(t, filepath.Join(t.TempDir(), "data"))
	variables := []string{"DATABASE_URL=" + c.ServerDSN(cluster.Database), masterKeyVariable,
		"AMRUTAM_DATA_DIR=" + t.TempDir(), "AMRUTAM_LISTEN=127.0.0.1:0"}
	for _, arguments := range [][]string{{"migrate"}, {"serve"}} {
		out, err := runCommand(t, variables, "", arguments...)
		if err == nil || !strings.Contains(out, "AMRUTAM_MIGRATE_DATABASE_URL") || strings.Count(out, "\n") != 1 {
			t.Errorf("%v: %v %s", arguments, err, out)
		}
	}
	owner, err := url.Parse(c.DSN(cluster.Database))
	must(t, err)
	owner.Path = "/nowhere"
	out, err := runCommand(t, append(variables, "AMRUTAM_MIGRATE_DATABASE_URL="+owner.String()), "", "migrate")
	const wrongAddress = "amrutam: error: AMRUTAM_MIGRATE_DATABASE_URL: the database does not exist"
	if err == nil || !strings.HasPrefix(out, wrongAddress) {
		t.Errorf("a wrong address for the owner: %v %s", err, out)
	}
	out, err = runCommand(t, append(variables, "AMRUTAM_MIGRATE_DATABASE_URL="+c.DSN(cluster.Database)), "", "migrate")
	if err != nil {
		t.Fatalf("migrate: %v %s", err, out)
	}
	for _, arguments := range [][]string{{"migrate"}, {"migrate", "--status"}} { // there is nothing to migrate
		if out, err = runCommand(t, variables, "", arguments...); err != nil {
			t.Errorf("%v: %v %s", arguments, err, out)
		}
	}
}

// TestUnknownSettingStopsEveryCommand checks that a misspelt setting stops every command before it opens anything.
func TestUnknownSettingStopsEveryCommand(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "data")
	variables := []string{"AMRUTAM_DATA_DIR=" + folder, "AMRUTAM_PAYWITHIN=hunter2"}
	const want = "amrutam: error: AMRUTAM_PAYWITHIN is no setting: did you mean AMRUTAM_PAY_WITHIN?"
	for _, arguments := range [][]string{
		{"serve"}, {"migrate"}, {"check"}, {"keys", "rotate"}, {"code"}, {"demo"},
		{"admin", "create", "--email", "a@example.org", "--name", "Test Admin"},
	} {
		out, err := runCommand(t, variables, password+"\n", arguments...)
		if err == nil || !strings.HasPrefix(out, want) || strings.Contains(out, "hunter2") {
			t.Errorf("%v: %v %s", arguments, err, out)
		}
	}
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("the data folder was created: %v", err)
	}
}

// TestReadmeFirstBooking runs README's commands, more often than a patient may have unpaid bookings.
func TestReadmeFirstBooking(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil && os.Getenv("CI") == "" {
		t.Skip("there is no curl (Debian: apt-get install curl), which README's commands need")
	}
	readme, err := os.ReadFile("../../README.md")
	must(t, err)
	_, block, _ := strings.Cut(string(readme), "```sh\n")
	block, _, _ = strings.Cut(block, "```")
	variables := []string{"AMRUTAM_DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "AMRUTAM_LISTEN=127.0.0.1:0"}
	s := startServer(t, variables, "--demo")
	_, demoPassword, _ := strings.Cut(s.stdout.String(), "all with the password ")
	demoPassword, _, _ = strings.Cut(demoPassword, "\n")
	block = strings.Replace(block, "PASSWORD=…", "PASSWORD="+demoPassword, 1)
	block = strings.ReplaceAll(block, "127.0.0.1:8080", s.addr)
	runScript := func(script string, wanted ...string) {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), "bash", "-c", script).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		for _, text := range wanted {
			if !strings.Contains(string(out), text) {
				t.Fatalf("the output has no %s: %s", text, out)
			}
		}
	}
	for range 5 {
		runScript(block, `"status":"CONFIRMED"`, `"status":"CANCELLED"`)
	}
	// The commands still work when three earlier bookings were left unpaid.
	unpaid, _, _ := strings.Cut(block, "# Refused,")
	for range 3 {
		runScript(unpaid, `"status":"REQUESTED"`)
	}
	runScript(block, "too-many-unpaid", `"status":"CONFIRMED"`)
	s.stop()
}
