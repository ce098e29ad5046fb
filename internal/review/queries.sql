-- name: readConsultation :one
SELECT doctor_id, patient_id, status, ended_at FROM all_consultations WHERE id = @id;

-- name: insertReview :exec
INSERT INTO reviews (id, consultation_id, doctor_id, patient_id, rating, text, month, created_at, updated_at)
VALUES (@id, @consultation_id, @doctor_id, @patient_id, @rating, sqlc.narg('text'),
    (@month::text || '-01')::date, @now, @now);

-- name: findReviewOfConsultation :one
SELECT id, patient_id FROM reviews WHERE consultation_id = @consultation_id;

-- name: readReview :one
SELECT * FROM reviews WHERE id = @id;

-- name: lockReview :one
SELECT * FROM reviews WHERE id = @id FOR NO KEY UPDATE;

-- name: updateReview :exec
UPDATE reviews SET rating = @rating, text = sqlc.narg('text'), updated_at = @now WHERE id = @id;

-- The author's name is that of the account: the name of a dependant stays private. The newest month first. In a month the order is that of the ids, which are random.
-- name: listReviewsOfDoctor :many
SELECT r.id, r.rating, r.text, to_char(r.month, 'YYYY-MM')::text AS month,
    CASE WHEN r.reply IS NULL OR r.reply_hidden THEN '' ELSE r.reply END::text AS reply,
    CASE WHEN u.deleted_at IS NULL THEN p.full_name ELSE '' END::text AS author_name
FROM (SELECT * FROM reviews l
    WHERE l.doctor_id = @doctor_id AND NOT l.hidden AND (l.month, l.id) < ((@month::text || '-01')::date, @id::uuid)
    ORDER BY l.month DESC, l.id DESC LIMIT @row_limit) r
JOIN users u ON u.id = coalesce((SELECT d.user_id FROM dependants d WHERE d.id = r.patient_id), r.patient_id)
    JOIN profiles p ON p.user_id = u.id
ORDER BY r.month DESC, r.id DESC;

-- name: readVisible :one
SELECT r.id, r.rating, r.text, to_char(r.month, 'YYYY-MM')::text AS month,
    CASE WHEN r.reply IS NULL OR r.reply_hidden THEN '' ELSE r.reply END::text AS reply,
    CASE WHEN u.deleted_at IS NULL THEN p.full_name ELSE '' END::text AS author_name
FROM reviews r JOIN users u ON u.id = coalesce((SELECT d.user_id FROM dependants d WHERE d.id = r.patient_id), r.patient_id)
    JOIN profiles p ON p.user_id = u.id
WHERE r.id = @id;

-- name: updateReply :exec
UPDATE reviews SET reply = @reply::text, replied_at = @now, updated_at = @now WHERE id = @id;

-- Only what everybody sees can be reported.
-- name: countReport :execrows
UPDATE reviews r SET open_reports = open_reports + 1
WHERE r.id = @id AND NOT r.hidden AND EXISTS (SELECT FROM doctors d JOIN users u ON u.id = d.id
    WHERE d.id = r.doctor_id AND d.is_approved AND u.deleted_at IS NULL AND u.disabled_at IS NULL);

-- name: insertReport :exec
INSERT INTO review_reports (review_id, reporter_id, reason, created_at)
VALUES (@review_id, @reporter_id, @reason::text, @now);

-- A decision settles the reports.
-- name: updateDecision :exec
UPDATE reviews SET hidden = @hidden, is_false = @is_false, reply_hidden = @reply_hidden, decision_reason = @reason::text,
    decided_by = @decided_by::uuid, decided_at = @now, open_reports = 0, updated_at = @now
WHERE id = @id;

-- The reason of a decision may quote the review.
-- name: eraseReviews :execrows
UPDATE reviews SET text = NULL, decision_reason = NULL
WHERE patient_id = @user_id AND (text IS NOT NULL OR decision_reason IS NOT NULL);

-- name: eraseReplies :execrows
UPDATE reviews SET reply = NULL WHERE doctor_id = @user_id AND reply IS NOT NULL;

-- name: eraseReports :execrows
UPDATE review_reports SET reason = NULL WHERE reporter_id = @user_id AND reason IS NOT NULL;
