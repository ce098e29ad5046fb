package events_test

import (
	"net/http"
	"testing"
	"time"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
)

// What a session may no longer do ends its streams, and nothing is sent that happens afterwards.
func TestStreamEndsWithWhatAllowedIt(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	for name, end := range map[string]func(u apptest.User){
		"sign-out": func(u apptest.User) { c.Post(u, "auth/logout", nil).Want(204) },
		"disabled": func(u apptest.User) {
			admin := c.Admin()
			body := map[string]any{"disabled": true, "reason": "test"}
			c.Patch(admin, "users/"+u.ID.String()+"/disable", body).Want(200)
		},
		"role":      func(u apptest.User) { c.Exec("UPDATE users SET role = 'DOCTOR' WHERE id = $1", u.ID) },
		"MFA reset": func(u apptest.User) { c.Exec("UPDATE users SET mfa_enabled = true WHERE id = $1", u.ID) },
		"account deleted": func(u apptest.User) {
			c.Prove(u)
			c.Do(u, "DELETE", "users/me", nil).Want(204)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			user, other := c.Patient(), c.Patient()
			s, still := open(t, c, user, ""), open(t, c, other, "")
			<-s.opened
			end(user)
			s.wantEnd()
			tx := begin(t, c)
			publish(t, tx, other.ID, "OPEN")
			publish(t, tx, user.ID, "OPEN")
			commit(t, tx)
			still.want("offer.changed", "OPEN")
		})
	}
}

// The revocation and an event come in one transaction: the event isn't sent.
func TestRevokedSessionGetsNothing(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	user := c.Patient()
	s := open(t, c, user, "")
	<-s.opened
	tx := begin(t, c)
	publish(t, tx, user.ID, "OPEN")
	if _, err := tx.Exec(t.Context(), "UPDATE sessions SET ended_at = now() WHERE user_id = $1", user.ID); err != nil {
		t.Fatal(err)
	}
	commit(t, tx)
	s.wantEnd()
}

func TestStreamEndsWithItsToken(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	user := c.Patient()
	c.Exec(`UPDATE session_tokens SET expires_at = $2
		WHERE session_id IN (SELECT id FROM sessions WHERE user_id = $1)`, user.ID, c.DB.Now().Add(time.Hour))
	s := open(t, c, user, "")
	<-s.opened
	c.Clock.Advance(2 * time.Hour)
	tx := begin(t, c)
	publish(t, tx, user.ID, "OPEN")
	commit(t, tx)
	s.wantEnd()
	c.Get(user, "events").Want(401)
}

// A stream is open while nobody looks: it doesn't keep the browser's session alive.
func TestStreamDoesNotExtendCookie(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	user := c.Patient()
	c.Exec(`UPDATE session_tokens SET kind = 'COOKIE', expires_at = $2
		WHERE session_id IN (SELECT id FROM sessions WHERE user_id = $1)`, user.ID, c.DB.Now().Add(time.Minute))
	expiry := func() time.Time {
		return apptest.QueryOne[time.Time](t, c, `SELECT t.expires_at FROM session_tokens t
			JOIN sessions s ON s.id = t.session_id WHERE s.user_id = $1`, user.ID)
	}
	before := expiry()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.URL+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: "__Host-amrutam", Value: user.Token})
	response, err := c.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK || !expiry().Equal(before) {
		t.Errorf("status %d, expiry %s, before %s", response.StatusCode, expiry(), before)
	}
}

func TestFiveStreamsOfAUser(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t, func(cfg *config.Config) { cfg.MaxStreams = 6 })
	user := c.Patient()
	streams := make([]*client, 5)
	for i := range streams {
		streams[i] = open(t, c, user, "")
	}
	if refused := c.Get(user, "events").Want(429, "too-many-streams"); refused.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	open(t, c, c.Patient(), "")
	c.Get(c.Patient(), "events").Want(503, "busy")
	streams[0].close()
	c.Await("closed", func() bool { return openStreams(t, c) == 5 })
	open(t, c, user, "")
}

// 200 streams get their own events only, and leave nothing behind.
func TestManyStreams(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	const many = 200
	users, streams := make([]apptest.User, many), make([]*client, many)
	for i := range users {
		users[i] = c.Patient()
		streams[i] = open(t, c, users[i], "")
	}
	for _, user := range users {
		tx := begin(t, c)
		publish(t, tx, user.ID, user.ID.String())
		commit(t, tx)
	}
	for i, s := range streams {
		s.want("offer.changed", users[i].ID.String())
	}
	for _, s := range streams {
		s.close()
	}
	c.Await("closed", func() bool { return openStreams(t, c) == 0 })
}

// openStreams reads the gauge.
func openStreams(t testing.TB, c *apptest.Clinic) int {
	t.Helper()
	families, err := c.App.Metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "amrutam_streams" {
			return int(f.GetMetric()[0].GetGauge().GetValue())
		}
	}
	t.Fatal("no gauge")
	return 0
}
