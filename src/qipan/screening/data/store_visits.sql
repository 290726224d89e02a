-- Stores a batch of visits and counts it, in one call and one transaction (ADR 0005). Answers one code per item:
-- 0 stored, 1 duplicate, 2 conflict, 10 unknown round, 11 round closed, 12 unknown door, 13 outside the round,
-- 14 not this team's (the numbers of screening.ingest.decode.Code). Laid down after each migration.
--
-- 0. Hold off the closing of the rounds (actions.campaigns.close_round takes the same lock alone).
-- 1. Lock the counters of the compounds, in key order: whoever stores visits of the same doors, decides a
--    conflict there waits here. Each later statement sees what was committed before.
-- 2. Judge, insert, compare each door's state before and after, change the counters by the difference.
-- 3. Only when not everything was new: tell duplicates from conflicts, keep the conflicts.
-- 4. The journal's row, with the digest of what was stored.
CREATE OR REPLACE FUNCTION screening_store_visits(
    _ids uuid[], _rounds bigint[], _places bigint[], _outcomes smallint[], _happened bigint[], _contents bigint[],
    _team bigint, _first bigint[], _last bigint[], _batch uuid, _received timestamptz, _shift bigint,
    _by_label text, _by_account bigint, _by_post bigint, _by_pass text, _subject text,
    _entry text[]
) RETURNS smallint[]
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $function$
DECLARE
    _codes smallint[];
    _stored bigint;
    _digest text;
    _drill boolean;
    _data text;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(1903718766, r.id::int)
    FROM (SELECT id FROM screening_round WHERE id = ANY (_rounds) ORDER BY id) AS r;

    PERFORM 1
    FROM screening_coverage c
    JOIN (
        SELECT DISTINCT u.round AS round_id, u.place - u.place % 10000 AS place
        FROM unnest(_rounds, _places) AS u (round, place)
    ) AS k USING (round_id, place)
    ORDER BY c.round_id, c.place
    FOR NO KEY UPDATE OF c;

    WITH item AS MATERIALIZED (
        SELECT
            u.*,
            CASE
                WHEN r.id IS NULL THEN 10
                WHEN r.closed_at IS NOT NULL THEN 11
                WHEN d.place IS NULL THEN 12
                WHEN c.id IS NULL THEN 13
                WHEN _team IS NOT NULL AND NOT EXISTS (
                    SELECT FROM screening_assignment a
                    WHERE a.team_id = _team AND a.round_id = u.round AND u.place BETWEEN a.first AND a.last
                ) THEN 14
                WHEN _first IS NOT NULL AND NOT EXISTS (
                    SELECT FROM unnest(_first, _last) AS g (first, last) WHERE u.place BETWEEN g.first AND g.last
                ) THEN 14
                ELSE 0
            END::smallint AS code
        FROM unnest(_ids, _rounds, _places, _outcomes, _happened, _contents)
            WITH ORDINALITY AS u (id, round, place, outcome, happened, content, n)
        LEFT JOIN screening_round r ON r.id = u.round
        LEFT JOIN territory_door d ON d.place = u.place
        LEFT JOIN screening_coverage c ON c.round_id = u.round AND c.place = u.place - u.place % 10000
    ),
    inserted AS (
        INSERT INTO screening_visit
            (id, round_id, place, team_id, outcome, happened_at, received_at, batch, content)
        SELECT DISTINCT ON (id)
            id, round, place, _team, outcome,
            timestamptz '2000-01-01 00:00:00+00' + happened * interval '1 microsecond', _received, _batch, content
        FROM item
        WHERE code = 0
        ORDER BY id, n
        ON CONFLICT (id) DO NOTHING
        RETURNING id, round_id, place, outcome, content
    ),
    door AS (
        SELECT i.round_id, i.place, max(i.outcome) AS highest, count(*) AS visits FROM inserted i GROUP BY 1, 2
    ),
    moved AS (
        SELECT
            d.round_id, d.place - d.place % 10000 AS compound, d.visits,
            CASE WHEN b.highest = 1 AND b.visits >= 3 THEN 11 ELSE b.highest END AS was,
            CASE
                WHEN greatest(b.highest, d.highest) = 1 AND b.visits + d.visits >= 3 THEN 11
                ELSE greatest(b.highest, d.highest)
            END AS now
        FROM door d
        CROSS JOIN LATERAL (
            SELECT max(v.outcome) AS highest, count(*) AS visits
            FROM screening_visit v
            WHERE v.round_id = d.round_id AND v.place = d.place
        ) AS b
    ),
    delta AS (
        SELECT
            m.round_id, m.compound, sum(m.visits) AS visits,
            count(*) FILTER (WHERE now = 1) - count(*) FILTER (WHERE was = 1) AS not_home,
            count(*) FILTER (WHERE now = 2) - count(*) FILTER (WHERE was = 2) AS vacant_unknown,
            count(*) FILTER (WHERE now = 3) - count(*) FILTER (WHERE was = 3) AS vacant_known,
            count(*) FILTER (WHERE now = 4) - count(*) FILTER (WHERE was = 4) AS appointment,
            count(*) FILTER (WHERE now = 5) - count(*) FILTER (WHERE was = 5) AS language_help,
            count(*) FILTER (WHERE now = 6) - count(*) FILTER (WHERE was = 6) AS refused,
            count(*) FILTER (WHERE now = 7) - count(*) FILTER (WHERE was = 7) AS by_proxy,
            count(*) FILTER (WHERE now = 8) - count(*) FILTER (WHERE was = 8) AS by_phone,
            count(*) FILTER (WHERE now = 9) - count(*) FILTER (WHERE was = 9) AS answered,
            count(*) FILTER (WHERE now = 10) - count(*) FILTER (WHERE was = 10) AS demolished,
            count(*) FILTER (WHERE now = 11) - count(*) FILTER (WHERE was = 11) AS presumed_vacant
        FROM moved m
        GROUP BY 1, 2
    ),
    counted AS (
        UPDATE screening_coverage c SET
            not_home = c.not_home + t.not_home,
            vacant_unknown = c.vacant_unknown + t.vacant_unknown,
            vacant_known = c.vacant_known + t.vacant_known,
            appointment = c.appointment + t.appointment,
            language_help = c.language_help + t.language_help,
            refused = c.refused + t.refused,
            by_proxy = c.by_proxy + t.by_proxy,
            by_phone = c.by_phone + t.by_phone,
            answered = c.answered + t.answered,
            demolished = c.demolished + t.demolished,
            presumed_vacant = c.presumed_vacant + t.presumed_vacant,
            visits = c.visits + t.visits,
            changed_at = _received
        FROM delta t
        WHERE c.round_id = t.round_id AND c.place = t.compound
    )
    SELECT i.codes, s.stored, s.digest
    INTO _codes, _stored, _digest
    FROM (SELECT array_agg(code ORDER BY n) AS codes FROM item) AS i,
        (
            SELECT
                count(*) AS stored,
                encode(sha256(convert_to(
                    string_agg(replace(id::text, '-', '') || ':' || content, ',' ORDER BY id), 'UTF8'
                )), 'hex') AS digest
            FROM inserted
        ) AS s;

    IF _stored > 0 THEN
        _drill := EXISTS (
            SELECT FROM screening_round r
            JOIN screening_campaign g ON g.id = r.campaign_id
            WHERE r.id = ANY (_rounds) AND g.drill
        );
        INSERT INTO journal_entry
            (at, by_label, by_account, by_post, by_pass, act, subject, place, data, drill, digest, seq, hash)
        VALUES (
            _received, _by_label, _by_account, _by_post, _by_pass, 'screening.store_visits', _subject, NULL,
            jsonb_build_object('digest', _digest, 'shift', _shift, 'stored', _stored), _drill,
            -- The entry's canonical text with three gaps: digest, number, drill (journal.rules.entry_text).
            encode(sha256(convert_to(
                _entry[1] || _digest || _entry[2] || _stored || _entry[3] || _drill || _entry[4], 'UTF8'
            )), 'hex'),
            NULL, ''
        );
    END IF;

    IF _stored = cardinality(_ids) THEN
        RETURN _codes;
    END IF;

    SELECT array_agg(
        CASE
            WHEN v.batch = _batch AND u.n = u.first_good THEN 0
            WHEN v.content = u.content THEN 1
            WHEN u.code > 0 THEN u.code
            ELSE 2
        END::smallint ORDER BY u.n
    )
    INTO _codes
    FROM (
        SELECT w.*, min(w.n) FILTER (WHERE w.code = 0) OVER (PARTITION BY w.id) AS first_good
        FROM unnest(_ids, _contents, _codes) WITH ORDINALITY AS w (id, content, code, n)
    ) AS u
    LEFT JOIN screening_visit v ON v.id = u.id;

    IF 2 = ANY (_codes) THEN
        INSERT INTO screening_visitconflict
            (visit_id, content, place, team_id, payload, received_at, decided_by, decision)
        SELECT
            u.id, u.content, u.place, _team,
            jsonb_build_object(
                'round', u.round, 'outcome', u.outcome, 'happened_us', u.happened, 'shift_us', _shift
            ),
            _received, '', ''
        FROM unnest(_ids, _rounds, _places, _outcomes, _happened, _contents, _codes)
            AS u (id, round, place, outcome, happened, content, code)
        WHERE u.code = 2
        ON CONFLICT (visit_id, content) DO NOTHING;
    END IF;
    RETURN _codes;
END
$function$;
