package config

import "testing"

func TestCancelUntilIsAPolicy(t *testing.T) {
	t.Setenv("AMRUTAM_CANCEL_UNTIL", "2h")
	c, err := Load(Database)
	if err != nil || c.CancellationPolicy.String() != "2h=100" {
		t.Errorf("the policy is %s: %v", c.CancellationPolicy, err)
	}
	t.Setenv("AMRUTAM_CANCELLATION_POLICY", "24h=100")
	if _, err := Load(Database); err == nil {
		t.Error("both are taken")
	}
}
