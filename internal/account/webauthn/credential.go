package webauthn

import (
	"encoding/json"
	"errors"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-webauthn/webauthn/protocol"
)

// ErrUnreadable says that a credential can't be read.
var ErrUnreadable = errors.New("the credential can't be read")

// NewCredential is the result of navigator.credentials.create, in the JSON of its toJSON() (WebAuthn 3:
// RegistrationResponseJSON). The bytes are not changed.
type NewCredential struct{ json.RawMessage }

// ProvenCredential is the result of navigator.credentials.get, in the JSON of its toJSON() (WebAuthn 3:
// AuthenticationResponseJSON).
type ProvenCredential struct{ json.RawMessage }

// Schema returns the schema of PasskeyAttestation.
func (NewCredential) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[PasskeyAttestation](), true, "")
}

// Schema returns the schema of PasskeyAssertion.
func (ProvenCredential) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[PasskeyAssertion](), true, "")
}

// PasskeyAttestation documents the members of a NewCredential that are read; browsers add others.
type PasskeyAttestation struct {
	_ struct{} `additionalProperties:"true" doc:"What navigator.credentials.create gave, as its toJSON() writes it"`

	ID       string                     `json:"id" maxLength:"16384" doc:"The credential's id in base64url" example:"bGlnaHQgdGhlIHdlbGw"`
	RawID    string                     `json:"rawId" maxLength:"16384" doc:"The same" example:"bGlnaHQgdGhlIHdlbGw"`
	Type     string                     `json:"type" enum:"public-key" doc:"The only type there is"`
	Response PasskeyAttestationResponse `json:"response" doc:"What the authenticator made"`
}

// PasskeyAttestationResponse is an authenticator's answer about a new passkey (WebAuthn 3:
// AuthenticatorAttestationResponseJSON).
type PasskeyAttestationResponse struct {
	_ struct{} `additionalProperties:"true" doc:"What the authenticator made, in base64url"`

	ClientDataJSON    string `json:"clientDataJSON" maxLength:"16384" doc:"What the browser says it did" example:"bGlnaHQgdGhlIHdlbGw"`
	AttestationObject string `json:"attestationObject" maxLength:"16384" doc:"The new public key, and what made it" example:"bGlnaHQgdGhlIHdlbGw"`
}

// PasskeyAssertion documents the members of a ProvenCredential that are read; browsers add others.
type PasskeyAssertion struct {
	_ struct{} `additionalProperties:"true" doc:"What navigator.credentials.get gave, as its toJSON() writes it"`

	ID       string                   `json:"id" maxLength:"16384" doc:"The credential's id in base64url" example:"bGlnaHQgdGhlIHdlbGw"`
	RawID    string                   `json:"rawId" maxLength:"16384" doc:"The same" example:"bGlnaHQgdGhlIHdlbGw"`
	Type     string                   `json:"type" enum:"public-key" doc:"The only type there is"`
	Response PasskeyAssertionResponse `json:"response" doc:"What the authenticator signed"`
}

// PasskeyAssertionResponse is an authenticator's proof (WebAuthn 3: AuthenticatorAssertionResponseJSON).
type PasskeyAssertionResponse struct {
	_ struct{} `additionalProperties:"true" doc:"What the authenticator signed, in base64url"`

	ClientDataJSON    string  `json:"clientDataJSON" maxLength:"16384" doc:"What the browser says it did" example:"bGlnaHQgdGhlIHdlbGw"`
	AuthenticatorData string  `json:"authenticatorData" maxLength:"16384" doc:"What the authenticator says it did" example:"bGlnaHQgdGhlIHdlbGw"`
	Signature         string  `json:"signature" maxLength:"16384" doc:"The signature of both" example:"bGlnaHQgdGhlIHdlbGw"`
	UserHandle        *string `json:"userHandle,omitempty" nullable:"true" maxLength:"16384" doc:"The user's id, as it was registered" example:"bGlnaHQgdGhlIHdlbGw"`
}

// Registration is a parsed NewCredential.
type Registration struct {
	parsed *protocol.ParsedCredentialCreationData
}

// Parse reads the credential. Returns ErrUnreadable without the library's own words, which quote what was sent.
func (c NewCredential) Parse() (Registration, error) {
	parsed, err := protocol.ParseCredentialCreationResponseBytes(c.RawMessage)
	if err != nil {
		return Registration{}, ErrUnreadable
	}
	return Registration{parsed}, nil
}

// Challenge is what the authenticator signed.
func (r Registration) Challenge() string { return r.parsed.Response.CollectedClientData.Challenge }

// Assertion is a parsed ProvenCredential.
type Assertion struct {
	parsed *protocol.ParsedCredentialAssertionData
}

// Parse reads the credential. Returns ErrUnreadable without the library's own words, which quote what was sent.
func (c ProvenCredential) Parse() (Assertion, error) {
	parsed, err := protocol.ParseCredentialRequestResponseBytes(c.RawMessage)
	if err != nil {
		return Assertion{}, ErrUnreadable
	}
	return Assertion{parsed}, nil
}

// CredentialID returns the id of the passkey that the proof is by.
func (a Assertion) CredentialID() []byte { return a.parsed.RawID }

// Challenge is what the authenticator signed.
func (a Assertion) Challenge() string { return a.parsed.Response.CollectedClientData.Challenge }
