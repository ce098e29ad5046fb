package docs_test

import (
	"bufio"
	"context"
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

// timeout is how long a proxy may take to answer, on a machine that is busy with other tests.
const timeout = 30 * time.Second

// proxy is a reverse proxy with a configuration from deploy/, on other ports and with another certificate.
type proxy struct {
	https, http string // addresses with ports
	client      *http.Client
}

// findProgram returns the path of an installed program. Without it the test is skipped, or fails in CI.
func findProgram(t *testing.T, name string) string {
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

// freeAddress returns an address of this machine with an unused port.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed at once
	must(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// writeCertificate writes a self-signed certificate for publicName and its private key.
func writeCertificate(t *testing.T, folder string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		DNSNames:     []string{publicName},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	privateKey, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	for name, block := range map[string]*pem.Block{
		"fullchain.pem": {Type: "CERTIFICATE", Bytes: certificate},
		"privkey.pem":   {Type: "PRIVATE KEY", Bytes: privateKey},
	} {
		must(t, os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(block), 0o600))
	}
}

// openBehindProxy starts a server that trusts 127.0.0.1 as its proxy, and returns the address of the server too.
func openBehindProxy(t *testing.T) (c *apptest.Clinic, upstream string) {
	t.Helper()
	c = apptest.Open(t, func(c *config.Config) {
		c.TrustedProxies = []string{"127.0.0.1"}
		c.Hosts = []string{publicName}
	})
	return c, strings.TrimPrefix(c.URL, "http://")
}

// startProxy starts a proxy and waits until it listens. The end of the test stops it.
func startProxy(t *testing.T, p *proxy, path string, arguments ...string) {
	t.Helper()
	cmd := exec.Command(path, arguments...) //nolint:noctx // the test ends it
	cmd.Env = append(os.Environ(), "XDG_DATA_HOME="+t.TempDir(), "XDG_CONFIG_HOME="+t.TempDir())
	var output strings.Builder
	cmd.Stdout, cmd.Stderr = &output, &output
	must(t, cmd.Start())
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	// The client connects from another address than the proxy, which the server trusts.
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	transport := &http.Transport{
		DialContext:       dialer.DialContext,
		ForceAttemptHTTP2: true,
		TLSClientConfig:   &tls.Config{ServerName: publicName, InsecureSkipVerify: true},
	}
	p.client = &http.Client{
		Transport:     transport,
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	deadline := time.After(timeout)
	for {
		conn, err := net.DialTimeout("tcp", p.https, time.Second) //nolint:noctx // it has a timeout
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-ended:
			t.Fatalf("%s ended: %s", path, output.String())
		case <-deadline:
			t.Fatalf("%s doesn't listen", path)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// do sends a request through the proxy, with a forged X-Forwarded-For, and returns the body of the answer too.
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

// check sends requests through the proxy and checks what it passes on, adds, refuses and redirects.
func (p *proxy) check(t *testing.T, c *apptest.Clinic) {
	t.Helper()
	api := "https://" + p.https + "/api/v1/"
	response, text := p.do(t, "POST", api+"auth/signup", "", `{"email": "asha@example.org",
		"password": "nine boats cross the quiet lake", "fullName": "Asha Rao", "role": "PATIENT"}`)
	if response.StatusCode != http.StatusCreated {
		t.Fatalf("sign-up: %d %s", response.StatusCode, text)
	}
	// The server doesn't believe the forged X-Forwarded-For.
	ip := apptest.QueryOne[string](t, c,
		"SELECT ip_address FROM audit_logs WHERE action = 'user.sign-up' ORDER BY id DESC LIMIT 1")
	if ip != "127.0.0.2" {
		t.Errorf("the address of the sign-up is %s, want 127.0.0.2", ip)
	}
	patient := c.Patient()
	response, text = p.do(t, "GET", api+"users/me", patient.Token, "")
	if response.StatusCode != http.StatusOK || !strings.Contains(text, patient.Email) {
		t.Errorf("own user: %d %s", response.StatusCode, text)
	}
	if hsts := response.Header.Values("Strict-Transport-Security"); len(hsts) != 1 {
		t.Errorf("Strict-Transport-Security: %q", hsts)
	}
	p.checkStream(t, api+"events", patient.Token)
	// The request is repeated, because a proxy that refuses such a body itself races with the server's refusal.
	for range 10 {
		response, _ = p.do(t, "POST", api+"auth/login", "", strings.Repeat(" ", 1<<20+1))
		if response.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("a body that is too large: %d", response.StatusCode)
		}
	}
	response, _ = p.do(t, "GET", "http://"+p.http+"/docs/?q=1", "", "")
	location := response.Header.Get("Location")
	if response.StatusCode != http.StatusPermanentRedirect ||
		!strings.HasPrefix(location, "https://"+publicName) || !strings.HasSuffix(location, "/docs/?q=1") {
		t.Errorf("without TLS: %d to %s", response.StatusCode, location)
	}
}

// checkStream checks that a stream's beginning comes through at once.
func (p *proxy) checkStream(t *testing.T, address, token string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	must(t, err)
	r.Host = publicName
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := p.client.Do(r)
	must(t, err)
	defer func() { _ = response.Body.Close() }()
	line, err := bufio.NewReader(response.Body).ReadString('\n')
	if err != nil || response.StatusCode != http.StatusOK || line != "retry: 2000\n" {
		t.Errorf("a stream: %d %q %v", response.StatusCode, line, err)
	}
}

func TestNginxInFront(t *testing.T) {
	t.Parallel()
	path := findProgram(t, "nginx")
	c, upstream := openBehindProxy(t)
	folder := t.TempDir()
	writeCertificate(t, folder)
	p := &proxy{https: freeAddress(t), http: freeAddress(t)}
	site := strings.NewReplacer(
		"127.0.0.1:8080", upstream,
		"/etc/ssl/amrutam", folder,
		"    listen [::]:80;\n", "",
		"    listen [::]:443 ssl http2;\n", "",
		"listen 80;", "listen "+p.http+";",
		"listen 443 ", "listen "+p.https+" ",
	).Replace(readFile(t, "deploy/nginx/amrutam.conf"))
	text := "daemon off;\nmaster_process off;\npid " + folder + "/pid;\nerror_log stderr;\n" +
		"events {}\nhttp {\naccess_log off;\n" + temporaryPaths(folder) + site + "}\n"
	file := filepath.Join(folder, "nginx.conf")
	must(t, os.WriteFile(file, []byte(text), 0o600))
	out, err := exec.CommandContext(t.Context(), path, "-t", "-c", file).CombinedOutput()
	if err != nil || strings.Contains(string(out), "[warn]") {
		t.Fatalf("nginx -t: %v %s", err, out)
	}
	startProxy(t, p, path, "-c", file)
	p.check(t, c)
}

// temporaryPaths returns the directives that make nginx write its temporary files to a directory.
func temporaryPaths(folder string) string {
	var directives strings.Builder
	for _, name := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&directives, "%s_temp_path %s/%s;\n", name, folder, name)
	}
	return directives.String()
}

func TestCaddyInFront(t *testing.T) {
	t.Parallel()
	path := findProgram(t, "caddy")
	c, upstream := openBehindProxy(t)
	folder := t.TempDir()
	writeCertificate(t, folder)
	p := &proxy{https: freeAddress(t), http: freeAddress(t)}
	port := func(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }
	site := strings.NewReplacer(
		"127.0.0.1:8080", upstream,
		publicName+" {\n", publicName+" {\n\ttls "+folder+"/fullchain.pem "+folder+"/privkey.pem\n",
	).Replace(readFile(t, "deploy/caddy/Caddyfile"))
	text := "{\n\tadmin off\n\tdefault_bind 127.0.0.1\n\thttp_port " + port(p.http) +
		"\n\thttps_port " + port(p.https) + "\n}\n" + site
	file := filepath.Join(folder, "Caddyfile")
	must(t, os.WriteFile(file, []byte(text), 0o600))
	startProxy(t, p, path, "run", "--config", file, "--adapter", "caddyfile")
	p.check(t, c)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
