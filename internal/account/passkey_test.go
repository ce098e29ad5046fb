package account_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
)

func passkeyLogin(c *apptest.Clinic, credential json.RawMessage) *apptest.Answer {
	return c.Post(nobody, "auth/passkey-login", object{"credential": credential})
}

func TestPasskeySignsIn(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := verified(t, c)
	s := signIn(t, c, email, password)
	k := c.NewPasskey()
	same(t, "recovery codes", len(k.Register(s.user)), 10)
	mailed(t, c, email, "passkey-added", 1)
	listed := c.Get(s.user, "auth/passkeys").Want(200).Items()
	if len(listed) != 1 || listed[0]["id"] != k.ID || listed[0]["name"] != "an app" || listed[0]["lastUsedAt"] != nil {
		t.Fatalf("the list is %v", listed)
	}
	same(t, "mfaEnabled", c.Get(s.user, "users/me").Want(200).At("mfaEnabled"), any(true))

	in := held(t, passkeyLogin(c, k.Prove()).Want(200))
	same(t, "who", in.user.ID, s.user.ID)
	c.Get(in.user, "users/me").Want(200)
	held(t, refresh(c, in.refresh).Want(200))
	if listed := c.Get(s.user, "auth/passkeys").Want(200).Items(); listed[0]["lastUsedAt"] == nil {
		t.Error("the use isn't shown")
	}
	same(t, "proven", c.Count("SELECT count(*) FROM sessions WHERE user_id = $1 AND second_factor_at IS NOT NULL",
		s.user.ID), 2)

	// A password alone is not enough any more, and the passkey is its second factor.
	begun := c.Post(nobody, "auth/login", credentials(email, password)).Want(200)
	same(t, "methods", begun.At("methods"), any([]any{"passkey", "recovery-code"}))
	held(t, c.Post(nobody, "auth/verify-mfa", object{"mfaToken": begun.Text("mfaToken"), "passkey": k.Prove()}).
		Want(200))
	c.Clock.Advance(6 * time.Minute)
	c.Do(in.user, "DELETE", "auth/passkeys/"+k.ID, nil).Want(403, "mfa-required")
	c.Post(in.user, "auth/step-up", object{"passkey": k.Prove()}).Want(204)
	c.Do(in.user, "DELETE", "auth/passkeys/"+k.ID, nil).Want(204)
	mailed(t, c, email, "second-factor-disabled", 1)
	passkeyLogin(c, k.Prove()).Want(401, "invalid-passkey")
	same(t, "mfaRequired", c.Post(nobody, "auth/login", credentials(email, password)).Want(200).At("mfaRequired"),
		any(false))
	same(t, "recovery codes", c.Count("SELECT count(*) FROM recovery_codes WHERE user_id = $1", s.user.ID), 0)
	for _, action := range []string{"passkey.register", "passkey.delete"} {
		same(t, action, audited(t, c, action, k.ID), 1)
	}
}

func TestPasskeyChallengeWorksOnce(t *testing.T) {
	t.Parallel()
	c := open(t)
	patient := c.Patient()
	k := c.NewPasskey()
	k.Register(patient)
	proof := k.Prove()
	got := atOnce(8, func(int) int { return passkeyLogin(c, proof).Status })
	slices.Sort(got)
	same(t, "answers", got, []int{200, 401, 401, 401, 401, 401, 401, 401})
	c.Post(patient, "auth/step-up", object{"passkey": proof}).Want(401, "invalid-passkey")

	late := k.Prove()
	c.Clock.Advance(5*time.Minute + time.Second)
	passkeyLogin(c, late).Want(401, "invalid-passkey")

	// A count that doesn't grow is that of a copy.
	copied := *k
	passkeyLogin(c, k.Prove()).Want(200)
	passkeyLogin(c, copied.Prove()).Want(401, "invalid-passkey")
	passkeyLogin(c, k.Prove()).Want(200)

	// A spent challenge stays spent when the password changes, which ends other tickets.
	spent := k.Prove()
	passkeyLogin(c, spent).Want(200)
	c.Exec("DELETE FROM tickets WHERE user_id = $1", patient.ID)
	k.Credential.Counter += 5
	passkeyLogin(c, spent).Want(401, "invalid-passkey")
}

