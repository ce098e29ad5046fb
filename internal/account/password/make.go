//go:build ignore

// This program makes list.sha256 from a list of passwords, one in a line, the most common first.
package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"os"
	"slices"
	"strings"
	"unicode/utf8"
)

func main() {
	seen := map[string]bool{}
	var hashes [][]byte
	common := 0
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		password := strings.ToLower(lines.Text())
		length := utf8.RuneCountInString(password)
		if length < 8 || seen[password] || (common >= 100_000 && length < 15) {
			continue
		}
		seen[password] = true
		common++
		sum := sha256.Sum256([]byte(password))
		hashes = append(hashes, sum[:8])
	}
	if err := lines.Err(); err != nil {
		panic(err)
	}
	slices.SortFunc(hashes, bytes.Compare)
	if err := os.WriteFile(os.Args[1], bytes.Join(hashes, nil), 0o644); err != nil {
		panic(err)
	}
}
