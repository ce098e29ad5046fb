-- +goose Up

-- The refunds of a consultation's fee. A refund of other money is no part of it: money paid besides the fee (a second
-- success of the payment, whose attempt counts as failed) or money that was not asked for.
CREATE VIEW refunded_fees WITH (security_invoker = true) AS
SELECT p.consultation_id, r.amount
FROM payments p JOIN refunds r ON r.payment_id = p.id
WHERE r.status = 'SUCCEEDED' AND r.unmatched_id IS NULL
    AND NOT EXISTS (SELECT FROM payment_attempts a WHERE a.id = r.attempt_id AND a.status = 'FAILED');
REVOKE INSERT, UPDATE, DELETE ON refunded_fees FROM amrutam_app;
