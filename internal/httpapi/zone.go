package httpapi

import (
	"regexp"
	"time"
)

// NoZone is the text for a name that Zone refuses.
const NoZone = "must be an IANA time zone, like Asia/Kolkata"

// Names of the IANA database begin upper-case; lower-case files beside them (localtime, posix/…) are the system's own.
var zoneForm = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+/-]*$`)

// Zone finds a time zone by its IANA name.
func Zone(name string) (*time.Location, bool) {
	if !zoneForm.MatchString(name) || name == "Local" || name == "Factory" {
		return nil, false
	}
	zone, err := time.LoadLocation(name)
	return zone, err == nil
}
