-- +goose Up

-- Transactions with a message (NOTIFY) commit one after the other, each waiting for the disk. So the servers send a
-- message after the commit instead, and look for what is new.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION publish_event(type text, recipients uuid[], payload jsonb, at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(cardinality(recipients), 0) = 0 OR current_setting('amrutam.quiet', true) = 'on' THEN
        RETURN;
    END IF;
    INSERT INTO events (user_id, type, payload, created_at)
    SELECT coalesce((SELECT d.user_id FROM dependants d WHERE d.id = r), r), publish_event.type, publish_event.payload, at
    FROM unnest(recipients) r;
END $$;
-- +goose StatementEnd
CREATE INDEX events_xid_idx ON events (xid);
