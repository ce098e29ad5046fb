package account

import (
	"context"
	"fmt"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/seal"
)

// Gender is the gender in a profile, as in the ER document.
type Gender string

// Schema lists the values.
func (Gender) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum[Gender](r, "Gender", "What a person says of their gender", "MALE", "FEMALE", "OTHER",
		"PREFER_NOT_TO_SAY")
}

// Profile is the user's own view of the account.
type Profile struct {
	_ struct{} `doc:"A user and their profile"`

	User
	UpdatedAt   time.Time `json:"updatedAt" doc:"When the user or profile last changed"`
	Gender      *Gender   `json:"gender" nullable:"true" doc:"null when not told" example:"FEMALE"`
	DateOfBirth *string   `json:"dateOfBirth" format:"date" doc:"null when not told; kept sealed" example:"1990-05-17"`
	Phone       *string   `json:"phone" doc:"International number, or null; kept sealed" example:"+919812345678"`
	Address     *string   `json:"address" doc:"Postal address, or null; kept sealed" example:"12 Lake Road, Pune 411001"`
	Timezone    string    `json:"timezone" doc:"IANA time zone in which times are shown" example:"Asia/Kolkata"`
	Language    string    `json:"language" enum:"en,hi" doc:"The language of your mails (BCP 47)" example:"en"`
	// ErasureDueAt doesn't change the version.
	ErasureDueAt *time.Time `json:"erasureDueAt" doc:"When the erasure of your data begins, or began, if you asked for it (read-own-erasure says more); else null"`
}

// ETag is the version.
func (p Profile) ETag() string { return httpapi.ETag(p.UpdatedAt) }

// ProfileUpdateRequest is a merge patch of the caller's own profile.
type ProfileUpdateRequest struct {
	httpapi.IfMatch
	Body struct {
		_ struct{} `doc:"A merge patch of your profile: what is absent stays, null clears"`

		FullName    httpapi.Field[string]     `json:"fullName,omitempty" minLength:"1" maxLength:"200" doc:"The name others see" example:"Asha Rao"`
		Gender      httpapi.Clearable[Gender] `json:"gender,omitempty" doc:"null clears" example:"FEMALE"`
		DateOfBirth httpapi.Clearable[string] `json:"dateOfBirth,omitempty" format:"date" doc:"A day until today, where the person is; null clears" example:"1990-05-17"`
		Phone       httpapi.Clearable[string] `json:"phone,omitempty" text:"opaque" minLength:"1" maxLength:"40" doc:"With its country's code, or a number of India for people there; kept in E.164. null clears" example:"+919812345678"`
		Address     httpapi.Clearable[string] `json:"address,omitempty" text:"lines" minLength:"1" maxLength:"500" doc:"Postal address; null clears" example:"12 Lake Road, Pune 411001"`
		Timezone    httpapi.Field[string]     `json:"timezone,omitempty" minLength:"1" maxLength:"64" doc:"IANA time zone" example:"Asia/Kolkata"`
		Language    httpapi.Field[string]     `json:"language,omitempty" minLength:"1" maxLength:"35" doc:"The language of your mails: a tag of BCP 47, of which the nearest of en and hi is kept" example:"hi-IN"`
	}
}

// ReadProfile returns the caller's own user and profile.
func (s *Service) ReadProfile(ctx context.Context, r *postgres.Read, actor access.Actor, _ httpapi.None) (Profile,
	error) {
	row, err := readProfile(ctx, r, actor.ID)
	if err != nil {
		return Profile{}, fmt.Errorf("read a profile: %w", err)
	}
	key, err := s.Sealer.PersonKey(ctx, r, actor.ID)
	if err != nil {
		return Profile{}, err
	}
	return openProfile(key, row)
}

