-- +goose Up
-- budget is an HMAC of the kind and the mailbox of a mail that was held back to be sent with others. digest_id is the
-- one mail that contains them all.
ALTER TABLE mails ADD COLUMN budget bytea, ADD COLUMN digest_id uuid;
CREATE INDEX mails_budget_idx ON mails (budget) WHERE budget IS NOT NULL AND content IS NOT NULL;
CREATE INDEX mails_digest_id_idx ON mails (digest_id) WHERE digest_id IS NOT NULL;
ALTER TABLE mails DROP CONSTRAINT mails_failure_check, ADD CONSTRAINT mails_failure_check
    CHECK (failure IN ('no-recipient', 'too-late', 'recipient-refused', 'address-unsupported', 'message-refused'));
