-- name: queueInsertPayment :exec
INSERT INTO payments (id, consultation_id, amount, currency, status, provider, created_at, updated_at)
VALUES (@id, @consultation_id, @amount, @currency, @status, @provider, @now, @now);

-- name: lockPayment :one
SELECT * FROM payments WHERE consultation_id = @consultation_id FOR UPDATE;

-- name: lockPaymentByID :one
SELECT * FROM payments WHERE id = @id FOR UPDATE;

-- name: findPayment :one
SELECT p.*, c.patient_id, c.doctor_id, c.booked_by FROM payments p JOIN all_consultations c ON c.id = p.consultation_id
WHERE p.consultation_id = @consultation_id;

-- name: listConsultations :many
SELECT p.consultation_id FROM payments p JOIN all_consultations c ON c.id = p.consultation_id
WHERE c.patient_id = @patient_id AND c.id >= ids_since(@patient_id) ORDER BY p.id;

-- name: updatePayment :exec
UPDATE payments SET status = @status, provider = @provider, transaction_reference = @transaction_reference,
    updated_at = @now WHERE id = @id;

-- name: insertAttempt :exec
INSERT INTO payment_attempts (id, payment_id, provider, transaction_reference, amount, currency, status, checkout_url,
    return_url, is_balance, created_at, updated_at)
VALUES (@id, @payment_id, @provider, @transaction_reference, @amount, @currency, 'INITIATED',
    sqlc.narg('checkout_url'), sqlc.narg('return_url'), @is_balance, @now, @now);

-- name: setReturnURL :exec
UPDATE payment_attempts SET return_url = @return_url WHERE id = @id;

-- name: findOpenAttempt :one
SELECT * FROM payment_attempts WHERE payment_id = @payment_id AND status = 'INITIATED';

-- name: findAttempt :one
SELECT a.*, p.consultation_id FROM payment_attempts a JOIN payments p ON p.id = a.payment_id
WHERE a.provider = @provider AND a.transaction_reference = @transaction_reference;

-- A consultation whose due time is over waits for no money, even if the sweep hasn't ended it yet.
-- name: isAwaitingPayment :one
SELECT EXISTS (SELECT FROM consultations WHERE id = @id AND (status = 'REQUESTED' AND payment_due_at > @now
    OR balance_due_at > @now));

-- name: lockAttempt :one
SELECT * FROM payment_attempts WHERE id = @id FOR UPDATE;

-- name: listAttempts :many
SELECT * FROM payment_attempts WHERE payment_id = @payment_id ORDER BY id;

-- name: updateAttempt :exec
UPDATE payment_attempts SET status = @status, captured = @captured, failure_reason = sqlc.narg('failure_reason'),
    updated_at = @now WHERE id = @id;

-- name: supersedeAttempts :exec
UPDATE payment_attempts SET status = 'FAILED', failure_reason = 'superseded', updated_at = @now
WHERE payment_id = @payment_id AND status = 'INITIATED' AND id <> @id;

-- Ends the open attempt of a consultation, and with it the payment fails.
-- name: endAttempts :execrows
WITH locked AS (
    SELECT l.id FROM payments l WHERE l.consultation_id = @consultation_id AND l.status = 'INITIATED' FOR UPDATE
), ended AS (
    UPDATE payment_attempts a
    SET status = 'FAILED', failure_reason = 'the booking ended', updated_at = @now::timestamptz
    FROM locked WHERE a.payment_id = locked.id AND a.status = 'INITIATED' RETURNING a.payment_id
)
UPDATE payments p SET status = 'FAILED', updated_at = @now::timestamptz FROM ended WHERE p.id = ended.payment_id;

-- name: endBalanceAttempts :exec
UPDATE payment_attempts a SET status = 'FAILED', failure_reason = 'no longer due', updated_at = @now::timestamptz
FROM payments p WHERE p.consultation_id = @consultation_id AND a.payment_id = p.id AND a.is_balance AND a.status = 'INITIATED';

-- name: setPaymentAmount :exec
UPDATE payments SET amount = @amount, updated_at = @now WHERE id = @id;

