package account

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"amrutam/internal/config"
	"amrutam/internal/seal"
)

const (
	// challengeLife is how long a person may take at the authenticator.
	challengeLife = 5 * time.Minute
	nonceBytes    = 16 // WebAuthn 3, 13.4.3
)

// algorithms of passkeys, the preferred first (COSE): ES256, Ed25519, RS256.
var algorithms = []int64{-7, -8, -257}

// RelyingParty is this server in WebAuthn ceremonies. It keeps no ceremony: a challenge carries its own end and its
// MAC.
type RelyingParty struct {
	library *webauthn.WebAuthn
	secret  []byte
}

// NewRelyingParty takes its domain and its pages' origins from the settings.
func NewRelyingParty(cfg *config.Config, sealer *seal.Sealer) (*RelyingParty, error) {
	secret, err := sealer.Derive("amrutam passkey challenges", 32)
	if err != nil {
		return nil, err
	}
	domain, pages, apps := cfg.Passkeys()
	library, err := webauthn.New(&webauthn.Config{RPID: domain, RPDisplayName: issuer, RPOrigins: pages,
		RPOpaqueOrigins: apps,
		// No output of an extension is used here, and some password managers send them unasked.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore})
	if err != nil {
		return nil, errors.New("AMRUTAM_PASSKEY_DOMAIN must be a domain like example.org, and " +
			"AMRUTAM_PASSKEY_ORIGINS hold origins below it or of apps (android:apk-key-hash:…)")
	}
	return &RelyingParty{library, secret}, nil
}

func (rp *RelyingParty) domain() string { return rp.library.Config.RPID }

// challenge is random bytes, until when they are good (Unix seconds) and the MAC of both and what they are for: it
// needs no row.
func (rp *RelyingParty) challenge(use string, now time.Time) string {
	raw := make([]byte, nonceBytes, nonceBytes+8+sha256.Size)
	_, _ = rand.Read(raw)
	raw = binary.BigEndian.AppendUint64(raw, uint64(now.Add(challengeLife).Unix())) //nolint:gosec // after 1970
	return base64.RawURLEncoding.EncodeToString(append(raw, rp.mac(use, raw)...))
}

// good tells whether the challenge was made here for that use, and isn't over.
func (rp *RelyingParty) good(use, challenge string, now time.Time) bool {
	raw, err := base64.RawURLEncoding.DecodeString(challenge)
	if err != nil || len(raw) != nonceBytes+8+sha256.Size {
		return false
	}
	said, mac := raw[:nonceBytes+8], raw[nonceBytes+8:]
	return hmac.Equal(mac, rp.mac(use, said)) &&
		now.Unix() < int64(binary.BigEndian.Uint64(said[nonceBytes:])) //nolint:gosec // made above
}

func (rp *RelyingParty) mac(use string, said []byte) []byte {
	mac := hmac.New(sha256.New, rp.secret)
	mac.Write([]byte(use + ":"))
	mac.Write(said)
	return mac.Sum(nil)
}

// What challenges are for: to register with a user, or to prove who one is.
const proveUse = "prove"

func registerUse(user uuid.UUID) string { return "register " + user.String() }

// attested checks what an authenticator made for a new passkey.
func (rp *RelyingParty) attested(user uuid.UUID, parsed *protocol.ParsedCredentialCreationData) (*webauthn.Credential,
	error) {
	session := webauthn.SessionData{Challenge: parsed.Response.CollectedClientData.Challenge,
		RelyingPartyID: rp.domain(), UserID: user[:], UserVerification: protocol.VerificationRequired}
	for _, alg := range algorithms {
		session.CredParams = append(session.CredParams,
			protocol.CredentialParameter{Type: protocol.PublicKeyCredentialType,
				Algorithm: webauthncose.COSEAlgorithmIdentifier(alg)})
	}
	return rp.library.CreateCredential(owner{id: user}, session, parsed)
}

// asserted checks an assertion by the passkey that is kept, and gives it as it is after that use. A count of uses that
// didn't grow is a fault: the passkey was copied.
func (rp *RelyingParty) asserted(user uuid.UUID, kept webauthn.Credential,
	parsed *protocol.ParsedCredentialAssertionData) (*webauthn.Credential, error) {
	session := webauthn.SessionData{Challenge: parsed.Response.CollectedClientData.Challenge,
		RelyingPartyID: rp.domain(), UserID: user[:], UserVerification: protocol.VerificationRequired}
	used, err := rp.library.ValidateLogin(owner{user, []webauthn.Credential{kept}}, session, parsed)
	if err == nil && used.Authenticator.CloneWarning {
		err = errCopied
	}
	if err != nil {
		return nil, fmt.Errorf("check an assertion: %w", err)
	}
	return used, nil
}

var errCopied = errors.New("the passkey's count did not grow")

// owner is a user to the library: the handle that authenticators keep is the user's id.
type owner struct {
	id       uuid.UUID
	passkeys []webauthn.Credential
}

func (o owner) WebAuthnID() []byte                         { return o.id[:] }
func (o owner) WebAuthnName() string                       { return "" }
func (o owner) WebAuthnDisplayName() string                { return "" }
func (o owner) WebAuthnCredentials() []webauthn.Credential { return o.passkeys }
