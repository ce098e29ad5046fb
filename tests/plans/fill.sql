-- Fills a database with 14 months of a clinic: as many consultations as the setting plans.consultations says, and the
-- rows that belong to them. A superuser runs it without foreign keys and triggers, so it also fills the columns that
-- triggers would fill.
SET session_replication_role = replica;
SET synchronous_commit = off;

-- The n-th UUIDv7 of a kind for an instant.
CREATE FUNCTION pg_temp.id(at timestamptz, kind int, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0')
        || '7' || lpad(to_hex(kind), 3, '0') || '8' || lpad(to_hex(n), 15, '0'))::uuid
$$;
CREATE FUNCTION pg_temp.hash(kind text, n bigint) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(convert_to(kind || n, 'UTF8'))
$$;

CREATE TEMP TABLE size AS
    SELECT n AS consultations, n / 2 AS patients, n / 10 AS doctors,
        now() - interval '14 months' AS begin, now() - interval '5 minutes' AS until
    FROM (SELECT current_setting('plans.consultations')::int AS n) s;

SELECT count(*)
FROM size, generate_series(0, 13) m, LATERAL make_partitions(begin + m * interval '1 month', 1, 0) made;

-- People: first the doctors, then the patients, then ten staff. One patient in fifty is deleted.
CREATE TEMP TABLE person AS
    SELECT n, pg_temp.id(at, 1, n) AS id, at,
        CASE
            WHEN n < doctors THEN 'DOCTOR'
            WHEN n < doctors + patients THEN 'PATIENT'
            WHEN n % 2 = 0 THEN 'SUPPORT'
            ELSE 'ADMIN'
        END::user_role AS role
    FROM size, generate_series(0, doctors + patients + 9) n,
        LATERAL (SELECT CASE WHEN n < doctors THEN 0 ELSE (n - doctors)::float / (patients + 10) END AS part) p,
        LATERAL (SELECT begin + part * (until - begin) AS at) t;
CREATE UNIQUE INDEX ON person (n);
ANALYZE person;
INSERT INTO users (id, email, password_hash, role, is_email_verified, created_at, updated_at, deleted_at)
    SELECT id, 'person-' || n || '@example.org', 'argon2', role, n % 100 <> 7, at, at,
        CASE WHEN n % 50 = 49 AND role = 'PATIENT' THEN at + interval '1 hour' END
    FROM person;
INSERT INTO profiles (id, user_id, full_name, phone_index, created_at, updated_at)
    SELECT pg_temp.id(at, 2, n), id, concat_ws(' ',
            (ARRAY['Asha','Ravi','Meera','Kiran','Lakshmi','Suresh','Anita','Vijay'])[1 + n % 8],
            (ARRAY['Nair','Iyer','Sharma','Rao','Menon','Patel','Das','Gupta','Joshi','Reddy'])[1 + n / 8 % 10],
            n),
        pg_temp.hash('phone', n), at, at
    FROM person;
INSERT INTO data_keys (user_id, wrapped, created_at) SELECT id, pg_temp.hash('key', n), at FROM person;
-- Every tenth patient has a dependant, and each of these a transfer.
INSERT INTO dependants (id, user_id, relation, created_at, updated_at, deleted_at)
    SELECT pg_temp.id(at, 60, n), id, 'CHILD', at, at, CASE WHEN n % 90 = 3 THEN at + interval '1 day' END
    FROM person WHERE role = 'PATIENT' AND n % 10 = 3;
INSERT INTO users (id, email, password_hash, role, created_at, updated_at, deleted_at)
    SELECT id, id || '@dependant.invalid', 'none', 'DEPENDANT', created_at, created_at, deleted_at FROM dependants;
INSERT INTO profiles (id, user_id, full_name, created_at, updated_at)
    SELECT pg_temp.id(created_at, 61, row_number() OVER ()), id, 'Anil Rao', created_at, created_at FROM dependants;
INSERT INTO data_keys (user_id, wrapped, created_at) SELECT id, '\x00', created_at FROM dependants;
INSERT INTO dependant_transfers (id, dependant_id, user_id, status, email, ended_at, created_at)
    SELECT pg_temp.id(d.created_at, 62, n), d.id, d.user_id, CASE WHEN n % 3 = 0 THEN 'OPEN' ELSE 'REFUSED' END::dependant_transfer_status,
        CASE WHEN n % 3 = 0 THEN 'grown-' || n || '@example.org' END, CASE WHEN n % 3 <> 0 THEN d.created_at END, d.created_at
    FROM (SELECT *, row_number() OVER (ORDER BY id) AS n FROM dependants) d;
