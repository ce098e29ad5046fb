-- +goose Up

-- The two sides of a call of a consultation, while browsers set up their connection: which client takes part, and its
-- session description (RFC 8829) for the client of the other side. There is no foreign key: consultations move to the
-- archive, and a row is gone in a day.
CREATE TABLE call_sides (
    consultation_id uuid NOT NULL,
    is_doctor boolean NOT NULL,
    client_id uuid NOT NULL,
    description text,
    peer_id uuid,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (consultation_id, is_doctor),
    CONSTRAINT call_sides_description_for_peer CHECK ((description IS NULL) = (peer_id IS NULL))
);
CREATE INDEX call_sides_updated_at_idx ON call_sides (updated_at);

-- The other side is told to look.
-- +goose StatementBegin
CREATE FUNCTION publish_call() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    parties CONSTANT uuid[] := parties_of(NEW.consultation_id);
BEGIN
    PERFORM publish_event('call.changed', CASE WHEN NEW.is_doctor THEN parties[1:1] ELSE parties[2:2] END,
        jsonb_build_object('consultationId', NEW.consultation_id), NEW.updated_at);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER call_sides_event AFTER INSERT OR UPDATE ON call_sides FOR EACH ROW EXECUTE FUNCTION publish_call();
