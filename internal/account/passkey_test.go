package account_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
)

func passkeyLogin(c *apptest.Clinic, credential json.RawMessage) *apptest.Answer {
	return c.Post(anonymous, "auth/passkey-login", object{"credential": credential})
}

func TestPasskeySignsIn(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	s := signIn(t, c, email, password)
	k := c.NewPasskey()
	wantEqual(t, "recovery codes", len(k.Register(s.user)), 10)
	awaitMail(t, c, email, "passkey-added", 1)
	items := c.Get(s.user, "auth/passkeys").Want(200).Items()
	if len(items) != 1 || items[0]["id"] != k.ID || items[0]["name"] != "an app" || items[0]["lastUsedAt"] != nil {
		t.Fatalf("the list is %v", items)
	}
	wantEqual(t, "mfaEnabled", c.Get(s.user, "users/me").Want(200).At("mfaEnabled"), any(true))

	byPasskey := sessionOf(t, passkeyLogin(c, k.Prove()).Want(200))
	wantEqual(t, "user", byPasskey.user.ID, s.user.ID)
	c.Get(byPasskey.user, "users/me").Want(200)
	sessionOf(t, refresh(c, byPasskey.refresh).Want(200))
	if items := c.Get(s.user, "auth/passkeys").Want(200).Items(); items[0]["lastUsedAt"] == nil {
		t.Error("lastUsedAt is null after a use")
	}
	wantEqual(t, "sessions with a proven second factor",
		c.Count("SELECT count(*) FROM sessions WHERE user_id = $1 AND second_factor_at IS NOT NULL", s.user.ID), 2)

	// The password now needs a second factor, and the passkey is one.
	a := login(c, email, password).Want(200)
	wantEqual(t, "methods", a.At("methods"), any([]any{"passkey", "recovery-code"}))
	proof := object{"mfaToken": a.Text("mfaToken"), "passkey": k.Prove()}
	sessionOf(t, c.Post(anonymous, "auth/verify-mfa", proof).Want(200))
	c.Clock.Advance(6 * time.Minute)
	c.Do(byPasskey.user, "DELETE", "auth/passkeys/"+k.ID, nil).Want(403, "mfa-required")
	c.Post(byPasskey.user, "auth/step-up", object{"passkey": k.Prove()}).Want(204)
	c.Do(byPasskey.user, "DELETE", "auth/passkeys/"+k.ID, nil).Want(204)
	awaitMail(t, c, email, "second-factor-disabled", 1)
	passkeyLogin(c, k.Prove()).Want(401, "invalid-passkey")
	wantEqual(t, "mfaRequired", login(c, email, password).Want(200).At("mfaRequired"), any(false))
	wantEqual(t, "recovery codes", c.Count("SELECT count(*) FROM recovery_codes WHERE user_id = $1", s.user.ID), 0)
	for _, action := range []string{"passkey.register", "passkey.delete"} {
		wantEqual(t, action, countAudits(t, c, action, k.ID), 1)
	}
}

func TestPasskeyChallengeWorksOnce(t *testing.T) {
	t.Parallel()
	c := open(t)
	patient := c.Patient()
	k := c.NewPasskey()
	k.Register(patient)
	proof := k.Prove()
	statuses := apptest.Concurrently(8, func(int) int { return passkeyLogin(c, proof).Status })
	slices.Sort(statuses)
	wantEqual(t, "statuses", statuses, []int{200, 401, 401, 401, 401, 401, 401, 401})
	c.Post(patient, "auth/step-up", object{"passkey": proof}).Want(401, "invalid-passkey")

	expired := k.Prove()
	c.Clock.Advance(5*time.Minute + time.Second)
	passkeyLogin(c, expired).Want(401, "invalid-passkey")

	// A passkey whose count of uses doesn't grow is a copy.
	copied := *k
	passkeyLogin(c, k.Prove()).Want(200)
	passkeyLogin(c, copied.Prove()).Want(401, "invalid-passkey")
	passkeyLogin(c, k.Prove()).Want(200)

	// A password change deletes the user's tickets. A used challenge stays invalid after that.
	used := k.Prove()
	passkeyLogin(c, used).Want(200)
	c.Exec("DELETE FROM tickets WHERE user_id = $1", patient.ID)
	k.Credential.Counter += 5
	passkeyLogin(c, used).Want(401, "invalid-passkey")
}