INSERT INTO sessions (id, user_id, user_agent, ip_address, created_at, last_used_at, expires_at)
    SELECT pg_temp.id(at, 3, n * 2 + k), id, 'Firefox ' || n % 40, '203.0.113.' || n % 250,
        at, at, at + interval '30 days'
    FROM person, generate_series(0, 1) k;
INSERT INTO session_tokens (hash, session_id, kind, created_at, expires_at)
    SELECT pg_temp.hash(kind, n * 2 + k), pg_temp.id(at, 3, n * 2 + k), kind::session_token_kind,
        at, at + interval '30 days'
    FROM person, generate_series(0, 1) k, unnest(ARRAY['ACCESS', 'REFRESH']) kind
    WHERE k = 0 OR n % 2 = 0;
INSERT INTO recovery_codes (user_id, hash, created_at)
    SELECT id, pg_temp.hash('code', n * 10 + k), at FROM person, generate_series(0, 9) k WHERE n % 40 = 0;
INSERT INTO passkeys (id, user_id, name, credential_id, public_key, sign_count, transports, backup_eligible,
        backup_state, created_at)
    SELECT pg_temp.id(at, 4, n), id, 'Phone', pg_temp.hash('credential', n), 'key', 0, '{}', false, false, at
    FROM person WHERE n % 4 = 0;
INSERT INTO tickets (hash, kind, user_id, created_at, expires_at)
    SELECT pg_temp.hash('ticket', n), (ARRAY['MFA', 'SIGNUP', 'EMAIL', 'INVITATION'])[1 + n % 4], id,
        now(), now() + interval '1 day'
    FROM person WHERE n % 4 = 1;
INSERT INTO attempts (key, failures, locked_until, updated_at)
    SELECT pg_temp.hash('attempt', n), 1, now(), now() FROM person WHERE n % 4 = 2;
INSERT INTO consents (id, user_id, purpose, notice_version, language, channel, given_at)
    SELECT pg_temp.id(at, 5, n), id, 'TREATMENT', 1, 'en', 'API', at FROM person WHERE role = 'PATIENT';
INSERT INTO exports (id, user_id, status, requested_at, ready_at, expires_at, size, sha256)
    SELECT pg_temp.id(at, 6, n), id, 'EXPIRED', at, at, at, 1, pg_temp.hash('export', n)
    FROM person WHERE n % 4 = 2;
INSERT INTO erasures (id, user_id, requested_by, status, requested_at, due_at, stopped_at)
    SELECT pg_temp.id(at, 7, n), id, id, 'STOPPED', at, at, at FROM person WHERE n % 4 = 3;
INSERT INTO mailbox_messages (id, message_id, recipient_index, content, created_at)
    SELECT pg_temp.id(at, 8, n), 'mail-' || n, pg_temp.hash('recipient', n), 'sealed', at FROM person;

INSERT INTO doctors (id, user_id, specialization, years_of_experience, registration_number, clinic_name,
        consultation_fee, languages_spoken, bio, is_approved, approval_decided_at, search, created_at,
        updated_at)
    SELECT id, id,
        (ARRAY['Panchakarma','Kayachikitsa','Shalya Tantra','Shalakya Tantra','Kaumarabhritya','Agada Tantra',
            'Rasayana','Vajikarana'])[1 + n % 8],
        n % 45, 'REG-' || n, 'Clinic ' || n % 70, 100 + 50 * (n % 30),
        ARRAY['en', (ARRAY['hi','ta','ml','te','kn','bn','mr','gu','pa','or'])[1 + n % 10]],
        'Practises in ' || (ARRAY['Kochi','Pune','Delhi','Mysuru','Jaipur'])[1 + n % 5],
        n % 19 <> 0, at, '', at, at
    FROM person WHERE role = 'DOCTOR';
-- The trigger on updates fills the column search.
SET session_replication_role = origin;
UPDATE doctors SET updated_at = updated_at;
SET session_replication_role = replica;

