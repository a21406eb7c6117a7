-- Version 1 of a team's knowledge base. The tables have the columns of knowledge_base/schema.py
-- (a test compares the two) and three of the server's own, which no writer may set:
--   contributor  the login that inserted the row
--   added        number of the transaction that did; what changed since a snapshot is found by it,
--                in whatever order transactions end
--   added_at     when
-- There are no foreign keys: what a row refers to may come in a later delivery.
-- Tasks, spaces, studies and trials bear digests that clients check. What is said of a data set
-- cannot be checked, so each login has a version of its own, and no one takes another's place.

CREATE SCHEMA advisor;

CREATE TABLE advisor.schema_version (
    version integer PRIMARY KEY,
    oldest_client integer NOT NULL,  -- version of the oldest client that may go on
    applied_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE advisor.meta (key text PRIMARY KEY, value text NOT NULL);

CREATE TABLE advisor.datasets (
    dataset_id text NOT NULL, name text NOT NULL, modality text NOT NULL,
    n_rows bigint, n_features bigint, n_classes bigint, source text, licence text
);

CREATE TABLE advisor.metafeatures (
    dataset_id text NOT NULL, target text NOT NULL, version bigint NOT NULL, name text NOT NULL,
    value double precision
);

CREATE TABLE advisor.spaces (
    space_id text PRIMARY KEY, name text NOT NULL, version bigint NOT NULL, definition text NOT NULL
);

CREATE TABLE advisor.tasks (
    task_id text PRIMARY KEY, dataset_id text, name text NOT NULL, target text,
    metric text NOT NULL, direction text NOT NULL, family text NOT NULL
);

CREATE TABLE advisor.studies (
    study_id text PRIMARY KEY, task_id text NOT NULL, space_id text NOT NULL, name text NOT NULL,
    strategy text, seed bigint, source text, created_at timestamptz, versions text, machine text
);

CREATE TABLE advisor.trials (
    trial_id text PRIMARY KEY, study_id text NOT NULL, number bigint NOT NULL, config text NOT NULL,
    state text NOT NULL, value double precision, metrics text, duration double precision,
    epochs bigint, n_params bigint, seed bigint, error text, started_at timestamptz, origin text,
    labels text
);

CREATE TABLE advisor.curves (
    trial_id text NOT NULL, epoch bigint NOT NULL, train_loss double precision,
    val_loss double precision, train_metric double precision, val_metric double precision,
    learning_rate double precision, gradient_norm double precision, gradient_max double precision,
    gradient_ratio double precision, dead_units double precision, loss_spread double precision,
    PRIMARY KEY (trial_id, epoch)
);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['datasets', 'metafeatures', 'spaces', 'tasks', 'studies', 'trials',
                                'curves'] LOOP
        EXECUTE format(
            'ALTER TABLE advisor.%1$I
                ADD COLUMN contributor text NOT NULL DEFAULT session_user,
                ADD COLUMN added bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
                ADD COLUMN added_at timestamptz NOT NULL DEFAULT now()', name);
        EXECUTE format('CREATE INDEX %1$s_added ON advisor.%1$I (added)', name);
    END LOOP;
END $$;

ALTER TABLE advisor.datasets ADD PRIMARY KEY (dataset_id, contributor);
ALTER TABLE advisor.metafeatures
    ADD PRIMARY KEY (dataset_id, target, version, name, contributor);

CREATE TABLE advisor.quarantine (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contributor text,          -- null: of anybody
    study_id text,             -- null: in any study
    since timestamptz,         -- null: whenever it was added
    reason text NOT NULL,
    quarantined_by text NOT NULL DEFAULT session_user,
    quarantined_at timestamptz NOT NULL DEFAULT now(),
    lifted_at timestamptz,
    CHECK (contributor IS NOT NULL OR study_id IS NOT NULL OR since IS NOT NULL)
);

CREATE TABLE advisor.kb_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    who text NOT NULL DEFAULT session_user,
    what text NOT NULL,
    detail text
);

-- Each change of the quarantine is logged, whoever makes it and however.
CREATE FUNCTION advisor.log_quarantine() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog AS $$
BEGIN
    INSERT INTO advisor.kb_log (what, detail) VALUES (
        CASE WHEN TG_OP = 'INSERT' THEN 'quarantine' ELSE 'quarantine changed' END,
        to_json(NEW)::text
    );
    RETURN NEW;
END $$;

CREATE TRIGGER log_quarantine AFTER INSERT OR UPDATE ON advisor.quarantine
FOR EACH ROW EXECUTE FUNCTION advisor.log_quarantine();
