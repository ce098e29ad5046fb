// Package config reads the environment: the only settings there are.
package config

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"amrutam/internal/cancellation"
)

// Config is every setting. The tags are the reference: `amrutam serve --help` and docs/configuration.md are made of
// them. production says what production asks for, and begins with "needed" when it doesn't start without; section
// begins a group.
type Config struct {
	Env            string        `env:"AMRUTAM_ENV" envDefault:"development" help:"development or production" section:"Server"`
	Listen         string        `env:"AMRUTAM_LISTEN" envDefault:"127.0.0.1:8080" help:"address of the API; port 0 picks a free one"`
	PublicURL      string        `env:"AMRUTAM_PUBLIC_URL" help:"where people reach this server, https://care.example.org; links in mails start with it; unset: where it listens" production:"needed, with https"`
	Hosts          []string      `env:"AMRUTAM_HOSTS" help:"more names under which this server is reached, comma-separated: amrutam.internal; those of AMRUTAM_PUBLIC_URL, of this machine and of the address it listens at are served anyway, others get 421"`
	TrustedProxies []string      `env:"AMRUTAM_TRUSTED_PROXIES" help:"networks (CIDR) of proxies whose X-Forwarded-For counts, comma-separated, or none" production:"needed: the networks of your proxies, or none"`
	MetricsListen  string        `env:"AMRUTAM_METRICS_LISTEN" envDefault:"127.0.0.1:9090" help:"address of /metrics; off for none; in development a port that is taken is replaced by a free one"`
	MetricsToken   string        `env:"AMRUTAM_METRICS_TOKEN" help:"what /metrics asks for as Authorization: Bearer, at least 20 letters and digits; unset: nothing is asked for" production:"needed where other machines reach /metrics"`
	LogFormat      string        `env:"AMRUTAM_LOG_FORMAT" help:"json or text; unset: text on a terminal, else json"`
	CheckHour      int           `env:"AMRUTAM_CHECK_HOUR" envDefault:"21" help:"hour of the day, 0 to 23 in UTC, in which one server checks the invariants by itself"`
	RequestWithin  time.Duration `env:"AMRUTAM_REQUEST_WITHIN" envDefault:"10s" help:"how long the work on a request may take, its statements included"`
	MaxInFlight    int           `env:"AMRUTAM_MAX_IN_FLIGHT" help:"requests worked on at once at most, the limit adapts itself between half of it and this; 0 or unset: 5 for each core, at least 10, at most AMRUTAM_DATABASE_CONNS"`
	DrainFor       time.Duration `env:"AMRUTAM_DRAIN_FOR" envDefault:"1s" help:"how long a stopping server still serves while /health/ready answers 503, so that load balancers turn away"`
	ShutdownWithin time.Duration `env:"AMRUTAM_SHUTDOWN_WITHIN" envDefault:"20s" help:"how long a stop waits for requests and jobs"`

	DatabaseURL       string `env:"DATABASE_URL" help:"PostgreSQL 15 to 18; unset: a private one in the data folder" production:"needed; on another machine with TLS, sslmode=require or better" section:"Database and keys"`
	MigrateURL        string `env:"AMRUTAM_MIGRATE_DATABASE_URL" help:"the same database for the login that owns the schema and migrates it; unset: DATABASE_URL" production:"when set, with TLS as DATABASE_URL"`
	DatabaseConns     int32  `env:"AMRUTAM_DATABASE_CONNS" envDefault:"20" help:"connections in the pool, at least 2"`
	DataDir           string `env:"AMRUTAM_DATA_DIR" envDefault:"./data" help:"folder of the private PostgreSQL and the generated development secrets"`
	MasterKey         string `env:"AMRUTAM_MASTER_KEY" help:"32 random bytes in base64 that wrap the data keys; unset: the private PostgreSQL has one in the data folder" production:"needed: openssl rand -base64 32"`
	MasterKeyPrevious string `env:"AMRUTAM_MASTER_KEY_PREVIOUS" help:"older master keys that still open, comma-separated, until amrutam keys rotate is done"`

	AuditCheckpoints string `env:"AMRUTAM_AUDIT_CHECKPOINTS" help:"where the signed checkpoints of the audit log are written outside of the database: the path of a file that only grows, the http(s) address of a server that gets each as a POST, or none; unset: audit-checkpoints.jsonl in the data folder of the private PostgreSQL, else none; it should be out of reach of those who administer the database"`

	AuditFiles         string        `env:"AMRUTAM_AUDIT_FILES" help:"folder of the compressed entries of the audit log, which all servers share, or none: then they stay in the database; unset: audit-files in the data folder of the private PostgreSQL, else none"`
	AuditCompressAfter time.Duration `env:"AMRUTAM_AUDIT_COMPRESS_AFTER" envDefault:"2160h" help:"entries of the audit log are compressed by the month, once it ended so long ago, at least 2160h"`
	AuditKeep          time.Duration `env:"AMRUTAM_AUDIT_KEEP" envDefault:"61368h" help:"compressed entries are dropped after that; the default is 7 years, at least 8760h"`

	BackupDir  string        `env:"AMRUTAM_BACKUP_DIR" help:"folder, on another disk than the data folder, to which the private PostgreSQL is backed up while the server runs; unset: it is not; amrutam backup and restore use it too" section:"Backup"`
	BackupKeep time.Duration `env:"AMRUTAM_BACKUP_KEEP" envDefault:"336h" help:"how far back the backups reach at least, an hour or more; the last one stays in any case"`

	SMTPURL     string `env:"AMRUTAM_SMTP_URL" help:"smtps://user:password@host:port, or smtp:// with STARTTLS, which a password needs the server to offer; unset: the development mailbox" production:"needed; with smtp:// the server must offer STARTTLS" section:"Mail"`
	MailFrom    string `env:"AMRUTAM_MAIL_FROM" envDefault:"Amrutam <no-reply@amrutam.example>" help:"sender of every mail" production:"needed: an address of your own domain"`
	MailReplyTo string `env:"AMRUTAM_MAIL_REPLY_TO" help:"mailbox of the support, where answers to mails go; unset: every mail says that answers are not read" production:"not the example: an address of your own domain"`

	Currency          string   `env:"AMRUTAM_CURRENCY" envDefault:"INR" help:"ISO 4217 code of fees that name none, and the currency that fees are compared in" section:"Payments"`
	PaymentProvider   string   `env:"AMRUTAM_PAYMENT_PROVIDER" envDefault:"stub" help:"who takes the payments; there is the stub alone, whose checkout moves no money"`
	StubWebhookSecret string   `env:"AMRUTAM_STUB_WEBHOOK_SECRET" help:"whsec_<base64> of the stub payment provider; generated in development" production:"needed: echo whsec_$(openssl rand -base64 32)"`
	ReturnOrigins     []string `env:"AMRUTAM_RETURN_ORIGINS" help:"origins whose addresses a checkout may lead back to, comma-separated: https://app.example.org; those of AMRUTAM_PUBLIC_URL it may anyway"`

	ICEServers []string `env:"AMRUTAM_ICE_SERVERS" help:"STUN and TURN servers that help the two sides of a video call to reach each other, comma-separated: turn:turn.example.org:3478?transport=udp; unset: only browsers of one network do; behind many carriers and clinics only a TURN server connects" section:"Video calls"`
	TURNSecret string   `env:"AMRUTAM_TURN_SECRET" help:"secret that the TURN servers share with this one (static-auth-secret of coturn), at least 20 characters"`

	CORSOrigins    []string `env:"AMRUTAM_CORS_ORIGINS" help:"origins whose pages may call the API, comma-separated: https://app.example.org" section:"Browsers and apps"`
	PasskeyDomain  string   `env:"AMRUTAM_PASSKEY_DOMAIN" help:"domain that passkeys are bound to, for good: example.org, if pages and apps are on names below it; unset: the host of AMRUTAM_PUBLIC_URL, localhost for an IP address"`
	PasskeyOrigins []string `env:"AMRUTAM_PASSKEY_ORIGINS" help:"who else may use passkeys, comma-separated: origins below the domain, apps as android:apk-key-hash:…; AMRUTAM_PUBLIC_URL and AMRUTAM_CORS_ORIGINS below the domain may anyway"`
	HSTSSubdomains bool     `env:"AMRUTAM_HSTS_SUBDOMAINS" envDefault:"false" help:"browsers are told to reach the names below this server's by HTTPS alone too"`

	PasswordMin     int           `env:"AMRUTAM_PASSWORD_MIN" envDefault:"15" help:"fewest characters of a password, at least 8 (NIST SP 800-63B-4)" production:"at least 15" section:"Sessions and passwords"`
	RequireAdminMFA bool          `env:"AMRUTAM_REQUIRE_ADMIN_MFA" envDefault:"true" help:"ADMIN and SUPPORT work only with a second factor" production:"must be true"`
	AccessTokenLife time.Duration `env:"AMRUTAM_ACCESS_TOKEN_LIFE" envDefault:"15m" help:"life of an access token, no longer than a session's"`
	SessionLife     time.Duration `env:"AMRUTAM_SESSION_LIFE" envDefault:"720h" help:"life of a refresh token"`
	SessionMax      time.Duration `env:"AMRUTAM_SESSION_MAX" envDefault:"2160h" help:"a session ends so long after its sign-in, however often it was refreshed"`
	BrowserIdle     time.Duration `env:"AMRUTAM_BROWSER_IDLE" envDefault:"1h" help:"a browser's session in a cookie ends when it wasn't used for so long"`
	BrowserLife     time.Duration `env:"AMRUTAM_BROWSER_LIFE" envDefault:"24h" help:"a browser's session in a cookie ends after so long, used or not"`

	LoginLimit         string `env:"AMRUTAM_LOGIN_LIMIT" envDefault:"on" help:"on, or off for load tests: limits on wrong passwords and codes and on mails" production:"must be on" section:"Limits"`
	RateLimit          string `env:"AMRUTAM_RATE_LIMIT" envDefault:"on" help:"on, or off for load tests: limits on requests of a user and of an address" production:"must be on"`
	RatePerUser        int    `env:"AMRUTAM_RATE_PER_USER" envDefault:"600" help:"requests of a user in a minute"`
	RatePerAddress     int    `env:"AMRUTAM_RATE_PER_ADDRESS" envDefault:"1200" help:"requests of an address (of a /64 of IPv6) in a minute; many users may share one"`
	UnderWayPerUser    int    `env:"AMRUTAM_UNDER_WAY_PER_USER" envDefault:"32" help:"requests of a user at a time, on each server"`
	UnderWayPerAddress int    `env:"AMRUTAM_UNDER_WAY_PER_ADDRESS" envDefault:"128" help:"requests of an address (of a /64 of IPv6) at a time, on each server, those included whose body hasn't arrived"`
	MaxStreams         int    `env:"AMRUTAM_MAX_STREAMS" envDefault:"2000" help:"streams of events at a time, on each server; each takes an open connection"`
	// SignUpsPerNetwork counts in PostgreSQL; a mobile carrier puts many people behind one network.
	SignUpsPerNetwork int `env:"AMRUTAM_SIGN_UPS_PER_NETWORK" envDefault:"100" help:"sign-ups of a network (a /24 of IPv4, a /48 of IPv6) in an hour, at least 1"`

	PayWithin             time.Duration `env:"AMRUTAM_PAY_WITHIN" envDefault:"15m" help:"how long an unpaid booking holds its seat" section:"Bookings"`
	MaxUnpaid             int           `env:"AMRUTAM_MAX_UNPAID" envDefault:"3" help:"unpaid bookings a patient may hold, at least 1"`
	MaxAbandoned          int           `env:"AMRUTAM_MAX_ABANDONED" envDefault:"5" help:"unpaid bookings that end without payment in 24 hours, after which a patient books nothing more for a while, at least 1"`
	MaxBookings           int           `env:"AMRUTAM_MAX_BOOKINGS" envDefault:"10" help:"consultations to come a patient may hold, free ones too, at least 1"`
	MaxBookingsWithDoctor int           `env:"AMRUTAM_MAX_BOOKINGS_WITH_DOCTOR" envDefault:"3" help:"as AMRUTAM_MAX_BOOKINGS, with one doctor"`
	MaxReschedules        int           `env:"AMRUTAM_MAX_RESCHEDULES" envDefault:"3" help:"how often a patient may move a consultation to another slot"`
	// CancellationPolicy is stored with each booking, so that a change is for later ones alone.
	CancellationPolicy cancellation.Policy `env:"AMRUTAM_CANCELLATION_POLICY" envDefault:"24h=100,2h=50" help:"what a patient who cancels gets back: steps of hours before the start and percents of what was paid, both falling from 100 percent; after the last step nothing; a doctor may have an own one, and a booking keeps the one it was made with"`
	CancelUntil        time.Duration       `env:"AMRUTAM_CANCEL_UNTIL" help:"short form of AMRUTAM_CANCELLATION_POLICY, from before there were policies: everything goes back until so many whole hours before the start, and nothing later"`
	CancellationGrace  time.Duration       `env:"AMRUTAM_CANCELLATION_GRACE" envDefault:"15m" help:"a patient who cancels so long after the booking gets everything back, also right before the start"`
	LeaveAnswerWithin  time.Duration       `env:"AMRUTAM_LEAVE_ANSWER_WITHIN" envDefault:"24h" help:"how long patients of a doctor who goes on leave may choose another slot; then the consultation is cancelled and refunded"`
	LeaveAnswerBefore  time.Duration       `env:"AMRUTAM_LEAVE_ANSWER_BEFORE" envDefault:"2h" help:"they may choose until so long before its start at the latest"`
	StartEarly         time.Duration       `env:"AMRUTAM_START_EARLY" envDefault:"15m" help:"a doctor may start so long before the slot"`
	NoShowAfter        time.Duration       `env:"AMRUTAM_NO_SHOW_AFTER" envDefault:"10m" help:"a doctor may record a no-show so long after the start, in a slot of less than twice that from its middle"`
	Reminders          string              `env:"AMRUTAM_REMINDERS" envDefault:"24h,1h" help:"how long before its start both sides of a consultation are reminded by mail, comma-separated, each from 5m to 720h; or none"`
	CompleteAfter      time.Duration       `env:"AMRUTAM_COMPLETE_AFTER" envDefault:"2h" help:"a consultation in progress is completed so long after its slot when its doctor didn't"`
	PrescribeWithin    time.Duration       `env:"AMRUTAM_PRESCRIBE_WITHIN" envDefault:"168h" help:"a prescription may be written so long after completion"`
	DisputeWithin      time.Duration       `env:"AMRUTAM_DISPUTE_WITHIN" envDefault:"336h" help:"a patient may dispute a no-show so long after the slot"`
	ReviewWithin       time.Duration       `env:"AMRUTAM_REVIEW_WITHIN" envDefault:"720h" help:"a patient may review a consultation so long after its end"`
	ReviewChangeWithin time.Duration       `env:"AMRUTAM_REVIEW_CHANGE_WITHIN" envDefault:"24h" help:"a patient may change a review so long after writing it"`

	ErasureAfter   time.Duration `env:"AMRUTAM_ERASURE_AFTER" envDefault:"48h" help:"an erasure can be stopped for so long after it was asked for" section:"Privacy"`
	RetentionYears int           `env:"AMRUTAM_RETENTION_YEARS" envDefault:"3" help:"years for which the law has the record of a consultation kept, also of who asks to be erased"`

	ArchiveAfter time.Duration `env:"AMRUTAM_ARCHIVE_AFTER" envDefault:"8760h" help:"how long after its end a consultation goes to the archive; at least 2160h, and as long as a prescription or a review may be written" section:"Archive"`

	// The files that MasterKey and StubWebhookSecret came from, if they did.
	masterKeyFile, stubSecretFile string
}

