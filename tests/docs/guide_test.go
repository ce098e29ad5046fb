package docs_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// commandBlock matches the commands of a page and, if it shows it, their output.
var commandBlock = regexp.MustCompile("(?s)```sh\n(.*?)\n```(?:\n\n```output\n(.*?)\n```)?")

// TestGuide runs the commands of docs/guide.md in one shell, with a server of its own, and compares their output with
// what the page shows.
func TestGuide(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"curl", "jq", "openssl"} {
		findProgram(t, name)
	}
	dir := t.TempDir()
	address := startServer(t, []string{"AMRUTAM_DATA_DIR=" + filepath.Join(dir, "data")}, "--demo")
	blocks := commandBlock.FindAllStringSubmatch(readFile(t, "docs/guide.md"), -1)
	var script strings.Builder
	const separator = "==== end of a block ===="
	for _, block := range blocks {
		script.WriteString(block[1] + "\necho '" + separator + "'\n")
	}
	out := runShell(t, dir, nil, strings.ReplaceAll(script.String(), "127.0.0.1:8080", address))
	outputs := strings.Split(out, separator+"\n")
	if len(blocks) < 9 || len(outputs) != len(blocks)+1 {
		t.Fatalf("%d blocks and %d outputs", len(blocks), len(outputs))
	}
	for i, block := range blocks {
		commands, shown := block[1], block[2]
		want := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(shown), "…", `(?s:.*)`) + "$")
		if got := strings.TrimSpace(outputs[i]); !want.MatchString(got) {
			t.Errorf("%s\nprints\n%s\nwant\n%s", commands, got, shown)
		}
	}
}

// verifierProgram calls the guide's verify function, which replaces %s, a minute and an hour after the time of the
// signature.
const verifierProgram = `package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

%s

func main() {
	h := http.Header{"Webhook-Id": {"msg_1"}, "Webhook-Timestamp": {"1795428000"}, "Webhook-Signature": {os.Args[1]}}
	fmt.Print(verify([]byte("a secret of sixteen"), h, []byte("{}"), time.Unix(1795428000, 0).Add(time.Minute)),
		verify([]byte("a secret of sixteen"), h, []byte("{}"), time.Unix(1795428000, 0).Add(time.Hour)))
}
`

// TestGuideVerifier compiles the guide's Go function and passes it signatures, a valid one made by openssl.
func TestGuideVerifier(t *testing.T) {
	t.Parallel()
	_, text, _ := strings.Cut(readFile(t, "docs/guide.md"), "```go\n")
	text, _, _ = strings.Cut(text, "```")
	file := filepath.Join(t.TempDir(), "main.go")
	must(t, os.WriteFile(file, fmt.Appendf(nil, verifierProgram, text), 0o600))
	// The valid one comes from:
	// printf %s 'msg_1.1795428000.{}' | openssl dgst -sha256 -hmac 'a secret of sixteen' -binary | base64
	for signature, want := range map[string]string{
		"v1,other v1,fzF9jJWF42eG3sft2At5do/Up1+sa0D8uDpjdCCO9jM=": "true false",
		"v1,AAAA": "false false",
	} {
		out, err := exec.CommandContext(t.Context(), "go", "run", file, signature).CombinedOutput()
		if err != nil || string(out) != want {
			t.Errorf("%s: %s (%v), want %s", signature, out, err, want)
		}
	}
}
