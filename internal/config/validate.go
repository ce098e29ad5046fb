package config

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// faults are all that is wrong with the settings, one a variable. They name it and never repeat its value, which can
// be a secret.
type faults struct {
	lines []string
	named map[string]bool
}

func (f *faults) add(name, format string, args ...any) {
	if f.named[name] {
		return
	}
	if f.named == nil {
		f.named = map[string]bool{}
	}
	f.named[name] = true
	f.lines = append(f.lines, name+" "+fmt.Sprintf(format, args...))
}

func (f *faults) err() error {
	if len(f.lines) == 0 {
		return nil
	}
	slices.Sort(f.lines)
	return errors.New(strings.Join(f.lines, "\n"))
}

// unreadable takes the library's errors apart.
func (f *faults) unreadable(err error) error {
	var all env.AggregateError
	if !errors.As(err, &all) {
		return errors.New("the environment can't be read: a setting has the wrong form")
	}
	for _, one := range all.Errors {
		var parse env.ParseError
		if !errors.As(one, &parse) {
			return errors.New("the environment can't be read: a setting has the wrong form")
		}
		field, _ := reflect.TypeFor[Config]().FieldByName(parse.Name)
		form := "a whole number"
		switch parse.Type {
		case reflect.TypeFor[time.Duration]():
			form = "a duration like 15m"
		case reflect.TypeFor[bool]():
			form = "true or false"
		}
		f.add(field.Tag.Get("env"), "must be %s", form)
	}
	return nil
}

func (c *Config) validate(f *faults, need Need) {
	f.oneOf("AMRUTAM_ENV", c.Env, "development", "production")
	f.oneOf("AMRUTAM_PAYMENT_PROVIDER", c.PaymentProvider, "stub")
	if c.LogFormat != "" {
		f.oneOf("AMRUTAM_LOG_FORMAT", c.LogFormat, "json", "text")
	}
	f.oneOf("AMRUTAM_LOGIN_LIMIT", c.LoginLimit, "on", "off")
	f.oneOf("AMRUTAM_RATE_LIMIT", c.RateLimit, "on", "off")
	if c.PasswordMin < 8 || c.PasswordMin > 128 {
		f.add("AMRUTAM_PASSWORD_MIN", "must be from 8 to 128")
	}
	c.validateLimits(f)
	if c.RetentionYears < 0 || c.RetentionYears > 100 {
		f.add("AMRUTAM_RETENTION_YEARS", "must be from 0 to 100")
	}
	if !regexp.MustCompile("^[A-Z]{3}$").MatchString(c.Currency) {
		f.add("AMRUTAM_CURRENCY", "must be three capital letters of ISO 4217, like INR")
	}
	if _, err := mail.ParseAddress(c.MailFrom); err != nil {
		f.add("AMRUTAM_MAIL_FROM", "must be an address like Amrutam <no-reply@example.org>")
	}
	if _, err := mail.ParseAddress(c.MailReplyTo); err != nil && c.MailReplyTo != "" {
		f.add("AMRUTAM_MAIL_REPLY_TO", "must be an address like Support <support@example.org>")
	}
	if c.MasterKeyPrevious != "" && c.MasterKey == "" {
		f.add("AMRUTAM_MASTER_KEY_PREVIOUS", "needs AMRUTAM_MASTER_KEY beside it")
	}
	if c.MigrateURL != "" && c.DatabaseURL == "" {
		f.add("AMRUTAM_MIGRATE_DATABASE_URL", "needs DATABASE_URL beside it")
	}
	if c.CheckHour < 0 || c.CheckHour > 23 {
		f.add("AMRUTAM_CHECK_HOUR", "must be from 0 to 23")
	}
	c.validateSMTP(f)
	c.validateAddresses(f)
	c.validateProxies(f)
	c.checkForms(f)
	c.validateOrigins(f)
	c.validateHosts(f)
	c.validatePasskeys(f)
	c.validateDurations(f)
	if c.Production() {
		c.requireProduction(f, need)
	}
}

func (c *Config) validateLimits(f *faults) {
	for name, n := range map[string]int{"AMRUTAM_RATE_PER_USER": c.RatePerUser,
		"AMRUTAM_RATE_PER_ADDRESS":   c.RatePerAddress,
		"AMRUTAM_UNDER_WAY_PER_USER": c.UnderWayPerUser, "AMRUTAM_UNDER_WAY_PER_ADDRESS": c.UnderWayPerAddress} {
		if n < 1 {
			f.add(name, "must be at least 1")
		}
	}
	if c.MaxInFlight < 0 {
		f.add("AMRUTAM_MAX_IN_FLIGHT", "must be at least 1, or 0 for what suits the machine")
	}
	if c.DatabaseConns < 2 {
		f.add("AMRUTAM_DATABASE_CONNS", "must be at least 2: the jobs keep one for themselves")
	}
	if c.MaxUnpaid < 1 {
		f.add("AMRUTAM_MAX_UNPAID", "must be at least 1: a booking is unpaid at first")
	}
	for name, n := range map[string]int{"AMRUTAM_MAX_ABANDONED": c.MaxAbandoned, "AMRUTAM_MAX_BOOKINGS": c.MaxBookings,
		"AMRUTAM_MAX_BOOKINGS_WITH_DOCTOR": c.MaxBookingsWithDoctor} {
		if n < 1 || n > 1_000_000 {
			f.add(name, "must be from 1 to 1000000")
		}
	}
	if c.SignUpsPerNetwork < 1 {
		f.add("AMRUTAM_SIGN_UPS_PER_NETWORK", "must be at least 1")
	}
}