// ResolvePublicURL returns the address at which this server reaches itself, and uses it as the public address if
// AMRUTAM_PUBLIC_URL isn't set.
func (c *Config) ResolvePublicURL(addr *net.TCPAddr) (self string) {
	host := *addr
	if host.IP.IsUnspecified() {
		host.IP = net.IPv4(127, 0, 0, 1)
	}
	self = "http://" + host.String()
	if c.PublicURL == "" {
		c.PublicURL = self
	}
	return self
}

// ServedHosts returns the host names that requests may be sent to, without those of the machine and of the address
// that a request arrived at.
func (c *Config) ServedHosts() []string {
	hosts := c.Hosts
	for _, address := range []string{c.PublicURL, "http://" + c.Listen} {
		if u, err := url.Parse(address); err == nil && u.Hostname() != "" {
			hosts = append(hosts[:len(hosts):len(hosts)], u.Hostname())
		}
	}
	return hosts
}

// InFlightLimit returns how many requests may be in progress at once. With more than a few for each core they only
// wait for each other in PostgreSQL, and with more than the connections they wait for a connection.
func (c *Config) InFlightLimit() int {
	if c.MaxInFlight > 0 {
		return c.MaxInFlight
	}
	return min(max(10, 5*runtime.GOMAXPROCS(0)), int(c.DatabaseConns))
}

