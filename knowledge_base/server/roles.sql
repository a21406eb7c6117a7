-- The three groups, and what they may do. It is run whenever a server is initialised, so that a
-- restored copy has them, too. Logins are made members; the groups themselves cannot log in.

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['advisor_reader', 'advisor_writer', 'advisor_curator'] LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
        END IF;
    END LOOP;
END $$;

-- What is to be seen of each table: what a quarantine hides is left out. Tasks and spaces stay:
-- their identity is their content, and others' studies refer to them, too. The condition stands in
-- the view, since a function of the same would be called for each row.
DO $$
DECLARE name text; of_study text; hidden text;
BEGIN
    FOREACH name IN ARRAY ARRAY['datasets', 'metafeatures', 'spaces', 'tasks', 'studies', 'trials',
                                'curves'] LOOP
        of_study := CASE
            WHEN name IN ('studies', 'trials') THEN 't.study_id'
            WHEN name = 'curves' THEN
                '(SELECT o.study_id FROM advisor.trials o WHERE o.trial_id = t.trial_id)'
            ELSE 'NULL' END;
        hidden := CASE WHEN name IN ('tasks', 'spaces') THEN '' ELSE format(
            ' WHERE NOT EXISTS (SELECT 1 FROM advisor.quarantine q WHERE q.lifted_at IS NULL '
            'AND (q.contributor IS NULL OR q.contributor = t.contributor) '
            'AND (q.study_id IS NULL OR q.study_id = %s) '
            'AND (q.since IS NULL OR t.added_at >= q.since))', of_study) END;
        EXECUTE format('CREATE OR REPLACE VIEW advisor.shown_%1$s AS SELECT t.* FROM '
                       'advisor.%1$I t%2$s', name, hidden);
    END LOOP;
END $$;

GRANT advisor_reader TO advisor_writer;
GRANT advisor_reader TO advisor_curator;

REVOKE ALL ON SCHEMA advisor FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA advisor FROM PUBLIC;
GRANT USAGE ON SCHEMA advisor TO advisor_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA advisor TO advisor_reader;

-- A writer copies into a temporary table first.
DO $$
BEGIN
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO advisor_writer', current_database());
END $$;

DO $$
DECLARE name text; columns text;
BEGIN
    FOREACH name IN ARRAY ARRAY['datasets', 'metafeatures', 'spaces', 'tasks', 'studies', 'trials',
                                'curves'] LOOP
        EXECUTE format('ALTER TABLE advisor.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('DROP POLICY IF EXISTS reading ON advisor.%I', name);
        EXECUTE format('DROP POLICY IF EXISTS writing ON advisor.%I', name);
        EXECUTE format('CREATE POLICY reading ON advisor.%I FOR SELECT TO advisor_reader '
                       'USING (true)', name);
        -- session_user is who logged in; current_user would be what SET ROLE says.
        EXECUTE format('CREATE POLICY writing ON advisor.%I FOR INSERT TO advisor_writer '
                       'WITH CHECK (contributor = session_user)', name);
        SELECT string_agg(quote_ident(column_name), ', ') INTO columns
            FROM information_schema.columns
            WHERE table_schema = 'advisor' AND table_name = name
            AND column_name NOT IN ('added', 'added_at');
        EXECUTE format('GRANT INSERT (%s) ON advisor.%I TO advisor_writer', columns, name);
    END LOOP;
END $$;

-- A study is whose login delivered it first. Nobody else adds trials to it, or curves to a trial:
-- they would count as the owner's, and take the places of those still to come. What is the same
-- the owner has delivered, so a client leaves it out.
DROP POLICY writing ON advisor.trials;
CREATE POLICY writing ON advisor.trials FOR INSERT TO advisor_writer WITH CHECK (
    contributor = session_user AND NOT EXISTS (
        SELECT 1 FROM advisor.studies s
        WHERE s.study_id = trials.study_id AND s.contributor <> session_user
    )
);
DROP POLICY writing ON advisor.curves;
CREATE POLICY writing ON advisor.curves FOR INSERT TO advisor_writer WITH CHECK (
    contributor = session_user AND EXISTS (
        SELECT 1 FROM advisor.trials t
        WHERE t.trial_id = curves.trial_id AND t.contributor = session_user
    )
);

GRANT INSERT (contributor, study_id, since, reason), UPDATE (lifted_at) ON advisor.quarantine
    TO advisor_curator;
GRANT INSERT (what, detail) ON advisor.kb_log TO advisor_curator;
