package webauthn

// PasskeyCreationOptions are the options of navigator.credentials.create, in the JSON that
// PublicKeyCredential.parseCreationOptionsFromJSON reads.
type PasskeyCreationOptions struct {
	_ struct{} `doc:"What navigator.credentials.create takes, after PublicKeyCredential.parseCreationOptionsFromJSON"`

	PublicKey PublicKeyCredentialCreationOptions `json:"publicKey" doc:"The passkey that is to be made"`
}

// PublicKeyCredentialCreationOptions describe the passkey to create (WebAuthn 3, 5.4).
type PublicKeyCredentialCreationOptions struct {
	_ struct{} `doc:"The passkey that is to be made (WebAuthn 3, 5.4)"`

	RP                     PublicKeyCredentialRpEntity     `json:"rp" doc:"This service"`
	User                   PublicKeyCredentialUserEntity   `json:"user" doc:"The user"`
	Challenge              string                          `json:"challenge" doc:"To be signed; good for five minutes, once" example:"c2V2ZW4gbGFtcHM"`
	PubKeyCredParams       []PublicKeyCredentialParameters `json:"pubKeyCredParams" doc:"Algorithms that are taken, the preferred first (COSE)"`
	Timeout                int64                           `json:"timeout" format:"int32" doc:"Milliseconds until the challenge is over" example:"300000"`
	ExcludeCredentials     []PublicKeyCredentialDescriptor `json:"excludeCredentials" doc:"The passkeys you have: an authenticator takes no second one"`
	AuthenticatorSelection AuthenticatorSelectionCriteria  `json:"authenticatorSelection" doc:"What the authenticator has to be able to do"`
	Attestation            string                          `json:"attestation" enum:"none" doc:"Which make of authenticator it is isn't asked"`
}

// PublicKeyCredentialRpEntity describes this service to authenticators.
type PublicKeyCredentialRpEntity struct {
	_ struct{} `doc:"This service to authenticators"`

	ID   string `json:"id" doc:"The domain passkeys are bound to" example:"amrutam.example"`
	Name string `json:"name" doc:"This service" example:"Amrutam"`
}

// PublicKeyCredentialUserEntity describes the user to authenticators.
type PublicKeyCredentialUserEntity struct {
	_ struct{} `doc:"The user to authenticators"`

	ID          string `json:"id" doc:"The user's id in base64url, which the authenticator keeps" example:"AZnzonweeACAAAAAAAAAAA"`
	Name        string `json:"name" doc:"Shown where one chooses an account" example:"asha@example.org"`
	DisplayName string `json:"displayName" doc:"The same for people" example:"Asha Rao"`
}

// AuthenticatorSelectionCriteria are the requirements for authenticators.
type AuthenticatorSelectionCriteria struct {
	_ struct{} `doc:"What an authenticator has to be able to do"`

	ResidentKey        string `json:"residentKey" enum:"required" doc:"The passkey is found without a name typed in"`
	RequireResidentKey bool   `json:"requireResidentKey" doc:"The same for older browsers" example:"true"`
	UserVerification   string `json:"userVerification" enum:"required" doc:"The authenticator asks for a PIN, a finger or a face"`
}

// PasskeySignInOptions are the options of navigator.credentials.get, in the JSON that
// PublicKeyCredential.parseRequestOptionsFromJSON reads.
type PasskeySignInOptions struct {
	_ struct{} `doc:"What navigator.credentials.get takes, after PublicKeyCredential.parseRequestOptionsFromJSON"`

	PublicKey PublicKeyCredentialRequestOptions `json:"publicKey" doc:"The proof that is asked for"`
}

// PublicKeyCredentialRequestOptions describe the requested proof (WebAuthn 3, 5.5).
type PublicKeyCredentialRequestOptions struct {
	_ struct{} `doc:"The proof that is asked for (WebAuthn 3, 5.5)"`

	Challenge        string `json:"challenge" doc:"To be signed; good for five minutes, once" example:"c2V2ZW4gbGFtcHM"`
	RPID             string `json:"rpId" doc:"The domain passkeys are bound to" example:"amrutam.example"`
	Timeout          int64  `json:"timeout" format:"int32" doc:"Milliseconds until the challenge is over" example:"300000"`
	UserVerification string `json:"userVerification" enum:"required" doc:"The authenticator asks for a PIN, a finger or a face"`
}

// PublicKeyCredentialParameters is a signature algorithm that passkeys may use.
type PublicKeyCredentialParameters struct {
	_ struct{} `doc:"A signature algorithm of passkeys"`

	Type string `json:"type" enum:"public-key" doc:"The only type there is"`
	Alg  int64  `json:"alg" format:"int32" doc:"IANA COSE algorithm" example:"-7"`
}

// PublicKeyCredentialDescriptor identifies a passkey to authenticators.
type PublicKeyCredentialDescriptor struct {
	_ struct{} `doc:"A passkey that authenticators are told of"`

	Type       string   `json:"type" enum:"public-key" doc:"The only type there is"`
	ID         string   `json:"id" doc:"The credential's id in base64url" example:"bGlnaHQgdGhlIHdlbGw"`
	Transports []string `json:"transports" doc:"How browsers reach it" example:"[\"internal\"]"`
}