// HSTS returns the value of the header Strict-Transport-Security.
func (c *Config) HSTS() string {
	const year = "max-age=31536000"
	if c.HSTSSubdomains {
		return year + "; includeSubDomains"
	}
	return year
}

// Production reports whether development conveniences are off and unsafe settings are refused.
func (c *Config) Production() bool { return c.Env == "production" }

// Load reads the environment. The error names every variable that the command needs and that is missing, every one
// with a wrong value, and every one that is no setting.
func Load(need Need) (*Config, error) {
	var errs settingErrors
	errs.addUnknownNames()
	c, err := env.ParseAsWithOptions[Config](env.Options{FuncMap: map[reflect.Type]env.ParserFunc{
		reflect.TypeFor[cancellation.Policy](): func(v string) (any, error) { return cancellation.Parse(v) },
	}})
	if err != nil {
		if err := errs.addParseErrors(err); err != nil {
			return nil, err
		}
	}
	c.validate(&errs, need)
	if err := errs.join(); err != nil {
		return nil, err
	}
	return &c, nil
}

const masterKeyName = "master.key"

// LoadSecrets reads the secrets that the command needs and that aren't set from the data folder, creating them the
// first time; a command that needs none creates no files. The folder's master key belongs to the private PostgreSQL:
// with another database it is neither created nor read.
func (c *Config) LoadSecrets(need Need) error {
	if c.DatabaseURL == "" {
		need = max(need, Keys) // opening the private database for the first time seals it with the key
	}
	if need >= Keys && c.MasterKey == "" {
		if c.DatabaseURL != "" {
			return c.missingKeyError()
		}
		if err := c.loadSecretFile(&c.MasterKey, &c.masterKeyFile, masterKeyName, ""); err != nil {
			return err
		}
	}
	if need >= Server && c.StubWebhookSecret == "" {
		return c.loadSecretFile(&c.StubWebhookSecret, &c.stubSecretFile, "stub-webhook.secret", webhookPrefix)
	}
	return nil
}

