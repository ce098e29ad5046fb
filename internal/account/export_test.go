package account

// UsersQuery returns the statement that lists users, and its arguments.
func UsersQuery(s *Service, in UserListRequest) (string, []any, error) {
	q, err := s.usersQuery(in)
	return q.sql, q.args, err
}

// NormalizePhone is normalizePhone.
var NormalizePhone = normalizePhone
