package config

import (
	"slices"
	"testing"
)

func TestICEServers(t *testing.T) {
	t.Parallel()
	const secret = "a secret of twenty letters"
	for _, c := range []struct {
		servers []string
		secret  string
		faulty  []string
	}{
		{nil, "", nil},
		{[]string{"stun:stun.example.org"}, "", nil},
		{[]string{" stun:stun.example.org:3478", "", "turns:turn.example.org:443?transport=tcp"}, secret, nil},
		{[]string{"turn:turn.example.org"}, "", []string{"AMRUTAM_TURN_SECRET"}},
		{[]string{"turn:turn.example.org"}, "short", []string{"AMRUTAM_TURN_SECRET"}},
		{[]string{"stun:stun.example.org"}, secret, []string{"AMRUTAM_TURN_SECRET"}},
		{[]string{"https://turn.example.org"}, "", []string{"AMRUTAM_ICE_SERVERS"}},
		{[]string{"turn:user@turn.example.org"}, secret, []string{"AMRUTAM_ICE_SERVERS"}},
		{slices.Repeat([]string{"stun:stun.example.org"}, 11), "", []string{"AMRUTAM_ICE_SERVERS"}},
	} {
		errs := &settingErrors{}
		(&Config{ICEServers: c.servers, TURNSecret: c.secret}).validateICE(errs)
		for name := range errs.reported {
			if !slices.Contains(c.faulty, name) {
				t.Errorf("%q: %s is refused", c.servers, name)
			}
		}
		for _, name := range c.faulty {
			if !errs.reported[name] {
				t.Errorf("%q: %s isn't refused", c.servers, name)
			}
		}
	}
}
