-- +goose Up

-- Every transaction of a signed-in user calls this right before its COMMIT. It raises AM401 unless the session, its
-- user, the role and the second factor are the same as when the request was admitted. The lock on the session makes an
-- ending of the session wait until that COMMIT. Rows that this transaction itself changed were valid when it changed
-- them: every change of a session requires ended_at IS NULL.
-- +goose StatementBegin
CREATE FUNCTION require_session(session_id uuid, instant timestamptz, admitted_as user_role, had_factor boolean, proven boolean)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    own CONSTANT xid := pg_current_xact_id()::xid;
BEGIN
    PERFORM FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = session_id AND (s.xmin = own OR s.ended_at IS NULL AND s.expires_at > instant
        AND (s.second_factor_at IS NOT NULL OR NOT proven)
        AND (u.xmin = own OR u.deleted_at IS NULL AND u.disabled_at IS NULL AND u.role = admitted_as
            AND (had_factor OR NOT u.mfa_enabled OR s.second_factor_at IS NOT NULL)))
    FOR SHARE OF s;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the session has ended' USING ERRCODE = 'AM401';
    END IF;
END $$;
-- +goose StatementEnd