func TestWrongPasskeysAreRefused(t *testing.T) {
	t.Parallel()
	c := open(t)
	victim, stranger := c.Patient(), c.Patient()
	k := c.NewPasskey()
	k.Register(victim)
	for name, change := range map[string]func(*apptest.Passkey){
		"another site": func(k *apptest.Passkey) {
			k.RP.Origin = strings.Replace(k.RP.Origin, "localhost", "localhost.evil.example", 1)
		},
		"another port":          func(k *apptest.Passkey) { k.RP.Origin = "http://localhost:1" },
		"another domain":        func(k *apptest.Passkey) { k.RP.ID = "evil.example" },
		"user not verified":     func(k *apptest.Passkey) { k.Authenticator.Options.UserNotVerified = true },
		"user not present":      func(k *apptest.Passkey) { k.Authenticator.Options.UserNotPresent = true },
		"another user's handle": func(k *apptest.Passkey) { k.Authenticator.Options.UserHandle = stranger.ID[:] },
		"another key": func(k *apptest.Passkey) {
			id := k.Credential.ID
			k.Credential = apptest.NewCredential()
			k.Credential.ID = id
		},
		"unknown id":                 func(k *apptest.Passkey) { k.Credential.ID = []byte("no such credential") },
		"became eligible for backup": func(k *apptest.Passkey) { k.Authenticator.Options.BackupEligible = true },
	} {
		wrong := *k
		change(&wrong)
		if a := passkeyLogin(c, wrong.Prove()); a.Status != 401 || a.Text("type") != "/problems/invalid-passkey" {
			t.Errorf("%s: %s", name, a.Body)
		}
	}
	// A challenge for another purpose, and one of another server.
	c.Clock.Advance(time.Second)
	options := c.Do(stranger, "POST", "auth/passkeys/options", nil)
	passkeyLogin(c, k.Get(options)).Want(401, "invalid-passkey")
	otherServer := apptest.Open(t)
	passkeyLogin(c, k.Get(otherServer.Do(anonymous, "POST", "auth/passkey-options", nil))).Want(401, "invalid-passkey")
	// A passkey is no second factor for another user.
	other := c.NewPasskey()
	other.Register(stranger)
	email := signUp(t, c)
	enrolAuthenticator(t, c, signIn(t, c, email, password).user)
	proof := object{"mfaToken": login(c, email, password).Want(200).Text("mfaToken"), "passkey": other.Prove()}
	c.Post(anonymous, "auth/verify-mfa", proof).Want(401, "invalid-passkey")
	c.Do(victim, "DELETE", "auth/passkeys/"+other.ID, nil).Want(404)
	c.Do(victim, "DELETE", "auth/passkeys/"+uuid.NewString(), nil).Want(404)
	passkeyLogin(c, other.Prove()).Want(200)
	c.Exec("UPDATE users SET disabled_at = now() WHERE id = $1", victim.ID)
	passkeyLogin(c, k.Prove()).Want(401, "invalid-passkey")
	log, id := c.Log.String(), base64.RawURLEncoding.EncodeToString(k.Credential.ID)
	if strings.Contains(log, "webauthn") || strings.Contains(log, id) {
		t.Error("the log contains passkeys or their ids")
	}
}

func TestInvalidPasskeysAreRefused(t *testing.T) {
	t.Parallel()
	c := open(t)
	patient := c.Patient()
	valid := object{}
	must(t, json.Unmarshal(c.NewPasskey().Prove(), &valid))
	without := func(name string) object {
		changed := maps.Clone(valid)
		delete(changed, name)
		return changed
	}
	with := func(name string, value any) object {
		changed := maps.Clone(valid)
		changed[name] = value
		return changed
	}
	response, _ := valid["response"].(object)
	withResponse := func(clientData, authenticatorData any) object {
		return with("response", object{"clientDataJSON": clientData, "authenticatorData": authenticatorData,
			"signature": response["signature"]})
	}
	for name, credential := range map[string]any{
		"not an object":      "credential",
		"empty":              object{},
		"no id":              without("id"),
		"no response":        without("response"),
		"another type":       with("type", "password"),
		"not base64":         with("rawId", "§§§"),
		"a number":           with("id", 7),
		"null":               nil,
		"broken client data": withResponse("bm8", response["authenticatorData"]),
		"short data":         withResponse(response["clientDataJSON"], "AAAA"),
		"long":               with("id", strings.Repeat("A", 20_000)),
	} {
		a := c.Post(anonymous, "auth/passkey-login", object{"credential": credential}).Want(422, "validation-failed")
		if !strings.Contains(string(a.Body), "body.credential") || bytes.Contains(a.Body, []byte("§")) ||
			bytes.Contains(a.Body, []byte("AAAA")) {
			t.Errorf("%s: %s", name, a.Body)
		}
		if a := c.Post(patient, "auth/passkeys", object{"credential": credential}); a.Status != 422 {
			t.Errorf("registration of %s: %s", name, a.Body)
		}
		if name != "null" { // null is the same as no passkey
			c.Post(patient, "auth/step-up", object{"passkey": credential}).Want(422)
		}
	}
	// Browsers may add other members.
	extended := with("clientExtensionResults", object{})
	extended["authenticatorAttachment"] = "platform"
	extended["unknown"] = object{"more": true}
	c.Post(anonymous, "auth/passkey-login", object{"credential": extended}).Want(401, "invalid-passkey")
	c.Post(patient, "auth/step-up", object{"passkey": valid, "otp": "123456"}).Want(422)
}

