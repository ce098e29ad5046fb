-- +goose Up

-- For patients who ask who read their record. A read names one patient or, for a doctor's list, several; the operator
-- ? finds an id in either.
CREATE INDEX audit_logs_readings_idx ON audit_logs USING gin (coalesce(metadata -> 'patientIds', metadata -> 'patientId'))
    WHERE action IN ('consultation.read', 'consultation.list', 'prescription.read', 'prescription.list');