-- Two thirds of the doctors have booking rules.
INSERT INTO booking_rules (doctor_id, minimum_notice_minutes, horizon_days, daily_maximum, first_visit_minutes,
        follow_up_minutes, updated_at)
    SELECT id, 60 * (n % 5), 90, CASE WHEN n % 2 = 0 THEN 20 END, 30, CASE WHEN n % 4 = 0 THEN 15 ELSE 30 END, at
    FROM person WHERE role = 'DOCTOR' AND n % 3 <> 0;

-- Each booking is made a month before its start. Nearly all future ones are paid.
CREATE TEMP TABLE booking AS
    SELECT b AS n, t.at, pg_temp.id(t.at, 9, b) AS id, pg_temp.id(t.at - interval '1 day', 10, b) AS slot,
        d.id AS doctor, p.id AS patient, t.at + interval '30 days' AS begins,
        CASE
            WHEN b >= consultations - 20 THEN 'REQUESTED'
            WHEN b % 10 = 3 THEN 'CANCELLED'
            WHEN t.at + interval '30 days' > now() - interval '1 hour' THEN 'CONFIRMED'
            WHEN b % 25 = 4 THEN 'NO_SHOW'
            ELSE 'COMPLETED'
        END::consultation_status AS status
    FROM size
        CROSS JOIN generate_series(0, consultations - 1) AS bookings (b)
        CROSS JOIN LATERAL (SELECT begin + b::float / consultations * (until - begin) AS at) t
        JOIN person d ON d.n = b % doctors
        JOIN person p ON p.n = doctors + floor(abs(sin(b)) * b * patients / consultations)::int;
ANALYZE booking;
INSERT INTO availability_slots (id, doctor_id, start_time, end_time, status, seats_taken, created_at, updated_at)
    SELECT slot, doctor, begins, begins + interval '30 minutes',
        CASE WHEN live THEN 'BOOKED' ELSE 'AVAILABLE' END::slot_status, live::int, at, at
    FROM booking, LATERAL (SELECT status IN ('REQUESTED', 'CONFIRMED') AS live) l;
INSERT INTO availability_slots (id, doctor_id, start_time, end_time, status, created_at, updated_at)
    SELECT pg_temp.id(now(), 11, n * 100 + k), id, starts, starts + interval '30 minutes',
        CASE WHEN k = 5 THEN 'BLOCKED' ELSE 'AVAILABLE' END::slot_status, now(), now()
    FROM person, generate_series(1, 5) k,
        LATERAL (SELECT now() + interval '40 days' + k * interval '1 hour' AS starts) s
    WHERE role = 'DOCTOR';
INSERT INTO consultations (id, patient_id, doctor_id, slot_id, status, reason, payment_status, fee, currency,
        scheduled_start, scheduled_end, payment_due_at, cancelled_by, cancelled_at, absent, started_at, ended_at,
        created_at, updated_at)
    SELECT id, patient, doctor, slot, status, 'sealed',
        CASE WHEN status = 'REQUESTED' THEN 'PENDING' ELSE 'PAID' END::payment_status, 500, 'INR',
        begins, begins + interval '30 minutes', at + interval '15 minutes',
        CASE WHEN status = 'CANCELLED' THEN 'PATIENT'::user_role END,
        CASE WHEN status = 'CANCELLED' THEN at END,
        CASE WHEN status = 'NO_SHOW' THEN 'PATIENT'::user_role END,
        CASE WHEN status = 'COMPLETED' THEN begins END,
        CASE WHEN status = 'COMPLETED' THEN begins END,
        at, at
    FROM booking;
INSERT INTO seats (slot_id, patient_id, doctor_id, consultation_id, during)
    SELECT slot, patient, doctor, id, tstzrange(begins, begins + interval '30 minutes')
    FROM booking WHERE status IN ('REQUESTED', 'CONFIRMED')
    ON CONFLICT DO NOTHING;
INSERT INTO consultation_consents (consultation_id, basis, notice_version, actor_id, given_at)
    SELECT id, 'IMPLIED', 1, patient, at FROM booking;
INSERT INTO prescriptions (id, consultation_id, doctor_id, patient_id, medications, created_at)
    SELECT pg_temp.id(begins, 12, n), id, doctor, patient, 'sealed', begins
    FROM booking WHERE status = 'COMPLETED' AND n % 2 = 0;
