package account

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// mostPasskeys of one user.
const mostPasskeys = 20

// The refusals of registering passkeys.
var (
	ErrPasskeyRefused = problem.Define(http.StatusUnprocessableEntity, "passkey-refused",
		"The passkey can't be registered",
		"The challenge is not yours, was used or is over, or what the authenticator made doesn't fit it.",
		"Ask for new options with POST /api/v1/auth/passkeys/options, on a page of the domain they name, and send "+
			"what the browser gives within five minutes.")
	ErrPasskeyKnown = problem.Conflict("passkey-known", "This passkey is registered already.",
		"Sign in with it; GET /api/v1/auth/passkeys lists yours.")
	ErrTooManyPasskeys = problem.Conflict("too-many-passkeys", "You have as many passkeys as a user may.",
		"Delete one that you no longer use.")
)

// Passkey is a public key credential of a user (WebAuthn).
type Passkey struct {
	ID         uuid.UUID  `json:"id" doc:"The passkey's id"`
	Name       string     `json:"name" doc:"What you call it" example:"Asha's phone"`
	Synced     bool       `json:"synced" doc:"Whether it is backed up, and on more than one device" example:"true"`
	CreatedAt  time.Time  `json:"createdAt" doc:"When it was registered"`
	LastUsedAt *time.Time `json:"lastUsedAt" doc:"When it last signed in, or null"`
}

// Registered is a new passkey.
type Registered struct {
	Passkey
	RecoveryCodes []string `json:"recoveryCodes,omitempty" nullable:"false" doc:"Only with the first second factor: each signs in once in place of it; shown here and never again" example:"[\"K7QX-2MVB-PD4W-9RTZ\"]"`
}

// Passkeys are one's own.
type Passkeys struct {
	Items []Passkey `json:"items" nullable:"false" doc:"The oldest first"`
}

// PasskeyRegistration is a passkey that was just made.
type PasskeyRegistration struct {
	Body struct {
		Name       string        `json:"name,omitempty" maxLength:"100" doc:"What to call it; left out: after the browser" example:"Asha's phone"`
		Credential NewCredential `json:"credential" doc:"What navigator.credentials.create gave, as its toJSON() writes it"`
	}
}

// PasskeyID names a passkey.
type PasskeyID struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The passkey's id" example:"0199f3a2-7c1e-7000-8000-000000000000"`
}

// PasskeyOptions begins a registration. Error: problem.Reauthenticate.
func (s *Service) PasskeyOptions(ctx context.Context, r *postgres.Read, actor access.Actor,
	_ NoInput) (CreationOptions, error) {
	var out CreationOptions
	user, err := beginPasskey(ctx, r, actor.ID)
	if postgres.NoRows(err) { // disabled or deleted since the pipeline let them in
		return out, problem.Unauthenticated
	}
	if err != nil {
		return out, fmt.Errorf("begin a passkey: %w", err)
	}
	if err := requireCanAddFactor(r.Now, actor, user.MFAEnabled); err != nil {
		return out, err
	}
	known, err := listPasskeys(ctx, r, actor.ID)
	if err != nil {
		return out, fmt.Errorf("list passkeys: %w", err)
	}
	p := &out.PublicKey
	p.RP.ID, p.RP.Name = s.RelyingParty.domain(), issuer
	p.User.ID, p.User.Name, p.User.DisplayName = userHandle(actor.ID), user.Email, user.FullName
	p.Challenge, p.Timeout = s.RelyingParty.challenge(registerUse(actor.ID), r.Now), challengeLife.Milliseconds()
	for _, alg := range algorithms {
		p.PubKeyCredParams = append(p.PubKeyCredParams, Algorithm{"public-key", alg})
	}
	p.ExcludeCredentials = []Descriptor{}
	for _, k := range known {
		p.ExcludeCredentials = append(p.ExcludeCredentials,
			Descriptor{"public-key", base64URL(k.CredentialID), k.Transports})
	}
	p.AuthenticatorSelection.ResidentKey, p.AuthenticatorSelection.RequireResidentKey = "required", true
	p.AuthenticatorSelection.UserVerification, p.Attestation = "required", "none"
	return out, nil
}

