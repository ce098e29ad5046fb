//go:build ignore

// Checks a proof of GET /api/v1/audit-logs/{id}/proof with nothing but Go's standard library:
//
//	go run docs/verify-proof.go KEY < proof.json
//
// KEY is the public key of the installation (amrutam audit key), which you got before and keep yourself. With a
// checkpoint that you kept too, compare its size and root with those of the proof's checkpoint, or ask for both.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

func main() {
	var p struct {
		Leaf, Checkpoint    string
		LeafIndex, TreeSize int64
		Hashes              [][]byte
	}
	check(len(os.Args) == 2 && json.NewDecoder(os.Stdin).Decode(&p) == nil, "usage: verify-proof KEY < proof.json")

	// RFC 9162, section 2.1.3.2: the root that follows from the leaf and the hashes beside its way up.
	hash, index, last := sha256.Sum256(append([]byte{0}, p.Leaf...)), p.LeafIndex, p.TreeSize-1
	check(index >= 0 && index <= last, "the leaf is not in the tree")
	for _, beside := range p.Hashes {
		check(last > 0, "the proof is too long")
		if index%2 == 1 || index == last {
			hash = sha256.Sum256(bytes.Join([][]byte{{1}, beside, hash[:]}, nil))
			for index%2 == 0 && index > 0 {
				index, last = index/2, last/2
			}
		} else {
			hash = sha256.Sum256(bytes.Join([][]byte{{1}, hash[:], beside}, nil))
		}
		index, last = index/2, last/2
	}
	check(last == 0, "the proof is too short")

	// The checkpoint: key name, size, root, more lines; an empty line; "— name base64(key hash, signature)".
	text, signature, _ := strings.Cut(p.Checkpoint, "\n\n")
	lines := strings.Split(text, "\n")
	check(len(lines) >= 3 && lines[1] == fmt.Sprint(p.TreeSize), "the checkpoint is of another tree")
	check(lines[2] == base64.StdEncoding.EncodeToString(hash[:]), "the entry is not the one that was sealed")
	name, key, _ := strings.Cut(os.Args[1], "+")
	_, key, _ = strings.Cut(key, "+")
	public, _ := base64.StdEncoding.DecodeString(key)
	signed, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(strings.TrimPrefix(signature, "— "+name+" ")))
	check(len(public) == 33 && len(signed) == 68, "the checkpoint is signed by another installation")
	check(ed25519.Verify(public[1:], []byte(text+"\n"), signed[4:]), "the signature is wrong")
	fmt.Println("the entry is in the log:", p.Leaf)
}

func check(ok bool, otherwise string) {
	if !ok {
		fmt.Fprintln(os.Stderr, otherwise)
		os.Exit(1)
	}
}