func TestWrongPasskeysAreRefused(t *testing.T) {
	t.Parallel()
	c := open(t)
	victim, stranger := c.Patient(), c.Patient()
	k := c.NewPasskey()
	k.Register(victim)
	for name, lie := range map[string]func(*apptest.Passkey){
		"another site": func(k *apptest.Passkey) {
			k.RP.Origin = strings.Replace(k.RP.Origin, "localhost", "localhost.evil.example", 1)
		},
		"another port":     func(k *apptest.Passkey) { k.RP.Origin = "http://localhost:1" },
		"another domain":   func(k *apptest.Passkey) { k.RP.ID = "evil.example" },
		"no verification":  func(k *apptest.Passkey) { k.Authenticator.Options.UserNotVerified = true },
		"nobody there":     func(k *apptest.Passkey) { k.Authenticator.Options.UserNotPresent = true },
		"another's handle": func(k *apptest.Passkey) { k.Authenticator.Options.UserHandle = stranger.ID[:] },
		"another key": func(k *apptest.Passkey) {
			id := k.Credential.ID
			k.Credential = apptest.NewCredential()
			k.Credential.ID = id
		},
		"unknown id":      func(k *apptest.Passkey) { k.Credential.ID = []byte("no such credential") },
		"became a backup": func(k *apptest.Passkey) { k.Authenticator.Options.BackupEligible = true },
	} {
		liar := *k
		lie(&liar)
		if a := passkeyLogin(c, liar.Prove()); a.Status != 401 || a.Text("type") != "/problems/invalid-passkey" {
			t.Errorf("%s: %s", name, a.Body)
		}
	}
	// A challenge for another use, of another server, or made up.
	c.Clock.Advance(time.Second)
	options := c.Do(stranger, "POST", "auth/passkeys/options", nil)
	passkeyLogin(c, k.Get(options)).Want(401, "invalid-passkey")
	other := apptest.Open(t)
	passkeyLogin(c, k.Get(other.Do(nobody, "POST", "auth/passkey-options", nil))).Want(401, "invalid-passkey")
	// One's own passkey is no second factor of somebody else.
	mine := c.NewPasskey()
	mine.Register(stranger)
	email := verified(t, c)
	enrol(t, c, signIn(t, c, email, password).user)
	begun := c.Post(nobody, "auth/login", credentials(email, password)).Want(200)
	c.Post(nobody, "auth/verify-mfa", object{"mfaToken": begun.Text("mfaToken"), "passkey": mine.Prove()}).Want(401,
		"invalid-passkey")
	c.Do(victim, "DELETE", "auth/passkeys/"+mine.ID, nil).Want(404)
	c.Do(victim, "DELETE", "auth/passkeys/"+uuid.NewString(), nil).Want(404)
	passkeyLogin(c, mine.Prove()).Want(200)
	c.Exec("UPDATE users SET disabled_at = now() WHERE id = $1", victim.ID)
	passkeyLogin(c, k.Prove()).Want(401, "invalid-passkey")
	if strings.Contains(c.Log.String(), "webauthn") ||
		strings.Contains(c.Log.String(), base64.RawURLEncoding.EncodeToString(k.Credential.ID)) {
		t.Error("the log tells of passkeys")
	}
}

