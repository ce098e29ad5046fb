-- +goose Up

-- One row for each reminder that was made: a recipient is reminded once of each time of a consultation, so long before
-- it (lead, in seconds). It was enqueued with its mail, in one transaction. The consultation may have been archived, and
-- the mail's row is removed sooner or later.
CREATE TABLE reminders (
    consultation_id uuid NOT NULL,
    recipient_id uuid NOT NULL REFERENCES users (id),
    lead int NOT NULL CHECK (lead > 0),
    scheduled_start timestamptz NOT NULL,
    mail_id uuid NOT NULL CONSTRAINT reminders_mail_id_key UNIQUE,
    created_at timestamptz NOT NULL,
    CONSTRAINT reminders_pkey PRIMARY KEY (consultation_id, scheduled_start, lead, recipient_id),
    CONSTRAINT reminders_in_time CHECK (created_at < scheduled_start)
);
CREATE INDEX reminders_scheduled_start_idx ON reminders (scheduled_start);
CREATE INDEX reminders_recipient_id_idx ON reminders (recipient_id);

ALTER TABLE mails DROP CONSTRAINT mails_failure_check, ADD CONSTRAINT mails_failure_check CHECK (failure IN ('no-recipient',
    'too-late', 'recipient-refused', 'address-unsupported', 'message-refused', 'overtaken'));

-- The secret address of a person's calendar, of which only a hash is kept. There is one at a time.
CREATE TABLE calendar_feeds (
    user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    secret_hash bytea NOT NULL CONSTRAINT calendar_feeds_secret_hash_key UNIQUE,
    created_at timestamptz NOT NULL
);
