package config

import (
	"errors"
	"net"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// validateAddresses checks the addresses that the server listens on, and its public address, which it normalizes.
func (c *Config) validateAddresses(errs *settingErrors) {
	for name, address := range map[string]string{
		"AMRUTAM_LISTEN":         c.Listen,
		"AMRUTAM_METRICS_LISTEN": c.MetricsListen,
	} {
		if name == "AMRUTAM_METRICS_LISTEN" && address == "off" {
			continue
		}
		_, port, err := net.SplitHostPort(address)
		if _, notPort := strconv.ParseUint(port, 10, 16); err != nil || notPort != nil {
			errs.add(name, "must be an address like 127.0.0.1:8080, its port from 0 to 65535")
		}
	}
	if c.PublicURL == "" {
		return
	}
	u, err := url.Parse(c.PublicURL)
	if err != nil {
		errs.add("AMRUTAM_PUBLIC_URL", "must be an http or https address like https://care.example.org")
		return
	}
	if message := publicURLError(u, c.PublicURL); message != "" {
		errs.add("AMRUTAM_PUBLIC_URL", "%s", message)
		return
	}
	// Browsers send the host in lower case and without the default port.
	host := strings.ToLower(u.Host)
	host = strings.TrimSuffix(host, map[string]string{"http": ":80", "https": ":443"}[u.Scheme])
	c.PublicURL = u.Scheme + "://" + host + strings.TrimSuffix(u.Path, "/")
}

var plainPath = regexp.MustCompile(`^[A-Za-z0-9._~/-]*$`)

// publicURLError returns why links in mails that start with the address would not work, or "" if they would.
func publicURLError(u *url.URL, text string) string {
	urlPath := strings.TrimSuffix(u.EscapedPath(), "/")
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	switch {
	case (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "":
		return "must be an http or https address like https://care.example.org"
	case u.User != nil || strings.ContainsAny(text, "?#"):
		return "must be an address without a user, a query and a fragment"
	case !originPattern.MatchString(u.Scheme+"://"+strings.ToLower(u.Host)) ||
		(u.Port() != "" && (err != nil || port == 0)):
		return "must have a host in ASCII (an international name as xn--…), and a port from 1 to 65535 if any"
	case !plainPath.MatchString(urlPath) || urlPath == "/" || (urlPath != "" && path.Clean(urlPath) != urlPath):
		return "must have no path, or a plain one without a slash at its end"
	}
	return ""
}

// SMTPServer returns the address of the mail server.
func (c *Config) SMTPServer() (*url.URL, error) {
	u, err := url.Parse(c.SMTPURL)
	isSMTP := err == nil && (u.Scheme == "smtp" || u.Scheme == "smtps")
	if !isSMTP || u.Hostname() == "" || strings.Contains(u.Hostname(), ":") {
		return nil, errors.New("AMRUTAM_SMTP_URL must be smtp://user:password@host:port or smtps://, its host a " +
			"name or an IPv4 address")
	}
	return u, nil
}
