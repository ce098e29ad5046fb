-- +goose Up

-- Text in the form it is searched in: compatibility forms (NFKC), lower case, and without what is often left out in writing. Latin
-- letters lose their marks and become plain ones: Muller and Müller, Acarya and Ācārya (IAST, ISO 15919) are the same. In Devanagari
-- vowel signs, virama and the nukta of ड़ and ढ़ make other words and stay; the nukta of borrowed sounds (क़ ख़ ग़ ज़ फ़) is as often
-- left out as written and goes, chandrabindu is anusvara, and joiners go. Marks of other scripts stay (docs/adr/0028-search-text.md).
-- Nothing but built-in functions: they are immutable, and no extension has to be there. What an index calls has a body that is
-- read now (RETURN): a restore, and PostgreSQL 17 and later, build indexes with an empty search_path.
CREATE FUNCTION search_fold(typed text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN lower(normalize(regexp_replace(
        replace(replace(replace(replace(replace(replace(
            translate(normalize(typed, NFKD), 'ØøŁłĐđÐðĦħŦŧıŊŋ' || U&'\0901\200C\200D\00AD', 'OoLlDdDdHhTtiNn' || U&'\0902'),
            'ß', 'ss'), 'ẞ', 'SS'), 'æ', 'ae'), 'Æ', 'AE'), 'œ', 'oe'), 'Œ', 'OE'),
        U&'([A-Za-z])[\0300-\036F\1DC0-\1DFF]+|([\0915\0916\0917\091C\092B])\093C', '\1\2', 'g'), NFKC));

-- Words apart: ASCII punctuation becomes spaces, because the parser would keep "Dr.Rao" or "and/or" as one word, and because every
-- operator of a tsquery is such punctuation.
CREATE FUNCTION search_words(typed text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN translate(search_fold(typed), $p$!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~$p$ || U&'\007F', repeat(' ', 33));

-- What finds text that has, for each typed word, one that begins so. Text without a word finds nothing.
-- +goose StatementBegin
CREATE FUNCTION search_query(typed text) RETURNS tsquery LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(to_tsquery('simple', string_agg('''' || word || ''':*', ' & ')), '')
    FROM regexp_split_to_table(search_words(typed), '[[:space:][:cntrl:]]+') word WHERE word <> ''
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION doctor_search_text(d doctors, full_name text) RETURNS tsvector LANGUAGE sql IMMUTABLE AS $$
    SELECT to_tsvector('simple', search_words(concat_ws(' ', full_name, d.specialization, d.clinic_name, d.bio, array_to_string(d.languages_spoken, ' '))))
$$;
-- +goose StatementEnd
UPDATE doctors SET updated_at = updated_at; -- fills search anew

-- Staff finds people by the words of their names.
CREATE INDEX profiles_full_name_idx ON profiles USING gin (to_tsvector('simple', search_words(full_name)));

-- The field of practice is compared as text is searched, fees within one currency.
DROP INDEX doctors_approved_specialization_idx;
CREATE INDEX doctors_approved_specialization_idx ON doctors (search_fold(specialization), rating DESC, id DESC) WHERE is_approved;
DROP INDEX doctors_approved_fee_idx;
CREATE INDEX doctors_approved_fee_idx ON doctors (currency, consultation_fee, id) WHERE is_approved;
