package config

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// secretValue stands for a secret: no error may contain it.
const secretValue = "sixteen-candles"

func TestLoadNamesBadSettingsWithoutValues(t *testing.T) {
	const number, duration = "must be a whole number", "must be a duration like 15m"
	for _, c := range []struct{ name, value, want string }{
		{"AMRUTAM_ENV", "staging", "development or production"},
		{"AMRUTAM_PAYMENT_PROVIDER", secretValue, "stub"},
		{"AMRUTAM_PAY_WITHIN", secretValue, duration},
		{"AMRUTAM_PAY_WITHIN", "-1s", "longer"},
		{"AMRUTAM_PAY_WITHIN", "0", "longer"},
		{"AMRUTAM_SESSION_LIFE", "5m", "AMRUTAM_ACCESS_TOKEN_LIFE must not be longer"},
		{"AMRUTAM_ACCESS_TOKEN_LIFE", "721h", "not be longer"},
		{"AMRUTAM_CANCELLATION_GRACE", "-1s", "negative"},
		{"AMRUTAM_CANCEL_UNTIL", "90m", "whole hours"},
		{"AMRUTAM_CANCEL_UNTIL", "-1h", "whole hours"},
		{"AMRUTAM_CANCEL_UNTIL", "169h", "whole hours"},
		{"AMRUTAM_CANCEL_UNTIL", secretValue, duration},
		{"AMRUTAM_CANCELLATION_POLICY", secretValue, "steps like 24h=100,2h=50"},
		{"AMRUTAM_CANCELLATION_POLICY", "24h=100,2h=100", "fall"},
		{"AMRUTAM_DISPUTE_WITHIN", "-1s", "negative"},
		{"AMRUTAM_START_EARLY", "-1s", "negative"},
		{"AMRUTAM_NO_SHOW_AFTER", "-1s", "negative"},
		{"AMRUTAM_PRESCRIBE_WITHIN", "-1s", "negative"},
		{"AMRUTAM_DRAIN_FOR", "-1s", "negative"},
		{"AMRUTAM_ERASURE_AFTER", "-1s", "negative"},
		{"AMRUTAM_RETENTION_YEARS", "-1", "0 to 100"},
		{"AMRUTAM_RETENTION_YEARS", secretValue, number},
		{"AMRUTAM_PASSWORD_MIN", "7", "8 to 128"},
		{"AMRUTAM_PASSWORD_MIN", secretValue, number},
		{"AMRUTAM_MAX_UNPAID", "0", "at least 1"},
		{"AMRUTAM_SIGN_UPS_PER_NETWORK", "0", "at least 1"},
		{"AMRUTAM_MAX_UNPAID", "-1", "at least 1"},
		{"AMRUTAM_MAX_UNPAID", "1.5", number},
		{"AMRUTAM_DATABASE_CONNS", "0", "at least 2"},
		{"AMRUTAM_DATABASE_CONNS", "-1", "at least 2"},
		{"AMRUTAM_DATABASE_CONNS", secretValue, number},
		{"AMRUTAM_LOG_FORMAT", "xml", "json or text"},
		{"AMRUTAM_MAIL_FROM", secretValue, "an address like"},
		{"AMRUTAM_MAIL_REPLY_TO", secretValue, "an address like"},
		{"AMRUTAM_PUBLIC_URL", secretValue, "http"},
		{"AMRUTAM_CORS_ORIGINS", secretValue, "origins like"},
		{"AMRUTAM_CORS_ORIGINS", "*", "no wildcard"},
		{"AMRUTAM_CORS_ORIGINS", "https://*.example", "no wildcard"},
		{"AMRUTAM_CORS_ORIGINS", "http://b.example/", "without a slash"},
		{"AMRUTAM_CORS_ORIGINS", "https://a.example,http://b.example/x", "without a path"},
		{"AMRUTAM_CORS_ORIGINS", "null", "origins like"},
		{"AMRUTAM_CORS_ORIGINS", "ftp://a.example", "origins like"},
		{"AMRUTAM_CORS_ORIGINS", "https://A.example", "lower case"},
		{"AMRUTAM_CORS_ORIGINS", "https://me:" + secretValue + "@a.example", "origins like"},
		{"AMRUTAM_CORS_ORIGINS", "https://a.example:99999", "65535"},
		{"AMRUTAM_CORS_ORIGINS", "https://a.example:443", "leave out"},
		{"AMRUTAM_CORS_ORIGINS", "https://a.example?x", "origins like"},
	} {
		t.Run(c.name+" "+c.value, func(t *testing.T) {
			t.Setenv(c.name, c.value)
			_, err := Load(Server)
			requireSettingError(t, err, c.name, c.want)
			if strings.Contains(err.Error(), "time.") {
				t.Errorf("the error is about Go: %v", err)
			}
		})
	}
}

