// Package access defines the roles and the actor that every domain function is given.
package access

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Role is a user's role (ER document: UserRole).
type Role string

// The four roles.
const (
	RolePatient Role = "PATIENT"
	RoleDoctor  Role = "DOCTOR"
	RoleAdmin   Role = "ADMIN"
	RoleSupport Role = "SUPPORT"
)

// RoleDependant is stored for a person without a sign-in, for whom somebody else's account acts: it calls nothing.
const RoleDependant Role = "DEPENDANT"

// AllRoles returns the roles in a fixed order.
func AllRoles() []Role { return []Role{RolePatient, RoleDoctor, RoleSupport, RoleAdmin} }

// Roles is the set of roles that may call an operation. Registering an operation with the empty set fails.
type Roles uint8

// The sets that operations are registered with; join them with |.
const (
	Patient Roles = 1 << iota
	Doctor
	Admin
	Support
	// Public operations need no session. Public alone ignores a session; joined with roles, a session is
	// authenticated.
	Public
	SignedIn = Patient | Doctor | Admin | Support
)

var roleBits = map[Role]Roles{RolePatient: Patient, RoleDoctor: Doctor, RoleAdmin: Admin, RoleSupport: Support}

// Has reports whether the set contains the role.
func (r Roles) Has(role Role) bool { return r&roleBits[role] != 0 }

// HasStaff reports whether the set contains SUPPORT or ADMIN.
func (r Roles) HasStaff() bool { return r&(Admin|Support) != 0 }

// Admits reports whether the actor may call an operation registered with this set.
func (r Roles) Admits(actor Actor) bool {
	if actor.ID == uuid.Nil {
		return r&Public != 0
	}
	return r.Has(actor.Role)
}

// Names returns the set's roles in a fixed order.
func (r Roles) Names() []string {
	names := []string{}
	for _, role := range AllRoles() {
		if r.Has(role) {
			names = append(names, string(role))
		}
	}
	return names
}

func (r Roles) String() string {
	if r&Public != 0 {
		return "anyone"
	}
	return strings.Join(r.Names(), ", ")
}

// Actor is who acts: a signed-in user, an anonymous caller (zero ID) or a job of the system (Job is set).
type Actor struct {
	ID        uuid.UUID
	Role      Role
	SessionID uuid.UUID
	IP        string
	UserAgent string
	RequestID string
	Job       string
	// SecondFactorAt is when this session last proved a second factor; zero means never.
	SecondFactorAt time.Time
	// AuthenticatedAt is when this session last proved the password, or was created.
	AuthenticatedAt time.Time
	// TokenExpiresAt is when the session's token of this request expires.
	TokenExpiresAt time.Time
	// CrossSite means that a page of another site sent the request (Fetch Metadata or Origin header).
	CrossSite bool
	// HasFactor means that the user has a second factor, whether or not this session proved it.
	HasFactor bool
	// Exempt means that no second factor is needed: the user has none, and this server doesn't require one of staff.
	Exempt bool
	// Dependants are the people for whom the user's account acts, apart from the user.
	Dependants []uuid.UUID
}

// ActsFor reports whether the actor is this person, or their account acts for the person.
func (a Actor) ActsFor(person uuid.UUID) bool {
	return a.ID == person && person != uuid.Nil || slices.Contains(a.Dependants, person)
}

// People returns the actor and the people for whom their account acts.
func (a Actor) People() []uuid.UUID { return append([]uuid.UUID{a.ID}, a.Dependants...) }

// recentWindow is how long a proof counts as recent for dangerous operations.
const recentWindow = 5 * time.Minute

// HasRecentMFA reports whether the second factor was proven within the last five minutes.
func (a Actor) HasRecentMFA(now time.Time) bool {
	return a.Exempt || (!a.SecondFactorAt.IsZero() && now.Sub(a.SecondFactorAt) <= recentWindow)
}

// HasRecentProof reports whether the actor proved their identity within the last five minutes: by the second factor
// if the user has one, otherwise by signing in or by the password.
func (a Actor) HasRecentProof(now time.Time) bool {
	if a.HasFactor {
		return a.HasRecentMFA(now)
	}
	return now.Sub(a.AuthenticatedAt) <= recentWindow
}

// System returns the actor of a job, or of another event that no user caused. The audit log records the job's name.
func System(job string) Actor { return Actor{Job: job} }

// AsSystem returns the actor of a job that runs because of this actor's request. The audit log records the job's name
// and the request's address and id.
func (a Actor) AsSystem(job string) Actor { return Actor{Job: job, IP: a.IP, RequestID: a.RequestID} }

// SignedInAs returns the actor of the same request as a user who has just been identified.
func (a Actor) SignedInAs(id uuid.UUID, role Role) Actor {
	a.ID, a.Role = id, role
	return a
}

// Is reports whether the actor has the role.
func (a Actor) Is(role Role) bool { return a.Role == role }

// IsStaff reports whether the actor is SUPPORT or ADMIN.
func (a Actor) IsStaff() bool { return a.Role == RoleSupport || a.Role == RoleAdmin }
