-- +goose Up

-- Where the patient goes after the checkout.
ALTER TABLE payment_attempts ADD COLUMN return_url text;
