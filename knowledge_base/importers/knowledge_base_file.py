"""Other knowledge bases: a database file, or a folder that was exported."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from knowledge_base.bundle import Bundle
from knowledge_base.errors import SpaceError
from knowledge_base.exchange import read_bundle_from
from knowledge_base.importers.base import Importer, ImportOptions
from knowledge_base.importers.checks import value_reasons
from knowledge_base.importers.contribution import Contribution, Rejection
from knowledge_base.space import SpaceDefinition


class KnowledgeBaseImporter(Importer):
    """The user's trials of another knowledge base, each checked again."""

    name = "knowledge_base"

    def accepts(self, source: str) -> bool:
        """Return whether it is a database file or an exported folder."""
        path = Path(source)
        return path.suffix in (".duckdb", ".db") or (path / "trials.parquet").is_file()

    def read(self, source: str, options: ImportOptions) -> Contribution:
        """Read it; the other knowledge base is left as it is."""
        return checked(read_bundle_from(source))


def checked(bundle: Bundle) -> Contribution:
    """Split a bundle into its good trials and the rejected ones with reasons."""
    trials = bundle["trials"].to_pandas()
    if trials.empty:
        return Contribution(bundle)
    studies = bundle["studies"].to_pandas().set_index("study_id")
    tasks = set(bundle["tasks"]["task_id"].to_pylist())
    spaces = _spaces(bundle)
    reasons = value_reasons(trials["state"], trials["value"])
    for study_id, group in trials.groupby("study_id"):
        reasons[group.index] = _study_reasons(group, reasons[group.index], study_id, studies, tasks,
                                              spaces)  # fmt: skip
    good = pa.array((reasons == "").to_numpy())
    bad = trials[(reasons != "").to_numpy()]
    rejected = [
        Rejection(str(row.origin or row.trial_id), reason)
        for row, reason in zip(bad.itertuples(), reasons[bad.index], strict=True)
    ]
    kept = bundle["trials"].filter(good)
    curves = bundle["curves"]
    known = set(kept["trial_id"].to_pylist())
    belongs = np.array([trial in known for trial in curves["trial_id"].to_pylist()], dtype=bool)
    tables = {
        name: bundle[name] for name in ("datasets", "metafeatures", "spaces", "tasks", "studies")
    }
    curves = curves.filter(pa.array(belongs))
    return Contribution(Bundle({**tables, "trials": kept, "curves": curves}), tuple(rejected))


def _spaces(bundle: Bundle) -> dict[str, SpaceDefinition]:
    found = {}
    for row in bundle["spaces"].to_pylist():
        try:
            space = SpaceDefinition.from_json(row["definition"], where=f"space {row['space_id']}")
        except (SpaceError, ValueError):
            continue  # its trials are rejected, for want of a space
        if space.space_id == row["space_id"]:
            found[space.space_id] = space
    return found


def _study_reasons(
    group: pd.DataFrame,
    reasons: pd.Series,
    study_id: str,
    studies: pd.DataFrame,
    tasks: set[str],
    spaces: dict[str, SpaceDefinition],
) -> pd.Series:
    if study_id not in studies.index:
        return reasons.where(reasons != "", f"its study {study_id} is missing")
    study = studies.loc[study_id]
    if study["task_id"] not in tasks:
        return reasons.where(reasons != "", f"its task {study['task_id']} is missing")
    space = spaces.get(str(study["space_id"]))
    if space is None:
        return reasons.where(reasons != "", f"its space {study['space_id']} is missing or wrong")
    return reasons.where(reasons != "", _config_reasons(group["config"], space))


def _config_reasons(texts: pd.Series, space: SpaceDefinition) -> pd.Series:
    configs, broken = [], []
    for text in texts:
        try:
            config = json.loads(text)
        except ValueError:
            config = None
        broken.append("" if isinstance(config, dict) else "its configuration is no JSON object")
        configs.append(config if isinstance(config, dict) else {})
    frame = pd.DataFrame(configs, index=texts.index, dtype=object)
    unknown = [sorted(config.keys() - space.hyperparameters.keys()) for config in configs]
    extra = [f"{names[0]} is not in the space" if names else "" for names in unknown]
    reasons = pd.Series(broken, index=texts.index, dtype=object)
    reasons = reasons.where(reasons != "", pd.Series(extra, index=texts.index, dtype=object))
    return reasons.where(reasons != "", space.validate(frame))
