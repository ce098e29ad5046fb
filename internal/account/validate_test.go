package account

import (
	"strings"
	"testing"
)

func TestPersonFaults(t *testing.T) {
	t.Parallel()
	for zone, valid := range map[string]bool{
		"Asia/Kolkata":                   true,
		"UTC":                            true,
		"America/Argentina/Buenos_Aires": true,
		"Etc/GMT+5":                      true,
		"GB":                             true,
		"":                               false,
		"Local":                          false,
		"local":                          false,
		"asia/kolkata":                   false,
		"Asia/Atlantis":                  false,
		"../etc/passwd":                  false,
		"/etc/localtime":                 false,
		"Asia":                           false,
	} {
		if fault := zoneFault(zone); (fault == nil) != valid {
			t.Errorf("zone %q: %q", zone, fault)
		}
	}
	for email, valid := range map[string]bool{
		"asha@example.org":    true,
		"a.b+c@example.org":   true,
		"amélie@exämple.org":  true,
		"o'neil@example.org":  true,
		"":                    false,
		"a\xffb@example.org":  false,
		"a..b@example.org":    false,
		".a@example.org":      false,
		"a@b@c":               false,
		"=?utf-8?q?a?= <a@b>": false,
		strings.Repeat("a", 64) + "@" + strings.Repeat("b", 189): true,
		strings.Repeat("a", 64) + "@" + strings.Repeat("b", 190): false,
	} {
		if fault := emailFault(email); (fault == nil) != valid {
			t.Errorf("address %q: %q", email, fault)
		}
	}
	for name, valid := range map[string]bool{
		"Asha":         true,
		"मीरा":         true,
		"ക്രിസ്\u200d": true,
		"O’Neil-Rao":   true,
		"李":            true,
		"":             false,
		"\u200b":       false,
		"As\xffha":     false,
		"A\x00":        false,
		"A\nB":         false,
	} {
		if fault := nameFault(name); (fault == nil) != valid {
			t.Errorf("name %q: %q", name, fault)
		}
	}
}
