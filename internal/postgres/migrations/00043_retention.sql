-- +goose Up

-- What each run of a rule of retention removed (internal/retention). total is the rule's sum of all runs.
CREATE TABLE retention_runs (
    rule text NOT NULL,
    ran_at timestamptz NOT NULL,
    removed bigint NOT NULL CHECK (removed >= 0),
    total bigint NOT NULL CHECK (total >= removed),
    PRIMARY KEY (rule, ran_at)
);
CREATE INDEX retention_runs_total_idx ON retention_runs (rule, total);
CREATE INDEX retention_runs_ran_at_idx ON retention_runs (ran_at);

-- Each rule finds the oldest of its rows in an index.
CREATE INDEX users_password_reset_expiry_idx ON users (password_reset_expiry) WHERE password_reset_token IS NOT NULL;
CREATE INDEX users_email_verification_expiry_idx ON users (email_verification_expiry) WHERE email_verification_token IS NOT NULL;
CREATE INDEX sessions_ended_at_idx ON sessions (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX mails_unsent_idx ON mails (created_at) WHERE content IS NOT NULL;
CREATE INDEX mailbox_messages_created_at_idx ON mailbox_messages (created_at);
CREATE INDEX payment_webhooks_received_at_idx ON payment_webhooks (received_at);
CREATE INDEX consents_withdrawn_at_idx ON consents (withdrawn_at) WHERE withdrawn_at IS NOT NULL AND purpose <> 'TREATMENT';

-- The notices promise that the evidence of an optional consent is kept for three years after its end. The consent to
-- treatment belongs to the record of care.
DROP TRIGGER consents_no_delete ON consents;
CREATE TRIGGER consents_no_delete BEFORE DELETE ON consents FOR EACH ROW
    WHEN (OLD.purpose = 'TREATMENT' OR OLD.withdrawn_at IS NULL OR OLD.withdrawn_at > now() - interval '3 years')
    EXECUTE FUNCTION refuse_change();

-- As drop_expired_keys in 00030, which servers of the release before call, but returns the number of keys. It counts
-- them before it drops a partition, because all bookings wait for the lock of that; more than 100,000 in one partition
-- are estimated.
-- +goose StatementBegin
CREATE FUNCTION remove_expired_keys(at timestamptz) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    until timestamptz := CASE WHEN owns_schema() THEN at ELSE least(at, now()) END;
    names text[];
    name text;
    part bigint;
    removed bigint := 0;
BEGIN
    names := ARRAY(SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'idempotency_keys'::regclass AND c.relname < 'idempotency_keys_' || to_char(until AT TIME ZONE 'UTC', 'YYYY_MM_DD'));
    FOREACH name IN ARRAY names LOOP
        EXECUTE format('SELECT count(*) FROM (SELECT FROM %I LIMIT 100001) keys', name) INTO part;
        IF part > 100000 THEN
            part := greatest(part, (SELECT reltuples FROM pg_class WHERE oid = to_regclass(name))::bigint);
        END IF;
        removed := removed + part;
    END LOOP;
    FOREACH name IN ARRAY names LOOP
        EXECUTE format('DROP TABLE %I', name);
    END LOOP;
    DELETE FROM idempotency_keys_default WHERE expires_at < until;
    GET DIAGNOSTICS part = ROW_COUNT;
    RETURN removed + part;
END $$;
-- +goose StatementEnd
REVOKE EXECUTE ON FUNCTION remove_expired_keys(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION remove_expired_keys(timestamptz) TO amrutam_app;
