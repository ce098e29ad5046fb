package webauthn

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-webauthn/webauthn/protocol"
)

// ErrUnreadable is returned for what is no credential.
var ErrUnreadable = errors.New("the credential can't be read")

// NewCredential is what navigator.credentials.create gave, as its toJSON() writes it (WebAuthn 3:
// RegistrationResponseJSON). The bytes stay as they came.
type NewCredential struct{ json.RawMessage }

// ProvenCredential is what navigator.credentials.get gave, as its toJSON() writes it (WebAuthn 3:
// AuthenticationResponseJSON).
type ProvenCredential struct{ json.RawMessage }

// Schema names what is read; browsers add members of their own.
func (NewCredential) Schema(huma.Registry) *huma.Schema {
	return credentialSchema("What navigator.credentials.create gave, as its toJSON() writes it", map[string]string{
		"clientDataJSON": "What the browser says it did", "attestationObject": "The new public key, and what made it"},
		nil)
}

// Schema names what is read; browsers add members of their own.
func (ProvenCredential) Schema(huma.Registry) *huma.Schema {
	return credentialSchema("What navigator.credentials.get gave, as its toJSON() writes it", map[string]string{
		"clientDataJSON": "What the browser says it did", "authenticatorData": "What the authenticator says it did",
		"signature": "The signature of both"},
		map[string]string{"userHandle": "The user's id, as it was registered"})
}

func credentialSchema(description string, needed, optional map[string]string) *huma.Schema {
	response := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Description: "In base64url",
		Properties: map[string]*huma.Schema{}}
	for name, doc := range needed {
		response.Properties[name] = coded(doc)
	}
	response.Required = slices.Sorted(maps.Keys(needed))
	for name, doc := range optional {
		response.Properties[name] = coded(doc)
		response.Properties[name].Nullable = true
	}
	all := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Description: description,
		Required: []string{"id", "rawId", "type", "response"},
		Properties: map[string]*huma.Schema{"id": coded("The credential's id"), "rawId": coded("The same"),
			"response": response,
			"type":     {Type: huma.TypeString, Enum: []any{"public-key"}, Description: "The only type there is"}}}
	response.PrecomputeMessages()
	all.PrecomputeMessages()
	return all
}

func coded(doc string) *huma.Schema {
	limit := 16 << 10
	s := &huma.Schema{Type: huma.TypeString, MaxLength: &limit, Description: doc,
		Examples: []any{"bGlnaHQgdGhlIHdlbGw"}}
	s.PrecomputeMessages()
	return s
}

// Registration is a readable NewCredential.
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

// Assertion is a readable ProvenCredential.
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

// CredentialID says which passkey it is by.
func (a Assertion) CredentialID() []byte { return a.parsed.RawID }

// Challenge is what the authenticator signed.
func (a Assertion) Challenge() string { return a.parsed.Response.CollectedClientData.Challenge }
