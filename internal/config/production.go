package config

import (
	"net"
	"net/mail"
	"net/netip"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Need is what a command uses. Production asks for no more than that; what is set has to be good, whoever reads it.
type Need int

// From little to all.
const (
	Nothing  Need = iota
	Database      // its addresses: migrate, check
	Keys          // and the master key: admin create, keys rotate
	Server        // everything: serve
)

// minSingleFactorPassword is the least length of a password that signs in alone (NIST SP 800-63B-4, 3.1.1.2).
const minSingleFactorPassword = 15

func (c *Config) requireProduction(errs *settingErrors, need Need) {
	for name, required := range map[string]struct {
		by    Need
		value string
		what  string
	}{
		"DATABASE_URL":       {Database, c.DatabaseURL, "name the PostgreSQL"},
		"AMRUTAM_MASTER_KEY": {Keys, c.MasterKey, newKeyHint + ", and keep it apart from the backups"},
		"AMRUTAM_SMTP_URL":   {Server, c.SMTPURL, "name the mail server, smtps://user:password@host"},
		"AMRUTAM_STUB_WEBHOOK_SECRET": {Server, c.StubWebhookSecret,
			"make one with echo whsec_$(openssl rand -base64 32)"},
		"AMRUTAM_PUBLIC_URL": {Server, c.PublicURL, "name where people reach this server, with https"},
		"AMRUTAM_TRUSTED_PROXIES": {Server, strings.Join(c.TrustedProxies, ""),
			"name the networks of the proxies before this server, or none: " +
				"without it everybody behind a proxy counts as one address, and strangers lock others out"},
	} {
		if need >= required.by && required.value == "" {
			errs.add(name, "is needed in production: %s", required.what)
		}
	}
	c.refuseInProduction(errs)
	if need == Server {
		c.refuseExampleSenders(errs)
	}
}

// refuseInProduction looks at what was set on purpose, and is for development and load tests only.
func (c *Config) refuseInProduction(errs *settingErrors) {
	for name, value := range map[string]string{"AMRUTAM_LOGIN_LIMIT": c.LoginLimit,
		"AMRUTAM_RATE_LIMIT": c.RateLimit} {
		if value == "off" {
			errs.add(name, "must be on in production: unset it")
		}
	}
	if !c.RequireAdminMFA {
		errs.add("AMRUTAM_REQUIRE_ADMIN_MFA", "must be true in production: unset it")
	}
	if c.PasswordMin < minSingleFactorPassword {
		errs.add("AMRUTAM_PASSWORD_MIN",
			"must be at least %d in production, where patients and doctors sign in with a password alone: unset it",
			minSingleFactorPassword)
	}
	if c.PublicURL != "" && !strings.HasPrefix(c.PublicURL, "https://") {
		errs.add("AMRUTAM_PUBLIC_URL", "must be https in production")
	}
	if c.MetricsToken == "" && c.MetricsListen != "off" && !isLoopbackAddress(c.MetricsListen) {
		errs.add("AMRUTAM_METRICS_TOKEN", "is needed in production while AMRUTAM_METRICS_LISTEN is reached from other "+
			"machines: %s, or listen on 127.0.0.1:9090", newKeyHint)
	}
	c.checkSecrets(errs)
	requireTLS(errs, "DATABASE_URL", c.DatabaseURL)
	requireTLS(errs, "AMRUTAM_MIGRATE_DATABASE_URL", c.MigrateURL)
}

// refuseExampleSenders refuses addresses of the examples: mails from them are refused, and answers to them go to strangers.
func (c *Config) refuseExampleSenders(errs *settingErrors) {
	refuseExampleDomain(errs, "AMRUTAM_MAIL_FROM", c.MailFrom, "Clinic <no-reply@your-domain>")
	refuseExampleDomain(errs, "AMRUTAM_MAIL_REPLY_TO", c.MailReplyTo, "Support <support@your-domain>")
}

func refuseExampleDomain(errs *settingErrors, name, value, suggestion string) {
	sender, err := mail.ParseAddress(value)
	if err != nil {
		return // unset, or refused by the check of its form
	}
	domain := strings.ToLower(strings.TrimSuffix(sender.Address[strings.LastIndexByte(sender.Address, '@')+1:], "."))
	for _, exampleDomain := range []string{"amrutam.example", "example.com"} {
		if domain == exampleDomain || strings.HasSuffix(domain, "."+exampleDomain) {
			errs.add(name, "must not be the example in production: name an address of your own domain, like %s", suggestion)
		}
	}
}

// requireTLS refuses a database beyond this machine that may be talked to in the clear, at whichever of its hosts.
func requireTLS(errs *settingErrors, name, dsn string) {
	if dsn == "" {
		return
	}
	cfg, err := pgconn.ParseConfig(dsn)
	if err != nil { // its own words quote the address
		errs.add(name, "can't be read as an address of PostgreSQL like "+
			"postgres://user:password@host:5432/database?sslmode=verify-full, or a file it names can't")
		return
	}
	endpoints := append([]*pgconn.FallbackConfig{{Host: cfg.Host, Port: cfg.Port, TLSConfig: cfg.TLSConfig}},
		cfg.Fallbacks...)
	for _, endpoint := range endpoints {
		network, _ := pgconn.NetworkAddress(endpoint.Host, endpoint.Port)
		if endpoint.TLSConfig == nil && network != "unix" && !isLoopbackHost(endpoint.Host) {
			errs.add(name, "must encrypt the way to a database on another machine in production: add "+
				"sslmode=verify-full and sslrootcert=…, or at least sslmode=require")
			return
		}
	}
}

func isLoopbackHost(host string) bool {
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || (err == nil && addr.Unmap().IsLoopback())
}

func isLoopbackAddress(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && isLoopbackHost(host)
}
