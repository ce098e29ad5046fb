package config

import (
	"os"
	"time"

	"amrutam/internal/cancellation"
)

// applyCancelUntil makes a policy of the setting that AMRUTAM_CANCELLATION_POLICY has replaced, if it is set.
func (c *Config) applyCancelUntil(errs *settingErrors) {
	const old, replacement = "AMRUTAM_CANCEL_UNTIL", "AMRUTAM_CANCELLATION_POLICY"
	if os.Getenv(old) == "" {
		return
	}
	hours := int(c.CancelUntil / time.Hour)
	policy := cancellation.Policy{{HoursBefore: hours, RefundPercent: 100}}
	switch {
	case os.Getenv(replacement) != "":
		errs.add(old, "can't be set beside %s, which replaces it", replacement)
	case c.CancelUntil%time.Hour != 0 || policy.Check() != nil:
		errs.add(old, "must be whole hours, from 0h to %dh: it is a short form of %s", cancellation.MaxHours,
			replacement)
	default:
		c.CancellationPolicy = policy
	}
}
