package account

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/limit"
	"amrutam/internal/postgres"
)

// Registration is a sign-up.
type Registration struct {
	Body struct {
		_ struct{} `doc:"Who signs up"`

		Email    string      `json:"email" text:"opaque" minLength:"3" maxLength:"320" doc:"Where mails reach you; capitals make no difference" example:"asha@example.org"`
		Password string      `json:"password" text:"opaque" minLength:"8" maxLength:"1024" doc:"15 to 128 characters (the least is the server's setting), without your name and not a sequence" example:"seven lamps light the well"`
		FullName string      `json:"fullName" minLength:"1" maxLength:"200" doc:"The name others see" example:"Asha Rao"`
		Role     access.Role `json:"role" enum:"PATIENT,DOCTOR" doc:"Staff is made by an administrator" example:"PATIENT"`
		Phone    string      `json:"phone,omitempty" text:"opaque" maxLength:"40" doc:"With its country's code, or a number of India; kept in E.164, sealed" example:"+919812345678"`
		Gender   string      `json:"gender,omitempty" enum:"MALE,FEMALE,OTHER,PREFER_NOT_TO_SAY" doc:"Optional" example:"FEMALE"`
	}
}

// SignUp makes a user who can sign in once the address is verified. A taken address gets the same answer after the
// same work, and its owner a mail: nobody learns here who has an account. Errors: limit.ErrTooMany, or a 422 of all
// faults.
func (s *Service) SignUp(ctx context.Context, actor access.Actor, in Registration) (User, error) {
	u := NewUser{Email: canonicalEmail(in.Body.Email), FullName: trimText(in.Body.FullName), Role: in.Body.Role,
		Gender: in.Body.Gender, Phone: canonicalPhone(in.Body.Phone, "")}
	var wrong faults
	wrong.add("body.email", emailFault(u.Email))
	wrong.add("body.fullName", nameFault(u.FullName))
	wrong.add("body.password", passwordFault(in.Body.Password, s.Config.PasswordMin, u.Email, u.FullName))
	if in.Body.Phone != "" {
		wrong.add("body.phone", phoneFault(u.Phone))
	}
	if err := wrong.err(); err != nil {
		return User{}, err
	}
	wrong.add("body.email", reachFault(s.Mails.Reaches(ctx, u.Email)))
	if err := wrong.err(); err != nil {
		return User{}, err
	}
	err := s.DB.Write(ctx, func(tx *postgres.Tx) error {
		_, err := s.Limits.Take(ctx, tx, limit.SignUps(s.Config.SignUpsPerNetwork), httpapi.Neighbourhood(actor.IP))
		return err
	})
	if err != nil {
		return User{}, err
	}
	var out User
	err = retryOnPasswordChange(func() (err error) {
		if u.PasswordHash, err = s.hashBeside(ctx, u.Email, in.Body.Password); err != nil {
			return err
		}
		out, err = s.signUp(ctx, actor, u)
		return err
	})
	return out, err
}

// signUp makes the user, or keeps the sign-up beside the one who has the address. Error: errReplaced.
func (s *Service) signUp(ctx context.Context, actor access.Actor, u NewUser) (User, error) {
	out := User{Email: u.Email, Role: u.Role, FullName: u.FullName}
	err := s.DB.Write(ctx, func(tx *postgres.Tx) (err error) {
		out.CreatedAt = tx.Now
		out.ID, err = s.Provision(ctx, tx, u)
		if errors.Is(err, ErrAddressTaken) {
			out.ID = uuid.Must(uuid.NewV7())
			return s.keepPending(ctx, tx, actor, u)
		}
		if err != nil {
			return err
		}
		audit.Write(tx, actor, "user.sign-up", out.ID, audit.Meta{"role": u.Role})
		return s.mailVerification(ctx, tx, out.ID)
	})
	return out, err
}
