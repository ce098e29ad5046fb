-- +goose Up

-- Returns the text in the form in which it is searched: compatibility forms (NFKC), lower case, and without what
-- people often leave out. Latin letters lose their marks and become plain ones: Muller and Müller, Acarya and Ācārya
-- (IAST, ISO 15919) are equal. In Devanagari vowel signs, virama and the nukta of ड़ and ढ़ make different words and
-- stay. The nukta of borrowed sounds (क़ ख़ ग़ ज़ फ़) is left out as often as it is written, so it is removed.
-- Chandrabindu becomes anusvara, and joiners are removed. Marks of other scripts stay (docs/adr/0028-search-text.md).
-- The function uses only built-in functions: they are immutable and need no extension. The body of a function that an
-- index calls is parsed when it is created (RETURN): a restore, and PostgreSQL 17 and later, build indexes with an
-- empty search_path.
CREATE FUNCTION search_fold(typed text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN lower(normalize(regexp_replace(
        replace(replace(replace(replace(replace(replace(
            translate(normalize(typed, NFKD), 'ØøŁłĐđÐðĦħŦŧıŊŋ' || U&'\0901\200C\200D\00AD', 'OoLlDdDdHhTtiNn' || U&'\0902'),
            'ß', 'ss'), 'ẞ', 'SS'), 'æ', 'ae'), 'Æ', 'AE'), 'œ', 'oe'), 'Œ', 'OE'),
        U&'([A-Za-z])[\0300-\036F\1DC0-\1DFF]+|([\0915\0916\0917\091C\092B])\093C', '\1\2', 'g'), NFKC));

-- Returns the text with its words separated: ASCII punctuation becomes spaces, because the parser would treat "Dr.Rao"
-- or "and/or" as one word, and because every operator of a tsquery is such punctuation.
CREATE FUNCTION search_words(typed text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN translate(search_fold(typed), $p$!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~$p$ || U&'\007F', repeat(' ', 33));

-- Returns the query for text that has, for each word of the input, a word that begins with it. An input without a word
-- finds nothing.
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
UPDATE doctors SET updated_at = updated_at; -- fills search again

-- Staff find people by the words of their names.
CREATE INDEX profiles_full_name_idx ON profiles USING gin (to_tsvector('simple', search_words(full_name)));

-- The field of practice is compared in the form of the search, fees within one currency.
DROP INDEX doctors_approved_specialization_idx;
CREATE INDEX doctors_approved_specialization_idx ON doctors (search_fold(specialization), rating DESC, id DESC) WHERE is_approved;
DROP INDEX doctors_approved_fee_idx;
CREATE INDEX doctors_approved_fee_idx ON doctors (currency, consultation_fee, id) WHERE is_approved;
