package apptest

import (
	"encoding/json"

	"github.com/descope/virtualwebauthn"
	"github.com/google/uuid"
)

// Passkey is a software authenticator with one passkey. Tests change its fields to send wrong answers.
type Passkey struct {
	c             *Clinic
	RP            virtualwebauthn.RelyingParty
	Authenticator virtualwebauthn.Authenticator
	Credential    virtualwebauthn.Credential
	// ID is the server's id of the passkey after Register.
	ID string
}

// NewPasskey returns a passkey that is not registered yet.
func (c *Clinic) NewPasskey() *Passkey {
	c.t.Helper()
	domain, pages, _ := c.App.Config.Passkeys()
	return &Passkey{c: c, RP: virtualwebauthn.RelyingParty{ID: domain, Name: "Amrutam", Origin: pages[0]},
		Authenticator: virtualwebauthn.NewAuthenticator(), Credential: NewCredential()}
}

// NewCredential returns a credential whose key has no coordinate with leading zeros. The library omits such zeros,
// which makes the key invalid.
func NewCredential() virtualwebauthn.Credential {
	const keyLength = 77 // of a COSE key with two coordinates of 32 bytes
	for {
		credential := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
		if len(credential.Key.AttestationData()) == keyLength {
			return credential
		}
	}
}

// Create answers creation options, as a browser does.
func (k *Passkey) Create(options *Answer) json.RawMessage {
	k.c.t.Helper()
	parsed, err := virtualwebauthn.ParseAttestationOptions(string(options.Want(200).Body))
	must(k.c.t, err)
	k.Authenticator.Options.UserHandle = []byte(parsed.UserID)
	return json.RawMessage(virtualwebauthn.CreateAttestationResponse(k.RP, k.Authenticator, k.Credential, *parsed))
}

// Get answers request options, as a browser does. It increases the passkey's counter.
func (k *Passkey) Get(options *Answer) json.RawMessage {
	k.c.t.Helper()
	parsed, err := virtualwebauthn.ParseAssertionOptions(string(options.Want(200).Body))
	must(k.c.t, err)
	k.Credential.Counter++
	return json.RawMessage(virtualwebauthn.CreateAssertionResponse(k.RP, k.Authenticator, k.Credential, *parsed))
}

// Prove requests options from the server and answers them.
func (k *Passkey) Prove() json.RawMessage {
	k.c.t.Helper()
	return k.Get(k.c.Do(User{}, "POST", "auth/passkey-options", nil))
}

// Register registers the passkey for the user, and returns the recovery codes of the answer.
func (k *Passkey) Register(u User) (recoveryCodes []any) {
	k.c.t.Helper()
	credential := k.Create(k.c.Do(u, "POST", "auth/passkeys/options", nil))
	answer := k.c.Do(u, "POST", "auth/passkeys", map[string]any{"credential": credential}).Want(201)
	k.ID = answer.Text("id")
	if _, err := uuid.Parse(k.ID); err != nil {
		k.c.t.Fatalf("no passkey: %s", answer.Body)
	}
	recoveryCodes, _ = answer.At("recoveryCodes").([]any)
	return recoveryCodes
}
