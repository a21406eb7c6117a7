"""Study directories that `advisor tune` wrote."""

import os
from pathlib import Path

from knowledge_base.importers.base import Importer, ImportOptions
from knowledge_base.importers.checks import checked
from knowledge_base.importers.contribution import Contribution
from knowledge_base.studies import StudyDirectory


class StudyImporter(Importer):
    """A folder with `study.json` and `trials.jsonl`."""

    name = "study"

    def accepts(self, source: str) -> bool:
        """Return whether the folder holds a study."""
        return os.path.isfile(Path(source) / "study.json")

    def read(self, source: str, options: ImportOptions) -> Contribution:
        """Read all finished trials and check them against the study's space.

        Raises:
            UserError: the folder is no study, or damaged.
        """
        directory = StudyDirectory.open(source)
        bundle = directory.bundle()
        return checked(bundle, directory.warnings)
