package docs_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
)

const publicName = "care.example.org"

// patience is how long a proxy may take to answer on a machine that does other things too.
const patience = 30 * time.Second

// proxy is a reverse proxy of deploy/ on this machine, with another port and certificate.
type proxy struct {
	secure, plain string // addresses
	client        *http.Client
}

// program finds a proxy, or leaves the test out; in CI it has to be there.
func program(t *testing.T, name string) string {
	t.Helper()
	for _, place := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(place); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("there is no %s: scripts/docs-check.sh installs it", name)
	}
	t.Skipf("there is no %s (Debian: apt-get install %s)", name, name)
	return ""
}

// free gives an address of this machine that nobody listens at.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed at once
	must(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// certificate writes one for publicName.
func certificate(t *testing.T, folder string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{publicName},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	for name, block := range map[string]*pem.Block{"fullchain.pem": {Type: "CERTIFICATE", Bytes: raw},
		"privkey.pem": {Type: "PRIVATE KEY", Bytes: secret}} {
		must(t, os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(block), 0o600))
	}
}

// clinicBehind is a server whose only trusted proxy is this machine's main loopback address.
func clinicBehind(t *testing.T) (c *apptest.Clinic, upstream string) {
	t.Helper()
	c = apptest.Open(t, func(c *config.Config) {
		c.TrustedProxies = []string{"127.0.0.1"}
		c.Hosts = []string{publicName}
	})
	return c, strings.TrimPrefix(c.URL, "http://")
}

// run starts a proxy and waits until it listens.
func run(t *testing.T, p *proxy, path string, arguments ...string) {
	t.Helper()
	cmd := exec.Command(path, arguments...) //nolint:noctx // the test ends it
	cmd.Env = append(os.Environ(), "XDG_DATA_HOME="+t.TempDir(), "XDG_CONFIG_HOME="+t.TempDir())
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	must(t, cmd.Start())
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	// From another address than the proxy's own, which the server trusts.
	from := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	transport := &http.Transport{DialContext: from.DialContext, ForceAttemptHTTP2: true,
		TLSClientConfig: &tls.Config{ServerName: publicName, InsecureSkipVerify: true}}
	p.client = &http.Client{Transport: transport, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	late := time.After(patience)
	for {
		conn, err := net.DialTimeout("tcp", p.secure, time.Second) //nolint:noctx // it has a timeout
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-ended:
			t.Fatalf("%s ended: %s", path, said.String())
		case <-late:
			t.Fatalf("%s doesn't listen", path)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (p *proxy) do(t *testing.T, method, address, token, body string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	must(t, err)
	r.Host = publicName
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := p.client.Do(r)
	must(t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	must(t, err)
	return response, string(text)
}

// check asks through the proxy what it must let through, add and refuse.
func (p *proxy) check(t *testing.T, c *apptest.Clinic) {
	t.Helper()
	api := "https://" + p.secure + "/api/v1/"
	const password = "nine boats cross the quiet lake"
	response, text := p.do(t, "POST", api+"auth/signup", "", fmt.Sprintf(
		`{"email": %q, "password": %q, "fullName": "Asha Rao", "role": "PATIENT"}`, "asha@example.org", password))
	if response.StatusCode != http.StatusCreated {
		t.Fatalf("sign-up: %d %s", response.StatusCode, text)
	}
	// A forged X-Forwarded-For counts for nothing.
	var from string
	must(t, c.DB.Pool.QueryRow(t.Context(), "SELECT ip_address FROM audit_logs WHERE action = 'user.sign-up' "+
		"ORDER BY id DESC LIMIT 1").Scan(&from))
	if from != "127.0.0.2" {
		t.Errorf("the sign-up came from %s", from)
	}
	patient := c.Patient()
	response, text = p.do(t, "GET", api+"users/me", patient.Token, "")
	if response.StatusCode != http.StatusOK || !strings.Contains(text, patient.Email) {
		t.Errorf("own user: %d %s", response.StatusCode, text)
	}
	if hsts := response.Header.Values("Strict-Transport-Security"); len(hsts) != 1 {
		t.Errorf("Strict-Transport-Security: %q", hsts)
	}
	// Several times: a proxy that refuses such a body by itself races the server's own refusal.
	for range 10 {
		response, _ = p.do(t, "POST", api+"auth/login", "", strings.Repeat(" ", 1<<20+1))
		if response.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("a body that is too large: %d", response.StatusCode)
		}
	}
	response, _ = p.do(t, "GET", "http://"+p.plain+"/docs/?q=1", "", "")
	if to := response.Header.Get("Location"); response.StatusCode != http.StatusPermanentRedirect ||
		!strings.HasPrefix(to, "https://"+publicName) || !strings.HasSuffix(to, "/docs/?q=1") {
		t.Errorf("without TLS: %d to %s", response.StatusCode, to)
	}
}

func TestNginxInFront(t *testing.T) {
	t.Parallel()
	path := program(t, "nginx")
	c, upstream := clinicBehind(t)
	folder := t.TempDir()
	certificate(t, folder)
	p := &proxy{secure: free(t), plain: free(t)}
	site := strings.NewReplacer("127.0.0.1:8080", upstream, "/etc/ssl/amrutam", folder,
		"    listen [::]:80;\n", "", "    listen [::]:443 ssl http2;\n", "",
		"listen 80;", "listen "+p.plain+";", "listen 443 ", "listen "+p.secure+" ").
		Replace(read(t, "deploy/nginx/amrutam.conf"))
	main := filepath.Join(folder, "nginx.conf")
	must(t, os.WriteFile(main, []byte("daemon off;\nmaster_process off;\npid "+folder+"/pid;\nerror_log stderr;\n"+
		"events {}\nhttp {\naccess_log off;\n"+temporaries(folder)+site+"}\n"), 0o600))
	if out, err := exec.CommandContext(t.Context(), path, "-t", "-c", main).CombinedOutput(); err != nil ||
		strings.Contains(string(out), "[warn]") {
		t.Fatalf("nginx -t: %v %s", err, out)
	}
	run(t, p, path, "-c", main)
	p.check(t, c)
}

func temporaries(folder string) string {
	var all strings.Builder
	for _, what := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&all, "%s_temp_path %s/%s;\n", what, folder, what)
	}
	return all.String()
}

func TestCaddyInFront(t *testing.T) {
	t.Parallel()
	path := program(t, "caddy")
	c, upstream := clinicBehind(t)
	folder := t.TempDir()
	certificate(t, folder)
	p := &proxy{secure: free(t), plain: free(t)}
	port := func(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }
	site := strings.NewReplacer("127.0.0.1:8080", upstream, publicName+" {\n",
		publicName+" {\n\ttls "+folder+"/fullchain.pem "+folder+"/privkey.pem\n").
		Replace(read(t, "deploy/caddy/Caddyfile"))
	main := filepath.Join(folder, "Caddyfile")
	must(t, os.WriteFile(main, []byte("{\n\tadmin off\n\tdefault_bind 127.0.0.1\n\thttp_port "+port(p.plain)+
		"\n\thttps_port "+port(p.secure)+"\n}\n"+site), 0o600))
	run(t, p, path, "run", "--config", main, "--adapter", "caddyfile")
	p.check(t, c)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
