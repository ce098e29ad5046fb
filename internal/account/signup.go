package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/language"
	"amrutam/internal/limit"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
)

// SignUpRequest has the values of a new user.
type SignUpRequest struct {
	AcceptLanguage string `header:"Accept-Language" maxLength:"4000" doc:"The language of the mails, where the body names none" example:"hi-IN, en;q=0.8"`
	Body           struct {
		_ struct{} `doc:"Who signs up"`

		Email    string      `json:"email" text:"opaque" minLength:"3" maxLength:"320" doc:"Where mails reach you; capitals make no difference" example:"asha@example.org"`
		Password string      `json:"password" text:"opaque" minLength:"8" maxLength:"1024" doc:"15 to 128 characters (the least is the server's setting), without your name and not a sequence" example:"seven lamps light the well"`
		FullName string      `json:"fullName" minLength:"1" maxLength:"200" doc:"The name others see" example:"Asha Rao"`
		Role     access.Role `json:"role" enum:"PATIENT,DOCTOR" doc:"Staff is made by an administrator" example:"PATIENT"`
		Phone    string      `json:"phone,omitempty" text:"opaque" maxLength:"40" doc:"With its country's code, or a number of India; kept in E.164, sealed" example:"+919812345678"`
		Gender   Gender      `json:"gender,omitempty" doc:"Optional" example:"FEMALE"`
		Language string      `json:"language,omitempty" maxLength:"35" doc:"The language of your mails: a tag of BCP 47, of which the nearest of en and hi is kept. When left out, that of Accept-Language" example:"hi"`
	}
}

// SignUp creates a user who can sign in after the address is verified. A taken address gets the same answer after the
// same work, and its owner gets a mail, so nobody learns whether an address has an account. Returns limit.ErrTooMany
// if there were too many sign-ups from this network, a 422 of all faults.
func (s *Service) SignUp(ctx context.Context, actor access.Actor, in SignUpRequest) (User, error) {
	u := NewUser{Email: normalizeEmail(in.Body.Email), FullName: trimText(in.Body.FullName), Role: in.Body.Role,
		Gender: in.Body.Gender, Phone: normalizePhone(in.Body.Phone, "")}
	u.Language = language.Accepted(in.AcceptLanguage)
	var wrong faults
	if in.Body.Language != "" {
		nearest, fault := matchLanguage(in.Body.Language)
		u.Language = language.Tag(nearest)
		wrong.add("body.language", fault)
	}
	wrong.add("body.email", emailFault(u.Email))
	wrong.add("body.fullName", nameFault(u.FullName))
	wrong.add("body.password", s.passwordFault(in.Body.Password, u.Email, u.FullName))
	if in.Body.Phone != "" {
		wrong.add("body.phone", phoneFault(u.Phone))
	}
	if err := wrong.err(); err != nil {
		return User{}, err
	}
	wrong.add("body.email", reachFault(s.Mails.CanReach(ctx, u.Email)))
	if err := wrong.err(); err != nil {
		return User{}, err
	}
	err := s.DB.Write(ctx, func(tx *postgres.Tx) error {
		_, err := s.Limits.CountUse(ctx, tx, limit.SignUps(s.Config.SignUpsPerNetwork),
			httpapi.CoarseNetwork(actor.IP))
		return err
	})
	if err != nil {
		return User{}, err
	}
	var out User
	err = retryOnPasswordChange(func() (err error) {
		if u.PasswordHash, err = s.hashForSignUp(ctx, u.Email, in.Body.Password); err != nil {
			return err
		}
		out, err = s.signUp(ctx, actor, u)
		return err
	})
	return out, err
}

// hashForSignUp hashes the password of a sign-up, with the salt of the pending sign-ups for its address if there are
// any. Returns problem.Busy if too many callers wait.
func (s *Service) hashForSignUp(ctx context.Context, email, text string) (string, error) {
	like := ""
	err := s.DB.Read(ctx, func(r *postgres.Read) error {
		owner, err := findOwner(ctx, r, r.Now, email)
		if err == nil {
			like, err = s.pendingSignUps(owner.ID).hashToMatch(owner)
		}
		if postgres.NoRows(err) {
			return nil
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("find the owner of an address: %w", err)
	}
	if like == "" {
		return s.Passwords.Hash(ctx, text)
	}
	return s.Passwords.HashLike(ctx, text, like)
}

// signUp creates the user, or a pending sign-up if another user has the address. Returns errPasswordChanged if a
// concurrent sign-up has another salt.
func (s *Service) signUp(ctx context.Context, actor access.Actor, u NewUser) (User, error) {
	out := User{Email: u.Email, Role: u.Role, FullName: u.FullName}
	err := s.DB.Write(ctx, func(tx *postgres.Tx) (err error) {
		out.CreatedAt = tx.Now
		out.ID, err = s.Provision(ctx, tx, u)
		if errors.Is(err, ErrAddressTaken) {
			out.ID = uuid.Must(uuid.NewV7())
			return s.signUpBesideOwner(ctx, tx, actor, u)
		}
		if err != nil {
			return err
		}
		audit.Write(tx, actor, "user.sign-up", out.ID, audit.Meta{"role": u.Role})
		return s.mailVerification(ctx, tx, out.ID)
	})
	return out, err
}

// signUpBesideOwner stores a pending sign-up for an address that has a user, and mails the address. It does nothing if
// the owner has just been deleted. Returns errPasswordChanged as signUp does.
func (s *Service) signUpBesideOwner(ctx context.Context, tx *postgres.Tx, actor access.Actor, u NewUser) error {
	owner, err := findOwner(ctx, tx, tx.Now, u.Email)
	if postgres.NoRows(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find the owner of an address: %w", err)
	}
	pending := s.pendingSignUps(owner.ID)
	like, err := pending.hashToMatch(owner)
	if err != nil {
		return err
	}
	if like != "" && !sameSalt(like, u.PasswordHash) {
		return errPasswordChanged
	}
	kind, mail := signUpTicket, "verification"
	if owner.Taken {
		kind, mail = decoyTicket, "address-taken"
		audit.Write(tx, actor, "user.refuse-sign-up", owner.ID, audit.Meta{"reason": ErrAddressTaken.Slug})
	} else {
		audit.Write(tx, actor, "user.sign-up", owner.ID, audit.Meta{"role": u.Role, "again": true})
	}
	mailed, err := s.allowMail(ctx, tx, mail, owner.ID.String())
	if err != nil {
		return err
	}
	if !mailed {
		kind = decoyTicket
	}
	token, err := pending.add(ctx, tx, kind, u)
	switch {
	case err != nil:
		return err
	case !mailed:
		return nil
	case owner.Taken:
		return s.Mails.Enqueue(ctx, tx, notification.Mail{To: owner.ID, Kind: "address-taken"})
	}
	verification := verificationMail(owner.ID, u.Role, token, tx.Now.Add(verificationLife))
	verification.Language = u.Language
	return s.Mails.Enqueue(ctx, tx, verification)
}
