-- name: readLog :one
SELECT * FROM audit_logs WHERE id = $1;