// requireCanAddFactor: who has a second factor proves it before adding another, and who has none has signed in a
// moment ago, or whoever stole a session could make themselves at home. enabled is what the held user has, which may
// be newer than what the pipeline saw. Error: problem.Reauthenticate.
func requireCanAddFactor(now time.Time, actor access.Actor, enabled bool) error {
	actor.HasFactor = enabled
	return httpapi.RequireRecentProof(now, actor)
}

// RegisterPasskey adds a passkey; the authenticator has verified the user, so the session has proven a second factor
// by it. Errors: ErrPasskeyRefused, ErrPasskeyKnown, ErrTooManyPasskeys, problem.Reauthenticate, or a 422.
func (s *Service) RegisterPasskey(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in PasskeyRegistration) (Registered, error) {
	parsed, err := in.Body.Credential.parse()
	if err != nil {
		return Registered{}, err
	}
	name := trimText(in.Body.Name)
	if name == "" {
		name = deviceName(actor.UserAgent)
	}
	var wrong faults
	if wrong.add("body.name", nameFault(name)); wrong != nil {
		return Registered{}, wrong.err()
	}
	user, err := s.lockUser(ctx, tx, actor.ID)
	if err != nil {
		return Registered{}, err
	}
	if err := requireCanAddFactor(tx.Now, actor, user.MFAEnabled); err != nil {
		return Registered{}, err
	}
	challenge := parsed.Response.CollectedClientData.Challenge
	if !s.RelyingParty.good(registerUse(actor.ID), challenge, tx.Now) {
		return Registered{}, ErrPasskeyRefused
	}
	made, err := s.RelyingParty.attested(actor.ID, parsed)
	if err != nil {
		return Registered{}, ErrPasskeyRefused
	}
	if user.Passkeys >= mostPasskeys {
		return Registered{}, ErrTooManyPasskeys
	}
	if fresh, err := s.spendChallenge(ctx, tx, challenge); err != nil || !fresh {
		return Registered{}, errorOr(err, ErrPasskeyRefused)
	}
	out := Registered{Passkey: Passkey{ID: uuid.Must(uuid.NewV7()), Name: name, Synced: made.Flags.BackupState,
		CreatedAt: tx.Now}}
	transports := []string{}
	for _, t := range made.Transport {
		transports = append(transports, string(t))
	}
	err = insertPasskey(ctx, tx, insertPasskeyParams{ID: out.ID, UserID: actor.ID, Name: name,
		CredentialID: made.ID, PublicKey: made.PublicKey, SignCount: int64(made.Authenticator.SignCount),
		Transports: transports, BackupEligible: made.Flags.BackupEligible, BackupState: made.Flags.BackupState,
		Now: tx.Now})
	if postgres.Violates(err, "passkeys_credential_id_key") {
		return Registered{}, ErrPasskeyKnown
	}
	if err != nil {
		return Registered{}, fmt.Errorf("insert a passkey: %w", err)
	}
	if !user.MFAEnabled {
		if out.RecoveryCodes, err = s.renewRecoveryCodes(ctx, tx, actor.ID); err != nil {
			return Registered{}, err
		}
	}
	audit.Write(tx, actor, "passkey.register", out.ID, nil)
	return out, s.afterAdding(ctx, tx, actor)
}

// afterAdding ends the user's other sessions, which began without the new factor, and tells them.
func (s *Service) afterAdding(ctx context.Context, tx *postgres.Tx, actor access.Actor) error {
	if _, err := settleFactors(ctx, tx, tx.Now, actor.ID); err != nil {
		return fmt.Errorf("settle the second factors: %w", err)
	}
	if err := proveSession(ctx, tx, &tx.Now, actor.SessionID); err != nil {
		return fmt.Errorf("prove a session: %w", err)
	}
	if err := s.revokeUnproven(ctx, tx, actor); err != nil {
		return err
	}
	return s.Mails.Enqueue(ctx, tx, notification.Mail{To: actor.ID, Kind: "passkey-added"})
}

// ListPasskeys shows one's own.
func (s *Service) ListPasskeys(ctx context.Context, r *postgres.Read, actor access.Actor, _ NoInput) (Passkeys,
	error) {
	rows, err := listPasskeys(ctx, r, actor.ID)
	out := Passkeys{Items: []Passkey{}}
	for _, k := range rows {
		out.Items = append(out.Items, Passkey{ID: k.ID, Name: k.Name, Synced: k.BackupState, CreatedAt: k.CreatedAt,
			LastUsedAt: k.LastUsedAt})
	}
	return out, err
}

