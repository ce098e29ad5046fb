-- +goose Up

-- on_request: asked for by staff outside the policy. Its money goes back only with the approval of somebody else; until then
-- it is kept free for it, and a request that ends without is FAILED and never was at the provider.
ALTER TABLE refunds
    ADD COLUMN on_request boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT refunds_approved_by_another CHECK (approved_by <> requested_by),
    ADD CONSTRAINT refunds_approved_on_request CHECK (CASE WHEN on_request
        THEN requested_by IS NOT NULL AND (approved_by IS NOT NULL OR status IN ('REQUESTED', 'FAILED'))
        ELSE status <> 'REQUESTED' END);
GRANT SELECT (on_request) ON refunds TO amrutam_reader;
