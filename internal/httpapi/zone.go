package httpapi

import (
	"regexp"
	"time"
)

// InvalidZone is the message for a name that Zone refuses.
const InvalidZone = "must be an IANA time zone, like Asia/Kolkata"

// IANA names begin with an upper-case letter; the system's own files beside them (localtime, posix/…) don't.
var zoneName = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+/-]*$`)

// Zone returns the time zone with an IANA name, and whether there is one.
func Zone(name string) (*time.Location, bool) {
	if !zoneName.MatchString(name) || name == "Local" || name == "Factory" {
		return nil, false
	}
	zone, err := time.LoadLocation(name)
	return zone, err == nil
}