// DeletePasskey takes one of one's own away. Errors: problem.NotFound, problem.MFARequired.
func (s *Service) DeletePasskey(ctx context.Context, tx *postgres.Tx, actor access.Actor, in PasskeyID) (httpapi.None,
	error) {
	if _, err := s.lockUser(ctx, tx, actor.ID); err != nil {
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
	return httpapi.None{}, s.afterRemoving(ctx, tx, actor, "passkey-removed")
}

// afterRemoving tells the user. With the last second factor go the recovery codes, and what sessions have proven.
func (s *Service) afterRemoving(ctx context.Context, tx *postgres.Tx, actor access.Actor, mail string) error {
	left, err := settleFactors(ctx, tx, tx.Now, actor.ID)
	if err != nil {
		return fmt.Errorf("settle the second factors: %w", err)
	}
	if !left {
		mail = "second-factor-disabled"
		if err := deleteRecoveryCodes(ctx, tx, actor.ID); err != nil {
			return fmt.Errorf("delete recovery codes: %w", err)
		}
		if err := forgetSecondFactor(ctx, tx, actor.ID); err != nil {
			return fmt.Errorf("forget what was proven: %w", err)
		}
	}
	return s.Mails.Enqueue(ctx, tx, notification.Mail{To: actor.ID, Kind: mail})
}

// errorOr is err, or what it means that there is none.
func errorOr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

func (s *Service) passkeyRoutes(api *httpapi.API) {
	httpapi.Query(api, httpapi.Op{
		Method: http.MethodPost, Path: "/auth/passkeys/options", ID: "begin-passkey", Tag: "auth",
		Summary: "Begin to register a passkey",
		Doc: "Gives what navigator.credentials.create takes. Whoever has a second factor proves it in the five " +
			"minutes before, others have signed in then.",
		Roles: access.SignedIn, Enrolment: true, Recent: true,
		Unkeyed: "it changes nothing: each challenge is a new one",
	}, s.PasskeyOptions)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodPost, Path: "/auth/passkeys", ID: "register-passkey", Tag: "auth",
		Summary: "Register a passkey",
		Doc: "It signs in by itself, and is a second factor beside a password: from now on signing in asks for " +
			"one. Your other devices are signed out. The first second factor comes with recovery codes.",
		Roles: access.SignedIn, Enrolment: true, Recent: true, Status: http.StatusCreated,
		Unkeyed:  httpapi.UnkeyedAnswer,
		Refusals: []*problem.Error{ErrPasskeyRefused, ErrPasskeyKnown, ErrTooManyPasskeys},
	}, s.RegisterPasskey)
	httpapi.Query(api, httpapi.Op{
		Method: http.MethodGet, Path: "/auth/passkeys", ID: "list-passkeys", Tag: "auth",
		Summary: "List your passkeys",
		Roles:   access.SignedIn,
	}, s.ListPasskeys)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodDelete, Path: "/auth/passkeys/{id}", ID: "delete-passkey", Tag: "auth",
		Summary: "Delete a passkey of yours",
		Doc: "Needs a second factor that was proven in the five minutes before. With the last one go the " +
			"recovery codes, and the password alone signs in.",
		Roles: access.SignedIn, Status: http.StatusNoContent,
		Refusals: []*problem.Error{problem.MFARequired},
	}, s.DeletePasskey)
	begin := httpapi.Op{
		Method: http.MethodPost, Path: "/auth/passkey-options", ID: "begin-passkey-proof", Tag: "auth",
		Summary: "Begin to sign in with a passkey",
		Doc: "Gives what navigator.credentials.get takes: to sign in at /auth/passkey-login, or as the second " +
			"factor of /auth/verify-mfa, /auth/step-up and others.",
		Roles: access.Public,
	}
	// It keeps nothing: the challenge is good by itself.
	httpapi.Handle(api, begin, s.ProofOptions)
	httpapi.Handle(api, httpapi.Op{
		Method: http.MethodPost, Path: "/auth/passkey-login", ID: "sign-in-with-passkey", Tag: "auth",
		Summary: "Sign in with a passkey",
		Doc: "The session has proven a second factor too, because the authenticator has verified the user. A " +
			"refusal is noted, which must not be rolled back.",
		Roles:    access.Public,
		Refusals: []*problem.Error{ErrInvalidPasskey, problem.CrossSite},
	}, s.SignInWithPasskey)
}
