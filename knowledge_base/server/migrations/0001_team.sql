-- Version 1 of a team's knowledge base. knowledge_base/schema.py describes the same columns; `xid`
-- is the transaction that a row came with, by which clients ask for what is new.
-- Everything is in the schema "advisor"; whoever runs this owns it.

CREATE TABLE advisor.datasets (
    dataset_id text NOT NULL,
    name text NOT NULL,
    modality text NOT NULL,
    n_rows bigint,
    n_features bigint,
    n_classes bigint,
    source text,
    licence text,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (dataset_id)
);
CREATE INDEX datasets_xid ON advisor.datasets (xid);

CREATE TABLE advisor.metafeatures (
    dataset_id text NOT NULL,
    target text NOT NULL,
    version bigint NOT NULL,
    name text NOT NULL,
    value double precision,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (dataset_id, target, version, name)
);
CREATE INDEX metafeatures_xid ON advisor.metafeatures (xid);

CREATE TABLE advisor.spaces (
    space_id text NOT NULL,
    name text NOT NULL,
    version bigint NOT NULL,
    definition text NOT NULL,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (space_id)
);
CREATE INDEX spaces_xid ON advisor.spaces (xid);

CREATE TABLE advisor.tasks (
    task_id text NOT NULL,
    dataset_id text,
    name text NOT NULL,
    target text,
    metric text NOT NULL,
    direction text NOT NULL,
    family text NOT NULL,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (task_id)
);
CREATE INDEX tasks_xid ON advisor.tasks (xid);

CREATE TABLE advisor.studies (
    study_id text NOT NULL,
    task_id text NOT NULL,
    space_id text NOT NULL,
    name text NOT NULL,
    strategy text,
    seed bigint,
    source text,
    contributor text,
    created_at timestamptz,
    versions text,
    machine text,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (study_id)
);
CREATE INDEX studies_xid ON advisor.studies (xid);

CREATE TABLE advisor.trials (
    trial_id text NOT NULL,
    study_id text NOT NULL,
    number bigint NOT NULL,
    config text NOT NULL,
    state text NOT NULL,
    value double precision,
    metrics text,
    duration double precision,
    epochs bigint,
    n_params bigint,
    seed bigint,
    error text,
    started_at timestamptz,
    origin text,
    labels text,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (trial_id)
);
CREATE INDEX trials_xid ON advisor.trials (xid);

CREATE TABLE advisor.curves (
    trial_id text NOT NULL,
    epoch bigint NOT NULL,
    train_loss double precision,
    val_loss double precision,
    train_metric double precision,
    val_metric double precision,
    learning_rate double precision,
    gradient_norm double precision,
    gradient_max double precision,
    gradient_ratio double precision,
    dead_units double precision,
    loss_spread double precision,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (trial_id, epoch)
);
CREATE INDEX curves_xid ON advisor.curves (xid);

-- What curators hide, and who hid what.
CREATE TABLE advisor.quarantine (
    id text NOT NULL PRIMARY KEY,
    contributor text,
    study_id text,
    since timestamptz,
    reason text,
    quarantined_by text NOT NULL,
    quarantined_at timestamptz NOT NULL,
    lifted_at timestamptz
);
CREATE TABLE advisor.kb_log (
    id text NOT NULL PRIMARY KEY,
    logged_at timestamptz NOT NULL,
    who text NOT NULL,
    action text NOT NULL,
    contributor text,
    study_id text,
    trials bigint,
    detail text
);

-- Roles are of the whole server, so that they may be there already. A team member's login is
-- granted one of them.
DO $$
DECLARE role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['advisor_reader', 'advisor_writer', 'advisor_curator'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', role);
        END IF;
    END LOOP;
END $$;
GRANT advisor_reader TO advisor_writer, advisor_curator;

GRANT USAGE ON SCHEMA advisor TO advisor_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA advisor TO advisor_reader;
GRANT INSERT ON advisor.datasets, advisor.metafeatures, advisor.spaces, advisor.tasks,
    advisor.studies, advisor.trials, advisor.curves TO advisor_writer;
GRANT INSERT ON advisor.quarantine, advisor.kb_log TO advisor_curator;
GRANT UPDATE (lifted_at) ON advisor.quarantine TO advisor_curator;

ALTER TABLE advisor.datasets ENABLE ROW LEVEL SECURITY;
CREATE POLICY read ON advisor.datasets FOR SELECT TO advisor_reader USING (true);
CREATE POLICY write ON advisor.datasets FOR INSERT TO advisor_writer
    WITH CHECK (xid = pg_current_xact_id());

ALTER TABLE advisor.metafeatures ENABLE ROW LEVEL SECURITY;
CREATE POLICY read ON advisor.metafeatures FOR SELECT TO advisor_reader USING (true);
CREATE POLICY write ON advisor.metafeatures FOR INSERT TO advisor_writer
    WITH CHECK (xid = pg_current_xact_id());

ALTER TABLE advisor.spaces ENABLE ROW LEVEL SECURITY;
CREATE POLICY read ON advisor.spaces FOR SELECT TO advisor_reader USING (true);
CREATE POLICY write ON advisor.spaces FOR INSERT TO advisor_writer
    WITH CHECK (xid = pg_current_xact_id());

ALTER TABLE advisor.tasks ENABLE ROW LEVEL SECURITY;
CREATE POLICY read ON advisor.tasks FOR SELECT TO advisor_reader USING (true);
CREATE POLICY write ON advisor.tasks FOR INSERT TO advisor_writer
    WITH CHECK (xid = pg_current_xact_id());

ALTER TABLE advisor.studies ENABLE ROW LEVEL SECURITY;
CREATE POLICY read ON advisor.studies FOR SELECT TO advisor_reader USING (true);
CREATE POLICY write ON advisor.studies FOR INSERT TO advisor_writer
    WITH CHECK (contributor = current_user AND xid = pg_current_xact_id());

ALTER TABLE advisor.trials ENABLE ROW LEVEL SECURITY;
CREATE POLICY read ON advisor.trials FOR SELECT TO advisor_reader USING (true);
CREATE POLICY write ON advisor.trials FOR INSERT TO advisor_writer
    WITH CHECK (xid = pg_current_xact_id() AND EXISTS (
        SELECT FROM advisor.studies s
        WHERE s.study_id = trials.study_id AND s.contributor = current_user));

ALTER TABLE advisor.curves ENABLE ROW LEVEL SECURITY;
CREATE POLICY read ON advisor.curves FOR SELECT TO advisor_reader USING (true);
CREATE POLICY write ON advisor.curves FOR INSERT TO advisor_writer
    WITH CHECK (xid = pg_current_xact_id() AND EXISTS (
        SELECT FROM advisor.trials t JOIN advisor.studies s USING (study_id)
        WHERE t.trial_id = curves.trial_id AND s.contributor = current_user));

ALTER TABLE advisor.quarantine ENABLE ROW LEVEL SECURITY;
CREATE POLICY read ON advisor.quarantine FOR SELECT TO advisor_reader USING (true);
CREATE POLICY hide ON advisor.quarantine FOR INSERT TO advisor_curator
    WITH CHECK (quarantined_by = current_user AND lifted_at IS NULL);
CREATE POLICY lift ON advisor.quarantine FOR UPDATE TO advisor_curator USING (true);

ALTER TABLE advisor.kb_log ENABLE ROW LEVEL SECURITY;
CREATE POLICY read ON advisor.kb_log FOR SELECT TO advisor_reader USING (true);
CREATE POLICY note ON advisor.kb_log FOR INSERT TO advisor_curator
    WITH CHECK (who = current_user);
