// Package webauthn is the server's part in WebAuthn: it creates the options for browsers and checks the answers of
// authenticators.
package webauthn

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
	library "github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
)

const (
	// ChallengeLife is how long a challenge is valid.
	ChallengeLife = 5 * time.Minute
	nonceBytes    = 16 // WebAuthn 3, 13.4.3
)

// algorithms are the COSE numbers of the allowed algorithms, the preferred first: ES256, Ed25519, RS256.
var algorithms = []int64{-7, -8, -257}

var errCopied = errors.New("the passkey's count of uses did not grow")

// RelyingParty creates challenges and checks answers. It stores nothing: a challenge carries its own expiry and a MAC.
type RelyingParty struct {
	library *library.WebAuthn
	secret  []byte
}

// Credential is the public part of a passkey.
type Credential struct {
	ID, PublicKey []byte
	// SignCount is how often the passkey was used, or 0 if its authenticator doesn't count.
	SignCount                   uint32
	BackupEligible, BackupState bool
	Transports                  []string
}

// User is the owner of a passkey.
type User struct {
	ID                uuid.UUID
	Name, DisplayName string
}

// New returns the relying party of a domain. origins are those of its pages, and apps are origins of mobile apps;
// secret is the key of the MACs. Returns an error if the domain or an origin is invalid.
func New(name, domain string, origins, apps []string, secret []byte) (*RelyingParty, error) {
	made, err := library.New(&library.Config{RPID: domain, RPDisplayName: name, RPOrigins: origins,
		RPOpaqueOrigins: apps,
		// No outputs of extensions are used, and some password managers send them without a request.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore})
	if err != nil {
		return nil, fmt.Errorf("prepare WebAuthn: %w", err)
	}
	return &RelyingParty{made, secret}, nil
}

// CreationOptions returns the options for a new passkey of a user who already has the others.
func (rp *RelyingParty) CreationOptions(user User, others []Credential, now time.Time) PasskeyCreationOptions {
	var out PasskeyCreationOptions
	p := &out.PublicKey
	p.RP.ID, p.RP.Name = rp.domain(), rp.library.Config.RPDisplayName
	p.User.ID, p.User.Name, p.User.DisplayName = base64URL(user.ID[:]), user.Name, user.DisplayName
	p.Challenge, p.Timeout = rp.challenge(registrationOf(user.ID), now), ChallengeLife.Milliseconds()
	for _, alg := range algorithms {
		p.PubKeyCredParams = append(p.PubKeyCredParams, PublicKeyCredentialParameters{Type: "public-key", Alg: alg})
	}
	p.ExcludeCredentials = []PublicKeyCredentialDescriptor{}
	for _, c := range others {
		p.ExcludeCredentials = append(p.ExcludeCredentials,
			PublicKeyCredentialDescriptor{Type: "public-key", ID: base64URL(c.ID), Transports: c.Transports})
	}
	p.AuthenticatorSelection.ResidentKey, p.AuthenticatorSelection.RequireResidentKey = "required", true
	p.AuthenticatorSelection.UserVerification, p.Attestation = "required", "none"
	return out
}

// RequestOptions returns the options for a proof by any passkey. The authenticator's answer says whose it is.
func (rp *RelyingParty) RequestOptions(now time.Time) (out PasskeySignInOptions) {
	out.PublicKey.Challenge, out.PublicKey.Timeout = rp.challenge(assertion, now), ChallengeLife.Milliseconds()
	out.PublicKey.RPID, out.PublicKey.UserVerification = rp.domain(), "required"
	return out
}

// CheckRegistration checks an authenticator's answer about a new passkey of the user. The caller checks that its
// challenge is used once. Returns an error if the answer is wrong.
func (rp *RelyingParty) CheckRegistration(user uuid.UUID, r Registration, now time.Time) (Credential, error) {
	if !rp.valid(registrationOf(user), r.Challenge(), now) {
		return Credential{}, errors.New("the challenge is another's or over")
	}
	session := rp.session(user, r.Challenge())
	for _, alg := range algorithms {
		session.CredParams = append(session.CredParams,
			protocol.CredentialParameter{Type: protocol.PublicKeyCredentialType,
				Algorithm: webauthncose.COSEAlgorithmIdentifier(alg)})
	}
	made, err := rp.library.CreateCredential(owner{id: user}, session, r.parsed)
	if err != nil {
		return Credential{}, fmt.Errorf("check a registration: %w", err)
	}
	return credentialOf(made), nil
}

// ValidChallenge reports whether an assertion's challenge comes from this server and is not expired.
func (rp *RelyingParty) ValidChallenge(a Assertion, now time.Time) bool {
	return rp.valid(assertion, a.Challenge(), now)
}

// CheckAssertion checks a proof by a user's passkey, and returns the passkey with its new count of uses. The caller
// checks that its challenge is valid and used once. Returns an error if the proof is wrong, or if the count did not
// grow: then the passkey was copied.
func (rp *RelyingParty) CheckAssertion(user uuid.UUID, passkey Credential, a Assertion) (Credential, error) {
	stored := library.Credential{ID: passkey.ID, PublicKey: passkey.PublicKey,
		Flags: library.CredentialFlags{UserPresent: true, UserVerified: true,
			BackupEligible: passkey.BackupEligible, BackupState: passkey.BackupState},
		Authenticator: library.Authenticator{SignCount: passkey.SignCount}}
	used, err := rp.library.ValidateLogin(owner{user, []library.Credential{stored}}, rp.session(user, a.Challenge()),
		a.parsed)
	if err == nil && used.Authenticator.CloneWarning {
		err = errCopied
	}
	if err != nil {
		return Credential{}, fmt.Errorf("check an assertion: %w", err)
	}
	return credentialOf(used), nil
}

func credentialOf(c *library.Credential) Credential {
	out := Credential{ID: c.ID, PublicKey: c.PublicKey, SignCount: c.Authenticator.SignCount,
		BackupEligible: c.Flags.BackupEligible, BackupState: c.Flags.BackupState, Transports: []string{}}
	for _, t := range c.Transport {
		out.Transports = append(out.Transports, string(t))
	}
	return out
}

func (rp *RelyingParty) domain() string { return rp.library.Config.RPID }

func (rp *RelyingParty) session(user uuid.UUID, challenge string) library.SessionData {
	return library.SessionData{Challenge: challenge, RelyingPartyID: rp.domain(), UserID: user[:],
		UserVerification: protocol.VerificationRequired}
}

// assertion and registrationOf are the purposes of challenges: a challenge is valid for one of them.
const assertion = "prove"

func registrationOf(user uuid.UUID) string { return "register " + user.String() }

// challenge returns random bytes, the Unix second of their expiry, and a MAC of both and the purpose, so that no
// challenge needs to be stored.
func (rp *RelyingParty) challenge(purpose string, now time.Time) string {
	raw := make([]byte, nonceBytes, nonceBytes+8+sha256.Size)
	_, _ = rand.Read(raw)
	raw = binary.BigEndian.AppendUint64(raw, uint64(now.Add(ChallengeLife).Unix())) //nolint:gosec // after 1970
	return base64URL(append(raw, rp.mac(purpose, raw)...))
}

// valid reports whether the challenge was created here for the purpose and is not expired.
func (rp *RelyingParty) valid(purpose, challenge string, now time.Time) bool {
	raw, err := base64.RawURLEncoding.DecodeString(challenge)
	if err != nil || len(raw) != nonceBytes+8+sha256.Size {
		return false
	}
	signed, mac := raw[:nonceBytes+8], raw[nonceBytes+8:]
	return hmac.Equal(mac, rp.mac(purpose, signed)) &&
		now.Unix() < int64(binary.BigEndian.Uint64(signed[nonceBytes:])) //nolint:gosec // made above
}

func (rp *RelyingParty) mac(purpose string, signed []byte) []byte {
	mac := hmac.New(sha256.New, rp.secret)
	mac.Write([]byte(purpose + ":"))
	mac.Write(signed)
	return mac.Sum(nil)
}

func base64URL(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// owner is the user in the form that the library needs. The handle that authenticators store is the user's id.
type owner struct {
	id       uuid.UUID
	passkeys []library.Credential
}

func (o owner) WebAuthnID() []byte                        { return o.id[:] }
func (o owner) WebAuthnName() string                      { return "" }
func (o owner) WebAuthnDisplayName() string               { return "" }
func (o owner) WebAuthnCredentials() []library.Credential { return o.passkeys }