func (c *Config) validateSMTP(f *faults) {
	if c.SMTPURL == "" {
		return
	}
	if _, err := c.SMTPServer(); err != nil {
		f.add("AMRUTAM_SMTP_URL",
			"must be smtp://user:password@host:port or smtps://, its host a name or an IPv4 address")
	}
}

func (f *faults) oneOf(name, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		f.add(name, "must be %s", strings.Join(allowed, " or "))
	}
}

func (c *Config) validateDurations(f *faults) {
	for name, d := range map[string]time.Duration{
		"AMRUTAM_PAY_WITHIN": c.PayWithin, "AMRUTAM_ACCESS_TOKEN_LIFE": c.AccessTokenLife,
		"AMRUTAM_SESSION_LIFE": c.SessionLife, "AMRUTAM_SHUTDOWN_WITHIN": c.ShutdownWithin,
		"AMRUTAM_REQUEST_WITHIN": c.RequestWithin, "AMRUTAM_BROWSER_IDLE": c.BrowserIdle,
		"AMRUTAM_BROWSER_LIFE": c.BrowserLife,
	} {
		if d <= 0 {
			f.add(name, "must be longer than nothing")
		}
	}
	for name, d := range map[string]time.Duration{
		"AMRUTAM_CANCEL_UNTIL": c.CancelUntil, "AMRUTAM_START_EARLY": c.StartEarly,
		"AMRUTAM_NO_SHOW_AFTER":    c.NoShowAfter,
		"AMRUTAM_PRESCRIBE_WITHIN": c.PrescribeWithin, "AMRUTAM_COMPLETE_AFTER": c.CompleteAfter,
		"AMRUTAM_DRAIN_FOR": c.DrainFor, "AMRUTAM_ERASURE_AFTER": c.ErasureAfter,
	} {
		if d < 0 {
			f.add(name, "must not be negative")
		}
	}
	if c.SessionLife > c.SessionMax {
		f.add("AMRUTAM_SESSION_LIFE", "must not be longer than AMRUTAM_SESSION_MAX")
	}
	if c.BrowserIdle > c.BrowserLife {
		f.add("AMRUTAM_BROWSER_IDLE", "must not be longer than AMRUTAM_BROWSER_LIFE")
	}
	if c.AccessTokenLife > c.SessionLife && !f.named["AMRUTAM_SESSION_LIFE"] {
		f.add("AMRUTAM_ACCESS_TOKEN_LIFE", "must not be longer than AMRUTAM_SESSION_LIFE")
	}
}

// origin as browsers send it: in lower case.
var origin = regexp.MustCompile(`^https?://([a-z0-9_.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?$`)

func (c *Config) validateOrigins(f *faults) {
	c.CORSOrigins = f.origins("AMRUTAM_CORS_ORIGINS", c.CORSOrigins)
	c.ReturnOrigins = f.origins("AMRUTAM_RETURN_ORIGINS", c.ReturnOrigins)
}

func (f *faults) origins(name string, given []string) []string {
	var all []string
	for _, one := range given {
		one = strings.TrimSpace(one)
		u, err := url.Parse(one)
		switch {
		case one == "":
			continue
		case origin.MatchString(strings.TrimSuffix(one, "/")) && strings.HasSuffix(one, "/"):
			f.add(name, "must hold origins without a slash at the end: https://app.example.org")
			continue
		case err != nil || !origin.MatchString(one):
			f.add(name, "must hold origins like https://app.example.org or http://127.0.0.1:3000, in lower case "+
				"and without a path; there is no wildcard")
			continue
		}
		port, err := strconv.ParseUint(u.Port(), 10, 16)
		if u.Port() != "" && (err != nil || port == 0) {
			f.add(name, "must hold origins whose port is from 1 to 65535")
		}
		if u.Scheme == "http" && u.Port() == "80" || u.Scheme == "https" && u.Port() == "443" {
			f.add(name, "must hold origins as browsers send them: leave out :80 of http and :443 of https")
		}
		all = append(all, one)
	}
	return all
}

// host as browsers name it, without a port: any is served.
var host = regexp.MustCompile(`^([a-z0-9_.-]+|\[[0-9a-f:]+\])$`)

func (c *Config) validateHosts(f *faults) {
	var all []string
	for _, one := range c.Hosts {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		if !host.MatchString(one) {
			f.add("AMRUTAM_HOSTS", "must hold names like app.example.org, in lower case and without a port; there "+
				"is no wildcard")
		}
		all = append(all, one)
	}
	c.Hosts = all
}
