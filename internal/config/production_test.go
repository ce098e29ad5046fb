package config

import (
	"encoding/base64"
	"os"
	"slices"
	"strings"
	"testing"
)

// Random keys, made with openssl rand.
const (
	randomKey      = "2qPbuuHBcGc6Dn0Ia3zDo9nHVkRhNhvs01ykUEd4sBk="
	otherRandomKey = "c7yq0vq5uT0yNOJzIQcE5cKqv0pT6xk3eZs4vdAq1fA="
	webhookSecret  = "whsec_yDB0rbiIhAOy0zhr77v3Xf3hpzIT1Nl9"
)

// setProduction sets valid settings for production, and then the changes ("NAME=value") that the test is about.
func setProduction(t *testing.T, changes ...string) {
	t.Helper()
	valid := []string{
		"AMRUTAM_ENV=production",
		"DATABASE_URL=postgres://care:secret@db.clinic.example/care?sslmode=require",
		"AMRUTAM_MASTER_KEY=" + randomKey,
		"AMRUTAM_STUB_WEBHOOK_SECRET=" + webhookSecret,
		"AMRUTAM_SMTP_URL=smtps://me:secret@mail.clinic.example",
		"AMRUTAM_PUBLIC_URL=https://care.clinic.example/",
		"AMRUTAM_TRUSTED_PROXIES=10.0.0.0/8",
		"AMRUTAM_MAIL_FROM=Clinic <no-reply@clinic.example>",
	}
	for _, pair := range append(valid, changes...) {
		name, value, _ := strings.Cut(pair, "=")
		t.Setenv(name, value)
	}
}

//nolint:paralleltest // it sets the environment
func TestLoadAcceptsProductionSettings(t *testing.T) {
	for _, good := range []string{
		"AMRUTAM_TRUSTED_PROXIES=none",
		"AMRUTAM_TRUSTED_PROXIES= 10.0.0.0/8 , fc00::/7,192.0.2.7,::1",
		"AMRUTAM_PASSWORD_MIN=16",
		"AMRUTAM_METRICS_LISTEN=off",
		"AMRUTAM_METRICS_LISTEN=localhost:9090",
		"AMRUTAM_METRICS_LISTEN=[::1]:9090",
		"AMRUTAM_METRICS_TOKEN=" + otherRandomKey,
		"AMRUTAM_PUBLIC_URL=HTTPS://Care.Clinic.Example:443/",
		"DATABASE_URL=postgres:///care?host=/run/postgresql",
		"DATABASE_URL=postgres://care@127.0.0.1/care?sslmode=disable",
		"DATABASE_URL=postgres://care@[::1]/care?sslmode=disable",
		"DATABASE_URL=host=/run/postgresql,localhost dbname=care sslmode=disable",
		"DATABASE_URL=postgres://care@a.example,b.example/care?sslmode=require",
		"AMRUTAM_MASTER_KEY_PREVIOUS=" + otherRandomKey,
		"AMRUTAM_STUB_WEBHOOK_SECRET=" + webhookSecret + ",whsec_" + otherRandomKey,
		"AMRUTAM_REQUIRE_ADMIN_MFA=",
		"AMRUTAM_LOGIN_LIMIT=",
		"AMRUTAM_PUBLIC_URL=https://clinic.example/care",
	} {
		t.Run(good, func(t *testing.T) {
			setProduction(t, good)
			c, err := Load(Server)
			if err != nil {
				t.Fatal(err)
			}
			if !c.RequireAdminMFA || c.LoginLimit != "on" {
				t.Errorf("an unsafe default: %+v", c)
			}
			normalized := []string{"https://care.clinic.example", "https://clinic.example/care"}
			if !slices.Contains(normalized, c.PublicURL) {
				t.Errorf("the public address is %s", c.PublicURL)
			}
		})
	}
}

