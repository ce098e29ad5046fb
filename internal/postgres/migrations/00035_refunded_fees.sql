-- +goose Up

-- What went back of the fee of a consultation. Money that was paid beside it (a second success of the payment, whose attempt counts
-- as failed) or wasn't asked for, and went back, is none of the fee.
CREATE VIEW refunded_fees WITH (security_invoker = true) AS
SELECT p.consultation_id, r.amount
FROM payments p JOIN refunds r ON r.payment_id = p.id
WHERE r.status = 'SUCCEEDED' AND r.unmatched_id IS NULL
    AND NOT EXISTS (SELECT FROM payment_attempts a WHERE a.id = r.attempt_id AND a.status = 'FAILED');
REVOKE INSERT, UPDATE, DELETE ON refunded_fees FROM amrutam_app;
