package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/account/webauthn"
	"amrutam/internal/audit"
	"amrutam/internal/config"
	"amrutam/internal/httpapi"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/seal"
	"amrutam/internal/session"
)

// maxPasskeys is how many passkeys a user may have.
const maxPasskeys = 20

// The refusals of registering passkeys.
var (
	ErrPasskeyRefused = problem.Define(http.StatusUnprocessableEntity, "passkey-refused",
		"The passkey can't be registered",
		"The challenge is not yours, was used or is over, or what the authenticator made doesn't fit it.",
		"Ask for new options with POST /api/v1/auth/passkeys/options, on a page of the domain they name, and send "+
			"what the browser gives within five minutes.")
	ErrPasskeyKnown = problem.Conflict("passkey-known", "The passkey is registered already",
		"This passkey is registered already.",
		"Sign in with it; GET /api/v1/auth/passkeys lists yours.")
	ErrTooManyPasskeys = problem.Conflict("too-many-passkeys", "Too many passkeys",
		"You have as many passkeys as a user may.",
		"Delete one that you no longer use.")
)

// Passkey is a public key credential of a user (WebAuthn).
type Passkey struct {
	_ struct{} `doc:"A passkey of yours"`

	ID         uuid.UUID  `json:"id" doc:"The passkey's id"`
	Name       string     `json:"name" doc:"What you call it" example:"Asha's phone"`
	Synced     bool       `json:"synced" doc:"Whether it is backed up, and on more than one device" example:"true"`
	CreatedAt  time.Time  `json:"createdAt" doc:"When it was registered"`
	LastUsedAt *time.Time `json:"lastUsedAt" doc:"When it last signed in, or null"`
}

// RegisteredPasskey is a new passkey.
type RegisteredPasskey struct {
	_ struct{} `doc:"The new passkey, with recovery codes when it is the first second factor"`

	Passkey
	RecoveryCodes []string `json:"recoveryCodes,omitempty" doc:"Only with the first second factor: each signs in once in place of it; shown here and never again" example:"[\"K7QX-2MVB-PD4W-9RTZ\"]"`
}

// PasskeyList lists the caller's own passkeys.
type PasskeyList struct {
	_ struct{} `doc:"Your passkeys"`

	Items []Passkey `json:"items" doc:"The oldest first"`
}

// PasskeyRegistrationRequest has a new passkey.
type PasskeyRegistrationRequest struct {
	Body struct {
		_ struct{} `doc:"The new passkey and its name"`

		Name       string                 `json:"name,omitempty" maxLength:"100" doc:"What to call it; left out: after the browser" example:"Asha's phone"`
		Credential webauthn.NewCredential `json:"credential" doc:"What navigator.credentials.create gave, as its toJSON() writes it"`
	}
}

// PasskeyRequest names a passkey.
type PasskeyRequest struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The passkey's id" example:"0199f3a2-7c1e-7000-8000-000000000000"`
}

// PasskeyOptions begins a registration. Returns problem.Reauthenticate without a recent proof,
// problem.Unauthenticated if the user was deleted or disabled meanwhile.
func (s *Service) PasskeyOptions(ctx context.Context, r *postgres.Read, actor access.Actor,
	_ httpapi.None) (webauthn.PasskeyCreationOptions, error) {
	var none webauthn.PasskeyCreationOptions
	user, err := findPasskeyUser(ctx, r, actor.ID)
	if postgres.NoRows(err) {
		return none, problem.Unauthenticated
	}
	if err != nil {
		return none, fmt.Errorf("find a user: %w", err)
	}
	if err := requireCanAddFactor(r.Now, actor, user.MFAEnabled); err != nil {
		return none, err
	}
	rows, err := listPasskeys(ctx, r, actor.ID)
	if err != nil {
		return none, fmt.Errorf("list passkeys: %w", err)
	}
	others := make([]webauthn.Credential, len(rows))
	for i, row := range rows {
		others[i] = webauthn.Credential{ID: row.CredentialID, Transports: row.Transports}
	}
	return s.RelyingParty.CreationOptions(
		webauthn.User{ID: actor.ID, Name: user.Email, DisplayName: user.FullName}, others, r.Now), nil
}

