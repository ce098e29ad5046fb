package account

import (
	"net/http"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/limit"
	"amrutam/internal/problem"
)

// Routes registers the operations of accounts.
func (s *Service) Routes(api *httpapi.API) {
	s.authRoutes(api)
	for schema, property := range map[string]string{
		"SignUpRequest": "password", "PasswordResetRequest": "newPassword", "PasswordChangeRequest": "newPassword",
	} {
		api.TellMinLength(schema, property, s.Config.PasswordMin)
	}
	s.mfaRoutes(api)
	s.passkeyRoutes(api)
	s.emailRoutes(api)
	s.userRoutes(api)
	s.dependantRoutes(api)
	s.transferRoutes(api)
	s.staffRoutes(api)
}

func (s *Service) authRoutes(api *httpapi.API) {
	// Passwords are hashed outside the transaction, because a hash takes longer than all statements together.
	httpapi.Handle(api, httpapi.Op{
		Method: http.MethodPost, Path: "/auth/signup", ID: "sign-up", Tag: "auth",
		Summary: "Sign up",
		Doc: "Makes a user whose e-mail address is not verified yet, and mails a link that verifies it. " +
			"The answer is the same when the address has a user already: then its owner gets a mail and " +
			"nothing is made.",
		Sends: true,
		Roles: access.Public, Status: http.StatusCreated,
		Refusals: []*problem.Error{limit.ErrTooMany},
	}, s.SignUp)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodPost, Path: "/auth/verify-email", ID: "verify-email", Tag: "auth",
		Summary: "Verify your e-mail address",
		Doc: "Takes the token of the link in the mail. If the address was signed up with more than once, " +
			"and with different passwords, none of these works from then on: a link to choose one is " +
			"mailed.",
		Roles: access.Public, Status: http.StatusNoContent,
		Refusals: []*problem.Error{ErrInvalidToken},
	}, s.VerifyEmail)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodPost, Path: "/auth/resend-verification", ID: "resend-verification", Tag: "auth",
		Summary: "Send the verification mail again",
		Doc:     "The answer never tells whether the address has a user. The token of an earlier mail stops working.",
		Sends:   true,
		Roles:   access.Public, Status: http.StatusAccepted,
	}, s.ResendVerification)
	httpapi.Handle(api, httpapi.Op{
		Method: http.MethodPost, Path: "/auth/login", ID: "sign-in", Tag: "auth",
		Summary: "Sign in",
		Doc: "Proves the e-mail address and the password. The answer holds the tokens of a new session (or" +
			" sets its cookie) or, for users with a second factor, an `mfaToken` to finish with at " +
			"`/auth/verify-mfa`.",
		Roles:    access.Public,
		Refusals: []*problem.Error{ErrInvalidCredentials, ErrEmailNotVerified, problem.CrossSite, limit.ErrTooMany},
	}, s.SignIn)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodPost, Path: "/auth/request-password-reset", ID: "request-password-reset", Tag: "auth",
		Summary: "Request a password reset",
		Doc: "Mails a link to choose a new password. The answer never tells whether the address has a " +
			"user.",
		Sends: true,
		Roles: access.Public, Status: http.StatusAccepted,
	}, s.RequestPasswordReset)
	// As in sign-up, the hash is computed outside the transaction.
	httpapi.Handle(api, httpapi.Op{
		Method: http.MethodPost, Path: "/auth/reset-password", ID: "reset-password", Tag: "auth",
		Summary: "Reset a password",
		Doc: "Sets a new password with the token of the link in the mail. Ends all sessions, and verifies " +
			"the address the mail went to.",
		Roles: access.Public, Status: http.StatusNoContent,
		Refusals: []*problem.Error{ErrInvalidToken},
	}, s.ResetPassword)
	httpapi.Handle(api, httpapi.Op{
		Method: http.MethodPost, Path: "/auth/change-password", ID: "change-password", Tag: "auth",
		Summary: "Change your password",
		Doc:     "Ends all sessions, this one too: sign in again with the new password.",
		Roles:   access.SignedIn, Status: http.StatusNoContent,
		NoKeyReason: httpapi.RequestHoldsProof,
		Refusals:    []*problem.Error{ErrInvalidCredentials, limit.ErrTooMany},
	}, s.ChangePassword)
}

