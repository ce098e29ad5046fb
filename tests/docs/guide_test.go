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

var fence = regexp.MustCompile("(?s)```sh\n(.*?)\n```(?:\n\n```output\n(.*?)\n```)?")

// TestGuide runs the commands of docs/guide.md in one shell, beside a server of its own, and compares what they
// print with what the page shows.
func TestGuide(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"curl", "jq", "openssl"} {
		program(t, name)
	}
	dir := t.TempDir()
	address, _ := serve(t, []string{"AMRUTAM_DATA_DIR=" + filepath.Join(dir, "data")}, "--demo")
	blocks := fence.FindAllStringSubmatch(read(t, "docs/guide.md"), -1)
	var script strings.Builder
	const mark = "==== end of a block ===="
	for _, b := range blocks {
		script.WriteString(b[1] + "\necho '" + mark + "'\n")
	}
	out := shell(t, dir, nil, strings.ReplaceAll(script.String(), "127.0.0.1:8080", address))
	printed := strings.Split(out, mark+"\n")
	if len(blocks) < 9 || len(printed) != len(blocks)+1 {
		t.Fatalf("%d blocks and %d outputs", len(blocks), len(printed))
	}
	for i, b := range blocks {
		want := strings.ReplaceAll(regexp.QuoteMeta(b[2]), "…", `(?s:.*)`)
		if got := strings.TrimSpace(printed[i]); !regexp.MustCompile("^" + want + "$").MatchString(got) {
			t.Errorf("%s\nprints\n%s\nand not\n%s", b[1], got, b[2])
		}
	}
}

const verifier = `package main

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

// TestGuideVerifier compiles it, and has it judge a signature that openssl made.
func TestGuideVerifier(t *testing.T) {
	t.Parallel()
	_, text, _ := strings.Cut(read(t, "docs/guide.md"), "```go\n")
	text, _, _ = strings.Cut(text, "```")
	file := filepath.Join(t.TempDir(), "main.go")
	must(t, os.WriteFile(file, fmt.Appendf(nil, verifier, text), 0o600))
	// printf %s 'msg_1.1795428000.{}' | openssl dgst -sha256 -hmac 'a secret of sixteen' -binary | base64
	for signature, want := range map[string]string{
		"v1,other v1,fzF9jJWF42eG3sft2At5do/Up1+sa0D8uDpjdCCO9jM=": "true false", "v1,AAAA": "false false"} {
		out, err := exec.CommandContext(t.Context(), "go", "run", file, signature).CombinedOutput()
		if err != nil || string(out) != want {
			t.Errorf("%v %s, want %s", err, out, want)
		}
	}
}