// requireSettingError checks that the error is one line that names the setting, contains want and repeats no value.
func requireSettingError(t *testing.T, err error, name, want string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), want) {
		t.Errorf("%v", err)
	}
	if strings.Contains(err.Error(), secretValue) || strings.Contains(err.Error(), "\n") {
		t.Errorf("the error holds the value or several lines: %v", err)
	}
}

//nolint:paralleltest // it sets the environment
func TestLoadReportsAllErrorsAtOnce(t *testing.T) {
	wrong := map[string]string{
		"AMRUTAM_PAY_WITHIN":   secretValue,
		"AMRUTAM_PASSWORD_MIN": secretValue,
		"AMRUTAM_MAX_UNPAID":   "0",
		"AMRUTAM_LOG_FORMAT":   "xml",
		"AMRUTAM_CORS_ORIGINS": "x,*",
		"AMRUTAM_DRAIN_FOR":    "-1s",
	}
	for name, value := range wrong {
		t.Setenv(name, value)
	}
	_, err := Load(Server)
	if err == nil {
		t.Fatal("accepted")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(wrong) {
		t.Errorf("%d lines: %v", len(lines), err)
	}
	for name := range wrong {
		if strings.Count(err.Error(), name) != 1 {
			t.Errorf("%s is not named once: %v", name, err)
		}
	}
}

func TestLoadTrimsOrigins(t *testing.T) {
	t.Setenv("AMRUTAM_CORS_ORIGINS", "https://a.example, http://127.0.0.1:3000,http://[::1]:3000,")
	c, err := Load(Server)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"https://a.example", "http://127.0.0.1:3000", "http://[::1]:3000"}
	if !slices.Equal(c.CORSOrigins, want) {
		t.Errorf("%v, want %v", c.CORSOrigins, want)
	}
}

//nolint:paralleltest // it sets the environment
func TestDamagedSecretIsNamedByFile(t *testing.T) {
	for _, damage := range []string{"", "c2hvcnQ=\n", secretValue} {
		dir := t.TempDir()
		t.Setenv("AMRUTAM_DATA_DIR", dir)
		for _, name := range []string{"master.key", "stub-webhook.secret"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(damage), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c, err := Load(Server)
		if err == nil {
			err = c.LoadSecrets(Server)
		}
		if err != nil {
			t.Fatal(err)
		}
		_, masterErr := c.MasterKeys()
		_, stubErr := c.StubSecrets()
		for name, err := range map[string]error{"master.key": masterErr, "stub-webhook.secret": stubErr} {
			requireSettingError(t, err, filepath.Join(dir, name), "damaged")
			if strings.Contains(err.Error(), "AMRUTAM_") {
				t.Errorf("the error names a variable that isn't set: %v", err)
			}
		}
	}
}

func TestConcurrentStartsShareSecrets(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	t.Setenv("AMRUTAM_DATA_DIR", dir)
	var wg sync.WaitGroup
	configs := make([]*Config, 8)
	for i := range configs {
		wg.Go(func() {
			c, err := Load(Server)
			if err == nil {
				err = c.LoadSecrets(Server)
			}
			if err != nil {
				t.Error(err)
			}
			configs[i] = c
		})
	}
	wg.Wait()
	for _, c := range configs {
		if keys, err := c.MasterKeys(); err != nil || len(keys) != 1 {
			t.Errorf("%d keys, %v", len(keys), err)
		}
		if c.MasterKey != configs[0].MasterKey || c.StubWebhookSecret != configs[0].StubWebhookSecret {
			t.Error("two starts have different secrets")
		}
		if _, err := c.StubSecrets(); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"master.key", "stub-webhook.secret"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
}

func TestHelpNamesEveryVariable(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	if err := Help(&text); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"AMRUTAM_LISTEN", "DATABASE_URL", "AMRUTAM_SHUTDOWN_WITHIN"} {
		if !strings.Contains(text.String(), name) {
			t.Errorf("%s is missing", name)
		}
	}
	for _, line := range strings.Split(strings.TrimSpace(text.String()), "\n") {
		if len(strings.Fields(line)) < 3 {
			t.Errorf("no help: %s", line)
		}
	}
}

// TestLoadSecretsRefusesLostMasterKey: a new key would open nothing that the lost one has sealed, and would hide the
// loss.
func TestLoadSecretsRefusesLostMasterKey(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("AMRUTAM_DATA_DIR", dir)
	secrets := func() error {
		c, err := Load(Server)
		if err != nil {
			return err
		}
		return c.LoadSecrets(Server)
	}
	path := filepath.Join(dir, "master.key")
	if err := secrets(); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "postgres"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := secrets(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := secrets(); err == nil || !strings.Contains(err.Error(), path+" is missing") {
		t.Errorf("a lost key: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a new key was created: %v", err)
	}
	if err := os.Mkdir(path, 0o700); err != nil { // a path that exists and can't be read
		t.Fatal(err)
	}
	if err := secrets(); err == nil {
		t.Error("a key that can't be read was replaced")
	}
}
