package config

import (
	"testing"
)

func TestLoadRefusesUnknownNames(t *testing.T) {
	for name, nearest := range map[string]string{
		"AMRUTAM_PAYWITHIN":     "AMRUTAM_PAY_WITHIN",
		"amrutam_pay_within":    "AMRUTAM_PAY_WITHIN",
		"Amrutam_Env":           "AMRUTAM_ENV",
		"AMRUTAM_TRUSTED_PROXY": "AMRUTAM_TRUSTED_PROXIES",
		"AMRUTUM_ENV":           "AMRUTAM_ENV",
		"AMRTUAM_LISTEN":        "AMRUTAM_LISTEN",
		"AMRUTAMENV":            "AMRUTAM_ENV",
		"AMRUTAM_REQUIRE_MFA":   "AMRUTAM_REQUIRE_ADMIN_MFA",
		"AMRUTAM_MASTERKEY":     "AMRUTAM_MASTER_KEY",
		"AMRUTAM_TESTING":       "AMRUTAM_",
		"AMRUTAM_":              "AMRUTAM_",
		"AMRUTAM_PORT":          "AMRUTAM_",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, secretValue)
			_, err := Load(Nothing)
			requireSettingError(t, err, name, " is no setting: did you mean "+nearest)
		})
	}
}

//nolint:paralleltest // it sets the environment
func TestLoadAcceptsForeignVariables(t *testing.T) {
	for name, value := range map[string]string{
		"AMRUTAM_TEST_ANYTHING": "1",
		"AMRUTAM_PAY_WITHIN":    "20m",
		"DATABASE_URI":          secretValue,
		"AMRITA_HOME":           secretValue,
		"PUBLIC_URL":            secretValue,
		// Set by Kubernetes for the Services amrutam and amrutam-api.
		"AMRUTAM_SERVICE_HOST":          "10.1.2.3",
		"AMRUTAM_SERVICE_PORT":          "80",
		"AMRUTAM_SERVICE_PORT_HTTP":     "80",
		"AMRUTAM_PORT":                  "tcp://10.1.2.3:80",
		"AMRUTAM_PORT_80_TCP":           "tcp://10.1.2.3:80",
		"AMRUTAM_PORT_80_TCP_ADDR":      "10.1.2.3",
		"AMRUTAM_API_SERVICE_HOST":      "10.1.2.3",
		"AMRUTAM_API_PORT_80_TCP_PROTO": "tcp",
	} {
		t.Setenv(name, value)
	}
	if _, err := Load(Server); err != nil {
		t.Error(err)
	}
}

func TestEditDistance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"abc", "", 3}, {"", "abc", 3}, {"abc", "abc", 0}, {"abc", "adc", 1}, {"abc", "ac", 1},
		{"abcd", "acbd", 1}, {"kitten", "sitting", 3},
	} {
		if got := editDistance(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
