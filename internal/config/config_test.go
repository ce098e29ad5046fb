package config

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestBadSettingsAreNamedAndNotRepeated(t *testing.T) {
	for _, c := range []struct{ name, value string }{
		{"AMRUTAM_ENV", "staging"}, {"AMRUTAM_PAY_WITHIN", "sixteen-candles"}, {"AMRUTAM_PAY_WITHIN", "-1s"}, {"AMRUTAM_PASSWORD_MIN", "7"},
		{"AMRUTAM_PASSWORD_MIN", "sixteen-candles"}, {"AMRUTAM_PUBLIC_URL", "sixteen-candles"}, {"AMRUTAM_PAYMENT_PROVIDER", "sixteen-candles"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(c.name, c.value)
			_, err := Load()
			if err == nil || !strings.Contains(err.Error(), c.name) || strings.Contains(err.Error(), "sixteen-candles") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestProductionNamesAllThatIsMissing(t *testing.T) {
	t.Setenv("AMRUTAM_ENV", "production")
	t.Setenv("DATABASE_URL", "")
	_, err := Load()
	for _, name := range []string{"DATABASE_URL", "AMRUTAM_MASTER_KEY", "AMRUTAM_SMTP_URL", "AMRUTAM_STUB_WEBHOOK_SECRET"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named: %v", name, err)
		}
		t.Setenv(name, "set")
	}
	if _, err = Load(); err == nil || !strings.Contains(err.Error(), "AMRUTAM_PUBLIC_URL") {
		t.Errorf("an address without TLS: %v", err)
	}
	t.Setenv("AMRUTAM_PUBLIC_URL", "https://care.example/")
	if c, err := Load(); err != nil || c.PublicURL != "https://care.example" {
		t.Errorf("%+v %v", c, err)
	}
}

func TestSecretsAreMadeOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	t.Setenv("AMRUTAM_DATA_DIR", dir)
	var all sync.WaitGroup
	made := make([]*Config, 8)
	for i := range made {
		all.Go(func() {
			c, err := Load()
			if err == nil {
				err = c.Secrets()
			}
			if err != nil {
				t.Error(err)
			}
			made[i] = c
		})
	}
	all.Wait()
	for _, c := range made {
		if key, err := c.MasterKeyBytes(); err != nil || len(key) != 32 || c.MasterKey != made[0].MasterKey || c.StubWebhookSecret != made[0].StubWebhookSecret {
			t.Errorf("starts at once don't agree: %v", err)
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
