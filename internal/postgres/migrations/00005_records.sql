-- +goose Up

-- Append-only: actor_id has no cascade, so the history still refers to a deleted user.
CREATE TABLE audit_logs (
    id uuid NOT NULL,
    actor_id uuid REFERENCES users (id),
    actor_role text,
    action text NOT NULL,
    entity_type text NOT NULL,
    entity_id text NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    ip_address text,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);
CREATE TABLE audit_logs_default PARTITION OF audit_logs DEFAULT;
-- The audit list is read newest first under each of its filters, so each index ends with that order. In the index of
-- objects the type comes last, to filter rows without reading the table: a user's id is the object of many types.
CREATE INDEX audit_logs_actor_id_idx ON audit_logs (actor_id, created_at, id);
CREATE INDEX audit_logs_action_idx ON audit_logs (action, created_at, id);
CREATE INDEX audit_logs_entity_type_idx ON audit_logs (entity_type, created_at, id);
CREATE INDEX audit_logs_entity_id_idx ON audit_logs (entity_id, created_at, id, entity_type);
CREATE INDEX audit_logs_ip_address_idx ON audit_logs (ip_address, created_at, id);
CREATE INDEX audit_logs_created_at_idx ON audit_logs (created_at, id);
CREATE TRIGGER audit_logs_no_change BEFORE UPDATE OR DELETE ON audit_logs
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_logs_no_truncate BEFORE TRUNCATE ON audit_logs EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_logs_default_no_truncate BEFORE TRUNCATE ON audit_logs_default EXECUTE FUNCTION refuse_change();

-- Unique for each user. A keyed request takes an advisory lock on (user_id, key), because a unique constraint of a
-- partitioned table must contain the partition key. response_body is sealed: it can contain health data.
CREATE TABLE idempotency_keys (
    id uuid NOT NULL,
    key text NOT NULL,
    user_id uuid NOT NULL REFERENCES users (id),
    method text NOT NULL,
    path text NOT NULL,
    request_hash text NOT NULL,
    response_body bytea NOT NULL,
    status_code int NOT NULL,
    location text NOT NULL DEFAULT '',
    etag text NOT NULL DEFAULT '',
    entity_type text NOT NULL,
    entity_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT idempotency_keys_user_id_key_key UNIQUE (user_id, key, expires_at)
) PARTITION BY RANGE (expires_at);
CREATE TABLE idempotency_keys_default PARTITION OF idempotency_keys DEFAULT;
CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);
CREATE INDEX idempotency_keys_expires_at_idx ON idempotency_keys (expires_at);

-- A mail to send. content is sealed, and emptied after the mail was sent or given up. message_id is the same for all
-- retries (RFC 5322).
CREATE TABLE mails (
    id uuid PRIMARY KEY,
    user_id uuid REFERENCES users (id),
    kind text NOT NULL,
    message_id text NOT NULL,
    content bytea,
    created_at timestamptz NOT NULL,
    sent_at timestamptz,
    failed_at timestamptz,
    failure text CHECK (failure IN ('no-recipient', 'too-late', 'recipient-refused', 'message-refused')),
    CHECK ((failed_at IS NULL) = (failure IS NULL)),
    CHECK (num_nonnulls(content, sent_at, failed_at) = 1)
);
CREATE INDEX mails_created_at_idx ON mails (created_at);

-- The mails in the development mailbox, sealed. recipient_index is an HMAC for look-ups. Empty in production.
CREATE TABLE mailbox_messages (
    id uuid PRIMARY KEY,
    message_id text NOT NULL CONSTRAINT mailbox_messages_message_id_key UNIQUE,
    recipient_index bytea NOT NULL,
    content bytea NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX mailbox_messages_recipient_index_idx ON mailbox_messages (recipient_index, id);

-- Drops the partition of each expired day. The default partition has only rows that came when their day's partition
-- was missing.
-- +goose StatementBegin
CREATE FUNCTION drop_expired_keys(at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'idempotency_keys'::regclass AND c.relname < 'idempotency_keys_' || to_char(at AT TIME ZONE 'UTC', 'YYYY_MM_DD')
    LOOP
        EXECUTE format('DROP TABLE %I', name);
    END LOOP;
    DELETE FROM idempotency_keys_default WHERE expires_at < at;
END $$;
-- +goose StatementEnd

SELECT make_partitions(now(), 3, 3);
