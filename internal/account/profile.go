package account

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/seal"
)

// Profile is everything a person has told about themselves.
type Profile struct {
	User
	UpdatedAt   time.Time `json:"updatedAt" doc:"When the user or profile last changed" example:"2026-11-23T09:30:00Z"`
	Gender      *Gender   `json:"gender" doc:"null when not told" example:"FEMALE"`
	DateOfBirth *string   `json:"dateOfBirth" format:"date" doc:"null when not told; kept sealed" example:"1990-05-17"`
	Phone       *string   `json:"phone" doc:"International number, or null; kept sealed" example:"+919812345678"`
	Address     *string   `json:"address" doc:"Postal address, or null; kept sealed" example:"12 Lake Road, Pune 411001"`
	Timezone    string    `json:"timezone" doc:"IANA time zone in which times are shown" example:"Asia/Kolkata"`
}

// ETag is the version.
func (p Profile) ETag() string { return httpapi.ETag(p.UpdatedAt) }

// ProfileChange is a merge patch of one's own profile.
type ProfileChange struct {
	httpapi.IfMatch
	Body struct {
		FullName    httpapi.Field[string]     `json:"fullName,omitempty" minLength:"1" maxLength:"200" doc:"The name others see" example:"Asha Rao"`
		Gender      httpapi.Clearable[Gender] `json:"gender,omitempty" doc:"null clears" example:"FEMALE"`
		DateOfBirth httpapi.Clearable[string] `json:"dateOfBirth,omitempty" format:"date" doc:"A day until today, where the person is; null clears" example:"1990-05-17"`
		Phone       httpapi.Clearable[string] `json:"phone,omitempty" text:"opaque" minLength:"1" maxLength:"40" doc:"With its country's code, or a number of India for people there; kept in E.164. null clears" example:"+919812345678"`
		Address     httpapi.Clearable[string] `json:"address,omitempty" text:"lines" minLength:"1" maxLength:"500" doc:"Postal address; null clears" example:"12 Lake Road, Pune 411001"`
		Timezone    httpapi.Field[string]     `json:"timezone,omitempty" minLength:"1" maxLength:"64" doc:"IANA time zone" example:"Asia/Kolkata"`
	}
}

// ReadProfile is one's own user and profile.
func (s *Service) ReadProfile(ctx context.Context, r *postgres.Read, actor access.Actor, _ NoInput) (Profile, error) {
	row, err := readProfile(ctx, r, actor.ID)
	if err != nil {
		return Profile{}, fmt.Errorf("read a profile: %w", err)
	}
	key, err := s.Sealer.Person(ctx, r, actor.ID)
	if err != nil {
		return Profile{}, err
	}
	return openProfile(key, row)
}

// ChangeProfile applies a merge patch to one's own profile. Errors: problem.PreconditionFailed, or a 422 of all
// faults.
func (s *Service) ChangeProfile(ctx context.Context, tx *postgres.Tx, actor access.Actor, in ProfileChange) (Profile,
	error) {
	// The lock and the look are two statements: the look must see what the last holder wrote.
	if err := lockProfile(ctx, tx, actor.ID); err != nil {
		return Profile{}, fmt.Errorf("hold a profile: %w", err)
	}
	row, err := readProfile(ctx, tx, actor.ID)
	if err != nil {
		return Profile{}, fmt.Errorf("read a profile: %w", err)
	}
	key, err := s.Sealer.Person(ctx, tx, actor.ID)
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
	// Later than before even when this server's clock is behind: the ETag must change.
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
			DateOfBirth: sealed.dateOfBirth, Phone: sealed.phone, PhoneIndex: sealed.phoneIndex,
			Address: sealed.address, UpdatedAt: p.UpdatedAt})
	if err != nil {
		return fmt.Errorf("update a profile: %w", err)
	}
	return nil
}

// apply writes the patch's members into the profile and names them, or tells all that is wrong.
func (p *Profile) apply(in ProfileChange, now time.Time) (fields []string, err error) {
	b := &in.Body
	zone := p.Timezone
	b.Timezone.Apply(&zone)
	b.FullName.Value, b.Address.Value = trimText(b.FullName.Value), trimText(b.Address.Value)
	b.Phone.Value = canonicalPhone(b.Phone.Value, zone)
	var wrong faults
	set := func(name string, given, null bool, fault func() string) {
		if !given {
			return
		}
		fields = append(fields, name)
		if !null {
			wrong.add("body."+name, fault())
		}
	}
	set("fullName", b.FullName.Apply(&p.FullName), b.FullName.Null, func() string { return nameFault(p.FullName) })
	set("gender", b.Gender.ApplyTo(&p.Gender), b.Gender.Null, func() string { return "" })
	set("dateOfBirth", b.DateOfBirth.ApplyTo(&p.DateOfBirth), b.DateOfBirth.Null,
		func() string { return birthFault(*p.DateOfBirth, zone, now) })
	set("phone", b.Phone.ApplyTo(&p.Phone), b.Phone.Null, func() string { return phoneFault(*p.Phone) })
	set("address", b.Address.ApplyTo(&p.Address), b.Address.Null, func() string { return addressFault(*p.Address) })
	set("timezone", b.Timezone.Apply(&p.Timezone), b.Timezone.Null, func() string { return zoneFault(p.Timezone) })
	return fields, wrong.err()
}

func openProfile(key seal.Key, row readProfileRow) (Profile, error) {
	c, err := openContact(key, row)
	return Profile{
		User: User{ID: row.ID, Email: row.Email, Role: row.Role, IsEmailVerified: row.IsEmailVerified,
			MFAEnabled: row.MFAEnabled, FullName: row.FullName, CreatedAt: row.CreatedAt},
		UpdatedAt: row.UpdatedAt, Gender: ptrOrNil(Gender(row.Gender)), DateOfBirth: ptrOrNil(c.dateOfBirth),
		Phone: ptrOrNil(c.phone), Address: ptrOrNil(c.address), Timezone: row.Timezone,
	}, err
}

// ptrOrNil is nil for what isn't told, and told its inverse.
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
