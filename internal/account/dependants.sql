-- The account, so that what one person does for dependants runs one after the other, bookings too.
-- name: lockAccount :one
SELECT u.id, p.timezone, p.language FROM users u JOIN profiles p ON p.user_id = u.id
WHERE u.id = @id AND u.deleted_at IS NULL AND u.disabled_at IS NULL FOR NO KEY UPDATE OF u;

-- name: countDependants :one
SELECT count(*) FILTER (WHERE deleted_at IS NULL) AS present, count(*) AS ever
FROM dependants WHERE user_id = @user_id AND relation <> 'SELF';

-- name: insertDependant :exec
INSERT INTO dependants (id, user_id, relation, created_at, updated_at) VALUES (@id, @user_id, @relation, @now, @now);

-- name: listDependants :many
SELECT sqlc.embed(d), p.id AS profile_id, p.full_name, coalesce(p.gender::text, '')::text AS gender, p.date_of_birth,
    p.timezone, k.wrapped
FROM dependants d JOIN profiles p ON p.user_id = d.id JOIN data_keys k ON k.user_id = d.id
WHERE d.user_id = @user_id AND (d.deleted_at IS NULL OR @deleted::boolean) AND d.id > @after ORDER BY d.id LIMIT @most;

-- name: readDependant :one
SELECT sqlc.embed(d), p.id AS profile_id, p.full_name, coalesce(p.gender::text, '')::text AS gender, p.date_of_birth,
    p.timezone, k.wrapped
FROM dependants d JOIN profiles p ON p.user_id = d.id JOIN data_keys k ON k.user_id = d.id
WHERE d.id = @id;

-- name: updateDependant :exec
UPDATE dependants SET relation = @relation, updated_at = @now WHERE id = @id;

-- name: updateDependantProfile :exec
UPDATE profiles SET full_name = @full_name, gender = nullif(@gender::text, '')::gender, date_of_birth = @date_of_birth,
    updated_at = @now
WHERE user_id = @user_id;

-- A booking for the person locks the same row.
-- name: lockPerson :exec
SELECT id FROM users WHERE id = @id FOR UPDATE;

-- A consultation that isn't over has a seat.
-- name: countSeats :one
SELECT count(*) FROM seats WHERE patient_id = @patient_id;

-- name: deleteDependant :exec
UPDATE dependants SET deleted_at = @now::timestamptz, updated_at = @now WHERE id = @id AND deleted_at IS NULL;

-- Their rows are locked in the order of bookings: the account, which the caller has locked, and then the people.
-- name: deleteDependantsOf :many
UPDATE dependants SET deleted_at = @now::timestamptz, updated_at = @now WHERE user_id = @user_id AND deleted_at IS NULL
RETURNING id;

-- name: deletePeople :exec
UPDATE users SET deleted_at = @now::timestamptz, updated_at = @now WHERE id = ANY(@ids::uuid[]) AND deleted_at IS NULL;

-- name: listPeopleOf :many
SELECT id FROM dependants WHERE user_id = @user_id ORDER BY id;
