package apptest

import (
	"encoding/json"

	"github.com/descope/virtualwebauthn"
	"github.com/google/uuid"
)

// Passkey is an authenticator in software that holds one passkey. Tests change its fields to make it lie.
type Passkey struct {
	c             *Clinic
	RP            virtualwebauthn.RelyingParty
	Authenticator virtualwebauthn.Authenticator
	Credential    virtualwebauthn.Credential
	// ID is the server's name of it, once registered.
	ID string
}

// NewPasskey is one that no server knows yet.
func (c *Clinic) NewPasskey() *Passkey {
	c.t.Helper()
	domain, pages, _ := c.App.Config.Passkeys()
	return &Passkey{c: c, RP: virtualwebauthn.RelyingParty{ID: domain, Name: "Amrutam", Origin: pages[0]},
		Authenticator: virtualwebauthn.NewAuthenticator(), Credential: NewCredential()}
}

// NewCredential has a key whose coordinates need no leading zeros: the library leaves them out, and such a key is
// none.
func NewCredential() virtualwebauthn.Credential {
	const wholeKey = 77 // bytes of a COSE key with two coordinates of 32
	for {
		if made := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2); len(
			made.Key.AttestationData()) == wholeKey {
			return made
		}
	}
}

// Create answers creation options as a browser would.
func (k *Passkey) Create(options *Answer) json.RawMessage {
	k.c.t.Helper()
	parsed, err := virtualwebauthn.ParseAttestationOptions(string(options.Want(200).Body))
	must(k.c.t, err)
	k.Authenticator.Options.UserHandle = []byte(parsed.UserID)
	return json.RawMessage(virtualwebauthn.CreateAttestationResponse(k.RP, k.Authenticator, k.Credential, *parsed))
}

// Get answers request options as a browser would; each use is counted.
func (k *Passkey) Get(options *Answer) json.RawMessage {
	k.c.t.Helper()
	parsed, err := virtualwebauthn.ParseAssertionOptions(string(options.Want(200).Body))
	must(k.c.t, err)
	k.Credential.Counter++
	return json.RawMessage(virtualwebauthn.CreateAssertionResponse(k.RP, k.Authenticator, k.Credential, *parsed))
}

// Prove is Get for options that are asked for now.
func (k *Passkey) Prove() json.RawMessage {
	k.c.t.Helper()
	return k.Get(k.c.Do(User{}, "POST", "auth/passkey-options", nil))
}

// Register adds a passkey of the user's through the API, and gives the recovery codes that came with it.
func (k *Passkey) Register(u User) (recoveryCodes []any) {
	k.c.t.Helper()
	made := k.c.Do(u, "POST", "auth/passkeys",
		map[string]any{"credential": k.Create(k.c.Do(u, "POST", "auth/passkeys/options", nil))}).Want(201)
	k.ID = made.Text("id")
	if _, err := uuid.Parse(k.ID); err != nil {
		k.c.t.Fatalf("no passkey: %s", made.Body)
	}
	recoveryCodes, _ = made.At("recoveryCodes").([]any)
	return recoveryCodes
}
