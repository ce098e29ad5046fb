-- Every consent, withdrawal and booking of a user takes this lock first, so that they run one after the other. The
-- statements after it are separate ones, so that they see what the transaction before has committed.
-- name: lockUser :exec
SELECT id FROM users WHERE id = @id FOR NO KEY UPDATE;

-- name: listNotices :many
SELECT n.purpose, n.version, n.required, n.title, n.text, c.given_at
FROM consent_notices n
LEFT JOIN consents c ON c.user_id = @user_id AND c.purpose = n.purpose AND c.notice_version = n.version AND c.withdrawn_at IS NULL
WHERE n.language = @language AND n.version = (SELECT max(m.version) FROM consent_notices m WHERE m.purpose = n.purpose)
ORDER BY n.required DESC, n.purpose;

-- name: readCurrentVersion :one
SELECT max(version)::int FROM consent_notices WHERE purpose = @purpose;

-- name: readConsent :one
SELECT * FROM consents WHERE user_id = @user_id AND purpose = @purpose AND notice_version = @notice_version AND withdrawn_at IS NULL;

-- name: queueInsertConsent :exec
INSERT INTO consents (id, user_id, purpose, notice_version, language, channel, given_at)
VALUES (@id, @user_id, @purpose, @notice_version, @language, @channel, @given_at);

-- greatest, because the time of a transaction that waited for the lock may be before given_at.
-- name: withdrawConsents :many
UPDATE consents SET withdrawn_at = greatest(given_at, @now::timestamptz)
WHERE user_id = @user_id AND purpose = @purpose AND withdrawn_at IS NULL
RETURNING id;

-- An active consultation has a seat. The consent of an account covers its dependants.
-- name: withdrawFromConsultations :many
UPDATE consultation_consents cc SET withdrawn_at = greatest(cc.given_at, @now::timestamptz)
FROM seats s
WHERE s.patient_id = ANY(@people::uuid[]) AND cc.consultation_id = s.consultation_id AND cc.withdrawn_at IS NULL
RETURNING cc.consultation_id;

-- name: queueInsertConsultationConsent :exec
INSERT INTO consultation_consents (consultation_id, basis, notice_version, actor_id, given_at)
VALUES (@consultation_id, @basis, @notice_version, @actor_id, @given_at);

-- name: readExplicitConsent :one
SELECT * FROM consultation_consents WHERE consultation_id = @consultation_id AND basis = 'EXPLICIT' AND withdrawn_at IS NULL;

-- With the lock a concurrent withdrawal waits until the start is stored, or the start sees the withdrawal.
-- name: lockConsultationConsent :one
SELECT notice_version FROM consultation_consents WHERE consultation_id = @consultation_id AND withdrawn_at IS NULL LIMIT 1 FOR SHARE;