// missingKeyError returns the error for a database that is named without its master key.
func (c *Config) missingKeyError() error {
	path := filepath.Join(c.DataDir, masterKeyName)
	if _, err := os.Stat(path); err == nil {
		return fmt.Errorf("AMRUTAM_MASTER_KEY is needed beside DATABASE_URL: %s belongs to the private PostgreSQL "+
			"in that folder. If it has sealed this database, set AMRUTAM_MASTER_KEY to what it holds; for a new "+
			"database %s. Nothing was changed", path, newKeyHint)
	}
	return errors.New("AMRUTAM_MASTER_KEY is needed beside DATABASE_URL: it is the key this database is sealed " +
		"with. For a new database " + newKeyHint + "; nothing was changed")
}

// loadSecretFile reads a secret from the data folder into value, creating it if it is missing, and stores its path.
func (c *Config) loadSecretFile(value, path *string, file, prefix string) error {
	*path = filepath.Join(c.DataDir, file)
	if err := c.checkMasterKeyLost(*path); err != nil {
		return err
	}
	secret, err := readOrCreateSecret(*path, prefix)
	*value = secret
	return err
}

// checkMasterKeyLost returns an error if the master key's file is missing but the database that it sealed exists: a
// new key would open nothing.
func (c *Config) checkMasterKeyLost(path string) error {
	if filepath.Base(path) != masterKeyName {
		return nil
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		return nil // if the file can't be read, reading it returns the error
	}
	if _, err := os.Stat(filepath.Join(c.DataDir, "postgres")); err != nil {
		return nil //nolint:nilerr // nothing is sealed yet
	}
	return fmt.Errorf("%s is missing, and the database beside it was sealed with it: restore the file, or set "+
		"AMRUTAM_MASTER_KEY to what it held; nothing was changed", path)
}

