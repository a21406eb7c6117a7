"""Every importer that is registered passes the same tests."""

import foreign_samples as foreign
import importer_samples as samples
import pytest
from importer_samples import SAMPLES

from knowledge_base.importers import IMPORTERS
from knowledge_base.testing import ImporterConformance


def test_every_importer_has_a_sample():
    assert {*SAMPLES.values(), *foreign.SAMPLES.values()} == set(IMPORTERS)


class Ours(ImporterConformance):
    @pytest.fixture
    def known_samples(self, all_samples):
        return all_samples


class TestCsv(Ours):
    name = "table"
    make_sample = staticmethod(samples.csv_file)


class TestJsonLines(Ours):
    name = "table"
    make_sample = staticmethod(samples.json_lines)


class TestStudy(Ours):
    name = "study"
    make_sample = staticmethod(samples.study_directory)


class TestDatabase(Ours):
    name = "knowledge_base"
    make_sample = staticmethod(samples.database)


class TestExportedFolder(Ours):
    name = "knowledge_base"
    make_sample = staticmethod(samples.exported_folder)


class TestOptunaDatabase(Ours):
    name = "optuna"
    make_sample = staticmethod(samples.optuna_database)


class TestOptunaJournal(Ours):
    name = "optuna"
    make_sample = staticmethod(samples.optuna_journal)


class TestMlflowDatabase(Ours):
    name = "mlflow"
    make_sample = staticmethod(foreign.mlflow_database)


class TestMlflowFiles(Ours):
    name = "mlflow"
    make_sample = staticmethod(foreign.mlflow_files)


class TestRay(Ours):
    name = "ray"
    make_sample = staticmethod(foreign.ray_folder)


class TestTensorboard(Ours):
    name = "tensorboard"
    make_sample = staticmethod(foreign.tensorboard_folder)


class TestHydra(Ours):
    name = "hydra"
    make_sample = staticmethod(foreign.hydra_folder)


class TestWandb(Ours):
    name = "wandb"
    make_sample = staticmethod(foreign.wandb_folder)


class TestSmac(Ours):
    name = "smac"
    make_sample = staticmethod(foreign.smac_folder)
