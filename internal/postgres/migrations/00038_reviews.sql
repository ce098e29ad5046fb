-- +goose Up

-- What patients say of a doctor after a completed consultation. The id is shown to everybody and made at random: a
-- UUIDv7 would tell the time.
CREATE TABLE reviews (
    id uuid PRIMARY KEY,
    consultation_id uuid NOT NULL CONSTRAINT reviews_consultation_id_key UNIQUE REFERENCES consultations (id),
    doctor_id uuid NOT NULL REFERENCES doctors (id),
    patient_id uuid NOT NULL REFERENCES users (id),
    rating smallint NOT NULL CHECK (rating BETWEEN 1 AND 5),
    text text, -- NULL: a rating alone, or its author is erased
    -- The month in UTC of created_at: the only time that everybody sees, so the public list is in its order.
    month date NOT NULL CHECK (month = date_trunc('month', month)::date),
    reply text, -- NULL after replied_at: the doctor is erased
    replied_at timestamptz,
    hidden boolean NOT NULL DEFAULT false,
    is_false boolean NOT NULL DEFAULT false,
    reply_hidden boolean NOT NULL DEFAULT false,
    decision_reason text,
    decided_by uuid REFERENCES users (id),
    decided_at timestamptz,
    open_reports int NOT NULL DEFAULT 0 CHECK (open_reports >= 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (hidden OR NOT is_false),
    CHECK (replied_at IS NOT NULL OR (reply IS NULL AND NOT reply_hidden)),
    CHECK (decided_at IS NOT NULL OR (NOT hidden AND decision_reason IS NULL AND decided_by IS NULL))
);
CREATE INDEX reviews_doctor_id_month_idx ON reviews (doctor_id, month DESC, id DESC) WHERE NOT hidden;
CREATE INDEX reviews_doctor_id_created_at_idx ON reviews (doctor_id, created_at, id);
CREATE INDEX reviews_patient_id_idx ON reviews (patient_id, created_at);
CREATE INDEX reviews_created_at_idx ON reviews (created_at, id);
CREATE INDEX reviews_reported_idx ON reviews (created_at, id) WHERE open_reports > 0;
CREATE INDEX reviews_hidden_idx ON reviews (created_at, id) WHERE hidden;
CREATE INDEX reviews_decided_by_idx ON reviews (decided_by) WHERE decided_by IS NOT NULL;

-- A reader reports a review once.
CREATE TABLE review_reports (
    review_id uuid NOT NULL REFERENCES reviews (id),
    reporter_id uuid NOT NULL REFERENCES users (id),
    reason text, -- NULL: the reporter is erased
    created_at timestamptz NOT NULL,
    CONSTRAINT review_reports_pkey PRIMARY KEY (review_id, reporter_id)
);
CREATE INDEX review_reports_reporter_id_idx ON review_reports (reporter_id, created_at);

GRANT SELECT (id, doctor_id, rating, month, hidden, is_false, reply_hidden, replied_at, open_reports, created_at) ON reviews TO amrutam_reader;
GRANT SELECT (review_id, created_at) ON review_reports TO amrutam_reader;

-- Each doctor's ratings. rating is their mean, rounded. By rating_score doctors are compared: the mean with ten more
-- ratings of 4, so that few ratings count little.
UPDATE doctors SET rating = 0 WHERE rating <> 0;
ALTER TABLE doctors
    ADD COLUMN rating_count int NOT NULL DEFAULT 0 CHECK (rating_count >= 0),
    ADD COLUMN rating_sum int NOT NULL DEFAULT 0 CHECK (rating_sum BETWEEN rating_count AND 5 * rating_count),
    ADD COLUMN rating_score numeric(5, 4) NOT NULL
        GENERATED ALWAYS AS (round((rating_sum + 40)::numeric / (rating_count + 10), 4)) STORED,
    ADD CONSTRAINT doctors_rating_is_mean
        CHECK (rating = CASE WHEN rating_count = 0 THEN 0 ELSE round(rating_sum::numeric / rating_count, 2) END);
GRANT SELECT (rating_count, rating_sum, rating_score) ON doctors TO amrutam_reader;
DROP INDEX doctors_approved_rating_idx;
CREATE INDEX doctors_approved_rating_score_idx ON doctors (rating_score DESC, id DESC) WHERE is_approved;
DROP INDEX doctors_approved_specialization_idx;
CREATE INDEX doctors_approved_specialization_idx ON doctors (search_fold(specialization), rating_score DESC, id DESC) WHERE is_approved;
