package fault_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	demoPassword = regexp.MustCompile(`with the password (\S+)`)
	checkoutPath = regexp.MustCompile(`/dev/checkout/\w+`)
)

// bookPaid books and pays a consultation of the demo data, and returns its id and the patient's token.
func (s *server) bookPaid() (id, token string) {
	s.t.Helper()
	found := demoPassword.FindStringSubmatch(s.stdout.String())
	if found == nil {
		s.t.Fatalf("no password was printed: %s", s.stdout)
	}
	token = s.expect(200, "POST", "/api/v1/auth/login", "", "",
		object{"email": "patient@amrutam.example", "password": found[1]}).text("accessToken")
	doctors, _ := s.expect(200, "GET", "/api/v1/doctors?q=nair", "", "", nil).body["items"].([]any)
	doctor, _ := doctors[0].(object)
	slots, _ := s.expect(200, "GET", fmt.Sprintf("/api/v1/availability/doctor/%v", doctor["id"]), "", "",
		nil).body["items"].([]any)
	slot, _ := slots[len(slots)-1].(object)
	id = s.expect(201, "POST", "/api/v1/consultations", token, "book",
		object{"slotId": slot["id"], "reason": "Back pain"}).text("id")
	started := s.expect(201, "POST", "/api/v1/payments/initiate", token, "pay", object{"consultationId": id})
	page := checkoutPath.FindString(fmt.Sprint(started.body))
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://"+s.addr+page,
		strings.NewReader(url.Values{"outcome": {"pay"}}.Encode()))
	must(s.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(r)
	must(s.t, err)
	must(s.t, answer.Body.Close())
	s.waitFor("the payment", func() bool {
		return s.expect(200, "GET", "/api/v1/consultations/"+id, token, "", nil).text("status") == "CONFIRMED"
	})
	return id, token
}

func (s *server) isHeld() bool {
	held, _ := s.expect(200, "GET", "/health/ready", "", "", nil).body["restoreMode"].(bool)
	return held
}

// TestRestoredCopySendsNothing restores a database with a due mail, a pending refund and their jobs. Nothing leaves
// the copy, and what asks for it is refused, until an operator turns the mode off: then everything goes once.
func TestRestoredCopySendsNothing(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	s := startServer(t, i.variables(), "--demo")
	id, token := s.bookPaid()
	const pending = `SELECT concat_ws(' ', (SELECT count(*) FROM refunds WHERE status <> 'SUCCEEDED'),
		(SELECT count(*) FROM mails WHERE content IS NOT NULL))`
	s.waitFor("what the demo data sends", func() bool { return i.query(pending) == "0 0" })
	i.run("restore-mode", "on")
	s.waitFor("the server to follow", s.isHeld)
	s.expect(200, "POST", "/api/v1/consultations/"+id+"/cancel", token, "", object{"reason": "Travelling"})
	if _, err := runCommand(t, i.variables(), "", "backup"); err == nil {
		t.Error("a copy in restore mode was backed up")
	}
	s.kill()
	i.execute("UPDATE restore_mode SET is_on = false") // its jobs don't run: no server does
	i.run("backup")

	restored, out, err := i.restore()
	if err != nil {
		t.Fatalf("%v %s", err, out)
	}
	secret, err := os.ReadFile(filepath.Join(i.data, "stub-webhook.secret"))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(restored.data, "stub-webhook.secret"), secret, 0o600))
	s = startServer(t, restored.variables("AMRUTAM_METRICS_LISTEN=127.0.0.1:0"))
	s.checkHeld()
	const state = `SELECT concat_ws(' ', (SELECT count(*) FROM refunds WHERE status = 'PENDING'),
		(SELECT count(*) FROM mails WHERE content IS NOT NULL), (SELECT count(*) FROM mailbox_messages),
		(SELECT count(*) FROM river_job WHERE attempted_at > (SELECT changed_at FROM restore_mode)))
		FROM pg_sleep(2.5)`
	before := restored.query("SELECT count(*)::text FROM mailbox_messages")
	if got := restored.query(state); got != "1 2 "+before+" 0" { // River looks for jobs each second
		t.Errorf("pending refunds, due mails, sent mails and begun jobs: %s", got)
	}
	out, err = runCommand(t, restored.variables(), "", "restore-mode", "off")
	if err == nil || !strings.Contains(out, "payment.refund") || !strings.Contains(out, "mail.send") ||
		!strings.Contains(out, "in all") || !s.isHeld() {
		t.Errorf("off without --yes: %v %s", err, out)
	}
	out = restored.run("restore-mode", "off", "--yes")
	if !strings.Contains(out, "restore mode is off") {
		t.Errorf("off: %s", out)
	}
	s.waitFor("the refund and the mails", func() bool {
		return restored.query(pending) == "0 0"
	})
	// The mails of the demo data's past were never sent.
	if got := restored.query(`SELECT ((SELECT count(*) FROM mailbox_messages)
		- (SELECT count(*) FROM mails WHERE sent_at > created_at))::text`); got != "0" {
		t.Errorf("mails sent too often: %s", got)
	}
	if s.isHeld() {
		t.Error("the server did not follow")
	}
	if restored.run("restore-mode") != "restore mode is off\n" {
		t.Error("the mode is still on")
	}
	restored.run("check")
}

// checkHeld checks what a server in restore mode says and refuses.
func (s *server) checkHeld() {
	s.t.Helper()
	if !s.isHeld() || !strings.Contains(s.log.String(), "restore mode: this is a restored copy") ||
		!strings.Contains(s.metrics(), "\namrutam_restore_mode 1") {
		s.t.Errorf("the server doesn't tell of the restore mode\n%s", s.log)
	}
	for path, body := range map[string]object{
		"/api/v1/auth/signup": {"email": "new@example.org", "password": password, "fullName": "Test Person",
			"role": "PATIENT"},
		"/api/v1/auth/request-password-reset": {"email": "patient@amrutam.example"},
		"/api/v1/payments/webhook/stub":       {"type": "payment.succeeded", "data": object{}},
	} {
		a := s.expect(503, "POST", path, "", "", body)
		if a.text("type") != "/problems/restore-mode" || a.header.Get("Retry-After") != "60" {
			s.t.Errorf("%s: %v %v", path, a.body, a.header)
		}
	}
}
