// Package access names who acts: roles, and the actor every domain function is handed.
package access

import (
	"strings"
	"time"

	"github.com/google/uuid"
)

// Role of a user (ER document: UserRole).
type Role string

// The four roles.
const (
	RolePatient Role = "PATIENT"
	RoleDoctor  Role = "DOCTOR"
	RoleAdmin   Role = "ADMIN"
	RoleSupport Role = "SUPPORT"
)

// Roles is a set of those who may call an operation. The empty set is refused at registration.
type Roles uint8

// The sets operations are registered with; join them with |.
const (
	Patient Roles = 1 << iota
	Doctor
	Admin
	Support
	// Public operations need no session. Public alone looks at none; joined with roles it tells who a session is.
	Public
	SignedIn = Patient | Doctor | Admin | Support
)

var roleBits = map[Role]Roles{RolePatient: Patient, RoleDoctor: Doctor, RoleAdmin: Admin, RoleSupport: Support}

// Has tells whether the set holds the role.
func (r Roles) Has(role Role) bool { return r&roleBits[role] != 0 }

// HasStaff tells whether the set holds SUPPORT or ADMIN.
func (r Roles) HasStaff() bool { return r&(Admin|Support) != 0 }

// Admits tells whether the actor may call.
func (r Roles) Admits(actor Actor) bool {
	if actor.ID == uuid.Nil {
		return r&Public != 0
	}
	return r.Has(actor.Role)
}

// Names lists the set's roles in a fixed order.
func (r Roles) Names() []string {
	names := []string{}
	for _, role := range []Role{RolePatient, RoleDoctor, RoleSupport, RoleAdmin} {
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

// Actor is who does something: a signed-in user, nobody (zero ID) or a job of the system (Job set).
type Actor struct {
	ID        uuid.UUID
	Role      Role
	SessionID uuid.UUID
	IP        string
	UserAgent string
	RequestID string
	Job       string
	// SecondFactorAt is when this session last proved a second factor; zero: never.
	SecondFactorAt time.Time
	// AuthenticatedAt is when this session last proved the password, or was made.
	AuthenticatedAt time.Time
	// CrossSite: a page of another site sent the request (Fetch Metadata, or Origin).
	CrossSite bool
	// HasFactor: the user has a second factor, whether or not this session proved it.
	HasFactor bool
	// Exempt from second factors: the user has none, and this server doesn't ask staff for one.
	Exempt bool
}

// recentWindow is how long a second factor counts as just proven, for what is dangerous.
const recentWindow = 5 * time.Minute

// HasRecentMFA tells whether the second factor was proven a moment ago.
func (a Actor) HasRecentMFA(now time.Time) bool {
	return a.Exempt || (!a.SecondFactorAt.IsZero() && now.Sub(a.SecondFactorAt) <= recentWindow)
}

// HasRecentProof tells whether the actor proved a moment ago who they are: by the second factor if the user has one,
// else by signing in or by the password.
func (a Actor) HasRecentProof(now time.Time) bool {
	if a.HasFactor {
		return a.HasRecentMFA(now)
	}
	return now.Sub(a.AuthenticatedAt) <= recentWindow
}

// System is the actor of a job or of another event that no user caused; the audit log says which.
func System(job string) Actor { return Actor{Job: job} }

// AsSystem is what the system does at the actor's request: the audit log names the job, and where the request came from.
func (a Actor) AsSystem(job string) Actor { return Actor{Job: job, IP: a.IP, RequestID: a.RequestID} }

// Is tells whether the actor has the role.
func (a Actor) Is(role Role) bool { return a.Role == role }

// IsStaff tells whether the actor is SUPPORT or ADMIN.
func (a Actor) IsStaff() bool { return a.Role == RoleSupport || a.Role == RoleAdmin }