//nolint:paralleltest // it sets the environment
func TestLoadRefusesUnsafeProductionSettings(t *testing.T) {
	encode := func(key []byte) string { return base64.StdEncoding.EncodeToString(key) }
	counted := make([]byte, 32)
	for i := range counted {
		counted[i] = byte(i)
	}
	const (
		proxies  = "AMRUTAM_TRUSTED_PROXIES"
		public   = "AMRUTAM_PUBLIC_URL"
		database = "DATABASE_URL"
		key      = "AMRUTAM_MASTER_KEY"
		secret   = "AMRUTAM_STUB_WEBHOOK_SECRET"
	)
	for _, c := range []struct{ name, value, want string }{
		{proxies, "", "is needed in production"},
		{proxies, " , ", "is needed"},
		{proxies, "0.0.0.0/0", "as wide as the Internet"},
		{proxies, "::/0", "as wide"},
		{proxies, "10.0.0.0/8,0.0.0.0/1,128.0.0.0/1", "as wide"},
		{proxies, "2000::/3", "as wide"},
		{proxies, "::ffff:0.0.0.0/96", "as wide"},
		{proxies, "none,10.0.0.0/8", "none alone"},
		{proxies, "proxy.internal", "networks like"},
		{proxies, "10.0.0.0/33", "networks like"},
		{proxies, "*", "networks like"},
		{"AMRUTAM_REQUIRE_ADMIN_MFA", "false", "must be true"},
		{"AMRUTAM_REQUIRE_ADMIN_MFA", "0", "must be true"},
		{"AMRUTAM_PASSWORD_MIN", "7", "8 to 128"},
		{"AMRUTAM_PASSWORD_MIN", "14", "at least 15"},
		{"AMRUTAM_LOGIN_LIMIT", "off", "must be on"},
		{"AMRUTAM_RATE_LIMIT", "off", "must be on"},
		{"AMRUTAM_METRICS_LISTEN", ":9090", "AMRUTAM_METRICS_TOKEN is needed"},
		{"AMRUTAM_METRICS_LISTEN", "0.0.0.0:9090", "AMRUTAM_METRICS_TOKEN is needed"},
		{"AMRUTAM_METRICS_LISTEN", "[::]:9090", "AMRUTAM_METRICS_TOKEN is needed"},
		{"AMRUTAM_METRICS_LISTEN", "10.1.2.3:9090", "AMRUTAM_METRICS_TOKEN is needed"},
		{"AMRUTAM_METRICS_TOKEN", "short", "at least 20"},
		{"AMRUTAM_METRICS_TOKEN", strings.Repeat("a", 40), "repeats"},
		{"AMRUTAM_METRICS_TOKEN", randomKey, "same secret"},
		{"AMRUTAM_METRICS_TOKEN", webhookSecret, "same secret"},
		{"AMRUTAM_METRICS_TOKEN", "with blanks in it, which no header bears", "at least 20"},
		{key, "", "is needed"},
		{key, encode(make([]byte, 32)), "one byte repeated"},
		{key, encode([]byte(strings.Repeat("\xff", 32))), "one byte repeated"},
		{key, encode(counted), "counted on"},
		{key, encode([]byte(strings.Repeat("\x01\x9c\xe3\x44", 8))), "repeats itself"},
		{key, encode([]byte("0123456789abcdefghijklmnopqrstuv")), "is text"},
		{key, encode([]byte("correct horse battery staple 42!")), "is text"},
		{key, encode(counted[:16]), "32 bytes"},
		{key, secretValue, "32 bytes"},
		{secret, "", "is needed"},
		{secret, "whsec_" + encode(make([]byte, 32)), "one byte repeated"},
		{secret, "whsec_" + encode(counted[:8]), "at least 16"},
		{secret, "whsec_" + randomKey, "same secret"},
		{secret, webhookSecret + "," + webhookSecret, "same secret"},
		{secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "documentation"},
		{secret, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "documentation"},
		{"AMRUTAM_MASTER_KEY_PREVIOUS", randomKey, "same secret"},
		{"AMRUTAM_MASTER_KEY_PREVIOUS", encode(make([]byte, 32)), "one byte repeated"},
		{"AMRUTAM_MASTER_KEY_PREVIOUS", secretValue, "32 bytes"},
		{public, "", "is needed"},
		{public, "http://care.clinic.example", "must be https"},
		{public, "https://me:" + secretValue + "@care.example", "without a user"},
		{public, "https://@care.example", "without a user"},
		{public, "https://care.example/?", "query"},
		{public, "https://care.example?a=" + secretValue, "query"},
		{public, "https://care.example/#", "fragment"},
		{public, "https://care.example/#" + secretValue, "fragment"},
		{public, "https://care.example//", "path"},
		{public, "https://care.example/a/../b", "path"},
		{public, "https://care.example/a//b", "path"},
		{public, "https://care.example/%2e", "path"},
		{public, "https://care.example:0", "port"},
		{public, "https://care.example:99999", "port"},
		{public, "https://", "https address"},
		{public, "care.example", "https address"},
		{public, "https://c\u0101re.example", "ASCII"},
		{public, " https://care.example", "https address"},
		{public, "https://care .example", "https address"},
		{"AMRUTAM_MAIL_FROM", "", "example"},
		{"AMRUTAM_MAIL_FROM", "Amrutam <no-reply@amrutam.example>", "example"},
		{"AMRUTAM_MAIL_REPLY_TO", "Support <support@amrutam.example>", "example"},
		{"AMRUTAM_MAIL_FROM", "a@EXAMPLE.com", "example"},
		{"AMRUTAM_MAIL_FROM", "a@mail.Example.Com", "example"},
		{"AMRUTAM_SMTP_URL", "", "is needed"},
		{"AMRUTAM_SMTP_URL", "mail.example", "smtp://"},
		{"AMRUTAM_SMTP_URL", "http://mail.example", "smtp://"},
		{database, "", "is needed"},
		{database, "postgres://me:" + secretValue + "@db.example/care", "sslmode"},
		{database, "postgres://me@db.example/care?sslmode=disable", "sslmode"},
		{database, "postgres://me@db.example/care?sslmode=allow", "sslmode"},
		{database, "postgres://me@db.example/care?sslmode=prefer", "sslmode"},
		{database, "host=10.0.0.7 dbname=care", "sslmode"},
		{database, "postgres://me@localhost,db.example/care?sslmode=disable", "sslmode"},
		{database, "postgres://me@db.example,%2Frun%2Fpostgresql/care?sslmode=prefer", "sslmode"},
		{database, "postgres://me:" + secretValue + "@[db/care", "can't be read"},
		{"AMRUTAM_MIGRATE_DATABASE_URL", "postgres://me@db.example/care", "sslmode"},
		{"AMRUTAM_CHECK_HOUR", "24", "0 to 23"},
		{"AMRUTAM_LISTEN", "8080", "an address like"},
		{"AMRUTAM_LISTEN", "127.0.0.1:http", "an address like"},
	} {
		t.Run(c.name+" "+c.value, func(t *testing.T) {
			setProduction(t, c.name+"="+c.value)
			_, err := Load(Server)
			requireSettingError(t, err, c.name, c.want)
		})
	}
}

