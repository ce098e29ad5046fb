package config

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"amrutam/internal/cancellation"
)

// settingErrors collects the errors in the settings, at most one for each variable. A message names the variable and
// never repeats its value, which can be a secret.
type settingErrors struct {
	messages []string
	reported map[string]bool
}

// add records the first error of a variable and ignores later ones.
func (errs *settingErrors) add(name, format string, args ...any) {
	if errs.reported[name] {
		return
	}
	if errs.reported == nil {
		errs.reported = map[string]bool{}
	}
	errs.reported[name] = true
	errs.messages = append(errs.messages, name+" "+fmt.Sprintf(format, args...))
}

// join returns all errors as one, sorted by variable, or nil if there are none.
func (errs *settingErrors) join() error {
	if len(errs.messages) == 0 {
		return nil
	}
	slices.Sort(errs.messages)
	return errors.New(strings.Join(errs.messages, "\n"))
}

// addParseErrors adds the library's errors without the values that they quote. It returns an error if it can't tell
// which variables they are about.
func (errs *settingErrors) addParseErrors(err error) error {
	var all env.AggregateError
	if !errors.As(err, &all) {
		return errors.New("the environment can't be read: a setting has the wrong form")
	}
	for _, entry := range all.Errors {
		var parse env.ParseError
		if !errors.As(entry, &parse) {
			return errors.New("the environment can't be read: a setting has the wrong form")
		}
		field, _ := reflect.TypeFor[Config]().FieldByName(parse.Name)
		form := "a whole number"
		switch parse.Type {
		case reflect.TypeFor[time.Duration]():
			form = "a duration like 15m"
		case reflect.TypeFor[cancellation.Policy]():
			form = "1 to 5 steps like 24h=100,2h=50: hours before the start, at most 168, and percents, both of " +
				"which fall, from 100 percent"
		case reflect.TypeFor[bool]():
			form = "true or false"
		}
		errs.add(field.Tag.Get("env"), "must be %s", form)
	}
	return nil
}

func (c *Config) validate(errs *settingErrors, need Need) {
	c.applyCancelUntil(errs)
	errs.requireOneOf("AMRUTAM_ENV", c.Env, "development", "production")
	errs.requireOneOf("AMRUTAM_PAYMENT_PROVIDER", c.PaymentProvider, "stub")
	if c.LogFormat != "" {
		errs.requireOneOf("AMRUTAM_LOG_FORMAT", c.LogFormat, "json", "text")
	}
	errs.requireOneOf("AMRUTAM_LOGIN_LIMIT", c.LoginLimit, "on", "off")
	errs.requireOneOf("AMRUTAM_RATE_LIMIT", c.RateLimit, "on", "off")
	c.validateBackup(errs)
	if c.PasswordMin < 8 || c.PasswordMin > 128 {
		errs.add("AMRUTAM_PASSWORD_MIN", "must be from 8 to 128")
	}
	c.validateLimits(errs)
	if c.RetentionYears < 0 || c.RetentionYears > 100 {
		errs.add("AMRUTAM_RETENTION_YEARS", "must be from 0 to 100")
	}
	if !regexp.MustCompile("^[A-Z]{3}$").MatchString(c.Currency) {
		errs.add("AMRUTAM_CURRENCY", "must be three capital letters of ISO 4217, like INR")
	}
	if _, err := mail.ParseAddress(c.MailFrom); err != nil {
		errs.add("AMRUTAM_MAIL_FROM", "must be an address like Amrutam <no-reply@example.org>")
	}
	if _, err := mail.ParseAddress(c.MailReplyTo); err != nil && c.MailReplyTo != "" {
		errs.add("AMRUTAM_MAIL_REPLY_TO", "must be an address like Support <support@example.org>")
	}
	if c.MasterKeyPrevious != "" && c.MasterKey == "" {
		errs.add("AMRUTAM_MASTER_KEY_PREVIOUS", "needs AMRUTAM_MASTER_KEY beside it")
	}
	if c.MigrateURL != "" && c.DatabaseURL == "" {
		errs.add("AMRUTAM_MIGRATE_DATABASE_URL", "needs DATABASE_URL beside it")
	}
	if c.CheckHour < 0 || c.CheckHour > 23 {
		errs.add("AMRUTAM_CHECK_HOUR", "must be from 0 to 23")
	}
	c.validateSMTP(errs)
	c.validateAddresses(errs)
	c.validateProxies(errs)
	c.checkForms(errs)
	c.validateOrigins(errs)
	c.validateHosts(errs)
	c.validatePasskeys(errs)
	c.validateICE(errs)
	c.validateDurations(errs)
	if c.Production() {
		c.requireProduction(errs, need)
	}
}

