-- Version 3: what is hidden of contributions, and who changed what.

-- What is hidden from every answer while lifted_at is null; schema.py says what the columns are.
CREATE TABLE quarantine (
    id VARCHAR NOT NULL, contributor VARCHAR, study_id VARCHAR, since TIMESTAMPTZ,
    reason VARCHAR, quarantined_by VARCHAR NOT NULL, quarantined_at TIMESTAMPTZ NOT NULL,
    lifted_at TIMESTAMPTZ
);

-- Imports, quarantines, lifts and drops; what a search contributed is told by its study.
CREATE TABLE kb_log (
    id VARCHAR NOT NULL, logged_at TIMESTAMPTZ NOT NULL, who VARCHAR NOT NULL,
    action VARCHAR NOT NULL, contributor VARCHAR, study_id VARCHAR, trials BIGINT, detail VARCHAR
);