-- The oldest are archived.
SELECT make_archive_partitions(now());
CREATE TEMP TABLE old AS
    SELECT id FROM consultations
    WHERE id < uuid7_floor(now() - interval '11 months') AND status IN ('COMPLETED', 'CANCELLED', 'NO_SHOW');
INSERT INTO archived_consultations SELECT c.* FROM consultations c JOIN old USING (id);
INSERT INTO archived_prescriptions SELECT p.* FROM prescriptions p JOIN old ON old.id = p.consultation_id;
INSERT INTO archived_consultation_consents SELECT x.* FROM consultation_consents x JOIN old ON old.id = x.consultation_id;
DELETE FROM prescriptions p USING old WHERE old.id = p.consultation_id;
DELETE FROM consultation_consents x USING old WHERE old.id = x.consultation_id;
DELETE FROM consultations c USING old WHERE old.id = c.id;

INSERT INTO reviews (id, consultation_id, doctor_id, patient_id, rating, text, month, replied_at, reply, hidden,
        decided_at, open_reports, created_at, updated_at)
    SELECT gen_random_uuid(), id, doctor, patient, 1 + n % 5, 'Kind and clear', date_trunc('month', begins),
        CASE WHEN n % 7 = 0 THEN begins END, CASE WHEN n % 7 = 0 THEN 'Thank you' END, n % 90 = 1,
        CASE WHEN n % 90 = 1 THEN begins END, CASE WHEN n % 80 = 0 THEN 1 ELSE 0 END, begins, begins
    FROM booking WHERE status = 'COMPLETED' AND n % 3 > 0;
INSERT INTO addenda (id, consultation_id, patient_id, author_id, author_name, text, released_at, created_at)
    SELECT pg_temp.id(begins, 19, n), id, patient, doctor, 'sealed', 'sealed', CASE WHEN n % 2 = 0 THEN begins END, begins
    FROM booking WHERE status = 'COMPLETED' AND n % 3 = 0;
INSERT INTO disputes (id, consultation_id, patient_id, doctor_id, status, decided_by, decided_at, created_at)
    SELECT pg_temp.id(begins, 20, n), id, patient, doctor,
        CASE WHEN n % 100 = 7 THEN 'OPEN' ELSE 'UPHELD' END::dispute_status,
        CASE WHEN n % 100 <> 7 THEN doctor END, CASE WHEN n % 100 <> 7 THEN begins END, begins
    FROM booking WHERE status = 'NO_SHOW' OR n % 10 = 7;
INSERT INTO review_reports (review_id, reporter_id, reason, created_at)
    SELECT r.id, u.id, 'It names somebody', r.created_at
    FROM reviews r, LATERAL (SELECT id FROM person WHERE n % 1000 = r.rating LIMIT 1) u;
UPDATE doctors SET rating_count = r.ratings, rating_sum = r.stars, rating = round(r.stars::numeric / r.ratings, 2)
    FROM (SELECT doctor_id, count(*) AS ratings, sum(rating) AS stars FROM reviews GROUP BY doctor_id) r
    WHERE r.doctor_id = doctors.id;

INSERT INTO payments (id, consultation_id, amount, currency, status, provider, transaction_reference, created_at,
        updated_at)
    SELECT pg_temp.id(at, 13, n), id, 500, 'INR',
        CASE WHEN status = 'REQUESTED' THEN 'INITIATED' ELSE 'SUCCESS' END::payment_transaction_status,
        'stub', 'ref-' || n, at, at
    FROM booking;
INSERT INTO payment_attempts (id, payment_id, provider, transaction_reference, amount, currency, captured, status,
        created_at, updated_at)
    SELECT pg_temp.id(at, 14, n), pg_temp.id(at, 13, n), 'stub', 'ref-' || n, 500, 'INR',
        CASE WHEN status = 'REQUESTED' THEN 0 ELSE 500 END,
        CASE WHEN status = 'REQUESTED' THEN 'INITIATED' ELSE 'SUCCESS' END::payment_transaction_status,
        at, at
    FROM booking;
INSERT INTO refunds (id, payment_id, attempt_id, amount, currency, reason, status, created_at, updated_at)
    SELECT pg_temp.id(at, 15, n), pg_temp.id(at, 13, n), pg_temp.id(at, 14, n), 500, 'INR', 'cancelled', 'SUCCEEDED',
        at, at
    FROM booking WHERE status = 'CANCELLED';