func TestInvalidPasskeysAreRefused(t *testing.T) {
	t.Parallel()
	c := open(t)
	patient := c.Patient()
	good := map[string]any{}
	must(t, json.Unmarshal(c.NewPasskey().Prove(), &good))
	without := func(name string) map[string]any {
		copied := map[string]any{}
		for key, value := range good {
			copied[key] = value
		}
		delete(copied, name)
		return copied
	}
	with := func(name string, value any) map[string]any {
		copied := without(name)
		copied[name] = value
		return copied
	}
	response, _ := good["response"].(map[string]any)
	for name, credential := range map[string]any{
		"no object": "credential", "empty": object{}, "no id": without("id"), "no response": without("response"),
		"another type": with("type", "password"),
		"no base64":    with("rawId", "§§§"), "a number": with("id", 7), "null": nil,
		"broken client data": with("response",
			object{"clientDataJSON": "bm8", "authenticatorData": response["authenticatorData"],
				"signature": response["signature"]}),
		"short data": with("response",
			object{"clientDataJSON": response["clientDataJSON"], "authenticatorData": "AAAA",
				"signature": response["signature"]}), "long": with("id", strings.Repeat("A", 20_000)),
	} {
		a := c.Post(nobody, "auth/passkey-login", object{"credential": credential}).Want(422, "validation-failed")
		if !strings.Contains(string(a.Body), "body.credential") || bytes.Contains(a.Body, []byte("§")) ||
			bytes.Contains(a.Body, []byte("AAAA")) {
			t.Errorf("%s: %s", name, a.Body)
		}
		if a := c.Post(patient, "auth/passkeys", object{"credential": credential}); a.Status != 422 {
			t.Errorf("registered %s: %s", name, a.Body)
		}
		if name == "null" {
			continue
		}
		c.Post(patient, "auth/step-up", object{"passkey": credential}).Want(422)
	}
	// What browsers add is no fault.
	more := with("clientExtensionResults", object{})
	more["authenticatorAttachment"], more["someday"] = "platform", object{"more": true}
	c.Post(nobody, "auth/passkey-login", object{"credential": more}).Want(401, "invalid-passkey")
	c.Post(patient, "auth/step-up", object{"passkey": good, "otp": "123456"}).Want(422)
}

