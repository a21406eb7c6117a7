-- Version 1 of the knowledge base. knowledge_base/schema.py describes the same columns.
-- There are no indexes: rows come in bulk, and duplicates are left out by an anti-join in
-- the one write transaction.

CREATE TABLE meta (key VARCHAR NOT NULL, value VARCHAR NOT NULL);

-- Data sets, known by a fingerprint of their content; their rows are never stored.
CREATE TABLE datasets (
    dataset_id VARCHAR NOT NULL, name VARCHAR NOT NULL, modality VARCHAR NOT NULL,
    n_rows BIGINT, n_features BIGINT, n_classes BIGINT, source VARCHAR, licence VARCHAR
);

-- Metafeatures of a data set with a target; `version` is that of their list.
CREATE TABLE metafeatures (
    dataset_id VARCHAR NOT NULL, target VARCHAR NOT NULL, version BIGINT NOT NULL,
    name VARCHAR NOT NULL, value DOUBLE
);

-- Search spaces: canonical ConfigSpace JSON, known by its digest.
CREATE TABLE spaces (
    space_id VARCHAR NOT NULL, name VARCHAR NOT NULL, version BIGINT NOT NULL,
    definition VARCHAR NOT NULL
);

-- Tasks: what is optimised. Without a data set (imported trials) dataset_id is null.
CREATE TABLE tasks (
    task_id VARCHAR NOT NULL, dataset_id VARCHAR, name VARCHAR NOT NULL, target VARCHAR,
    metric VARCHAR NOT NULL, direction VARCHAR NOT NULL, family VARCHAR NOT NULL
);

-- Studies: one run of one strategy on one task; versions and machine are JSON objects.
CREATE TABLE studies (
    study_id VARCHAR NOT NULL, task_id VARCHAR NOT NULL, space_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL, strategy VARCHAR, seed BIGINT, source VARCHAR, contributor VARCHAR,
    created_at TIMESTAMPTZ, versions VARCHAR, machine VARCHAR
);

-- Trials: config and metrics are JSON objects; state is complete, failed, diverged or
-- stopped; duration in seconds; origin says where the row was read.
CREATE TABLE trials (
    trial_id VARCHAR NOT NULL, study_id VARCHAR NOT NULL, number BIGINT NOT NULL,
    config VARCHAR NOT NULL, state VARCHAR NOT NULL, value DOUBLE, metrics VARCHAR,
    duration DOUBLE, epochs BIGINT, n_params BIGINT, seed BIGINT, error VARCHAR,
    started_at TIMESTAMPTZ, origin VARCHAR
);

-- Learning curves, one row per epoch (from 1).
CREATE TABLE curves (
    trial_id VARCHAR NOT NULL, epoch BIGINT NOT NULL, train_loss DOUBLE, val_loss DOUBLE,
    train_metric DOUBLE, val_metric DOUBLE, learning_rate DOUBLE, gradient_norm DOUBLE
);