-- name: insertWebhook :execrows
INSERT INTO payment_webhooks (provider, webhook_id, type, transaction_reference, amount, currency, outcome,
    received_at)
VALUES (@provider, @webhook_id, @type, @transaction_reference, sqlc.narg('amount'), sqlc.narg('currency'), 'taken',
    @now)
ON CONFLICT DO NOTHING;

-- name: storeWebhookOutcome :exec
UPDATE payment_webhooks SET outcome = @outcome WHERE provider = @provider AND webhook_id = @webhook_id;

-- What came for a consultation, and what of that goes back or has gone back.
-- name: readPaid :one
SELECT p.currency, p.amount, coalesce(sum(a.captured), 0)::numeric(12, 2) AS captured,
    coalesce(sum((SELECT sum(r.amount) FROM refunds r WHERE r.attempt_id = a.id AND r.unmatched_id IS NULL
        AND r.status IN ('PENDING', 'SUCCEEDED'))), 0)::numeric(12, 2) AS returned
FROM payments p LEFT JOIN payment_attempts a ON a.payment_id = p.id AND a.status = 'SUCCESS'
WHERE p.consultation_id = @consultation_id GROUP BY p.id;

-- What each attempt captured, less its refunds that are requested, under way or done.
-- name: listRefundable :many
SELECT a.id, a.status, a.captured, (a.captured - coalesce((SELECT sum(r.amount) FROM refunds r
    WHERE r.attempt_id = a.id AND r.unmatched_id IS NULL AND r.status <> 'FAILED'), 0))::numeric(12, 2) AS remaining
FROM payment_attempts a WHERE a.payment_id = @payment_id AND a.captured > 0 ORDER BY a.id;

-- name: insertRefund :exec
INSERT INTO refunds (id, payment_id, attempt_id, unmatched_id, amount, currency, reason, status, requested_by,
    approved_by, on_request, at_provider, provider_refund_id, created_at, updated_at)
VALUES (@id, sqlc.narg('payment_id'), sqlc.narg('attempt_id'), sqlc.narg('unmatched_id'), @amount, @currency, @reason,
    @status, sqlc.narg('requested_by'), sqlc.narg('approved_by'), @on_request, @at_provider,
    sqlc.narg('provider_refund_id'), @now, @now);

-- Only staff reads a request that nobody has approved.
-- name: listRefunds :many
SELECT * FROM refunds
WHERE payment_id = @payment_id AND (@staff::boolean OR NOT on_request OR approved_by IS NOT NULL) ORDER BY id;

-- name: listPaymentsOf :many
SELECT sqlc.embed(p), coalesce(a.paid_at, 'epoch')::timestamptz AS paid_at, coalesce(a.paid, 0)::numeric(12, 2) AS paid
FROM payments p LEFT JOIN LATERAL (SELECT max(updated_at) AS paid_at, sum(captured) AS paid FROM payment_attempts
    WHERE payment_id = p.id AND status = 'SUCCESS') a ON true
WHERE p.consultation_id = ANY(@consultations::uuid[]);

-- What a patient sees, as in listRefunds.
-- name: listRefundsOf :many
SELECT * FROM refunds
WHERE payment_id = ANY(@payments::uuid[]) AND (NOT on_request OR approved_by IS NOT NULL) ORDER BY id;

-- name: lockRefund :one
SELECT * FROM refunds WHERE id = @id FOR UPDATE;

-- name: approveRefund :exec
UPDATE refunds SET status = 'PENDING', approved_by = @approved_by, updated_at = @now WHERE id = @id;

-- name: supersedeRefundRequests :many
UPDATE refunds SET status = 'FAILED', failure_reason = 'superseded', updated_at = @now
WHERE payment_id = @payment_id AND status = 'REQUESTED' RETURNING id;

-- name: findPendingRefund :one
SELECT r.id, r.amount, r.currency, coalesce(a.provider, u.provider)::text AS provider,
    coalesce(a.transaction_reference, u.transaction_reference)::text AS transaction_reference