// readOrCreateSecret reads the file, or creates it with a new 256-bit secret. Two processes that start at the same
// time get the same secret: the link succeeds for one of them, and both read the file.
func readOrCreateSecret(path, prefix string) (string, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the path is the operator's data folder
	if err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("read a development secret: %w", err)
	}
	if err := createSecret(path, prefix); err != nil {
		return "", err
	}
	text, err = os.ReadFile(path) //nolint:gosec // as above
	return strings.TrimSpace(string(text)), err
}

func createSecret(path, prefix string) error {
	//nolint:gosec // PostgreSQL's user passes through the folder
	if err := os.MkdirAll(filepath.Dir(path), 0o711); err != nil {
		return fmt.Errorf("create the data folder: %w", err)
	}
	draft, err := writeDraftSecret(filepath.Dir(path), prefix)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(draft) }()
	if err := os.Link(draft, path); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("write a development secret: %w", err)
	}
	return nil
}

// writeDraftSecret writes a new 256-bit secret to a temporary file and returns its name.
func writeDraftSecret(dir, prefix string) (name string, err error) {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw)
	draft, err := os.CreateTemp(dir, ".secret-*")
	if err != nil {
		return "", fmt.Errorf("write a development secret: %w", err)
	}
	_, err = draft.WriteString(prefix + base64.StdEncoding.EncodeToString(raw) + "\n")
	if err := errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		_ = os.Remove(draft.Name())
		return "", fmt.Errorf("write a development secret: %w", err)
	}
	return draft.Name(), nil
}

