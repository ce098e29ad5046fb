package config

import (
	"regexp"
	"strings"
)

// icePattern matches addresses of STUN and TURN servers (RFC 7064, RFC 7065).
var icePattern = regexp.MustCompile(
	`^(stuns?:[a-z0-9.-]+(:[0-9]{1,5})?|turns?:[a-z0-9.-]+(:[0-9]{1,5})?(\?transport=(udp|tcp))?)$`)

// validateICE checks the servers that help the two sides of a call to reach each other.
func (c *Config) validateICE(errs *settingErrors) {
	var all []string
	hasTURN := false
	for _, entry := range c.ICEServers {
		if entry = strings.TrimSpace(entry); entry == "" {
			continue
		}
		if !icePattern.MatchString(entry) {
			errs.add("AMRUTAM_ICE_SERVERS", "must hold addresses like stun:stun.example.org:3478 or "+
				"turn:turn.example.org:3478?transport=udp, in lower case")
		}
		hasTURN = hasTURN || strings.HasPrefix(entry, "turn")
		all = append(all, entry)
	}
	c.ICEServers = all
	switch {
	case len(all) > maxICEServers:
		errs.add("AMRUTAM_ICE_SERVERS", "must hold at most %d addresses", maxICEServers)
	case hasTURN && len(c.TURNSecret) < minTURNSecret:
		errs.add("AMRUTAM_TURN_SECRET", "must be the secret of the TURN servers in AMRUTAM_ICE_SERVERS, at least %d "+
			"characters", minTURNSecret)
	case !hasTURN && c.TURNSecret != "":
		errs.add("AMRUTAM_TURN_SECRET", "needs a TURN server in AMRUTAM_ICE_SERVERS")
	}
}

const maxICEServers, minTURNSecret = 10, 20