func TestRegisteringPasskeys(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	s := signIn(t, c, email, password)
	k, stranger := c.NewPasskey(), c.Patient()
	register := func(u apptest.User, credential json.RawMessage) *apptest.Answer {
		return c.Post(u, "auth/passkeys", object{"credential": credential, "name": "A key"})
	}
	begin := func(u apptest.User) *apptest.Answer { return c.Do(u, "POST", "auth/passkeys/options", nil) }
	created := k.Create(begin(s.user))
	register(stranger, created).Want(422, "passkey-refused")
	for name, change := range map[string]func(*apptest.Passkey){
		"another site":      func(k *apptest.Passkey) { k.RP.Origin = "https://evil.example" },
		"another domain":    func(k *apptest.Passkey) { k.RP.ID = "evil.example" },
		"user not verified": func(k *apptest.Passkey) { k.Authenticator.Options.UserNotVerified = true },
	} {
		wrong := *k
		change(&wrong)
		a := register(s.user, wrong.Create(begin(s.user)))
		if a.Status != 422 || a.Text("type") != "/problems/passkey-refused" {
			t.Errorf("%s: %s", name, a.Body)
		}
	}
	c.Clock.Advance(5*time.Minute + time.Second)
	register(s.user, created).Want(403, "reauthentication-required")
	begin(s.user).Want(403, "reauthentication-required")
	c.Post(s.user, "auth/enable-mfa", nil).Want(403, "reauthentication-required")
	c.Post(s.user, "auth/step-up", object{"currentPassword": wrongPassword}).Want(401, "invalid-credentials")
	c.Post(s.user, "auth/step-up", object{"currentPassword": password, "otp": "123456"}).Want(409, "mfa-not-enabled")
	c.Post(s.user, "auth/step-up", object{"currentPassword": password}).Want(204)
	register(s.user, created).Want(422, "passkey-refused")
	created = k.Create(begin(s.user))
	wantEqual(t, "name", register(s.user, created).Want(201).Text("name"), "A key")
	register(s.user, created).Want(422, "passkey-refused") // its challenge is used
	register(s.user, k.Create(begin(s.user))).Want(409, "passkey-known")
	copied, another := *k, c.Patient()
	register(another, copied.Create(begin(another))).Want(409, "passkey-known")
	options := begin(s.user).Want(200)
	if known := options.At("publicKey", "excludeCredentials").([]any); len(known) != 1 {
		t.Errorf("excludeCredentials lacks the user's passkey: %s", options.Body)
	}
	// Adding a factor needs a recent proof.
	c.Clock.Advance(6 * time.Minute)
	begin(s.user).Want(403, "reauthentication-required")
	c.Post(s.user, "auth/enable-mfa", nil).Want(403, "reauthentication-required")
	c.Post(s.user, "auth/step-up", object{"currentPassword": password}).Want(204) // no second factor
	begin(s.user).Want(403, "reauthentication-required")
	c.Post(s.user, "auth/step-up", object{"passkey": k.Prove()}).Want(204)
	second := c.NewPasskey()
	wantEqual(t, "recovery codes for another passkey", len(second.Register(s.user)), 0)
	// The codes of an authenticator don't work before it is confirmed, though the user has a second factor.
	a := authenticator{c: c, secret: c.Post(s.user, "auth/enable-mfa", nil).Want(200).Text("secret")}
	c.Post(s.user, "auth/step-up", object{"otp": a.code(t, 0)}).Want(401, "invalid-code")
	c.Post(s.user, "auth/disable-mfa", object{"otp": a.code(t, 0)}).Want(409, "mfa-not-enabled")
	c.Post(s.user, "auth/confirm-mfa", object{"otp": a.code(t, 0)}).Want(200)
	c.Do(s.user, "DELETE", "auth/passkeys/"+k.ID, nil).Want(404) // register doesn't set k.ID
	c.Do(s.user, "DELETE", "auth/passkeys/"+second.ID, nil).Want(204)
	awaitMail(t, c, email, "passkey-removed", 1)
	methods := login(c, email, password).Want(200).At("methods")
	wantEqual(t, "methods", methods, any([]any{"passkey", "totp", "recovery-code"}))
	c.Post(s.user, "auth/disable-mfa", object{"otp": a.code(t, 1)}).Want(204)
	awaitMail(t, c, email, "authenticator-removed", 1)
	wantEqual(t, "mfaEnabled", c.Get(s.user, "users/me").Want(200).At("mfaEnabled"), any(true))
	c.Exec(`INSERT INTO passkeys (id, user_id, name, credential_id, public_key, sign_count, transports,
		backup_eligible, backup_state, created_at)
		SELECT gen_random_uuid(), $1, 'x', uuid_send(gen_random_uuid()), '', 0, '{}', false, false, now()
			FROM generate_series(1, 19)`, s.user.ID)
	register(s.user, c.NewPasskey().Create(begin(s.user))).Want(409, "too-many-passkeys")
}

