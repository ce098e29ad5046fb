package invariant

// Rules are the rules of the domain in its order; the rule of unmatched money follows that of payments, and those of
// reminders, the rollups and the archive come last.
var Rules = []Rule{
	{"seats-match-slots", "seats_taken of every slot equals its rows in seats and its open offers of the " +
		"waitlist, and never passes max_patients; BOOKED exactly when full", `
		SELECT s.id
		FROM availability_slots s
		LEFT JOIN (SELECT slot_id, count(*) AS seats FROM (SELECT slot_id FROM seats
				UNION ALL SELECT slot_id FROM waitlist_offers WHERE ended_at IS NULL) held
			GROUP BY slot_id) t ON t.slot_id = s.id
		WHERE s.seats_taken <> coalesce(t.seats, 0)
		   OR s.seats_taken > s.max_patients
		   OR (s.status = 'BOOKED') <> (s.seats_taken = s.max_patients)`},

	{"offers-hold-seats", "an entry of the waitlist is OFFERED exactly while it has an open offer, of its doctor; " +
		"an open offer ends before its slot begins, and is of nobody who was stopped; who accepted has the " +
		"consultation", `
		SELECT e.id FROM waitlist_entries e LEFT JOIN waitlist_offers o ON o.entry_id = e.id AND o.ended_at IS NULL
		LEFT JOIN availability_slots s ON s.id = o.slot_id
		WHERE (e.status = 'OFFERED') <> (o.slot_id IS NOT NULL) OR s.doctor_id <> e.doctor_id
			OR o.expires_at > s.start_time
		UNION ALL
		SELECT e.id FROM waitlist_offers o JOIN waitlist_entries e ON e.id = o.entry_id
			JOIN users u ON u.id IN (e.patient_id, e.doctor_id)
		WHERE o.ended_at IS NULL AND (u.deleted_at IS NOT NULL OR u.disabled_at IS NOT NULL)
		UNION ALL
		SELECT e.id FROM waitlist_entries e WHERE e.status = 'ACCEPTED' AND NOT EXISTS (SELECT FROM all_consultations c
			WHERE c.id = e.consultation_id AND c.patient_id = e.patient_id AND c.doctor_id = e.doctor_id)`},

	{"closed-during-leaves", "no slot that a leave covers can be booked", `
		SELECT s.id FROM availability_slots s JOIN availability_exceptions e ON e.doctor_id = s.doctor_id
			AND e.from_time < s.end_time AND e.to_time > s.start_time
		WHERE e.kind = 'LEAVE' AND s.status = 'AVAILABLE' AND s.start_time > e.created_at`},

	// The status is cast to text so that PostgreSQL reads the table and not the partial index of the constraint, which
	// may be damaged.
	{"nobody-in-two-places", "no patient and no doctor has two overlapping live consultations, and no doctor two " +
		"overlapping slots that aren't blocked, or consultations of two slots in progress; a shared slot is one " +
		"for the doctor", `
		WITH live AS (SELECT * FROM consultations WHERE status IN ('REQUESTED', 'CONFIRMED', 'IN_PROGRESS')),
		engaged AS (
			SELECT id, 'consultation' AS kind, patient_id AS person, scheduled_start AS begins, scheduled_end AS ends
			FROM live
			UNION ALL
			SELECT min(id::text)::uuid, 'consultation', doctor_id, min(scheduled_start), max(scheduled_end)
			FROM live GROUP BY doctor_id, slot_id
			UNION ALL
			SELECT id, 'slot', doctor_id, start_time, end_time
			FROM availability_slots WHERE status::text <> 'BLOCKED'),
		busy AS (
			SELECT id, begins, max(ends) OVER (PARTITION BY kind, person ORDER BY begins, id
				ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS busy_until
			FROM engaged)
		SELECT id FROM busy WHERE busy_until > begins
		UNION ALL
		SELECT min(id::text)::uuid FROM live WHERE status = 'IN_PROGRESS'
		GROUP BY doctor_id HAVING count(DISTINCT slot_id) > 1`},

	{"live-holds-one-seat", "every REQUESTED, CONFIRMED and IN_PROGRESS consultation holds exactly one seat, its " +
		"own; no other holds one", `
		SELECT coalesce(c.id, s.consultation_id)
		FROM (SELECT * FROM consultations WHERE status IN ('REQUESTED', 'CONFIRMED', 'IN_PROGRESS')) c
		FULL JOIN (SELECT *, count(*) OVER (PARTITION BY consultation_id) AS held FROM seats) s
			ON s.consultation_id = c.id
		WHERE c.id IS NULL
		   OR s.consultation_id IS NULL
		   OR s.held > 1
		   OR s.slot_id <> c.slot_id
		   OR s.patient_id <> c.patient_id
		   OR s.doctor_id <> c.doctor_id
		   OR s.started > (c.status = 'IN_PROGRESS')
		   OR s.during <> tstzrange(c.scheduled_start, c.scheduled_end)`},

	{"confirmed-means-paid", "CONFIRMED, IN_PROGRESS and COMPLETED: fee zero or payment SUCCESS; PAID exactly when " +
		"the payment is SUCCESS", `
		SELECT c.id
		FROM all_consultations c
		LEFT JOIN payments p ON p.consultation_id = c.id
		WHERE p.id IS NULL
		   OR p.amount <> c.fee
		   OR p.currency <> c.currency
		   OR (c.status IN ('CONFIRMED', 'IN_PROGRESS', 'COMPLETED') AND c.fee > 0 AND p.status <> 'SUCCESS')
		   OR (c.payment_status = 'PAID') <> (p.status = 'SUCCESS')`},

	{"money-adds-up", "0 <= refunded, with what is asked back <= captured; at most one successful attempt for the " +
		"fee, and some that make up the amount exactly when the payment succeeded; money of a consultation that was " +
		"cancelled in time, that the doctor missed or whose dispute was decided so is refunded in full or on its " +
		"way, and what its patient cancelled later by the policy", `
		WITH received AS (
			SELECT payment_id, sum(captured) AS captured,
				count(*) FILTER (WHERE status = 'SUCCESS' AND NOT is_balance) AS succeeded,
				sum(captured) FILTER (WHERE status = 'SUCCESS') AS won
			FROM payment_attempts GROUP BY payment_id),
		returned AS (
			SELECT payment_id, sum(amount) AS asked, sum(amount) FILTER (WHERE status <> 'REQUESTED') AS refunded
			FROM refunds WHERE status <> 'FAILED' AND unmatched_id IS NULL GROUP BY payment_id),
		balance AS (
			SELECT p.id, p.status, p.amount,
				coalesce(received.captured, 0) AS captured,
				coalesce(received.succeeded, 0) AS succeeded,
				coalesce(received.won, 0) AS won,
				coalesce(returned.refunded, 0) AS refunded,
				coalesce(returned.asked, 0) AS asked,
				c.status AS consultation,
				coalesce(c.absent = 'DOCTOR', false) AS doctor_absent,
				EXISTS (SELECT FROM disputes d
					WHERE d.consultation_id = c.id AND d.status = 'REFUNDED') AS dispute_won,
				c.cancelled_late AS late,
				(c.cancelled_late OR c.refund_percent IS NOT NULL) AND (c.status <> 'CANCELLED'
					OR c.cancelled_by <> 'PATIENT' OR c.cancelled_at > c.scheduled_start) AS wrongly_late,
				c.refund_percent AS percent,
				CASE WHEN c.cancelled_at <= c.grace_until THEN 100 ELSE coalesce((
					SELECT max(split_part(step, '=', 2)::int)
					FROM unnest(string_to_array(coalesce(c.cancellation_policy, '2h=100'), ',')) AS step
					WHERE c.cancelled_at <= c.scheduled_start - split_part(step, '=', 1)::interval), 0) END AS policy
			FROM payments p
			JOIN all_consultations c ON c.id = p.consultation_id
			LEFT JOIN received ON received.payment_id = p.id
			LEFT JOIN returned ON returned.payment_id = p.id)
		SELECT id FROM balance
		WHERE refunded < 0
		   OR asked > captured
		   OR succeeded > 1
		   OR (won > 0 AND status <> 'SUCCESS')
		   OR (won < amount AND status = 'SUCCESS')
		   OR ((consultation = 'CANCELLED' AND NOT late OR doctor_absent OR dispute_won) AND refunded <> captured)
		   OR percent <> policy
		   OR late AND percent = 100
		   OR succeeded = 1 AND refunded < won - amount + ceil(percent * amount) / 100
		   OR wrongly_late`},

	{"unmatched-money-is-kept", "money that isn't what was asked is listed as it came; of a known attempt all goes " +
		"back, in its currency; nothing goes back twice", `
		WITH returned AS (
			SELECT unmatched_id, sum(amount) AS refunded,
				sum(amount) FILTER (WHERE status = 'SUCCEEDED') AS succeeded,
				count(*) FILTER (WHERE status = 'PENDING') AS pending
			FROM refunds WHERE unmatched_id IS NOT NULL AND status <> 'FAILED' GROUP BY unmatched_id)
		SELECT u.id
		FROM unmatched_money u
		LEFT JOIN returned r ON r.unmatched_id = u.id
		WHERE coalesce(r.refunded, 0) > coalesce(u.amount, 0)
		   OR (u.attempt_id IS NOT NULL AND u.kind = 'PAYMENT' AND u.amount > 0 AND u.currency IS NOT NULL
				AND coalesce(r.refunded, 0) <> u.amount)
		   OR (u.status = 'RETURNING') <> (coalesce(r.pending, 0) > 0)
		   OR (u.status = 'RETURNED' AND r.succeeded IS DISTINCT FROM u.amount)
		UNION ALL
		SELECT r.id
		FROM refunds r
		JOIN unmatched_money u ON u.id = r.unmatched_id
		WHERE r.currency IS DISTINCT FROM u.currency
		   OR r.attempt_id IS DISTINCT FROM u.attempt_id
		   OR u.kind = 'REFUND'
		UNION ALL
		SELECT r.id
		FROM refunds r
		JOIN payment_attempts a ON a.id = r.attempt_id
		WHERE r.unmatched_id IS NULL AND (r.currency <> a.currency OR r.payment_id <> a.payment_id)
		UNION ALL
		SELECT gen_random_uuid()
		FROM payment_webhooks w
		WHERE w.type = 'payment.succeeded' AND w.outcome IN ('unknown-reference', 'amount-mismatch')
		  AND NOT EXISTS (SELECT FROM unmatched_money u
			WHERE u.provider = w.provider AND u.kind = 'PAYMENT'
			  AND u.transaction_reference = w.transaction_reference
			  AND u.amount IS NOT DISTINCT FROM w.amount AND u.currency IS NOT DISTINCT FROM w.currency)`},

	// A consultation reaches no state twice, so the steps are a path if they connect, in whatever order they are
	// logged. The entries of before kept_since are in files, which amrutam audit verify checks.
	{"history-is-a-path", "every consultation's history in the audit log is a path of the state machine, and its " +
		"last step is its status", `
		WITH steps AS (
			SELECT entity_id, metadata->>'from' AS f, metadata->>'to' AS t
			FROM audit_logs WHERE entity_type = 'consultation' AND metadata ? 'to'),
		paths AS (
			SELECT entity_id, count(*) AS steps,
				count(DISTINCT t) AS states,
				count(f) AS moves,
				count(DISTINCT f) AS left_states,
				array_agg(t) AS ts,
				coalesce(array_agg(f) FILTER (WHERE f IS NOT NULL), '{}') AS fs,
				bool_and(CASE WHEN f IS NULL THEN t IN ('REQUESTED', 'CONFIRMED')
					ELSE (f, t) IN (
						('REQUESTED', 'CONFIRMED'), ('REQUESTED', 'CANCELLED'),
						('CONFIRMED', 'IN_PROGRESS'), ('CONFIRMED', 'CANCELLED'), ('CONFIRMED', 'NO_SHOW'),
						('IN_PROGRESS', 'COMPLETED'), ('IN_PROGRESS', 'CANCELLED')) END) AS legal
			FROM steps GROUP BY entity_id)
		SELECT c.id
		FROM all_consultations c
		LEFT JOIN paths p ON p.entity_id = c.id::text
		WHERE c.created_at >= (SELECT kept_since FROM audit_tree) AND (p.entity_id IS NULL
		   OR NOT p.legal
		   OR p.states <> p.steps
		   OR p.moves <> p.steps - 1
		   OR p.left_states <> p.moves
		   OR NOT p.fs <@ p.ts
		   OR c.status::text <> ALL (p.ts)
		   OR c.status::text = ANY (p.fs))`},

	{"commands-are-audited", "every acknowledged command has its audit row; every stored response names an entity " +
		"that exists", `
		WITH created (id, kind, action, at) AS (
			SELECT id, 'consultation', 'consultation.book', created_at FROM all_consultations
			UNION ALL SELECT id, 'prescription', 'prescription.write', created_at FROM all_prescriptions
			UNION ALL SELECT id, 'refund', CASE WHEN on_request THEN 'refund.request'
				WHEN at_provider THEN 'refund.record' ELSE 'refund.open' END, created_at FROM refunds
			UNION ALL SELECT id, 'unmatched-money', 'unmatched-money.record', received_at FROM unmatched_money
			UNION ALL SELECT id, 'review', 'review.create', created_at FROM reviews
			UNION ALL SELECT id, 'addendum', 'addendum.write', created_at FROM addenda
			UNION ALL SELECT id, 'dispute', 'dispute.open', created_at FROM disputes
			UNION ALL SELECT id, 'waitlist', 'waitlist.join', created_at FROM waitlist_entries
			UNION ALL SELECT s.id, 'slot', coalesce((SELECT a.action FROM audit_logs a WHERE a.entity_type = 'slot'
				AND a.entity_id = s.id::text AND a.action IN ('slot.create', 'slot.update') LIMIT 1), 'slot.create'),
				s.created_at FROM availability_slots s
				WHERE s.rule_id IS NULL AND s.extra_id IS NULL AND s.blocked_by IS NULL
			UNION ALL SELECT id, 'doctor', 'doctor.apply', created_at FROM doctors
			UNION ALL SELECT id, 'session', 'session.start', created_at FROM sessions
			UNION ALL SELECT payment_id, 'payment', 'payment.initiate', max(created_at) FROM payment_attempts
				GROUP BY payment_id
			UNION ALL SELECT u.id, 'user', coalesce((SELECT a.action FROM audit_logs a WHERE a.entity_type = 'user'
				AND a.entity_id = u.id::text AND a.action IN ('user.create', 'user.invite') LIMIT 1), 'user.sign-up'),
				u.created_at FROM users u WHERE u.role <> 'DEPENDANT'
			UNION ALL SELECT id, 'dependant', 'dependant.create', created_at FROM dependants
			UNION ALL SELECT id, 'dependant-transfer', 'dependant-transfer.request', created_at
				FROM dependant_transfers)
		SELECT c.id
		FROM created c
		WHERE c.at >= (SELECT kept_since FROM audit_tree)
		  AND NOT EXISTS (SELECT FROM audit_logs a
			WHERE a.entity_type = c.kind AND a.entity_id = c.id::text AND a.action = c.action)
		UNION ALL
		SELECT k.id
		FROM idempotency_keys k
		WHERE k.created_at >= (SELECT kept_since FROM audit_tree) AND NOT EXISTS (SELECT FROM audit_logs a
				WHERE a.entity_type = k.entity_type AND a.entity_id = k.entity_id::text AND a.actor_id = k.user_id)
		   OR NOT CASE k.entity_type
				WHEN 'consultation' THEN EXISTS (SELECT FROM all_consultations e WHERE e.id = k.entity_id)
				WHEN 'payment' THEN EXISTS (SELECT FROM payments e WHERE e.id = k.entity_id)
				WHEN 'unmatched-money' THEN EXISTS (SELECT FROM unmatched_money e WHERE e.id = k.entity_id)
				WHEN 'refund' THEN EXISTS (SELECT FROM refunds e WHERE e.id = k.entity_id)
				WHEN 'prescription' THEN EXISTS (SELECT FROM all_prescriptions e WHERE e.id = k.entity_id)
				WHEN 'addendum' THEN EXISTS (SELECT FROM addenda e WHERE e.id = k.entity_id)
				WHEN 'dispute' THEN EXISTS (SELECT FROM disputes e WHERE e.id = k.entity_id)
				WHEN 'waitlist' THEN EXISTS (SELECT FROM waitlist_entries e WHERE e.id = k.entity_id)
				WHEN 'review' THEN EXISTS (SELECT FROM reviews e WHERE e.id = k.entity_id)
				WHEN 'consent' THEN EXISTS (SELECT FROM consents e WHERE e.id = k.entity_id)
				WHEN 'user' THEN EXISTS (SELECT FROM users e WHERE e.id = k.entity_id)
				WHEN 'dependant' THEN EXISTS (SELECT FROM dependants e WHERE e.id = k.entity_id)
				WHEN 'dependant-transfer' THEN EXISTS (SELECT FROM dependant_transfers e WHERE e.id = k.entity_id)
				WHEN 'export' THEN EXISTS (SELECT FROM exports e WHERE e.id = k.entity_id)
				WHEN 'erasure' THEN EXISTS (SELECT FROM erasures e WHERE e.id = k.entity_id)
				WHEN 'doctor' THEN EXISTS (SELECT FROM doctors e WHERE e.id = k.entity_id)
				WHEN 'slot' THEN EXISTS (SELECT FROM availability_slots e WHERE e.id = k.entity_id)
					OR EXISTS (SELECT FROM audit_logs a WHERE a.entity_type = 'slot'
						AND a.entity_id = k.entity_id::text AND a.action = 'slot.delete')
				WHEN 'availability-rule' THEN EXISTS (SELECT FROM availability_rules e WHERE e.id = k.entity_id)
					OR EXISTS (SELECT FROM audit_logs a WHERE a.entity_type = 'availability-rule'
						AND a.entity_id = k.entity_id::text AND a.action = 'availability-rule.delete')
				WHEN 'availability-exception' THEN EXISTS (SELECT FROM audit_logs a
					WHERE a.entity_type = 'availability-exception' AND a.entity_id = k.entity_id::text)
				ELSE false END`},

	{"prescriptions-by-own-doctor",
		"no prescription without a consultation that was IN_PROGRESS, by its own doctor, for its own patient", `
		SELECT p.id
		FROM all_prescriptions p
		LEFT JOIN all_consultations c ON c.id = p.consultation_id
		WHERE c.id IS NULL
		   OR c.started_at IS NULL
		   OR p.doctor_id <> c.doctor_id
		   OR p.patient_id <> c.patient_id
		   OR p.created_at < c.started_at`},

	// Reminders are mails like all others, so their rule is that no mail is lost or sent twice.
	{"mails-are-handed-over", "every mail has a Message-ID of its own, and one that is not sent yet has its job", `
		SELECT min(id::text)::uuid FROM mails GROUP BY message_id HAVING count(*) > 1
		UNION ALL
		SELECT m.id
		FROM mails m
		WHERE m.sent_at IS NULL AND m.content IS NOT NULL
			AND EXISTS (SELECT FROM users u WHERE u.id = m.user_id AND u.deleted_at IS NULL)
			AND NOT EXISTS (SELECT FROM river_job j
				WHERE j.kind = 'mail.send'
				  AND j.state IN ('available', 'pending', 'retryable', 'running', 'scheduled')
				  AND j.args->>'mailId' = m.id::text)
			AND (m.budget IS NULL OR NOT EXISTS (SELECT FROM river_job j
				LEFT JOIN mails first ON first.id::text = j.args->>'mailId'
				WHERE j.kind = 'mail.send-digest'
				  AND j.state IN ('available', 'pending', 'retryable', 'running', 'scheduled')
				  AND (j.args->>'id' = m.digest_id::text OR (m.digest_id IS NULL AND first.budget = m.budget))))`},

	{"ratings-add-up", "every doctor's rating, its count and the score by which doctors are sorted are those of the " +
		"doctor's reviews that aren't false; a review is of a completed consultation, by its patient, of its doctor", `
		SELECT d.id
		FROM doctors d
		LEFT JOIN (SELECT doctor_id, count(*) AS ratings, sum(rating) AS stars
			FROM reviews WHERE NOT is_false GROUP BY doctor_id) r ON r.doctor_id = d.id
		WHERE d.rating_count <> coalesce(r.ratings, 0)
		   OR d.rating_sum <> coalesce(r.stars, 0)
		   OR d.rating <> coalesce(round(r.stars::numeric / r.ratings, 2), 0)
		   OR d.rating_score <> round((coalesce(r.stars, 0) + 40)::numeric / (coalesce(r.ratings, 0) + 10), 4)
		UNION ALL
		SELECT r.id
		FROM reviews r
		LEFT JOIN all_consultations c ON c.id = r.consultation_id
		WHERE c.status IS DISTINCT FROM 'COMPLETED'
		   OR r.patient_id <> c.patient_id
		   OR r.doctor_id <> c.doctor_id
		   OR r.created_at < c.ended_at
		UNION ALL
		SELECT r.id
		FROM reviews r
		WHERE r.open_reports > (SELECT count(*) FROM review_reports p WHERE p.review_id = r.id)`},

	// A mail has as its time when it was found to be still true, which may be a moment later by a server whose
	// clock differs. Mails of erased people are deleted.
	{"reminders-once", "every reminder has one of each party, made before the start; its mail was sent neither " +
		"after the start nor for a consultation that was cancelled", `
		SELECT min(r.mail_id::text)::uuid FROM reminders r
		GROUP BY r.consultation_id, r.scheduled_start, r.lead HAVING count(*) <> 2
		UNION ALL
		SELECT r.mail_id FROM reminders r JOIN users u ON u.id = r.recipient_id AND u.deleted_at IS NULL
		WHERE r.created_at > now() - interval '60 days' AND NOT EXISTS (SELECT FROM mails m WHERE m.id = r.mail_id)
		UNION ALL
		SELECT r.mail_id FROM reminders r JOIN mails m ON m.id = r.mail_id
		WHERE m.sent_at > r.scheduled_start + interval '2 minutes'
		UNION ALL
		SELECT r.mail_id FROM reminders r LEFT JOIN all_consultations c ON c.id = r.consultation_id
			LEFT JOIN mails m ON m.id = r.mail_id
		WHERE c.id IS NULL OR r.created_at > c.cancelled_at OR m.sent_at > c.cancelled_at + interval '2 minutes'
			OR r.recipient_id NOT IN (c.patient_id, c.doctor_id)`},

	// Every check takes other days of all that have consultations, and leaves out those with changes that the job
	// hasn't counted yet.
	{"rollups-match", "the rollups of a few days are what the tables have of these days", `
		WITH bounds AS (
			SELECT date_trunc('day', least((SELECT min(scheduled_start) FROM consultations),
					(SELECT min(created_at) FROM consultations)), 'UTC') AS first,
				(SELECT max(scheduled_start) FROM consultations) AS last),
		days AS (
			SELECT d.begins, (d.begins AT TIME ZONE 'UTC')::date AS day
			FROM bounds, generate_series(first, last, interval '24 hours') AS d (begins)
			WHERE NOT EXISTS (SELECT FROM rollup_changes c
				WHERE c.at >= d.begins AND c.at < d.begins + interval '24 hours' OR c.source = 'specialization')
			ORDER BY md5(d.begins::text || current_date::text) LIMIT 7),
		counted AS (
			SELECT d.day, 'booked' AS source, c.status::text AS label, count(*) AS n
			FROM days d JOIN rollup_consultations c
				ON c.created_at >= d.begins AND c.created_at < d.begins + interval '24 hours' GROUP BY 1, 3
			UNION ALL
			SELECT d.day, 'due', c.status::text, count(*)
			FROM days d JOIN rollup_consultations c
				ON c.scheduled_start >= d.begins AND c.scheduled_start < d.begins + interval '24 hours' GROUP BY 1, 3
			UNION ALL
			SELECT d.day, 'groups', 'COMPLETED', count(*)
			FROM days d JOIN rollup_consultations c ON c.status = 'COMPLETED'
				AND c.scheduled_start >= d.begins AND c.scheduled_start < d.begins + interval '24 hours' GROUP BY 1
			UNION ALL
			SELECT d.day, 'offered', '', sum(extract(epoch FROM s.end_time - s.start_time) * s.max_patients)
			FROM days d JOIN availability_slots s ON s.status <> 'BLOCKED'
				AND s.start_time >= d.begins AND s.start_time < d.begins + interval '24 hours' GROUP BY 1),
		rolled AS (
			SELECT d.day, r.source, split_part(r.label, ' ', 1) AS label, sum(r.sums[97]) AS n
			FROM days d JOIN rollups r ON r.day = d.day AND r.source IN ('booked', 'due')
				AND r.label NOT IN ('started', 'waited') GROUP BY 1, 2, 3
			UNION ALL
			SELECT d.day, 'groups', 'COMPLETED', sum(g.consultations)
			FROM days d JOIN rollup_groups g ON g.day = d.day AND g.kind = 'visit' GROUP BY 1
			UNION ALL
			SELECT d.day, 'offered', '', sum(u.offered)
			FROM days d JOIN rollup_doctor_days u ON u.day = d.day AND u.offered > 0 GROUP BY 1)
		SELECT gen_random_uuid()
		FROM (SELECT DISTINCT day FROM (
			(TABLE counted EXCEPT TABLE rolled) UNION ALL (TABLE rolled EXCEPT TABLE counted)) x) y`},

	{"archived-as-a-whole", "every consultation is live or archived, and not both; its prescriptions and consents " +
		"are where it is; every payment and review has one", `
		SELECT a.id FROM archived_consultations a JOIN consultations c ON c.id = a.id
		UNION ALL
		SELECT a.id FROM archived_consultations a WHERE EXISTS (SELECT FROM seats s WHERE s.consultation_id = a.id)
		UNION ALL
		SELECT a.id FROM archived_prescriptions a WHERE EXISTS (SELECT FROM prescriptions p WHERE p.id = a.id)
			OR NOT EXISTS (SELECT FROM archived_consultations c WHERE c.id = a.consultation_id)
		UNION ALL
		SELECT a.consultation_id FROM archived_consultation_consents a
		WHERE EXISTS (SELECT FROM consultation_consents x WHERE x.consultation_id = a.consultation_id)
			OR NOT EXISTS (SELECT FROM archived_consultations c WHERE c.id = a.consultation_id)
		UNION ALL
		SELECT p.id FROM payments p WHERE NOT EXISTS (SELECT FROM all_consultations c WHERE c.id = p.consultation_id)
		UNION ALL
		SELECT r.id FROM reviews r WHERE NOT EXISTS (SELECT FROM all_consultations c WHERE c.id = r.consultation_id)`},
}