// CheckpointSink returns where checkpoints of the audit log are written: a path, an address, or "none".
func (c *Config) CheckpointSink() string {
	if c.AuditCheckpoints == "" && c.DatabaseURL == "" && c.DataDir != "" {
		return filepath.Join(c.DataDir, "audit-checkpoints.jsonl")
	}
	return cmp.Or(c.AuditCheckpoints, "none")
}

// AuditFolder returns the folder of the compressed entries of the audit log, or "".
func (c *Config) AuditFolder() string {
	switch {
	case c.AuditFiles == "none":
		return ""
	case c.AuditFiles == "" && c.DatabaseURL == "" && c.DataDir != "":
		return filepath.Join(c.DataDir, "audit-files")
	}
	return c.AuditFiles
}

// ExistingMasterKeys returns the master keys for a restore, which never makes one: those of the settings, else those
// in the data folder.
func (c *Config) ExistingMasterKeys() ([][]byte, error) {
	if c.MasterKey == "" {
		c.masterKeyFile = filepath.Join(c.DataDir, masterKeyName)
		if _, err := os.Stat(c.masterKeyFile); errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("a restore needs the master key that the backups were made with: set "+
				"AMRUTAM_MASTER_KEY, or put your copy of %s into the data folder", masterKeyName)
		}
	}
	return c.MasterKeys()
}

// StubSecrets returns the decoded webhook secrets of the stub provider: during a rotation the setting has two,
// comma-separated.
func (c *Config) StubSecrets() ([][]byte, error) {
	keys, err := decodeWebhookKeys(c.StubWebhookSecret)
	if err != nil && c.stubSecretFile != "" {
		return nil, fmt.Errorf("%s is damaged, it must hold whsec_ and at least 16 bytes in base64: restore it, or "+
			"remove it for a new one", c.stubSecretFile)
	}
	return keys, err
}

func decodeWebhookKeys(text string) ([][]byte, error) {
	var keys [][]byte
	for entry := range strings.SplitSeq(text, ",") {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(strings.TrimSpace(entry), webhookPrefix))
		if err != nil || len(key) < minWebhookSecret {
			return nil, errors.New("AMRUTAM_STUB_WEBHOOK_SECRET must be whsec_ and at least 16 bytes in base64")
		}
		keys = append(keys, key)
	}
	return keys, nil
}
