-- +goose Up

-- What happened, once for each user who is told, for a day. Triggers write it, so that no command can forget it. xid is
-- the transaction, by which a reader knows what it has seen: one that commits late has a low id. There is no foreign key,
-- which would cost each booking two look-ups: a row says nothing about a person, and is gone in a day.
CREATE TABLE events (
    user_id uuid NOT NULL,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    id bigint GENERATED ALWAYS AS IDENTITY,
    type text NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, xid, id)
);
CREATE INDEX events_created_at_idx ON events (created_at);

-- Stores an event for each of the users, and wakes the servers with one message: every message of a transaction lengthens
-- the time in which no other transaction with a message can commit. amrutam.quiet is set while made-up data are copied.
-- +goose StatementBegin
CREATE FUNCTION publish_event(type text, recipients uuid[], payload jsonb, at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(cardinality(recipients), 0) = 0 OR current_setting('amrutam.quiet', true) = 'on' THEN
        RETURN;
    END IF;
    INSERT INTO events (user_id, type, payload, created_at) SELECT u, publish_event.type, publish_event.payload, at FROM unnest(recipients) u;
    PERFORM pg_notify('events', array_to_string(recipients, ','));
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION publish_consultation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM publish_event('consultation.changed', ARRAY[NEW.patient_id, NEW.doctor_id],
        jsonb_build_object('consultationId', NEW.id, 'status', NEW.status, 'paymentStatus', NEW.payment_status), NEW.updated_at);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER consultations_event_insert AFTER INSERT ON consultations FOR EACH ROW EXECUTE FUNCTION publish_consultation();
CREATE TRIGGER consultations_event_update AFTER UPDATE ON consultations FOR EACH ROW
    WHEN ((OLD.status, OLD.payment_status, OLD.slot_id, OLD.scheduled_start, OLD.scheduled_end, OLD.balance_due, OLD.patient_arrived_at, OLD.doctor_arrived_at)
        IS DISTINCT FROM
        (NEW.status, NEW.payment_status, NEW.slot_id, NEW.scheduled_start, NEW.scheduled_end, NEW.balance_due, NEW.patient_arrived_at, NEW.doctor_arrived_at))
    EXECUTE FUNCTION publish_consultation();
-- Late money.
CREATE TRIGGER archived_consultations_event_update AFTER UPDATE ON archived_consultations FOR EACH ROW
    WHEN (OLD.payment_status IS DISTINCT FROM NEW.payment_status) EXECUTE FUNCTION publish_consultation();

-- The patient and the doctor of a consultation.
-- +goose StatementBegin
CREATE FUNCTION parties_of(consultation uuid) RETURNS uuid[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    parties uuid[] := (SELECT ARRAY[patient_id, doctor_id] FROM consultations WHERE id = consultation);
BEGIN
    IF parties IS NULL THEN
        parties := (SELECT ARRAY[patient_id, doctor_id] FROM archived_consultations WHERE id = consultation);
    END IF;
    RETURN parties;
END $$;
-- +goose StatementEnd

-- A new payment is told of with its consultation.
-- +goose StatementBegin
CREATE FUNCTION publish_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM publish_event('payment.changed', parties_of(NEW.consultation_id),
        jsonb_build_object('consultationId', NEW.consultation_id, 'paymentId', NEW.id, 'status', NEW.status), NEW.updated_at);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER payments_event_update AFTER UPDATE ON payments FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION publish_payment();

-- Only staff know of a request that nobody has approved.
-- +goose StatementBegin
CREATE FUNCTION publish_refund() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    consultation uuid := (SELECT consultation_id FROM payments WHERE id = NEW.payment_id);
BEGIN
    PERFORM publish_event('refund.changed', parties_of(consultation),
        jsonb_build_object('consultationId', consultation, 'refundId', NEW.id, 'status', NEW.status), NEW.updated_at);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER refunds_event_insert AFTER INSERT ON refunds FOR EACH ROW
    WHEN (NOT NEW.on_request OR NEW.approved_by IS NOT NULL) EXECUTE FUNCTION publish_refund();
CREATE TRIGGER refunds_event_update AFTER UPDATE ON refunds FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status AND (NOT NEW.on_request OR NEW.approved_by IS NOT NULL)) EXECUTE FUNCTION publish_refund();

-- What a patient may choose because the doctor is on leave. The time of its end is not in the row.
-- +goose StatementBegin
CREATE FUNCTION publish_leave_offer() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_over CONSTANT boolean := TG_OP = 'DELETE';
    consultation CONSTANT uuid := CASE WHEN is_over THEN OLD.consultation_id ELSE NEW.consultation_id END;
BEGIN
    PERFORM publish_event('offer.changed', (parties_of(consultation))[1:1],
        jsonb_build_object('consultationId', consultation, 'status', CASE WHEN is_over THEN 'ENDED' ELSE 'OPEN' END),
        CASE WHEN is_over THEN now() ELSE NEW.created_at END);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER leave_offers_event AFTER INSERT OR UPDATE OR DELETE ON leave_offers FOR EACH ROW EXECUTE FUNCTION publish_leave_offer();

-- A session that ends, and a user who may no longer do the same, end their streams: these are woken, and look.
-- +goose StatementBegin
CREATE FUNCTION wake_streams() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('events', CASE TG_TABLE_NAME WHEN 'users' THEN to_jsonb(NEW) ->> 'id' ELSE to_jsonb(NEW) ->> 'user_id' END);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER sessions_event_update AFTER UPDATE ON sessions FOR EACH ROW
    WHEN ((OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) OR (OLD.second_factor_at IS NOT NULL AND NEW.second_factor_at IS NULL))
    EXECUTE FUNCTION wake_streams();
CREATE TRIGGER users_event_update AFTER UPDATE ON users FOR EACH ROW
    WHEN ((OLD.role, OLD.mfa_enabled, OLD.disabled_at, OLD.deleted_at) IS DISTINCT FROM (NEW.role, NEW.mfa_enabled, NEW.disabled_at, NEW.deleted_at))
    EXECUTE FUNCTION wake_streams();
