-- name: countUsers :one
SELECT count(*) FROM users;
