-- +goose Up

-- One payment for each consultation. Its state is that of the newest attempt.
CREATE TABLE payments (
    id uuid PRIMARY KEY,
    consultation_id uuid NOT NULL CONSTRAINT payments_consultation_id_key UNIQUE REFERENCES consultations (id),
    amount numeric(12, 2) NOT NULL CHECK (amount >= 0),
    currency text NOT NULL,
    status payment_transaction_status NOT NULL,
    provider text NOT NULL,
    transaction_reference text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX payments_status_idx ON payments (status);
CREATE INDEX payments_created_at_idx ON payments (created_at);
CREATE INDEX payments_transaction_reference_idx ON payments (transaction_reference) WHERE transaction_reference IS NOT NULL;

-- captured is the money that was received. An attempt that is paid after another one succeeded is FAILED with captured
-- > 0, and that money is refunded.
CREATE TABLE payment_attempts (
    id uuid PRIMARY KEY,
    payment_id uuid NOT NULL REFERENCES payments (id) ON DELETE CASCADE,
    provider text NOT NULL,
    transaction_reference text NOT NULL,
    amount numeric(12, 2) NOT NULL CHECK (amount > 0),
    currency text NOT NULL,
    captured numeric(12, 2) NOT NULL DEFAULT 0 CHECK (captured IN (0, amount)),
    status payment_transaction_status NOT NULL,
    failure_reason text,
    checkout_url text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT payment_attempts_reference_key UNIQUE (provider, transaction_reference),
    CONSTRAINT payment_attempts_success_captured CHECK (status <> 'SUCCESS' OR captured = amount)
);
CREATE INDEX payment_attempts_payment_id_idx ON payment_attempts (payment_id);
-- An attempt never changes after its money was received, nor a refund after it succeeded: updated_at is that time.
CREATE INDEX payment_attempts_captured_idx ON payment_attempts (updated_at) INCLUDE (currency, captured) WHERE captured > 0;
CREATE UNIQUE INDEX payment_attempts_one_success ON payment_attempts (payment_id) WHERE status = 'SUCCESS';
CREATE UNIQUE INDEX payment_attempts_one_open ON payment_attempts (payment_id) WHERE status = 'INITIATED';

CREATE TYPE refund_status AS ENUM ('REQUESTED', 'PENDING', 'SUCCEEDED', 'FAILED');
CREATE TABLE refunds (
    id uuid PRIMARY KEY,
    payment_id uuid NOT NULL REFERENCES payments (id) ON DELETE CASCADE,
    attempt_id uuid NOT NULL REFERENCES payment_attempts (id),
    amount numeric(12, 2) NOT NULL CHECK (amount > 0),
    currency text NOT NULL,
    reason text NOT NULL,
    status refund_status NOT NULL,
    requested_by uuid REFERENCES users (id),
    approved_by uuid REFERENCES users (id),
    failure_reason text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX refunds_payment_id_idx ON refunds (payment_id);
CREATE INDEX refunds_attempt_id_idx ON refunds (attempt_id);
CREATE INDEX refunds_status_idx ON refunds (status);
CREATE INDEX refunds_succeeded_idx ON refunds (updated_at) INCLUDE (currency, amount) WHERE status = 'SUCCEEDED';

-- Every webhook with a valid signature, once for each webhook id. outcome says what it caused ('unknown-reference' and
-- 'amount-mismatch' wait for reconciliation).
CREATE TABLE payment_webhooks (
    provider text NOT NULL,
    webhook_id text NOT NULL,
    type text NOT NULL,
    transaction_reference text NOT NULL,
    amount numeric(12, 2),
    currency text,
    outcome text NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (provider, webhook_id)
);
CREATE INDEX payment_webhooks_reference_idx ON payment_webhooks (provider, transaction_reference);