func (s *Service) mfaRoutes(api *httpapi.API) {
	post := func(path, id, summary, doc string, refusals ...*problem.Error) httpapi.Op {
		return httpapi.Op{
			Method: http.MethodPost, Path: "/auth/" + path, ID: id, Tag: "auth",
			Summary:   summary,
			Doc:       doc,
			Roles:     access.SignedIn,
			Refusals:  refusals,
			BodyLimit: authBody,
		}
	}
	enable := post("enable-mfa", "enable-mfa", "Set up an authenticator app",
		"Gives the secret for the app. It counts once it is confirmed with a one-time code (`otp`) at "+
			"`/auth/confirm-mfa`; until then each call makes another secret.",
		ErrMFAEnabled)
	enable.Enrolment, enable.RecentProof, enable.NoKeyReason = true, true, httpapi.AnswerHoldsSecret
	httpapi.Command(api, enable, s.EnableMFA)
	// A wrong code is audited and refused, and the refusal must not roll back the audit row. This holds for all
	// operations that take a code.
	confirm := post("confirm-mfa", "confirm-mfa", "Confirm the authenticator app",
		"Takes the app's first one-time code (`otp`). From now on signing in asks for one. Your other devices are "+
			"signed out. The recovery codes are shown here "+
			"and never again.", ErrMFAEnabled, ErrMFANotEnabled, ErrInvalidCode, limit.ErrTooMany)
	confirm.Enrolment, confirm.RecentProof, confirm.NoKeyReason = true, true, httpapi.AnswerHoldsSecret
	httpapi.Handle(api, confirm, s.ConfirmMFA)
	disable := post("disable-mfa", "disable-mfa", "Remove the authenticator app",
		"Needs one of its one-time codes (`otp`), a recovery code or a passkey. Staff works only with a second "+
			"factor: without one, only setting one up is left.",
		ErrMFANotEnabled, ErrInvalidCode, ErrInvalidPasskey, limit.ErrTooMany)
	disable.Status, disable.NoKeyReason = http.StatusNoContent, httpapi.RequestHoldsProof
	httpapi.Handle(api, disable, s.DisableMFA)
	stepUp := post("step-up", "reauthenticate", "Reauthenticate",
		"Proves your second factor or your password anew. For the next five minutes this session may do what is "+
			"dangerous; with the password, what needs a recent "+
			"sign-in.", ErrMFANotEnabled, ErrInvalidCode, ErrInvalidPasskey, ErrInvalidCredentials, limit.ErrTooMany)
	stepUp.Status, stepUp.Enrolment, stepUp.NoKeyReason = http.StatusNoContent, true, httpapi.RequestHoldsProof
	httpapi.Handle(api, stepUp, s.StepUp)
	renew := post("recovery-codes", "regenerate-recovery-codes", "Regenerate your recovery codes",
		"Gives new ones, which are shown here and never again; the old ones stop working. Needs a one-time code "+
			"(`otp`), a recovery code or a passkey.", ErrMFANotEnabled, ErrInvalidCode, ErrInvalidPasskey,
		limit.ErrTooMany)
	renew.NoKeyReason = httpapi.AnswerHoldsSecret
	httpapi.Handle(api, renew, s.RenewRecoveryCodes)
	verify := post("verify-mfa", "verify-mfa", "Finish a sign-in with a second factor",
		"Takes the `mfaToken` of the sign-in, and a one-time code (`otp`), a recovery code or a passkey. After a "+
			"few wrong ones begin again with `/auth/login`.",
		ErrInvalidTicket, ErrInvalidCode, ErrInvalidPasskey, problem.CrossSite, limit.ErrTooMany)
	verify.Roles = access.Public
	httpapi.Handle(api, verify, s.VerifyMFA)
}

