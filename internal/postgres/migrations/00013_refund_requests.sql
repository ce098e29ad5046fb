-- +goose Up

-- on_request: staff requested this refund outside the policy. It is paid only after another administrator approved it.
-- Until then its amount is reserved. A request that ends without approval is FAILED and was never sent to the
-- provider.
ALTER TABLE refunds
    ADD COLUMN on_request boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT refunds_approved_by_another CHECK (approved_by <> requested_by),
    ADD CONSTRAINT refunds_approved_on_request CHECK (CASE WHEN on_request
        THEN requested_by IS NOT NULL AND (approved_by IS NOT NULL OR status IN ('REQUESTED', 'FAILED'))
        ELSE status <> 'REQUESTED' END);
GRANT SELECT (on_request) ON refunds TO amrutam_reader;
