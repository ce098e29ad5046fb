-- +goose Up

-- Money that a provider reports and that differs from what was asked, as it came. PAYMENT: it was received. Money of a
-- known attempt is sent back automatically; money of no attempt waits for an administrator. REFUND: it was given back
-- at the provider and matches nothing that was received. The same amount and currency under one reference is the same
-- money, however often it is reported.
CREATE TABLE unmatched_money (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('PAYMENT', 'REFUND')),
    reason text NOT NULL CHECK (reason IN ('UNKNOWN_REFERENCE', 'WRONG_AMOUNT', 'WRONG_CURRENCY', 'INCOMPLETE', 'EXCEEDS_CAPTURE')),
    provider text NOT NULL,
    webhook_id text NOT NULL,
    transaction_reference text NOT NULL,
    payment_id uuid REFERENCES payments (id) ON DELETE CASCADE,
    attempt_id uuid REFERENCES payment_attempts (id) ON DELETE CASCADE,
    amount numeric(12, 2),
    currency text,
    -- MATCHED: a refund was reported before its money, which was received later. CLOSED: an administrator resolved it
    -- in another way.
    status text NOT NULL CHECK (status IN ('WAITING', 'RETURNING', 'RETURNED', 'MATCHED', 'CLOSED')),
    resolution text,
    resolved_by uuid REFERENCES users (id),
    resolved_at timestamptz,
    received_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT unmatched_money_webhook_key UNIQUE (provider, webhook_id),
    CHECK (num_nulls(payment_id, attempt_id) IN (0, 2)),
    CHECK (num_nulls(resolution, resolved_by, resolved_at) IN (0, 3))
);
CREATE UNIQUE INDEX unmatched_money_once ON unmatched_money (provider, transaction_reference, currency, amount)
    WHERE kind = 'PAYMENT' AND amount > 0 AND currency IS NOT NULL;
CREATE INDEX unmatched_money_reference_idx ON unmatched_money (provider, transaction_reference);
CREATE INDEX unmatched_money_status_idx ON unmatched_money (status, id);
CREATE INDEX unmatched_money_payment_id_idx ON unmatched_money (payment_id) WHERE payment_id IS NOT NULL;
CREATE INDEX unmatched_money_attempt_id_idx ON unmatched_money (attempt_id) WHERE attempt_id IS NOT NULL;
CREATE INDEX unmatched_money_resolved_by_idx ON unmatched_money (resolved_by) WHERE resolved_by IS NOT NULL;
GRANT SELECT (id, kind, reason, provider, payment_id, attempt_id, amount, currency, status, resolved_at, received_at, updated_at)
    ON unmatched_money TO amrutam_reader;

-- A refund gives back an attempt's own money or (unmatched_id) money that was not asked for, in the currency in which
-- it came. at_provider: it was made at the provider, and recorded when it was reported.
ALTER TABLE refunds
    ALTER COLUMN payment_id DROP NOT NULL,
    ALTER COLUMN attempt_id DROP NOT NULL,
    ADD COLUMN unmatched_id uuid REFERENCES unmatched_money (id) ON DELETE CASCADE,
    ADD COLUMN at_provider boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT refunds_of_something CHECK (num_nulls(payment_id, attempt_id) = 0 OR (num_nulls(payment_id, attempt_id) = 2 AND unmatched_id IS NOT NULL)),
    ADD CONSTRAINT refunds_at_provider_done CHECK (NOT at_provider OR (status = 'SUCCEEDED' AND NOT on_request));
CREATE INDEX refunds_unmatched_id_idx ON refunds (unmatched_id) WHERE unmatched_id IS NOT NULL;
-- Money that was no revenue when it came is no loss when it is refunded.
DROP INDEX refunds_succeeded_idx;
CREATE INDEX refunds_succeeded_idx ON refunds (updated_at) INCLUDE (currency, amount) WHERE status = 'SUCCEEDED' AND unmatched_id IS NULL;
-- For the list of refunds by status, newest first.
DROP INDEX refunds_status_idx;
CREATE INDEX refunds_status_idx ON refunds (status, id);
GRANT SELECT (unmatched_id, at_provider) ON refunds TO amrutam_reader;