func (s *Service) passkeyRoutes(api *httpapi.API) {
	httpapi.Query(api, httpapi.Op{
		Method: http.MethodPost, Path: "/auth/passkeys/options", ID: "create-passkey-options", Tag: "auth",
		Summary: "Create options to register a passkey",
		Doc:     "Gives what `navigator.credentials.create` takes.",
		Roles:   access.SignedIn, Enrolment: true, RecentProof: true,
		NoKeyReason: "it changes nothing: each challenge is a new one",
	}, s.PasskeyOptions)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodPost, Path: "/auth/passkeys", ID: "register-passkey", Tag: "auth",
		Summary: "Register a passkey",
		Doc: "It signs in by itself, and is a second factor beside a password: from now on signing in asks for " +
			"one. Your other devices are signed out. The first second factor comes with recovery codes.",
		Roles: access.SignedIn, Enrolment: true, RecentProof: true, Status: http.StatusCreated,
		NoKeyReason: httpapi.AnswerHoldsSecret,
		Refusals:    []*problem.Error{ErrPasskeyRefused, ErrPasskeyKnown, ErrTooManyPasskeys},
		BodyLimit:   authBody,
	}, s.RegisterPasskey)
	httpapi.Query(api, httpapi.Op{
		Method: http.MethodGet, Path: "/auth/passkeys", ID: "list-passkeys", Tag: "auth",
		Summary: "List your passkeys",
		Doc:     "With the name of each, when it was registered and when it was last used.",
		Roles:   access.SignedIn,
	}, s.ListPasskeys)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodDelete, Path: "/auth/passkeys/{id}", ID: "delete-passkey", Tag: "auth",
		Summary: "Delete a passkey",
		Doc: "Needs a second factor that was proven in the last five minutes. With the last one go the " +
			"recovery codes, and the password alone signs in.",
		Roles: access.SignedIn, Status: http.StatusNoContent,
		Refusals: []*problem.Error{problem.MFARequired},
	}, s.DeletePasskey)
	begin := httpapi.Op{
		Method: http.MethodPost, Path: "/auth/passkey-options", ID: "create-passkey-sign-in-options", Tag: "auth",
		Summary: "Create options to prove a passkey",
		Doc: "Gives what `navigator.credentials.get` takes: to sign in at `/auth/passkey-login`, or as the" +
			" second factor of `/auth/verify-mfa`, `/auth/step-up` and others.",
		Roles: access.Public,
	}
	// The operation stores nothing: the challenge carries its own expiry and MAC.
	httpapi.Handle(api, begin, s.ProofOptions)
	httpapi.Handle(api, httpapi.Op{
		Method: http.MethodPost, Path: "/auth/passkey-login", ID: "sign-in-with-passkey", Tag: "auth",
		Summary:   "Sign in with a passkey",
		Doc:       "The session has proven a second factor too, because the authenticator has verified the user.",
		Roles:     access.Public,
		Refusals:  []*problem.Error{ErrInvalidPasskey, problem.CrossSite},
		BodyLimit: authBody,
	}, s.SignInWithPasskey)
}

func (s *Service) emailRoutes(api *httpapi.API) {
	httpapi.Handle(api, httpapi.Op{
		Method: http.MethodPost, Path: "/auth/change-email", ID: "change-email", Tag: "auth",
		Summary: "Change your e-mail address",
		Doc: "A mail with a link goes to the new address. Nothing changes until it is followed; a newer " +
			"request replaces an older one, and the end of the session that asked or a new second factor " +
			"ends it.",
		Sends: true,
		Roles: access.SignedIn, RecentProof: true, Status: http.StatusAccepted,
		NoKeyReason: httpapi.RequestHoldsProof,
		Refusals:    []*problem.Error{ErrInvalidCredentials, limit.ErrTooMany},
	}, s.ChangeEmail)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodPost, Path: "/auth/confirm-email", ID: "confirm-email", Tag: "auth",
		Summary: "Confirm your new e-mail address",
		Doc: "Takes the token of the link in the mail. From then on you sign in with the new address. The " +
			"old address is told.",
		Roles: access.Public, Status: http.StatusNoContent,
		Refusals: []*problem.Error{ErrInvalidToken, ErrAddressTaken},
	}, s.ConfirmEmail)
}

func (s *Service) userRoutes(api *httpapi.API) {
	httpapi.Query(api, httpapi.Op{
		Method: http.MethodGet, Path: "/users/me", ID: "read-own-user", Tag: "users",
		Summary: "Read your profile",
		Doc:     "Your user and your profile.",
		Roles:   access.SignedIn,
	}, s.ReadProfile)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodPatch, Path: "/users/me", ID: "update-own-user", Tag: "users",
		Summary: "Update your profile",
		Doc:     "A merge patch (RFC 7396): what is absent stays, null clears.",
		Roles:   access.SignedIn,
	}, s.ChangeProfile)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodGet, Path: "/users", ID: "list-users", Tag: "users",
		Summary: "List users",
		Doc: "The newest first; found by the beginning of their addresses, they come in the order of " +
			"these. A cursor belongs to its order. Each page is audited.",
		Roles: access.Admin | access.Support,
	}, s.ListUsers)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodGet, Path: "/users/{id}", ID: "read-user", Tag: "users",
		Summary: "Read a user",
		Doc:     "Each reading is audited.",
		Roles:   access.Admin | access.Support,
	}, s.ReadUser)
}