// ChangeProfile applies a merge patch to the caller's own profile. Returns problem.PreconditionFailed if the profile
// has changed, a 422 of all faults.
func (s *Service) ChangeProfile(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in ProfileUpdateRequest) (Profile, error) {
	// The lock and the read are separate statements, because the read must see what a transaction before it has
	// stored.
	if err := lockProfile(ctx, tx, actor.ID); err != nil {
		return Profile{}, fmt.Errorf("lock a profile: %w", err)
	}
	row, err := readProfile(ctx, tx, actor.ID)
	if err != nil {
		return Profile{}, fmt.Errorf("read a profile: %w", err)
	}
	key, err := s.Sealer.PersonKey(ctx, tx, actor.ID)
	if err != nil {
		return Profile{}, err
	}
	p, err := openProfile(key, row)
	if err != nil {
		return Profile{}, err
	}
	if err := in.Check(p.ETag()); err != nil {
		return Profile{}, err
	}
	fields, err := p.apply(in, tx.Now)
	if err != nil {
		return Profile{}, err
	}
	audit.Write(tx, actor, "user.update", actor.ID, audit.Meta{"fields": fields})
	if len(fields) == 0 {
		return p, nil
	}
	// The time must be later than the stored one, also if this server's clock is behind, because the ETag must change.
	p.UpdatedAt = latest(tx.Now, p.UpdatedAt.Add(time.Microsecond))
	return p, s.storeProfile(ctx, tx, key, row.ProfileID, p)
}

func (s *Service) storeProfile(ctx context.Context, tx *postgres.Tx, key seal.Key, id uuid.UUID, p Profile) error {
	sealed, err := s.sealContact(key, id, contact{deref(p.DateOfBirth), deref(p.Phone), deref(p.Address)})
	if err != nil {
		return err
	}
	err = updateProfile(ctx, tx,
		updateProfileParams{UserID: p.ID, FullName: p.FullName, Gender: string(deref(p.Gender)), Timezone: p.Timezone,
			Language:    p.Language,
			DateOfBirth: sealed.dateOfBirth, Phone: sealed.phone, PhoneIndex: sealed.phoneIndex,
			Address: sealed.address, UpdatedAt: p.UpdatedAt})
	if err != nil {
		return fmt.Errorf("update a profile: %w", err)
	}
	return nil
}

// apply copies the members of the patch into the profile and returns their names. Returns a 422 of all faults.
func (p *Profile) apply(in ProfileUpdateRequest, now time.Time) (fields []string, err error) {
	b := &in.Body
	zone := p.Timezone
	b.Timezone.Apply(&zone)
	b.FullName.Value, b.Address.Value = trimText(b.FullName.Value), trimText(b.Address.Value)
	b.Phone.Value = normalizePhone(b.Phone.Value, zone)
	var wrong faults
	set := func(name string, given, null bool, fault func() *problem.Message) {
		if !given {
			return
		}
		fields = append(fields, name)
		if !null {
			wrong.add("body."+name, fault())
		}
	}
	set("fullName", b.FullName.Apply(&p.FullName), b.FullName.Null,
		func() *problem.Message { return nameFault(p.FullName) })
	set("gender", b.Gender.ApplyTo(&p.Gender), b.Gender.Null, func() *problem.Message { return nil })
	set("dateOfBirth", b.DateOfBirth.ApplyTo(&p.DateOfBirth), b.DateOfBirth.Null,
		func() *problem.Message { return birthFault(*p.DateOfBirth, zone, now) })
	set("phone", b.Phone.ApplyTo(&p.Phone), b.Phone.Null, func() *problem.Message { return phoneFault(*p.Phone) })
	set("address", b.Address.ApplyTo(&p.Address), b.Address.Null,
		func() *problem.Message { return addressFault(*p.Address) })
	set("timezone", b.Timezone.Apply(&p.Timezone), b.Timezone.Null,
		func() *problem.Message { return zoneFault(p.Timezone) })
	set("language", b.Language.Apply(&p.Language), b.Language.Null, func() (fault *problem.Message) {
		p.Language, fault = matchLanguage(p.Language)
		return fault
	})
	return fields, wrong.err()
}

func openProfile(key seal.Key, row readProfileRow) (Profile, error) {
	c, err := openContact(key, row)
	return Profile{
		User: User{ID: row.ID, Email: row.Email, Role: row.Role, IsEmailVerified: row.IsEmailVerified,
			MFAEnabled: row.MFAEnabled, FullName: row.FullName, CreatedAt: row.CreatedAt},
		UpdatedAt: row.UpdatedAt, Gender: ptrOrNil(Gender(row.Gender)), DateOfBirth: ptrOrNil(c.dateOfBirth),
		Phone: ptrOrNil(c.phone), Address: ptrOrNil(c.address), Timezone: row.Timezone,
		Language: row.Language, ErasureDueAt: row.ErasureDueAt,
	}, err
}

// ptrOrNil returns nil for "", and deref is its inverse.
func ptrOrNil[T ~string](v T) *T {
	if v == "" {
		return nil
	}
	return &v
}

func deref[T ~string](v *T) T {
	if v == nil {
		return ""
	}
	return *v
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