FROM refunds r LEFT JOIN payment_attempts a ON a.id = r.attempt_id LEFT JOIN unmatched_money u ON u.id = r.unmatched_id
WHERE r.id = @id AND r.status = 'PENDING';

-- Every refund, in any status, of what one attempt captured and of the named rows of unmatched money.
-- name: lockRefunds :many
SELECT * FROM refunds
WHERE (attempt_id = sqlc.narg('attempt_id')::uuid OR unmatched_id = ANY (@unmatched::uuid[])) AND currency = @currency
ORDER BY id FOR UPDATE;

-- name: listRefundsByStatus :many
-- One page of each status, merged: refunds that wait for a decision are few among all. With an equality instead of the
-- row comparison, the planner would walk the refunds of all statuses by id.
SELECT r.*, p.consultation_id, requester.full_name AS requester_name, approver.full_name AS approver_name
FROM (SELECT DISTINCT unnest((@statuses::text[])::refund_status[]) AS status) of_status
CROSS JOIN LATERAL (SELECT * FROM refunds
    WHERE (refunds.status, refunds.id) < (of_status.status, @before::uuid) AND refunds.status >= of_status.status
    ORDER BY refunds.status DESC, refunds.id DESC LIMIT @most) r
LEFT JOIN payments p ON p.id = r.payment_id
LEFT JOIN users asked ON asked.id = r.requested_by AND asked.deleted_at IS NULL
LEFT JOIN profiles requester ON requester.user_id = asked.id
LEFT JOIN users decided ON decided.id = r.approved_by AND decided.deleted_at IS NULL
LEFT JOIN profiles approver ON approver.user_id = decided.id
ORDER BY r.id DESC LIMIT @most;

-- name: readRefundedFee :one
SELECT coalesce(sum(amount), 0)::numeric(12, 2) FROM refunded_fees WHERE consultation_id = @consultation_id;

-- Adds no row when the same money is listed already: it conflicts with a unique index.
-- name: insertUnmatched :execrows
INSERT INTO unmatched_money (id, kind, reason, provider, webhook_id, transaction_reference, payment_id, attempt_id,
    amount, currency, provider_refund_id, status, received_at, updated_at)
VALUES (@id, @kind, @reason, @provider, @webhook_id, @transaction_reference, sqlc.narg('payment_id'),
    sqlc.narg('attempt_id'), sqlc.narg('amount'), sqlc.narg('currency'), sqlc.narg('provider_refund_id'), 'WAITING',
    @now, @now)
ON CONFLICT DO NOTHING;

-- What is stored under the id that a provider gives a refund: whether it is one of ours that the provider was asked
-- for, in how many rows and how much was recorded under the id, and how much more of it is listed as unmatched.
-- name: findNamedRefund :one
SELECT EXISTS (SELECT FROM refunds o WHERE o.id = sqlc.narg('id') AND NOT o.at_provider)::boolean AS ours,
    recorded.parts, recorded.amount AS recorded, listed.parts > 0 AS is_listed, listed.amount AS listed
FROM (SELECT count(*) AS parts, coalesce(sum(r.amount), 0)::numeric(12, 2) AS amount
    FROM refunds r WHERE r.provider_refund_id = @name::text AND r.status = 'SUCCEEDED') recorded
CROSS JOIN (SELECT count(*) AS parts, coalesce(sum(u.amount)
        FILTER (WHERE u.status <> 'MATCHED' AND u.reason <> 'WRONG_REFUND'), 0)::numeric(12, 2) AS amount
    FROM unmatched_money u WHERE u.provider = @provider AND u.provider_refund_id = @name::text) listed;

-- Of one reference and currency: the money that matched nothing, and the refunds that wait for their money.
-- name: lockUnmatchedByReference :many
SELECT * FROM unmatched_money
WHERE provider = @provider AND transaction_reference = @transaction_reference AND currency = @currency AND amount > 0
    AND (kind = 'PAYMENT' OR (status = 'WAITING' AND reason <> 'WRONG_REFUND')) ORDER BY id FOR UPDATE;

-- name: lockUnmatched :one
SELECT * FROM unmatched_money WHERE id = @id FOR UPDATE;

