-- +goose Up

-- The session that asked for a move to another address: its end is that of the move.
ALTER TABLE tickets ADD COLUMN session_id uuid REFERENCES sessions (id) ON DELETE CASCADE;
CREATE INDEX tickets_session_id_idx ON tickets (session_id) WHERE session_id IS NOT NULL;

-- What a provider calls a refund that was made there: reported again, it is the same one.
ALTER TABLE refunds ADD COLUMN provider_refund_id text;
ALTER TABLE unmatched_money ADD COLUMN provider_refund_id text;
CREATE UNIQUE INDEX unmatched_money_refund_once ON unmatched_money (provider, transaction_reference, provider_refund_id)
    WHERE provider_refund_id IS NOT NULL;
