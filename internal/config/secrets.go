package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
)

const (
	webhookPrefix = "whsec_"
	// minWebhookSecret is the minimum of bytes: 128 bits.
	minWebhookSecret = 16
	// minToken is the minimum of characters.
	minToken   = 20
	newKeyHint = "make one with openssl rand -base64 32"
)

// publishedSecrets are example secrets of public documentation.
var publishedSecrets = []string{
	"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", // Standard Webhooks and its libraries
	"whsec_plJ3nmyCDGBKInavdOK15jsl",
	"whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
}

// keyWeakness returns why the key can't be random, or "" if it can.
func keyWeakness(key []byte) string {
	distinct := map[byte]bool{}
	printable, step := true, true
	for i, b := range key {
		distinct[b] = true
		printable = printable && b >= ' ' && b <= '~'
		step = step && (i < 2 || b-key[i-1] == key[1]-key[0])
	}
	switch {
	case step:
		return "is one byte repeated or counted on"
	case len(distinct) < min(len(key), 32)/2, isRepetition(key):
		return "repeats itself"
	case printable:
		return "is text and no random bytes"
	}
	return ""
}

// isRepetition reports whether the key is a shorter piece that is repeated.
func isRepetition(key []byte) bool {
	for piece := 1; piece <= len(key)/2; piece++ {
		if bytes.Equal(key[piece:], key[:len(key)-piece]) {
			return true
		}
	}
	return false
}

// checkSecrets refuses keys and secrets that can be guessed, are published or are used for two purposes.
func (c *Config) checkSecrets(errs *settingErrors) {
	usedBy := map[[sha256.Size]byte]string{}
	refuseReuse := func(name string, secret []byte) {
		hash := sha256.Sum256(secret)
		if other, reused := usedBy[hash]; reused {
			errs.add(name, "is the same secret as in %s: each needs its own, %s", other, newKeyHint)
		}
		usedBy[hash] = name
	}
	checkKey := func(name string, secret []byte) {
		if weakness := keyWeakness(secret); weakness != "" {
			errs.add(name, "%s: %s", weakness, newKeyHint)
		}
		refuseReuse(name, secret)
	}
	if keys, err := masterKeysFromVariables(c.MasterKey, c.MasterKeyPrevious); err == nil {
		checkKey("AMRUTAM_MASTER_KEY", keys[0])
		for _, previous := range keys[1:] {
			checkKey("AMRUTAM_MASTER_KEY_PREVIOUS", previous)
		}
	}
	if keys, err := decodeWebhookKeys(c.StubWebhookSecret); err == nil {
		for _, key := range keys {
			if isPublished(webhookPrefix + base64.StdEncoding.EncodeToString(key)) {
				errs.add("AMRUTAM_STUB_WEBHOOK_SECRET",
					"is published in documentation: make one with echo whsec_$(openssl rand -base64 32)")
			}
			checkKey("AMRUTAM_STUB_WEBHOOK_SECRET", key)
		}
	}
	if c.MetricsToken != "" {
		// The token may be text, so compare it with the other secrets both as it is and decoded.
		refuseReuse("AMRUTAM_METRICS_TOKEN", []byte(c.MetricsToken))
		if raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(c.MetricsToken, webhookPrefix)); err == nil {
			refuseReuse("AMRUTAM_METRICS_TOKEN", raw)
		}
		if hasFewLetters(c.MetricsToken) || isRepetition([]byte(c.MetricsToken)) {
			errs.add("AMRUTAM_METRICS_TOKEN", "repeats itself: %s", newKeyHint)
		}
	}
}

func isPublished(secret string) bool { return slices.Contains(publishedSecrets, secret) }

// hasFewLetters reports whether a text has fewer than 8 different characters. A random text of 20 characters has more,
// in base64 and in hexadecimal.
func hasFewLetters(text string) bool {
	distinct := map[rune]bool{}
	for _, r := range text {
		distinct[r] = true
	}
	return len(distinct) < 8
}

// checkForms checks the format of the secrets that are set, in development too.
func (c *Config) checkForms(errs *settingErrors) {
	if c.MasterKey != "" {
		if _, ok := decodeMasterKey(c.MasterKey); !ok {
			errs.add("AMRUTAM_MASTER_KEY", "must be 32 bytes in base64: %s", newKeyHint)
		} else if _, err := masterKeysFromVariables(c.MasterKey, c.MasterKeyPrevious); err != nil {
			errs.add("AMRUTAM_MASTER_KEY_PREVIOUS", "must be keys of 32 bytes in base64, comma-separated")
		}
	}
	if c.StubWebhookSecret != "" {
		if _, err := decodeWebhookKeys(c.StubWebhookSecret); err != nil {
			errs.add("AMRUTAM_STUB_WEBHOOK_SECRET",
				"must be whsec_ and at least %d bytes in base64: echo whsec_$(openssl rand -base64 32)",
				minWebhookSecret)
		}
	}
	isToken := len(c.MetricsToken) >= minToken && !strings.ContainsFunc(c.MetricsToken, isNotTokenChar)
	if c.MetricsToken != "" && !isToken {
		errs.add("AMRUTAM_METRICS_TOKEN", "must have at least %d letters, digits and -._~+/=: %s", minToken,
			newKeyHint)
	}
}

// isNotTokenChar reports whether a bearer token can't contain the character (RFC 6750, 2.1).
func isNotTokenChar(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._~+/=", r)
}
