package webauthn

// CreationOptions are what navigator.credentials.create takes, after PublicKeyCredential.parseCreationOptionsFromJSON.
type CreationOptions struct {
	_ struct{} `doc:"What navigator.credentials.create takes, after PublicKeyCredential.parseCreationOptionsFromJSON"`

	PublicKey PublicKeyCreationOptions `json:"publicKey" doc:"The passkey that is to be made"`
}

// PublicKeyCreationOptions describe the passkey that is to be made (WebAuthn 3, 5.4).
type PublicKeyCreationOptions struct {
	_ struct{} `doc:"The passkey that is to be made (WebAuthn 3, 5.4)"`

	RP                     RelyingPartyEntity     `json:"rp" doc:"This service"`
	User                   UserEntity             `json:"user" doc:"The user"`
	Challenge              string                 `json:"challenge" doc:"To be signed; good for five minutes, once" example:"c2V2ZW4gbGFtcHM"`
	PubKeyCredParams       []Algorithm            `json:"pubKeyCredParams" nullable:"false" doc:"Algorithms that are taken, the preferred first (COSE)"`
	Timeout                int64                  `json:"timeout" doc:"Milliseconds until the challenge is over" example:"300000"`
	ExcludeCredentials     []Descriptor           `json:"excludeCredentials" nullable:"false" doc:"The passkeys you have: an authenticator takes no second one"`
	AuthenticatorSelection AuthenticatorSelection `json:"authenticatorSelection" doc:"What the authenticator has to be able to do"`
	Attestation            string                 `json:"attestation" enum:"none" doc:"Which make of authenticator it is isn't asked"`
}

// RelyingPartyEntity is this service to authenticators.
type RelyingPartyEntity struct {
	_ struct{} `doc:"This service to authenticators"`

	ID   string `json:"id" doc:"The domain passkeys are bound to" example:"amrutam.example"`
	Name string `json:"name" doc:"This service" example:"Amrutam"`
}

// UserEntity is the user to authenticators.
type UserEntity struct {
	_ struct{} `doc:"The user to authenticators"`

	ID          string `json:"id" doc:"The user's id in base64url, which the authenticator keeps" example:"AZnzonweeACAAAAAAAAAAA"`
	Name        string `json:"name" doc:"Shown where one chooses an account" example:"asha@example.org"`
	DisplayName string `json:"displayName" doc:"The same for people" example:"Asha Rao"`
}

// AuthenticatorSelection is what an authenticator has to be able to.
type AuthenticatorSelection struct {
	_ struct{} `doc:"What an authenticator has to be able to do"`

	ResidentKey        string `json:"residentKey" enum:"required" doc:"The passkey is found without a name typed in"`
	RequireResidentKey bool   `json:"requireResidentKey" doc:"The same for older browsers" example:"true"`
	UserVerification   string `json:"userVerification" enum:"required" doc:"The authenticator asks for a PIN, a finger or a face"`
}

// RequestOptions are what navigator.credentials.get takes, after PublicKeyCredential.parseRequestOptionsFromJSON.
type RequestOptions struct {
	_ struct{} `doc:"What navigator.credentials.get takes, after PublicKeyCredential.parseRequestOptionsFromJSON"`

	PublicKey PublicKeyRequestOptions `json:"publicKey" doc:"The proof that is asked for"`
}

// PublicKeyRequestOptions describe the proof that is asked for (WebAuthn 3, 5.5).
type PublicKeyRequestOptions struct {
	_ struct{} `doc:"The proof that is asked for (WebAuthn 3, 5.5)"`

	Challenge        string `json:"challenge" doc:"To be signed; good for five minutes, once" example:"c2V2ZW4gbGFtcHM"`
	RPID             string `json:"rpId" doc:"The domain passkeys are bound to" example:"amrutam.example"`
	Timeout          int64  `json:"timeout" doc:"Milliseconds until the challenge is over" example:"300000"`
	UserVerification string `json:"userVerification" enum:"required" doc:"The authenticator asks for a PIN, a finger or a face"`
}

// Algorithm is one that passkeys may sign with.
type Algorithm struct {
	_ struct{} `doc:"A signature algorithm of passkeys"`

	Type string `json:"type" enum:"public-key" doc:"The only type there is"`
	Alg  int64  `json:"alg" doc:"IANA COSE algorithm" example:"-7"`
}

// Descriptor names a passkey to authenticators.
type Descriptor struct {
	_ struct{} `doc:"A passkey that authenticators are told of"`

	Type       string   `json:"type" enum:"public-key" doc:"The only type there is"`
	ID         string   `json:"id" doc:"The credential's id in base64url" example:"bGlnaHQgdGhlIHdlbGw"`
	Transports []string `json:"transports" nullable:"false" doc:"How browsers reach it" example:"[\"internal\"]"`
}