func (c *Config) validateLimits(errs *settingErrors) {
	for name, n := range map[string]int{
		"AMRUTAM_RATE_PER_USER":         c.RatePerUser,
		"AMRUTAM_RATE_PER_ADDRESS":      c.RatePerAddress,
		"AMRUTAM_UNDER_WAY_PER_USER":    c.UnderWayPerUser,
		"AMRUTAM_UNDER_WAY_PER_ADDRESS": c.UnderWayPerAddress,
		"AMRUTAM_SIGN_UPS_PER_NETWORK":  c.SignUpsPerNetwork,
		"AMRUTAM_MAX_STREAMS":           c.MaxStreams,
	} {
		if n < 1 {
			errs.add(name, "must be at least 1")
		}
	}
	if c.MaxInFlight < 0 {
		errs.add("AMRUTAM_MAX_IN_FLIGHT", "must be at least 1, or 0 for a limit that suits the machine")
	}
	if c.DatabaseConns < 2 {
		errs.add("AMRUTAM_DATABASE_CONNS", "must be at least 2: the jobs always use one")
	}
	if c.MaxUnpaid < 1 {
		errs.add("AMRUTAM_MAX_UNPAID", "must be at least 1: a booking is unpaid at first")
	}
	if c.MaxReschedules < 0 || c.MaxReschedules > 1_000_000 {
		errs.add("AMRUTAM_MAX_RESCHEDULES", "must be from 0 to 1000000")
	}
	for name, n := range map[string]int{
		"AMRUTAM_MAX_ABANDONED":            c.MaxAbandoned,
		"AMRUTAM_MAX_BOOKINGS":             c.MaxBookings,
		"AMRUTAM_MAX_BOOKINGS_WITH_DOCTOR": c.MaxBookingsWithDoctor,
	} {
		if n < 1 || n > 1_000_000 {
			errs.add(name, "must be from 1 to 1000000")
		}
	}
}

func (c *Config) validateSMTP(errs *settingErrors) {
	if c.SMTPURL == "" {
		return
	}
	if _, err := c.SMTPServer(); err != nil {
		errs.add("AMRUTAM_SMTP_URL",
			"must be smtp://user:password@host:port or smtps://, its host a name or an IPv4 address")
	}
}

func (errs *settingErrors) requireOneOf(name, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		errs.add(name, "must be %s", strings.Join(allowed, " or "))
	}
}

func (c *Config) validateDurations(errs *settingErrors) {
	for name, d := range map[string]time.Duration{
		"AMRUTAM_PAY_WITHIN":        c.PayWithin,
		"AMRUTAM_ACCESS_TOKEN_LIFE": c.AccessTokenLife,
		"AMRUTAM_SESSION_LIFE":      c.SessionLife,
		"AMRUTAM_SHUTDOWN_WITHIN":   c.ShutdownWithin,
		"AMRUTAM_REQUEST_WITHIN":    c.RequestWithin,
		"AMRUTAM_BROWSER_IDLE":      c.BrowserIdle,
		"AMRUTAM_BROWSER_LIFE":      c.BrowserLife,
	} {
		if d <= 0 {
			errs.add(name, "must be longer than 0s")
		}
	}
	for name, d := range map[string]time.Duration{
		"AMRUTAM_CANCELLATION_GRACE":   c.CancellationGrace,
		"AMRUTAM_DISPUTE_WITHIN":       c.DisputeWithin,
		"AMRUTAM_LEAVE_ANSWER_BEFORE":  c.LeaveAnswerBefore,
		"AMRUTAM_LEAVE_ANSWER_WITHIN":  c.LeaveAnswerWithin,
		"AMRUTAM_START_EARLY":          c.StartEarly,
		"AMRUTAM_NO_SHOW_AFTER":        c.NoShowAfter,
		"AMRUTAM_PRESCRIBE_WITHIN":     c.PrescribeWithin,
		"AMRUTAM_COMPLETE_AFTER":       c.CompleteAfter,
		"AMRUTAM_REVIEW_WITHIN":        c.ReviewWithin,
		"AMRUTAM_REVIEW_CHANGE_WITHIN": c.ReviewChangeWithin,
		"AMRUTAM_DRAIN_FOR":            c.DrainFor,
		"AMRUTAM_ERASURE_AFTER":        c.ErasureAfter,
	} {
		if d < 0 {
			errs.add(name, "must not be negative")
		}
	}
	if _, ok := parseReminders(c.Reminders); !ok {
		errs.add("AMRUTAM_REMINDERS", "must be none, or up to %d different times from 5m to 720h: 24h,1h",
			maxReminders)
	}
	if c.AuditCompressAfter < 2160*time.Hour {
		errs.add("AMRUTAM_AUDIT_COMPRESS_AFTER", "must be at least 2160h")
	}
	if c.AuditKeep < 8760*time.Hour || c.AuditKeep < c.AuditCompressAfter {
		errs.add("AMRUTAM_AUDIT_KEEP", "must be at least 8760h, and not shorter than AMRUTAM_AUDIT_COMPRESS_AFTER")
	}
	if c.ArchiveAfter < c.MinArchiveAge() {
		errs.add("AMRUTAM_ARCHIVE_AFTER", "must be at least %s, and no shorter than AMRUTAM_PRESCRIBE_WITHIN, "+
			"AMRUTAM_REVIEW_WITHIN and AMRUTAM_COMPLETE_AFTER", minArchiveAge)
	}
	if c.SessionLife > c.SessionMax {
		errs.add("AMRUTAM_SESSION_LIFE", "must not be longer than AMRUTAM_SESSION_MAX")
	}
	if c.BrowserIdle > c.BrowserLife {
		errs.add("AMRUTAM_BROWSER_IDLE", "must not be longer than AMRUTAM_BROWSER_LIFE")
	}
	if c.AccessTokenLife > c.SessionLife && !errs.reported["AMRUTAM_SESSION_LIFE"] {
		errs.add("AMRUTAM_ACCESS_TOKEN_LIFE", "must not be longer than AMRUTAM_SESSION_LIFE")
	}
}

