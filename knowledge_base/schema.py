"""The tables of the knowledge base, as Arrow schemas.

This is the single description of what is stored. The SQL of `migrations/` creates the
same columns (a test compares the two), and every bundle on disk (journal segment, seed
layer, export) is one Parquet file per table with exactly these columns.
"""

import pyarrow as pa

from knowledge_base.states import Direction, TrialState

SCHEMA_VERSION = 3

TRIAL_STATES = tuple(TrialState)
DIRECTIONS = tuple(Direction)

DATASETS = pa.schema(
    [
        pa.field("dataset_id", pa.string(), nullable=False),  # fingerprint of the content
        pa.field("name", pa.string(), nullable=False),
        pa.field("modality", pa.string(), nullable=False),  # such as "table" or "image"
        pa.field("n_rows", pa.int64()),
        pa.field("n_features", pa.int64()),
        pa.field("n_classes", pa.int64()),  # null for regression
        pa.field("source", pa.string()),
        pa.field("licence", pa.string()),
    ]
)

METAFEATURES = pa.schema(
    [
        pa.field("dataset_id", pa.string(), nullable=False),
        pa.field("target", pa.string(), nullable=False),
        pa.field("version", pa.int64(), nullable=False),  # version of the list of metafeatures
        pa.field("name", pa.string(), nullable=False),
        pa.field("value", pa.float64()),  # null where the metafeature is undefined
    ]
)

SPACES = pa.schema(
    [
        pa.field("space_id", pa.string(), nullable=False),  # digest of the definition
        pa.field("name", pa.string(), nullable=False),
        pa.field("version", pa.int64(), nullable=False),
        pa.field("definition", pa.string(), nullable=False),  # canonical ConfigSpace JSON
    ]
)

TASKS = pa.schema(
    [
        pa.field("task_id", pa.string(), nullable=False),
        pa.field("dataset_id", pa.string()),  # null: an imported task without a data set
        pa.field("name", pa.string(), nullable=False),
        pa.field("target", pa.string()),
        pa.field("metric", pa.string(), nullable=False),
        pa.field("direction", pa.string(), nullable=False),  # one of DIRECTIONS
        pa.field("family", pa.string(), nullable=False),  # model family, such as "mlp"
    ]
)

STUDIES = pa.schema(
    [
        pa.field("study_id", pa.string(), nullable=False),
        pa.field("task_id", pa.string(), nullable=False),
        pa.field("space_id", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("strategy", pa.string()),
        pa.field("seed", pa.int64()),
        pa.field("source", pa.string()),  # "advisor tune", "csv runs.csv", "optuna ..."
        pa.field("contributor", pa.string()),
        pa.field("created_at", pa.timestamp("us", tz="UTC")),
        pa.field("versions", pa.string()),  # JSON object: package -> version
        pa.field("machine", pa.string()),  # JSON object: cpu, cores, platform, device
    ]
)

TRIALS = pa.schema(
    [
        pa.field("trial_id", pa.string(), nullable=False),
        pa.field("study_id", pa.string(), nullable=False),
        pa.field("number", pa.int64(), nullable=False),
        pa.field("config", pa.string(), nullable=False),  # JSON, active hyperparameters only
        pa.field("state", pa.string(), nullable=False),  # one of TRIAL_STATES
        pa.field("value", pa.float64()),  # validation metric of the task
        pa.field("metrics", pa.string()),  # JSON object: other metrics by name
        pa.field("duration", pa.float64()),  # seconds
        pa.field("epochs", pa.int64()),
        pa.field("n_params", pa.int64()),
        pa.field("seed", pa.int64()),
        pa.field("error", pa.string()),
        pa.field("started_at", pa.timestamp("us", tz="UTC")),
        pa.field("origin", pa.string()),  # where the row was read: "runs.csv:12"
        pa.field("labels", pa.string()),  # JSON list of diagnoses; null: nobody looked
    ]
)

CURVES = pa.schema(
    [
        pa.field("trial_id", pa.string(), nullable=False),
        pa.field("epoch", pa.int64(), nullable=False),  # from 1
        pa.field("train_loss", pa.float64()),
        pa.field("val_loss", pa.float64()),
        pa.field("train_metric", pa.float64()),
        pa.field("val_metric", pa.float64()),
        pa.field("learning_rate", pa.float64()),
        pa.field("gradient_norm", pa.float64()),  # mean over batches, before clipping
        pa.field("gradient_max", pa.float64()),  # largest norm of a batch
        pa.field("gradient_ratio", pa.float64()),  # gradient per weight, first layer over last
        pa.field("dead_units", pa.float64()),  # share of ReLU units, null without ReLU
        pa.field("loss_spread", pa.float64()),  # spread of batch losses over their mean
    ]
)

TABLES: dict[str, pa.Schema] = {
    "datasets": DATASETS,
    "metafeatures": METAFEATURES,
    "spaces": SPACES,
    "tasks": TASKS,
    "studies": STUDIES,
    "trials": TRIALS,
    "curves": CURVES,
}

QUARANTINE = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("contributor", pa.string()),  # hidden is what all criteria that are given hold of
        pa.field("study_id", pa.string()),
        pa.field("since", pa.timestamp("us", tz="UTC")),
        pa.field("reason", pa.string()),
        pa.field("quarantined_by", pa.string(), nullable=False),
        pa.field("quarantined_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("lifted_at", pa.timestamp("us", tz="UTC")),  # null: in force
    ]
)

KB_LOG = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("logged_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("who", pa.string(), nullable=False),
        pa.field("action", pa.string(), nullable=False),  # "import", "quarantine", "lift", "drop"
        pa.field("contributor", pa.string()),  # whose trials it was about
        pa.field("study_id", pa.string()),
        pa.field("trials", pa.int64()),  # how many it was about
        pa.field("detail", pa.string()),
    ]
)

CURATION: dict[str, pa.Schema] = {"quarantine": QUARANTINE, "kb_log": KB_LOG}
"""What is said about contributions: it belongs to one knowledge base, and is never exported."""

STORED: dict[str, pa.Schema] = {**TABLES, **CURATION}
"""All tables of a database."""

KEYS: dict[str, tuple[str, ...]] = {
    "datasets": ("dataset_id",),
    "metafeatures": ("dataset_id", "target", "version", "name"),
    "spaces": ("space_id",),
    "tasks": ("task_id",),
    "studies": ("study_id",),
    "trials": ("trial_id",),
    "curves": ("trial_id", "epoch"),
}
"""What makes a row the same row. A second row with the key of a stored one is a duplicate."""