// RegisterPasskey adds a passkey. The authenticator has verified the user, so the session counts as proven by a second
// factor. Returns ErrPasskeyRefused if the passkey or its challenge is wrong, ErrPasskeyKnown, ErrTooManyPasskeys,
// problem.Reauthenticate without a recent proof, a 422 if the passkey can't be read.
func (s *Service) RegisterPasskey(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in PasskeyRegistrationRequest) (RegisteredPasskey, error) {
	var none RegisteredPasskey
	registration, err := in.Body.Credential.Parse()
	if err != nil {
		return none, invalidPasskey("body.credential")
	}
	name := trimText(in.Body.Name)
	if name == "" {
		name = session.DeviceName(actor.UserAgent)
	}
	var wrong faults
	wrong.add("body.name", nameFault(name))
	if err := wrong.err(); err != nil {
		return none, err
	}
	user, err := lockActive(ctx, tx, actor.ID)
	if err != nil {
		return none, err
	}
	if err := requireCanAddFactor(tx.Now, actor, user.MFAEnabled); err != nil {
		return none, err
	}
	made, err := s.RelyingParty.CheckRegistration(actor.ID, registration, tx.Now)
	if err != nil {
		return none, ErrPasskeyRefused
	}
	if user.Passkeys >= maxPasskeys {
		return none, ErrTooManyPasskeys
	}
	switch first, err := useChallenge(ctx, tx, registration.Challenge()); {
	case err != nil:
		return none, err
	case !first:
		return none, ErrPasskeyRefused
	}
	out := RegisteredPasskey{Passkey: Passkey{ID: uuid.Must(uuid.NewV7()), Name: name, Synced: made.BackupState,
		CreatedAt: tx.Now}}
	if err := storePasskey(ctx, tx, actor.ID, out.Passkey, made); err != nil {
		return none, err
	}
	if !user.MFAEnabled {
		if out.RecoveryCodes, err = renewRecoveryCodes(ctx, tx, actor.ID); err != nil {
			return none, err
		}
	}
	audit.Write(tx, actor, "passkey.register", out.ID, nil)
	return out, s.afterAddingPasskey(ctx, tx, actor)
}

// storePasskey stores a new passkey. Returns ErrPasskeyKnown if it is registered already.
func storePasskey(ctx context.Context, tx *postgres.Tx, user uuid.UUID, p Passkey, made webauthn.Credential) error {
	err := insertPasskey(ctx, tx, insertPasskeyParams{ID: p.ID, UserID: user, Name: p.Name,
		CredentialID: made.ID, PublicKey: made.PublicKey, SignCount: int64(made.SignCount),
		Transports: made.Transports, BackupEligible: made.BackupEligible, BackupState: made.BackupState, Now: tx.Now})
	if postgres.Violates(err, "passkeys_credential_id_key") {
		return ErrPasskeyKnown
	}
	if err != nil {
		return fmt.Errorf("insert a passkey: %w", err)
	}
	return nil
}

// afterAddingPasskey ends the user's other sessions, which began without the new factor, and mails the user.
func (s *Service) afterAddingPasskey(ctx context.Context, tx *postgres.Tx, actor access.Actor) error {
	if _, err := updateMFAEnabled(ctx, tx, tx.Now, actor.ID); err != nil {
		return fmt.Errorf("update the second factors: %w", err)
	}
	if err := session.RecordSecondFactor(ctx, tx, actor.SessionID); err != nil {
		return err
	}
	if err := revokeUnproven(ctx, tx, actor); err != nil {
		return err
	}
	return s.Mails.Enqueue(ctx, tx, notification.Mail{To: actor.ID, Kind: "passkey-added"})
}

// ListPasskeys returns the caller's own passkeys.
func (s *Service) ListPasskeys(ctx context.Context, r *postgres.Read, actor access.Actor,
	_ httpapi.None) (PasskeyList, error) {
	rows, err := listPasskeys(ctx, r, actor.ID)
	if err != nil {
		return PasskeyList{}, fmt.Errorf("list passkeys: %w", err)
	}
	out := PasskeyList{Items: []Passkey{}}
	for _, row := range rows {
		out.Items = append(out.Items, Passkey{ID: row.ID, Name: row.Name, Synced: row.BackupState,
			CreatedAt: row.CreatedAt, LastUsedAt: row.LastUsedAt})
	}
	return out, nil
}

// DeletePasskey deletes one of the caller's own passkeys. Returns problem.NotFound if it is another user's,
// problem.MFARequired without a recent second factor.
func (s *Service) DeletePasskey(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in PasskeyRequest) (httpapi.None, error) {
	if _, err := lockActive(ctx, tx, actor.ID); err != nil {
		return httpapi.None{}, err
	}
	deleted, err := deletePasskey(ctx, tx, in.ID, actor.ID)
	switch {
	case err != nil:
		return httpapi.None{}, fmt.Errorf("delete a passkey: %w", err)
	case deleted == 0:
		return httpapi.None{}, problem.NotFoundAudited("passkey", in.ID)
	}
	if err := httpapi.RequireRecentMFA(tx.Now, actor); err != nil {
		return httpapi.None{}, err
	}
	audit.Write(tx, actor, "passkey.delete", in.ID, nil)
	return httpapi.None{}, s.afterRemovingFactor(ctx, tx, actor, "passkey-removed")
}

// NewRelyingParty returns the relying party of this server, from its settings. Returns an error if the domain or an
// origin in them is invalid.
func NewRelyingParty(cfg *config.Config, sealer *seal.Sealer) (*webauthn.RelyingParty, error) {
	secret, err := sealer.Derive("amrutam passkey challenges", 32)
	if err != nil {
		return nil, err
	}
	domain, origins, apps := cfg.Passkeys()
	rp, err := webauthn.New(serviceName, domain, origins, apps, secret)
	if err != nil {
		return nil, errors.New("AMRUTAM_PASSKEY_DOMAIN must be a domain like example.org, and " +
			"AMRUTAM_PASSKEY_ORIGINS hold origins below it or of apps (android:apk-key-hash:…)")
	}
	return rp, nil
}
