-- The statements that the server sends for a booking with a fee, in the same round trips: each \startpipeline … \endpipeline is one.
-- TestBookingScriptMatchesServer compares them with the server's. {…} are the parameters, see reference_test.go. Ids are made from
-- numbers, so that no two of these bookings conflict; the server makes UUIDs in Go.
\set i :i + :clients
\set n :base + :i + :client_id
SELECT u.id, u.role, s.id AS session_id, s.second_factor_at, coalesce(s.authenticated_at, s.created_at)::timestamptz AS authenticated_at, u.mfa_enabled, t.expires_at FROM session_tokens t JOIN sessions s ON s.id = t.session_id JOIN users u ON u.id = s.user_id WHERE t.hash = {token} AND t.kind = {access} AND t.used_at IS NULL AND t.expires_at > {now} AND s.ended_at IS NULL AND s.expires_at > {now} AND u.deleted_at IS NULL AND u.disabled_at IS NULL;
\startpipeline
BEGIN;
SET LOCAL enable_seqscan = off;
SELECT pg_try_advisory_xact_lock({lock});
SELECT id, method, path, request_hash, status_code, location, etag, response_body FROM idempotency_keys WHERE user_id = {patient} AND key = {key} AND expires_at > {now};
\endpipeline
\startpipeline
WITH patient AS ( SELECT u.id FROM users u WHERE u.id = {patient} AND u.deleted_at IS NULL AND u.disabled_at IS NULL FOR NO KEY UPDATE ), taken AS ( UPDATE availability_slots s SET seats_taken = s.seats_taken + 1, updated_at = {now}::timestamptz, status = CASE WHEN s.seats_taken + 1 = s.max_patients THEN 'BOOKED'::slot_status ELSE 'AVAILABLE'::slot_status END WHERE s.id = {slot} AND (SELECT id FROM patient) IS NOT NULL AND s.status = 'AVAILABLE' AND s.start_time > {now}::timestamptz AND (SELECT d.is_approved AND u.deleted_at IS NULL AND u.disabled_at IS NULL FROM doctors d JOIN users u ON u.id = d.id WHERE d.id = s.doctor_id) RETURNING s.id, s.doctor_id, s.start_time, s.end_time ), seated AS ( INSERT INTO seats (slot_id, patient_id, doctor_id, consultation_id, during) SELECT t.id, {patient}, t.doctor_id, {consultation}, tstzrange(t.start_time, t.end_time) FROM taken t ) SELECT t.id, t.doctor_id, t.start_time, t.end_time, f.consultation_fee, f.currency FROM taken t, LATERAL (SELECT consultation_fee, currency FROM doctors WHERE id = t.doctor_id OFFSET 0) f;
SET LOCAL plan_cache_mode = force_generic_plan;
SELECT k.wrapped, n.version AS notice_version, pp.full_name AS patient_name, dp.full_name AS doctor_name, b.unpaid, b.abandoned_at, l.live, l.live_with_doctor, EXISTS (SELECT FROM consents x WHERE x.user_id = k.user_id AND x.purpose = n.purpose AND x.notice_version = n.version AND x.withdrawn_at IS NULL) AS consented FROM seats t JOIN data_keys k ON k.user_id = t.patient_id JOIN profiles pp ON pp.user_id = t.patient_id JOIN profiles dp ON dp.user_id = t.doctor_id, (SELECT purpose, version FROM consent_notices WHERE purpose = 'TREATMENT' ORDER BY version DESC LIMIT 1) n, LATERAL (SELECT count(*) FILTER (WHERE c.status = 'REQUESTED' AND c.payment_due_at > {now}::timestamptz) AS unpaid, coalesce((array_agg(least(c.cancelled_at, c.payment_due_at) ORDER BY least(c.cancelled_at, c.payment_due_at) DESC) FILTER (WHERE c.payment_status <> 'PAID' AND least(c.cancelled_at, c.payment_due_at) > {yesterday}::timestamptz AND ((c.status = 'CANCELLED' AND coalesce(c.cancelled_by, 'PATIENT') = 'PATIENT') OR (c.status = 'REQUESTED' AND c.payment_due_at <= {now}::timestamptz))) )[{most}::int], 'epoch')::timestamptz AS abandoned_at FROM consultations c WHERE c.patient_id = t.patient_id AND c.scheduled_start > {yesterday} AND c.id >= {oldest}) b, LATERAL (SELECT count(*) AS live, count(*) FILTER (WHERE s.doctor_id = t.doctor_id) AS live_with_doctor FROM seats s WHERE s.patient_id = t.patient_id) l WHERE t.consultation_id = {consultation};
\endpipeline
\startpipeline
INSERT INTO consultations (id, patient_id, doctor_id, slot_id, status, reason, payment_status, fee, currency, scheduled_start, scheduled_end, payment_due_at, created_at, updated_at) VALUES ({consultation}, {patient}, {doctor}, {slot}, {requested}, {reason}, {pending}, {fee}, {currency}, {start}, {end}, {due}, {now}, {now});
INSERT INTO consultation_consents (consultation_id, basis, notice_version, actor_id, given_at) VALUES ({consultation}, {implied}, {one}, {patient}, {now});
INSERT INTO payments (id, consultation_id, amount, currency, status, provider, created_at, updated_at) VALUES ({payment}, {consultation}, {fee}, {currency}, {initiated}, {stub}, {now}, {now});
INSERT INTO audit_logs (id, actor_id, actor_role, action, entity_type, entity_id, metadata, ip_address, created_at) VALUES ({consultation}, {patient}, {role}, {action}, {kind}, {text}, {details}, {address}, {now});
INSERT INTO idempotency_keys (id, key, user_id, method, path, request_hash, response_body, status_code, location, etag, entity_type, entity_id, created_at, expires_at) VALUES ({consultation}, {key}, {patient}, {method}, {path}, {hash}, {answer}, {created}, {location}, {none}, {kind}, {consultation}, {now}, {tomorrow});
SELECT require_session({session}, {now}, {role}, {no}, {no});
COMMIT;
\endpipeline
