package audit_test

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
	"amrutam/internal/audit/tree"
)

// TestProof checks proofs with the program in docs, which shares no code with this one.
func TestProof(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	log, _ := newLog(t, c, 100)
	admin := c.Admin()
	c.Prove(admin)
	verifier := filepath.Join(t.TempDir(), "verify-proof")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", verifier, "../../docs/verify-proof.go")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	check := func(proof []byte, key string) (string, error) {
		cmd := exec.CommandContext(t.Context(), verifier, key)
		cmd.Stdin = bytes.NewReader(proof)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	id := func(offset int) string {
		return apptest.QueryOne[uuid.UUID](t, c, "SELECT id FROM audit_logs ORDER BY xid, id OFFSET $1 LIMIT 1",
			offset).String()
	}
	addEntries(t, c.App.DB, 300)
	c.Get(admin, "audit-logs/"+id(0)+"/proof").Want(409, "audit-log-not-sealed")
	c.Seal(log)
	addEntries(t, c.App.DB, 230)
	c.Seal(log)
	key := log.Signer.PublicKey()
	for _, offset := range []int{0, 1, 99, 255, 256, 257, 300, 500, 511, 512, 520} {
		a := c.Get(admin, "audit-logs/"+id(offset)+"/proof").Want(200)
		out, err := check(a.Body, key)
		if err != nil || a.At("leafIndex") != float64(offset) || !strings.Contains(out, id(offset)) {
			t.Errorf("entry %d: %v %s", offset, err, out)
		}
	}
	good := string(c.Get(admin, "audit-logs/"+id(300)+"/proof").Want(200).Body)
	for name, proof := range map[string]string{
		"another action":     strings.Replace(good, "slot.create", "slot.delete", 1),
		"another place":      strings.Replace(good, `"leafIndex":300`, `"leafIndex":301`, 1),
		"another size":       strings.Replace(good, `"treeSize":`, `"treeSize":1`, 1),
		"another checkpoint": strings.Replace(good, `\ntime 2`, `\ntime 3`, 1),
		"no hashes":          good[:strings.Index(good, `"hashes":`)] + `"hashes":[]}`,
	} {
		if out, err := check([]byte(proof), key); err == nil || proof == good {
			t.Errorf("%s: accepted: %s", name, out)
		}
	}
	other, err := tree.NewSigner(make([]byte, 32))
	must(t, err)
	if out, err := check([]byte(good), other.PublicKey()); err == nil {
		t.Errorf("a proof of another installation was accepted: %s", out)
	}
	addEntries(t, c.App.DB, 1)
	c.Get(admin, "audit-logs/"+id(c.Count("SELECT count(*) FROM audit_logs")-1)+"/proof").Want(409,
		"audit-log-not-sealed")
	altered := id(300)
	_, err = superuser(t, c).Exec(t.Context(), "UPDATE audit_logs SET action = 'slot.delete' WHERE id = $1", altered)
	must(t, err)
	c.Get(admin, "audit-logs/"+altered+"/proof").Want(409, "audit-log-altered")
	c.Get(admin, "audit-logs/"+uuid.NewString()+"/proof").Want(404)
}
