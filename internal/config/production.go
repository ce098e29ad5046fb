package config

import (
	"net"
	"net/mail"
	"net/netip"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Need says which settings a command uses. In production only those are required; every setting that is present must
// be valid for all commands.
type Need int

// Each need includes the ones before it.
const (
	Nothing  Need = iota
	Database      // the addresses of the database: migrate, check
	Keys          // the master key: admin create, keys rotate
	Server        // all settings: serve
)

// minSingleFactorPassword is the minimum length of a password that is the only factor (NIST SP 800-63B-4, 3.1.1.2).
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
			"name the networks of the proxies before this server, or none: without it all clients behind a proxy " +
				"count as one address, and strangers can lock others out"},
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

// refuseInProduction refuses settings that are only for development and load tests, and unsafe values.
func (c *Config) refuseInProduction(errs *settingErrors) {
	if c.LoginLimit == "off" {
		errs.add("AMRUTAM_LOGIN_LIMIT", "must be on in production: unset it")
	}
	if c.RateLimit == "off" {
		errs.add("AMRUTAM_RATE_LIMIT", "must be on in production: unset it")
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
		errs.add("AMRUTAM_METRICS_TOKEN", "is needed in production if other machines reach AMRUTAM_METRICS_LISTEN: "+
			"%s, or listen on 127.0.0.1:9090", newKeyHint)
	}
	c.checkSecrets(errs)
	requireTLS(errs, "DATABASE_URL", c.DatabaseURL)
	requireTLS(errs, "AMRUTAM_MIGRATE_DATABASE_URL", c.MigrateURL)
}

// refuseExampleSenders refuses mail addresses of the example domains: mail servers refuse mails from them, and replies
// to them reach strangers.
func (c *Config) refuseExampleSenders(errs *settingErrors) {
	refuseExampleDomain(errs, "AMRUTAM_MAIL_FROM", c.MailFrom, "Clinic <no-reply@your-domain>")
	refuseExampleDomain(errs, "AMRUTAM_MAIL_REPLY_TO", c.MailReplyTo, "Support <support@your-domain>")
}

func refuseExampleDomain(errs *settingErrors, name, value, suggestion string) {
	sender, err := mail.ParseAddress(value)
	if err != nil {
		return // it is unset, or validate has added an error
	}
	domain := strings.ToLower(strings.TrimSuffix(sender.Address[strings.LastIndexByte(sender.Address, '@')+1:], "."))
	for _, exampleDomain := range []string{"amrutam.example", "example.com"} {
		if domain == exampleDomain || strings.HasSuffix(domain, "."+exampleDomain) {
			errs.add(name, "must not be the example in production: name an address of your own domain, like %s",
				suggestion)
		}
	}
}

// requireTLS refuses a database address if any of its hosts is another machine that may be reached without TLS.
func requireTLS(errs *settingErrors, name, dsn string) {
	if dsn == "" {
		return
	}
	cfg, err := pgconn.ParseConfig(dsn)
	if err != nil { // don't add err: it quotes the address
		errs.add(name, "can't be read as an address of PostgreSQL like "+
			"postgres://user:password@host:5432/database?sslmode=verify-full, or a file it names can't")
		return
	}
	endpoints := append([]*pgconn.FallbackConfig{{Host: cfg.Host, Port: cfg.Port, TLSConfig: cfg.TLSConfig}},
		cfg.Fallbacks...)
	for _, endpoint := range endpoints {
		network, _ := pgconn.NetworkAddress(endpoint.Host, endpoint.Port)
		if endpoint.TLSConfig == nil && network != "unix" && !isLoopbackHost(endpoint.Host) {
			errs.add(name, "must use an encrypted connection to a database on another machine in production: add "+
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
