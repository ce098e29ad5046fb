-- +goose Up
-- A browser has one token in a cookie instead of a pair. It is used many times, and each use extends its life.
ALTER TYPE session_token_kind ADD VALUE 'COOKIE';