// TestLoadRequiresWhatCommandNeeds checks that the error names everything that is missing, and nothing that the
// command doesn't use.
func TestLoadRequiresWhatCommandNeeds(t *testing.T) {
	all := []string{"DATABASE_URL", "AMRUTAM_MASTER_KEY", "AMRUTAM_MAIL_FROM", "AMRUTAM_PUBLIC_URL",
		"AMRUTAM_SMTP_URL", "AMRUTAM_STUB_WEBHOOK_SECRET", "AMRUTAM_TRUSTED_PROXIES"}
	for _, name := range all {
		t.Setenv(name, "")
	}
	t.Setenv("AMRUTAM_ENV", "production")
	for need, want := range map[Need]int{Nothing: 0, Database: 1, Keys: 2, Server: len(all)} {
		_, err := Load(need)
		var lines []string
		if err != nil {
			lines = strings.Split(err.Error(), "\n")
		}
		if len(lines) != want {
			t.Errorf("%d: %v", need, err)
		}
		for _, name := range all[:want] {
			if !strings.Contains(err.Error(), name+" ") {
				t.Errorf("%d: %s is not named: %v", need, name, err)
			}
		}
	}
	// A setting that is present must be valid, even if the command doesn't use it.
	setProduction(t, "AMRUTAM_REQUIRE_ADMIN_MFA=false", "AMRUTAM_MASTER_KEY="+strings.Repeat("A", 43)+"=",
		"DATABASE_URL=postgres://db.example/care")
	for _, need := range []Need{Nothing, Database, Keys, Server} {
		if _, err := Load(need); err == nil || strings.Count(err.Error(), "\n") != 2 {
			t.Errorf("%d: %v", need, err)
		}
	}
}

// TestLoadSecretsMakesNoKeyForGivenDatabase: a command on another machine must not seal the database with a new key,
// because the server has a different one.
func TestLoadSecretsMakesNoKeyForGivenDatabase(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("AMRUTAM_DATA_DIR", dir)
	t.Setenv("DATABASE_URL", "postgres://localhost/care")
	load := func(need Need) error {
		c, err := Load(need)
		if err != nil {
			return err
		}
		return c.LoadSecrets(need)
	}
	if err := load(Database); err != nil {
		t.Error(err)
	}
	for _, need := range []Need{Keys, Server} {
		if err := load(need); err == nil ||
			!strings.HasPrefix(err.Error(), "AMRUTAM_MASTER_KEY is needed beside DATABASE_URL") {
			t.Errorf("%d: %v", need, err)
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Errorf("created %v, %v", files, err)
	}
	// The key of the folder's private PostgreSQL belongs to another database.
	if err := os.WriteFile(dir+"/master.key", []byte(randomKey), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := load(Keys); err == nil || !strings.Contains(err.Error(), "belongs to the private PostgreSQL") {
		t.Errorf("a key of another database: %v", err)
	}
	t.Setenv("AMRUTAM_MASTER_KEY", randomKey)
	if err := load(Keys); err != nil {
		t.Error(err)
	}
}
