-- +goose Up
-- A browser holds one token in a cookie instead of a pair: it is used again and again, and lives on while it is used.
ALTER TYPE session_token_kind ADD VALUE 'COOKIE';
