package account

import (
	"cmp"
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/language"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// DefaultTimezone is the time zone of a user who has not set one.
const DefaultTimezone = "Asia/Kolkata"

// NewUser has the values of a new user. Email, PasswordHash (see HashPassword), Role and FullName are required.
type NewUser struct {
	Email        string
	PasswordHash string
	Role         access.Role
	FullName     string
	Verified     bool
	Gender       Gender // may be ""
	DateOfBirth  string // 2006-01-02, or ""
	Phone        string // E.164, or ""
	Address      string
	Timezone     string       // IANA, or "" for DefaultTimezone
	Language     language.Tag // "" for English
}

// Provision creates the user, the profile and the data key that seals it. The caller checks the values, writes the
// audit row and sends mails. Returns ErrAddressTaken if another user has the address.
func (s *Service) Provision(ctx context.Context, tx *postgres.Tx, u NewUser) (uuid.UUID, error) {
	id := tx.NewID()
	made, err := insertUser(ctx, tx,
		insertUserParams{ID: id, Email: normalizeEmail(u.Email), PasswordHash: u.PasswordHash, Role: u.Role,
			IsEmailVerified: u.Verified, Now: tx.Now})
	switch {
	case err != nil:
		return uuid.Nil, fmt.Errorf("insert a user: %w", err)
	case made == 0:
		return uuid.Nil, ErrAddressTaken
	}
	wrapped, err := s.Sealer.NewWrappedKey(ctx, tx, id)
	if err != nil {
		return uuid.Nil, err
	}
	key, err := s.Sealer.Unwrap(id, wrapped)
	if err != nil {
		return uuid.Nil, err
	}
	if err := insertDataKey(ctx, tx, id, wrapped, tx.Now); err != nil {
		return uuid.Nil, fmt.Errorf("insert a data key: %w", err)
	}
	if u.Timezone == "" {
		u.Timezone = DefaultTimezone
	}
	u.Language = cmp.Or(u.Language, language.English)
	profile := tx.NewID()
	sealed, err := s.sealContact(key, profile, contact{u.DateOfBirth, u.Phone, u.Address})
	if err != nil {
		return uuid.Nil, err
	}
	err = insertProfile(ctx, tx, insertProfileParams{ID: profile, UserID: id, FullName: u.FullName,
		Gender: string(u.Gender), Timezone: u.Timezone,
		Language: string(u.Language), DateOfBirth: sealed.dateOfBirth, Phone: sealed.phone,
		PhoneIndex: sealed.phoneIndex, Address: sealed.address, Now: tx.Now})
	if err != nil {
		return uuid.Nil, fmt.Errorf("insert a profile: %w", err)
	}
	return id, nil
}

// CreateAdmin creates a verified administrator, for the command line. Returns an error in plain words if a value is
// wrong, ErrAddressTaken if another user has the address.
func (s *Service) CreateAdmin(ctx context.Context, email, fullName, password string) (uuid.UUID, error) {
	email, fullName = normalizeEmail(email), trimText(fullName)
	for _, f := range []struct {
		what  string
		fault *problem.Message
	}{{"the e-mail address", emailFault(email)},
		{"the name", nameFault(fullName)},
		{"the password", s.passwordFault(password, email, fullName)}} {
		if f.fault != nil {
			return uuid.Nil, fmt.Errorf("%s %s", f.what, f.fault.In(language.English))
		}
	}
	hash, err := s.Passwords.Hash(ctx, password)
	if err != nil {
		return uuid.Nil, err
	}
	var id uuid.UUID
	err = s.DB.Write(ctx, func(tx *postgres.Tx) (err error) {
		id, err = s.Provision(ctx, tx, NewUser{Email: email, PasswordHash: hash, Role: access.RoleAdmin,
			FullName: fullName, Verified: true})
		if err != nil {
			return err
		}
		audit.Write(tx, access.System("admin create"), "user.create", id, audit.Meta{"role": access.RoleAdmin})
		return nil
	})
	return id, err
}
