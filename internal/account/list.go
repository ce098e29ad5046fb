package account

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// StaffUser is a user as staff sees it. The name is the only part of the profile.
type StaffUser struct {
	_ struct{} `doc:"A user as staff sees them"`

	User
	UpdatedAt  time.Time  `json:"updatedAt" doc:"When the user or profile last changed"`
	DisabledAt *time.Time `json:"disabledAt" doc:"Since when signing in is refused, or null"`
	DeletedAt  *time.Time `json:"deletedAt" doc:"When the user was deleted, or null"`
}

// ETag returns the version, which is also the version of the user's own profile.
func (u StaffUser) ETag() string { return httpapi.ETag(u.UpdatedAt) }

// Entity names the user for a stored answer.
func (u StaffUser) Entity() (string, uuid.UUID) { return "user", u.ID }

// Location returns the path of the user.
func (u StaffUser) Location() string { return "/api/v1/users/" + u.ID.String() }

// UserListRequest asks for users.
type UserListRequest struct {
	httpapi.Paging
	Role    access.Role `query:"role" doc:"Only this role" example:"DOCTOR"`
	Email   string      `query:"email" maxLength:"320" doc:"Only addresses that begin with this, in their order; capitals make no difference" example:"asha@example.org"`
	Name    string      `query:"name" maxLength:"200" doc:"Only people with these words in their name, each as the beginning of one; marks and capitals make no difference" example:"asha nair"`
	Phone   string      `query:"phone" text:"opaque" maxLength:"40" doc:"Only people with exactly this number, + first (%2B in an address), or one of India; how it is written makes no difference" example:"+91 98123 45678"`
	Deleted bool        `query:"deleted" default:"false" doc:"true: only deleted users; false: only the others" example:"false"`
}

// UserRequest names a user.
type UserRequest struct {
	ID uuid.UUID `path:"id" doc:"The user's id" example:"0199f3a2-7c1e-7000-8000-000000000000"`
}

// ListUsers lists users for staff, the newest first. A search by the beginning of an address is in the order of the
// addresses. Each page is audited with the ids that it shows and the names of the filters. Returns a 422 if a filter
// can't be read.
func (s *Service) ListUsers(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in UserListRequest) (httpapi.Page[StaffUser], error) {
	var none httpapi.Page[StaffUser]
	q, err := s.usersQuery(in)
	if err != nil {
		return none, err
	}
	users, err := postgres.List(ctx, tx, "listUsers", q.sql, q.args, scanStaffUser)
	if err != nil {
		return none, err
	}
	page := httpapi.NewPage(s.Cursors, q.scope, in.Limit, users, q.place)
	ids := make([]uuid.UUID, len(page.Items))
	for i, u := range page.Items {
		ids[i] = u.ID
	}
	audit.Write(tx, actor, "user.list", actor.ID, audit.Meta{"filters": in.names(), "userIds": ids})
	return page, nil
}

// names returns the names of the filters that are set, without their values.
func (f UserListRequest) names() []string {
	names := []string{}
	for _, one := range []struct {
		name string
		used bool
	}{{"role", f.Role != ""}, {"email", normalizeEmail(f.Email) != ""}, {"name", strings.TrimSpace(f.Name) != ""},
		{"phone", f.Phone != ""}, {"deleted", f.Deleted}} {
		if one.used {
			names = append(names, one.name)
		}
	}
	return names
}

// usersQuery is the statement of one page, and what its cursor stores.
type usersQuery struct {
	sql, scope string
	args       []any
	place      func(StaffUser) any
}

// byAddress is the order of the index of addresses. A deleted user and a later one may have the same address, so the
// id is a part of it.
const byAddress = " ORDER BY lower(u.email) USING ~<~, u.id"

var (
	newest = postgres.Order{Columns: []string{"u.id"}, Descending: true}
	// newestOfRole has an index of its own: with the index of ids a search for a rare role would read all users.
	newestOfRole = postgres.Order{Columns: []string{"u.role", "u.id"}, Descending: true}
)