func TestRegisteringPasskeys(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := verified(t, c)
	s := signIn(t, c, email, password)
	k, stranger := c.NewPasskey(), c.Patient()
	register := func(u apptest.User, credential json.RawMessage) *apptest.Answer {
		return c.Post(u, "auth/passkeys", object{"credential": credential, "name": "A key"})
	}
	begin := func(u apptest.User) *apptest.Answer { return c.Do(u, "POST", "auth/passkeys/options", nil) }
	made := k.Create(begin(s.user))
	register(stranger, made).Want(422, "passkey-refused")
	for name, lie := range map[string]func(*apptest.Passkey){
		"another site":    func(k *apptest.Passkey) { k.RP.Origin = "https://evil.example" },
		"another domain":  func(k *apptest.Passkey) { k.RP.ID = "evil.example" },
		"no verification": func(k *apptest.Passkey) { k.Authenticator.Options.UserNotVerified = true },
	} {
		liar := *k
		lie(&liar)
		if a := register(s.user, liar.Create(begin(s.user))); a.Status != 422 ||
			a.Text("type") != "/problems/passkey-refused" {
			t.Errorf("%s: %s", name, a.Body)
		}
	}
	c.Clock.Advance(5*time.Minute + time.Second)
	register(s.user, made).Want(403, "reauthentication-required")
	begin(s.user).Want(403, "reauthentication-required")
	c.Post(s.user, "auth/enable-mfa", nil).Want(403, "reauthentication-required")
	c.Post(s.user, "auth/step-up", object{"currentPassword": "wrong words, wrong words"}).Want(401,
		"invalid-credentials")
	c.Post(s.user, "auth/step-up", object{"currentPassword": password, "otp": "123456"}).Want(409, "mfa-not-enabled")
	c.Post(s.user, "auth/step-up", object{"currentPassword": password}).Want(204)
	register(s.user, made).Want(422, "passkey-refused")
	made = k.Create(begin(s.user))
	same(t, "name", register(s.user, made).Want(201).Text("name"), "A key")
	register(s.user, made).Want(422, "passkey-refused") // its challenge was used
	register(s.user, k.Create(begin(s.user))).Want(409, "passkey-known")
	theirs, another := *k, c.Patient()
	register(another, theirs.Create(begin(another))).Want(409, "passkey-known")
	options := begin(s.user).Want(200)
	if known := options.At("publicKey", "excludeCredentials").([]any); len(known) != 1 {
		t.Errorf("authenticators are not told what is known: %s", options.Body)
	}
	// A session that has proven nothing lately adds no factor.
	c.Clock.Advance(6 * time.Minute)
	begin(s.user).Want(403, "reauthentication-required")
	c.Post(s.user, "auth/enable-mfa", nil).Want(403, "reauthentication-required")
	c.Post(s.user, "auth/step-up", object{"currentPassword": password}).Want(204) // a password is no second factor
	begin(s.user).Want(403, "reauthentication-required")
	c.Post(s.user, "auth/step-up", object{"passkey": k.Prove()}).Want(204)
	second := c.NewPasskey()
	same(t, "more recovery codes", len(second.Register(s.user)), 0)
	// An authenticator that isn't confirmed proves nothing, though there is a second factor.
	secret := c.Post(s.user, "auth/enable-mfa", nil).Want(200).Text("secret")
	a := authenticator{c, secret}
	c.Post(s.user, "auth/step-up", object{"otp": a.code(t, 0)}).Want(401, "invalid-code")
	c.Post(s.user, "auth/disable-mfa", object{"otp": a.code(t, 0)}).Want(409, "mfa-not-enabled")
	c.Post(s.user, "auth/confirm-mfa", object{"otp": a.code(t, 0)}).Want(200)
	c.Do(s.user, "DELETE", "auth/passkeys/"+k.ID, nil).Want(404) // registered by hand: its id is unknown here
	c.Do(s.user, "DELETE", "auth/passkeys/"+second.ID, nil).Want(204)
	mailed(t, c, email, "passkey-removed", 1)
	begun := c.Post(nobody, "auth/login", credentials(email, password)).Want(200)
	same(t, "methods", begun.At("methods"), any([]any{"passkey", "totp", "recovery-code"}))
	c.Post(s.user, "auth/disable-mfa", object{"otp": a.code(t, 1)}).Want(204)
	mailed(t, c, email, "authenticator-removed", 1)
	same(t, "mfaEnabled", c.Get(s.user, "users/me").Want(200).At("mfaEnabled"), any(true))
	c.Exec(`INSERT INTO passkeys (id, user_id, name, credential_id, public_key, sign_count, transports,
		backup_eligible, backup_state, created_at)
		SELECT gen_random_uuid(), $1, 'x', uuid_send(gen_random_uuid()), '', 0, '{}', false, false, now()
			FROM generate_series(1, 19)`, s.user.ID)
	register(s.user, c.NewPasskey().Create(begin(s.user))).Want(409, "too-many-passkeys")
}

// TestStaffEnrolsWithPasskey: for staff a passkey is all the second factor there need be.
func TestStaffEnrolsWithPasskey(t *testing.T) {
	t.Parallel()
	c := open(t)
	admin := c.Admin()
	c.ClearSecondFactor(admin)
	c.Get(admin, "users").Want(403, "mfa-required")
	k := c.NewPasskey()
	same(t, "recovery codes", len(k.Register(admin)), 10)
	c.Get(admin, "users").Want(200)
	in := held(t, passkeyLogin(c, k.Prove()).Want(200))
	c.Get(in.user, "users").Want(200)
}

func TestPasskeysOfApp(t *testing.T) {
	t.Parallel()
	const app = "android:apk-key-hash:7d1043473d55bfa90e8530d35801d4e381bc69f0aa9f9e7e1d1d6b2f0f0f0f0f"
	c := open(t, func(cfg *config.Config) {
		cfg.PublicURL, cfg.PasskeyDomain, cfg.PasskeyOrigins = "https://api.amrutam.example", "amrutam.example",
			[]string{"https://app.amrutam.example", app}
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

// FuzzPasskeyProof looks for an answer of a browser that breaks the server.
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
			a := c.In(t).Do(nobody, "POST", path,
				object{member: json.RawMessage(credential), "mfaToken": "mt_none"})
			if a.Status >= 500 {
				t.Errorf("%s answers %d", path, a.Status)
			}
		}
	})
}