INSERT INTO payment_webhooks (provider, webhook_id, type, transaction_reference, amount, currency, outcome,
        received_at)
    SELECT 'stub', 'hook-' || n, 'payment.succeeded', 'ref-' || n, 500, 'INR',
        CASE WHEN n % 5000 = 1 THEN 'unknown-reference' ELSE 'applied' END, at
    FROM booking WHERE status <> 'REQUESTED';
INSERT INTO unmatched_money (id, kind, reason, provider, webhook_id, transaction_reference, amount, currency,
        status, received_at, updated_at)
    SELECT pg_temp.id(at, 19, n), 'PAYMENT', 'UNKNOWN_REFERENCE', 'stub', 'lost-' || n, 'lost-' || n, 500, 'INR',
        CASE WHEN n % 1000 = 1 THEN 'WAITING' ELSE 'RETURNED' END, at, at
    FROM booking WHERE n % 10 = 1;

INSERT INTO audit_logs (id, actor_id, actor_role, action, entity_type, entity_id, metadata, ip_address, created_at)
    SELECT pg_temp.id(at, 16, n * 4 + k),
        CASE WHEN k = 2 THEN NULL WHEN k = 1 THEN doctor ELSE patient END,
        CASE WHEN k = 1 THEN 'DOCTOR' WHEN k <> 2 THEN 'PATIENT' END,
        (ARRAY['consultation.book', 'consultation.read', 'payment.settle', 'session.start'])[1 + k],
        (ARRAY['consultation', 'consultation', 'payment', 'session'])[1 + k],
        id::text,
        CASE WHEN k = 1 THEN jsonb_build_object('patientId', patient) ELSE '{}' END,
        CASE WHEN k <> 2 THEN '203.0.113.' || n % 250 END,
        at
    FROM booking, generate_series(0, 3) k;
-- Tiles and checkpoints that no entry of the log belongs to.
INSERT INTO audit_tiles (level, index, hashes) SELECT 7, n, sha256('') FROM generate_series(1, 3000) n;
INSERT INTO audit_checkpoints (size, xid, note, created_at)
    SELECT n, '1125899906842624', 'none', now() FROM generate_series(1, 3000) n ON CONFLICT DO NOTHING;
INSERT INTO audit_files (first, count, name, size, sha256, index_sha256, earliest, latest, imported, xid_from, xid_until,
        last_created, last_id, created_at, expired_at)
    SELECT n * 100, 100, 'file' || n, 1, repeat('0', 64), repeat('0', 64), now() - interval '9 years', now() - interval '8 years',
        false, '0', '0', now(), gen_random_uuid(), now(), now() FROM generate_series(1, 3000) n;
INSERT INTO mails (id, user_id, kind, message_id, created_at, sent_at)
    SELECT pg_temp.id(at, 17, n * 2 + k), CASE WHEN k = 0 THEN patient ELSE doctor END, 'booked',
        'mail-' || n * 2 + k || '@example.org', at, at
    FROM booking, generate_series(0, 1) k;
INSERT INTO calendar_feeds (user_id, secret_hash, created_at) SELECT id, sha256(id::text::bytea), now() FROM users;
INSERT INTO reminders (consultation_id, recipient_id, lead, scheduled_start, mail_id, created_at)
    SELECT id, CASE WHEN k = 0 THEN patient ELSE doctor END, 3600, at + interval '2 days', pg_temp.id(at, 17, n * 2 + k), at
    FROM booking, generate_series(0, 1) k;
INSERT INTO events (user_id, type, payload, created_at)
    SELECT CASE WHEN k = 0 THEN patient ELSE doctor END, 'consultation.changed', jsonb_build_object('consultationId', id), now()
    FROM booking, generate_series(0, 1) k;
INSERT INTO call_sides (consultation_id, is_doctor, client_id, description, peer_id, updated_at)
    SELECT id, k = 1, gen_random_uuid(), 'v=0', gen_random_uuid(), now() FROM booking, generate_series(0, 1) k WHERE n % 10 = 0;
INSERT INTO idempotency_keys (id, key, user_id, method, path, request_hash, response_body, status_code,
        entity_type, entity_id, created_at, expires_at)
    SELECT pg_temp.id(at, 18, n), 'key-' || n, patient, 'POST', '/api/v1/consultations', 'hash', 'sealed', 201,
        'consultation', id, now(), now() + interval '1 day'
    FROM booking WHERE n % 10 = 0;