// usersQuery builds the statement of a page. A search by address uses the order of the index of addresses: in another
// order a page would read all matching users.
func (s *Service) usersQuery(in UserListRequest) (q usersQuery, err error) {
	c, err := s.usersWhere(in)
	if err != nil {
		return q, err
	}
	var order string
	if normalizeEmail(in.Email) != "" {
		var after httpapi.Position[string]
		q.scope, q.place = "users:address",
			func(u StaffUser) any { return httpapi.Position[string]{Value: strings.ToLower(u.Email), ID: u.ID} }
		further, err := s.Cursors.Decode(q.scope, in.Cursor, &after)
		if err != nil {
			return q, err
		}
		if further {
			c.And("lower(u.email) ~>=~ $1 AND (lower(u.email) ~>~ $1 OR u.id > $2)", after.Value, after.ID)
		}
		order = byAddress
	} else {
		var before uuid.UUID
		q.scope, q.place = "users:newest", func(u StaffUser) any { return u.ID }
		further, err := s.Cursors.Decode(q.scope, in.Cursor, &before)
		if err != nil {
			return q, err
		}
		switch {
		case in.Role != "" && further:
			newestOfRole.After(&c, c.Value(in.Role), c.Value(before))
		case further:
			newest.After(&c, c.Value(before))
		}
		order = newest.OrderBy()
		if in.Role != "" {
			order = newestOfRole.OrderBy()
		}
	}
	q.sql = `SELECT u.id, u.email, u.role, u.is_email_verified, u.mfa_enabled, p.full_name, u.created_at,
		greatest(u.updated_at, p.updated_at), u.disabled_at, u.deleted_at
		FROM users u JOIN profiles p ON p.user_id = u.id` + c.Where() + order + " LIMIT " + c.Value(in.Limit+1)
	q.args = c.Args()
	return q, nil
}

// usersWhere returns the conditions of the filters. A phone number is found by its blind index, because the number
// itself is sealed. Returns a 422 if the phone number is invalid.
func (s *Service) usersWhere(f UserListRequest) (c postgres.Conditions, err error) {
	if f.Deleted {
		c.And("u.deleted_at IS NOT NULL")
	} else {
		c.And("u.deleted_at IS NULL")
	}
	if f.Role == "" {
		c.And("u.role <> 'DEPENDANT'")
	} else {
		c.And("u.role >= $1 AND u.role <= $1", f.Role) // with = the planner would drop the role from the order
	}
	if prefix := normalizeEmail(f.Email); prefix != "" {
		// A range of bytes needs no escaping, unlike LIKE, and can use users_email_prefix_idx with every collation.
		c.And("lower(u.email) ~>=~ $1 AND lower(u.email) ~<~ $2", prefix, prefix+"\U0010FFFF")
	}
	if strings.TrimSpace(f.Name) != "" {
		c.And("to_tsvector('simple', search_words(p.full_name)) @@ search_query($1::text)", f.Name)
	}
	if f.Phone != "" {
		phone := normalizePhone(f.Phone, "")
		if phone == "" {
			return c, problem.InvalidField("query.phone", faultPhoneQuery)
		}
		var indexes [][]byte
		for _, spelling := range phoneSpellings(phone) {
			indexes = append(indexes, s.Sealer.BlindIndex(phoneColumn, spelling))
		}
		c.And("p.phone_index = ANY($1)", indexes)
	}
	return c, nil
}

func scanStaffUser(row pgx.CollectableRow) (u StaffUser, err error) {
	err = row.Scan(&u.ID, &u.Email, &u.Role, &u.IsEmailVerified, &u.MFAEnabled, &u.FullName, &u.CreatedAt,
		&u.UpdatedAt, &u.DisabledAt, &u.DeletedAt)
	return u, err
}

// ReadUser returns one user, also a deleted one, and audits the reading. Returns problem.NotFound if there is none.
func (s *Service) ReadUser(ctx context.Context, tx *postgres.Tx, actor access.Actor, in UserRequest) (StaffUser,
	error) {
	audit.Write(tx, actor, "user.read", in.ID, nil)
	return readStaffUser(ctx, tx, in.ID)
}

func readStaffUser(ctx context.Context, db postgres.Querier, id uuid.UUID) (StaffUser, error) {
	row, err := readUser(ctx, db, id)
	if postgres.NoRows(err) {
		return StaffUser{}, problem.NotFound
	}
	if err != nil {
		return StaffUser{}, fmt.Errorf("read a user: %w", err)
	}
	return StaffUser{
		User: User{ID: row.ID, Email: row.Email, Role: row.Role, IsEmailVerified: row.IsEmailVerified,
			MFAEnabled: row.MFAEnabled, FullName: row.FullName, CreatedAt: row.CreatedAt},
		UpdatedAt: row.UpdatedAt, DisabledAt: row.DisabledAt, DeletedAt: row.DeletedAt,
	}, nil
}