-- name: matchUnmatched :exec
UPDATE unmatched_money SET status = 'MATCHED', updated_at = @now WHERE id = @id;

-- name: resolveUnmatched :exec
UPDATE unmatched_money SET status = @status, resolution = @resolution, resolved_by = @resolved_by, resolved_at = @now,
    updated_at = @now WHERE id = @id;

-- The status of unmatched money follows from its refunds.
-- name: updateUnmatchedStatus :exec
UPDATE unmatched_money u SET updated_at = @now, status = CASE
    WHEN EXISTS (SELECT FROM refunds r WHERE r.unmatched_id = u.id AND r.status = 'PENDING') THEN 'RETURNING'
    WHEN (SELECT sum(r.amount) FROM refunds r WHERE r.unmatched_id = u.id AND r.status = 'SUCCEEDED') >= u.amount
        THEN 'RETURNED'
    ELSE u.status END
WHERE u.id = @id;

-- name: readUnmatched :one
SELECT sqlc.embed(u), a.amount AS asked_amount, a.currency AS asked_currency, p.consultation_id, resolver.full_name AS resolver_name
FROM unmatched_money u LEFT JOIN payment_attempts a ON a.id = u.attempt_id LEFT JOIN payments p ON p.id = u.payment_id
LEFT JOIN users r ON r.id = u.resolved_by AND r.deleted_at IS NULL LEFT JOIN profiles resolver ON resolver.user_id = r.id
WHERE u.id = @id;

-- name: listUnmatched :many
SELECT sqlc.embed(u), a.amount AS asked_amount, a.currency AS asked_currency, p.consultation_id, resolver.full_name AS resolver_name
FROM unmatched_money u LEFT JOIN payment_attempts a ON a.id = u.attempt_id LEFT JOIN payments p ON p.id = u.payment_id
LEFT JOIN users r ON r.id = u.resolved_by AND r.deleted_at IS NULL LEFT JOIN profiles resolver ON resolver.user_id = r.id
WHERE u.status = ANY (@statuses::text[]) AND u.kind = ANY (@kinds::text[]) AND u.id < @before
    AND (sqlc.narg('reference')::text IS NULL OR u.transaction_reference = sqlc.narg('reference'))
    AND (sqlc.narg('from_time')::timestamptz IS NULL OR u.received_at >= sqlc.narg('from_time'))
    AND (sqlc.narg('to_time')::timestamptz IS NULL OR u.received_at < sqlc.narg('to_time'))
ORDER BY u.id DESC LIMIT @most;

-- name: listMismatched :many
SELECT * FROM unmatched_money WHERE payment_id = @payment_id AND kind = 'PAYMENT' ORDER BY id;

-- name: hasMismatch :one
SELECT EXISTS (SELECT FROM unmatched_money WHERE attempt_id = @attempt_id AND kind = 'PAYMENT');

-- The address of an app may name its user.
-- name: eraseReturnURLs :exec
UPDATE payment_attempts a SET return_url = NULL FROM payments p JOIN all_consultations c ON c.id = p.consultation_id
WHERE a.payment_id = p.id AND a.return_url IS NOT NULL AND c.patient_id = @patient_id
    AND c.id >= ids_since(@patient_id);

-- name: eraseResolutions :exec
UPDATE unmatched_money u SET resolution = '(erased)' FROM payments p JOIN all_consultations c ON c.id = p.consultation_id
WHERE u.payment_id = p.id AND u.resolution IS NOT NULL AND c.patient_id = @patient_id
    AND c.id >= ids_since(@patient_id);

-- name: updateRefund :exec
UPDATE refunds SET status = @status, failure_reason = sqlc.narg('failure_reason'), updated_at = @now WHERE id = @id;

-- name: eraseRefundReasons :execrows
UPDATE refunds r SET reason = '(erased)', failure_reason = CASE WHEN r.failure_reason IS NOT NULL THEN '(erased)' END
FROM payments p JOIN all_consultations c ON c.id = p.consultation_id
WHERE r.on_request AND r.payment_id = p.id AND c.patient_id = @patient_id AND c.id >= ids_since(@patient_id);