INSERT INTO retention_runs (rule, ran_at, removed, total)
    SELECT (ARRAY['mails', 'attempts', 'sessions', 'tickets'])[1 + n % 4], now() - n * interval '15 minutes', 1, 5000 - n
    FROM generate_series(0, 4999) n;

-- Rollups as large as those of a clinic, with made-up sums.
INSERT INTO rollups (source, day, label, sums)
    SELECT source, d::date, 'label ' || k, array_fill(0::bigint, ARRAY[97])
    FROM size, generate_series(begin, until, interval '1 day') d, generate_series(1, 5) k,
        unnest(ARRAY['booked','due','slots','users','approvals','captured','refunded']) source;
INSERT INTO rollup_doctor_days (doctor_id, day, offered, booked, quarters, offered_by_quarter, booked_by_quarter)
    SELECT id, d::date, 3600, 1800, '{40,42}', '{1800,1800}', '{1800,0}'
    FROM size, person, generate_series(begin, until, interval '1 day') d WHERE role = 'DOCTOR' AND n % 10 = 0;
INSERT INTO rollup_doctor_months (month, doctor_id, offered, booked)
    SELECT date_trunc('month', d)::date, id, 90000, 45000
    FROM size, person, generate_series(begin, until, interval '1 month') d WHERE role = 'DOCTOR' AND n % 10 = 0;
INSERT INTO rollup_groups (day, kind, label, name, consultations, patients)
    SELECT d::date, 'specialization', 'group ' || k, 'Group', 9, 9
    FROM size, generate_series(begin, until, interval '1 day') d, generate_series(1, 8) k;
-- So many changes at once that a plan could find it cheaper to read all rows.
INSERT INTO rollup_changes (source, at, subject)
    SELECT 'slots', now() - k * interval '1 day', id
    FROM person, generate_series(1, 20) k WHERE role = 'DOCTOR' AND n < 250;

INSERT INTO availability_rules (id, doctor_id, rrule, start_minute, end_minute, timezone, slot_minutes, buffer_minutes, max_patients,
        valid_from, fill_at, created_at, updated_at)
    SELECT pg_temp.id(now(), 21, n * 10 + k), id, 'FREQ=DAILY', 60 * k, 60 * k + 60, 'Asia/Kolkata', 30, 0, 1, now()::date,
        now() + interval '1 hour', now(), now()
    FROM person, generate_series(1, 3) k WHERE role = 'DOCTOR';
INSERT INTO availability_removals (rule_id, start_time, end_time)
    SELECT id, now() + k * interval '1 day', now() + k * interval '1 day' + interval '30 minutes'
    FROM availability_rules, generate_series(1, 3) k;
INSERT INTO availability_exceptions (id, doctor_id, kind, from_time, to_time, created_at)
    SELECT pg_temp.id(now(), 22, n * 10 + k), id, 'LEAVE', now() + k * interval '30 days', now() + k * interval '30 days' + interval '1 day', now()
    FROM person, generate_series(1, 3) k WHERE role = 'DOCTOR';
INSERT INTO waitlist_entries (id, patient_id, doctor_id, from_date, to_date, timezone, from_time, to_time, status,
        consultation_id, queued_at, created_at, updated_at)
    SELECT b.id, b.patient, b.doctor, b.begins::date, b.begins::date + 7, 'Asia/Kolkata', b.begins, b.begins + interval '8 days',
        CASE WHEN b.n % 3 = 0 THEN 'EXPIRED' ELSE 'WAITING' END, NULL, b.at, b.at, b.at
    FROM booking b WHERE b.n % 4 = 0;
INSERT INTO waitlist_offers (entry_id, slot_id, created_at, expires_at, mailed_at, ended_at)
    SELECT b.id, b.slot, b.at, b.at + interval '15 minutes', b.at, b.at + interval '15 minutes' FROM booking b WHERE b.n % 4 = 0;
INSERT INTO leave_offers (consultation_id, leave_id, slot_id, expires_at, created_at)
    SELECT c.id, c.slot_id, c.slot_id, now() + interval '1 day', now()
    FROM consultations c WHERE c.status IN ('REQUESTED', 'CONFIRMED') LIMIT 2000;

RESET session_replication_role;
ANALYZE;