// TestStaffEnrolsWithPasskey checks that a passkey suffices as the second factor of staff.
func TestStaffEnrolsWithPasskey(t *testing.T) {
	t.Parallel()
	c := open(t)
	admin := c.Admin()
	c.ClearSecondFactor(admin)
	c.Get(admin, "users").Want(403, "mfa-required")
	k := c.NewPasskey()
	wantEqual(t, "recovery codes", len(k.Register(admin)), 10)
	c.Get(admin, "users").Want(200)
	s := sessionOf(t, passkeyLogin(c, k.Prove()).Want(200))
	c.Get(s.user, "users").Want(200)
}

// TestPasskeysOfApp checks that passkeys work on the origins of the settings, an app's too, and on no other.
func TestPasskeysOfApp(t *testing.T) {
	t.Parallel()
	const app = "android:apk-key-hash:7d1043473d55bfa90e8530d35801d4e381bc69f0aa9f9e7e1d1d6b2f0f0f0f0f"
	c := open(t, func(cfg *config.Config) {
		cfg.PublicURL = "https://api.amrutam.example"
		cfg.PasskeyDomain = "amrutam.example"
		cfg.PasskeyOrigins = []string{"https://app.amrutam.example", app}
	})
	for _, origin := range []string{"https://api.amrutam.example", "https://app.amrutam.example", app} {
		k := c.NewPasskey()
		k.RP.Origin = origin
		k.Register(c.Patient())
		passkeyLogin(c, k.Prove()).Want(200)
		k.RP.Origin = "https://amrutam.example"
		passkeyLogin(c, k.Prove()).Want(401)
	}
}

// FuzzPasskeyProof looks for a credential that causes an error of the server.
func FuzzPasskeyProof(f *testing.F) {
	c := apptest.Open(f)
	k := c.NewPasskey()
	k.Register(c.Patient())
	f.Add([]byte(k.Prove()))
	f.Add([]byte(k.Create(c.Do(c.Patient(), "POST", "auth/passkeys/options", nil))))
	f.Add([]byte(`{"id":"AA","rawId":"AA","type":"public-key",` +
		`"response":{"clientDataJSON":"e30","authenticatorData":"AA","signature":"AA"}}`))
	f.Fuzz(func(t *testing.T, credential []byte) {
		if !json.Valid(credential) {
			t.Skip()
		}
		for path, member := range map[string]string{"auth/passkey-login": "credential", "auth/verify-mfa": "passkey"} {
			body := object{member: json.RawMessage(credential), "mfaToken": "mt_none"}
			a := c.In(t).Do(anonymous, "POST", path, body)
			if a.Status >= 500 {
				t.Errorf("%s answers %d", path, a.Status)
			}
		}
	})
}
