-- +goose Up

-- The session that asked for the move to another address. When it ends, the move ends.
ALTER TABLE tickets ADD COLUMN session_id uuid REFERENCES sessions (id) ON DELETE CASCADE;
CREATE INDEX tickets_session_id_idx ON tickets (session_id) WHERE session_id IS NOT NULL;

-- The administrator who invited a member of staff. The invitation is invalid when that user is no administrator any
-- more.
ALTER TABLE users ADD COLUMN invited_by uuid REFERENCES users (id);
CREATE INDEX users_invited_by_idx ON users (invited_by) WHERE invited_by IS NOT NULL;

-- For the list of users of a role, newest first.
CREATE INDEX users_role_id_idx ON users (role, id);

-- The provider's name for a refund that was made there. A second report under it is the same refund.
ALTER TABLE refunds ADD COLUMN provider_refund_id text;
ALTER TABLE unmatched_money ADD COLUMN provider_refund_id text;
CREATE INDEX refunds_provider_refund_id_idx ON refunds (provider_refund_id) WHERE provider_refund_id IS NOT NULL;
CREATE UNIQUE INDEX unmatched_money_refund_once ON unmatched_money (provider, provider_refund_id) WHERE provider_refund_id IS NOT NULL;
ALTER TABLE unmatched_money DROP CONSTRAINT unmatched_money_reason_check,
    ADD CONSTRAINT unmatched_money_reason_check
        CHECK (reason IN ('UNKNOWN_REFERENCE', 'WRONG_AMOUNT', 'WRONG_CURRENCY', 'INCOMPLETE', 'EXCEEDS_CAPTURE', 'WRONG_REFUND'));