// minArchiveAge is the age below which the function of the database archives nothing.
const minArchiveAge = 90 * 24 * time.Hour

// MinArchiveAge returns how long after its end a consultation may be archived at the earliest: when nobody can write
// anything about it any more.
func (c *Config) MinArchiveAge() time.Duration {
	return max(minArchiveAge, c.PrescribeWithin, c.ReviewWithin, c.CompleteAfter)
}

// originPattern matches origins as browsers send them, in lower case.
var originPattern = regexp.MustCompile(`^https?://([a-z0-9_.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?$`)

func (c *Config) validateOrigins(errs *settingErrors) {
	c.CORSOrigins = errs.validOrigins("AMRUTAM_CORS_ORIGINS", c.CORSOrigins)
	c.ReturnOrigins = errs.validOrigins("AMRUTAM_RETURN_ORIGINS", c.ReturnOrigins)
}

// validOrigins returns the entries that are origins, without the blanks around them, and adds errors for the others.
func (errs *settingErrors) validOrigins(name string, given []string) []string {
	var all []string
	for _, entry := range given {
		entry = strings.TrimSpace(entry)
		u, err := url.Parse(entry)
		switch {
		case entry == "":
			continue
		case originPattern.MatchString(strings.TrimSuffix(entry, "/")) && strings.HasSuffix(entry, "/"):
			errs.add(name, "must hold origins without a slash at the end: https://app.example.org")
			continue
		case err != nil || !originPattern.MatchString(entry):
			errs.add(name, "must hold origins like https://app.example.org or http://127.0.0.1:3000, in lower case "+
				"and without a path; there is no wildcard")
			continue
		}
		port, err := strconv.ParseUint(u.Port(), 10, 16)
		if u.Port() != "" && (err != nil || port == 0) {
			errs.add(name, "must hold origins whose port is from 1 to 65535")
		}
		if u.Scheme == "http" && u.Port() == "80" || u.Scheme == "https" && u.Port() == "443" {
			errs.add(name, "must hold origins as browsers send them: leave out :80 of http and :443 of https")
		}
		all = append(all, entry)
	}
	return all
}

// hostPattern matches host names as browsers send them, without a port: a name is served at every port.
var hostPattern = regexp.MustCompile(`^([a-z0-9_.-]+|\[[0-9a-f:]+\])$`)

func (c *Config) validateHosts(errs *settingErrors) {
	var all []string
	for _, entry := range c.Hosts {
		if entry = strings.TrimSpace(entry); entry == "" {
			continue
		}
		if !hostPattern.MatchString(entry) {
			errs.add("AMRUTAM_HOSTS", "must hold names like app.example.org, in lower case and without a port; there "+
				"is no wildcard")
		}
		all = append(all, entry)
	}
	c.Hosts = all
}

// validateBackup refuses a folder for backups that would back up nothing, or be lost with the data.
func (c *Config) validateBackup(errs *settingErrors) {
	if c.BackupKeep < time.Hour {
		errs.add("AMRUTAM_BACKUP_KEEP", "must be at least 1h")
	}
	if c.BackupDir == "" {
		return
	}
	if c.DatabaseURL != "" {
		errs.add("AMRUTAM_BACKUP_DIR", "backs up the private PostgreSQL alone: unset it beside DATABASE_URL, and "+
			"back that database up as docs/operations/backup.md says")
		return
	}
	if within, err := isWithin(c.DataDir, c.BackupDir); err != nil || within {
		errs.add("AMRUTAM_BACKUP_DIR", "must not be in the data folder, with which it would be lost")
	}
}

// isWithin reports whether a path is a folder or in it.
func isWithin(dir, path string) (bool, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return false, err
	}
	if path, err = filepath.Abs(path); err != nil {
		return false, err
	}
	relative, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(relative), err
}