func (s *Service) dependantRoutes(api *httpapi.API) {
	httpapi.Query(api, httpapi.Op{
		Method: http.MethodGet, Path: "/users/me/dependants", ID: "list-dependants", Tag: "users",
		Summary: "List for whom you book",
		Doc:     "Your dependants, in the order in which you named them.",
		Roles:   access.Patient,
	}, s.ListDependants)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodPost, Path: "/users/me/dependants", ID: "create-dependant", Tag: "users",
		Summary: "Name somebody for whom you book",
		Doc: "A child or a parent, for one. Book for them with `dependantId`. Who is seen has their own record; you " +
			"read it as your own.",
		Roles: access.Patient, Status: http.StatusCreated, Key: httpapi.Optional,
		Refusals: []*problem.Error{ErrTooManyDependants},
	}, s.CreateDependant)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodPatch, Path: "/users/me/dependants/{id}", ID: "update-dependant", Tag: "users",
		Summary: "Update a dependant",
		Doc: "A merge patch (RFC 7396): what is absent stays, null clears. What is booked keeps the relation of the " +
			"booking.",
		Roles: access.Patient,
	}, s.UpdateDependant)
}

func (s *Service) transferRoutes(api *httpapi.API) {
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodPost, Path: "/users/me/dependants/{id}/transfer",
		ID: "request-dependant-transfer", Tag: "users",
		Summary: "Ask to move a dependant's record to an account of their own",
		Doc: "A mail goes to the address. The answer never tells whether it has an account. The record is moved " +
			"once who asked, the owner of the other account and staff have confirmed it. Then you no longer see it; " +
			"what you paid stays yours.",
		Sends: true,
		Roles: access.Patient, Status: http.StatusCreated, Key: httpapi.Optional, RecentProof: true,
		Refusals: []*problem.Error{ErrTransferPending, ErrDependantHasConsultations, limit.ErrTooMany},
	}, s.RequestTransfer)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodGet, Path: "/dependant-transfers", ID: "list-dependant-transfers", Tag: "users",
		Summary: "List transfers of dependants",
		Doc: "The newest first: for patients those that they asked for and those to the address of their account, " +
			"for staff those that wait. Each page is audited.",
		Roles: access.Patient | access.Support | access.Admin,
	}, s.ListTransfers)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodDelete, Path: "/dependant-transfers/{id}", ID: "end-dependant-transfer", Tag: "users",
		Summary: "Cancel or refuse a transfer",
		Doc:     "For who asked for it, the other side, and staff.",
		Roles:   access.Patient | access.Support | access.Admin, Status: http.StatusNoContent,
		Refusals: []*problem.Error{ErrTransferOver},
	}, s.EndTransfer)
}

func (s *Service) staffRoutes(api *httpapi.API) {
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodPost, Path: "/users", ID: "invite-user", Tag: "users",
		Summary: "Invite a member of staff",
		Doc:     "They get a mail with a link, which is good for some days, and choose a password themselves.",
		Sends:   true,
		Roles:   access.Admin, Status: http.StatusCreated, Key: httpapi.Optional,
		Refusals:  []*problem.Error{ErrAddressTaken},
		RecentMFA: true,
	}, s.Invite)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodPatch, Path: "/users/{id}/role", ID: "update-user-role", Tag: "users",
		Summary:   "Update the role of a member of staff",
		Doc:       "All their devices are signed out, and they are told by mail.",
		Roles:     access.Admin,
		Refusals:  []*problem.Error{ErrOwnAccount, ErrRoleFixed, ErrLastAdmin},
		RecentMFA: true,
	}, s.ChangeRole)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodPost, Path: "/users/{id}/reset-mfa", ID: "reset-user-mfa", Tag: "users",
		Summary: "Reset a user's second factors",
		Doc: "For users who have lost the authenticator app, the passkeys and the recovery codes: make " +
			"sure first that it is them. All their devices are signed out, and they are told by mail.",
		Roles: access.Admin, Status: http.StatusNoContent, Key: httpapi.Optional,
		Refusals:  []*problem.Error{ErrOwnAccount, ErrMFANotEnabled},
		RecentMFA: true,
	}, s.ResetFactors)
}
