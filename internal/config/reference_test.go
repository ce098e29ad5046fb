package config

import (
	"strings"
	"testing"
)

// TestReferenceMatchesProductionChecks removes or breaks one setting at a time: production must refuse exactly those
// settings whose tag says so.
func TestReferenceMatchesProductionChecks(t *testing.T) {
	broken := map[string]string{
		"AMRUTAM_MAIL_FROM":            "Amrutam <no-reply@amrutam.example>",
		"AMRUTAM_MAIL_REPLY_TO":        "Support <support@amrutam.example>",
		"AMRUTAM_REQUIRE_ADMIN_MFA":    "false",
		"AMRUTAM_LOGIN_LIMIT":          "off",
		"AMRUTAM_RATE_LIMIT":           "off",
		"AMRUTAM_PASSWORD_MIN":         "14",
		"AMRUTAM_MIGRATE_DATABASE_URL": "postgres://care@db.clinic.example/care?sslmode=disable",
	}
	for _, s := range Settings() {
		t.Run(s.Name, func(t *testing.T) {
			// Other machines reach the metrics, so the token is needed.
			setProduction(t, "AMRUTAM_METRICS_LISTEN=0.0.0.0:9090", "AMRUTAM_METRICS_TOKEN="+otherRandomKey)
			if s.Name == "AMRUTAM_ENV" || s.Name == "AMRUTAM_METRICS_LISTEN" {
				return
			}
			t.Setenv(s.Name, broken[s.Name])
			c, err := Load(Server)
			refused := err != nil && strings.HasPrefix(err.Error(), s.Name+" ")
			if refused != (s.Production != "") || (err != nil && !refused) {
				t.Errorf("tag %q, %+v, %v", s.Production, c, err)
			}
			if unset := broken[s.Name] == ""; refused && unset != strings.HasPrefix(s.Production, "needed") &&
				s.Name != "AMRUTAM_MAIL_FROM" {
				t.Errorf("tag %q says whether it is needed", s.Production)
			}
		})
	}
}

func TestReferenceHasEverySetting(t *testing.T) {
	t.Parallel()
	if all := Settings(); len(all) != len(settingNames()) || all[0].Section == "" {
		t.Errorf("%d settings, %d names, the first section is %q", len(all), len(settingNames()), all[0].Section)
	}
	var page strings.Builder
	if err := Reference(&page); err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(page.String(), "\n") {
		if cells := strings.Count(line, "|") - strings.Count(line, `\|`); cells != 0 && cells != 5 {
			t.Errorf("the row has not four columns: %s", line)
		}
	}
}
