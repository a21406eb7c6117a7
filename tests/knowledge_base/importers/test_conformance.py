"""Every importer that is registered passes the same tests."""

import foreign_samples as foreign
import importer_conformance as samples
from importer_conformance import SAMPLES, ImporterConformance

from knowledge_base.importers import IMPORTERS


def test_every_importer_has_a_sample():
    assert {*SAMPLES.values(), *foreign.SAMPLES.values()} == set(IMPORTERS)


class TestCsv(ImporterConformance):
    name = "table"
    make_sample = staticmethod(samples.csv_file)


class TestJsonLines(ImporterConformance):
    name = "table"
    make_sample = staticmethod(samples.json_lines)


class TestStudy(ImporterConformance):
    name = "study"
    make_sample = staticmethod(samples.study_directory)


class TestDatabase(ImporterConformance):
    name = "knowledge_base"
    make_sample = staticmethod(samples.database)


class TestExportedFolder(ImporterConformance):
    name = "knowledge_base"
    make_sample = staticmethod(samples.exported_folder)


class TestOptunaDatabase(ImporterConformance):
    name = "optuna"
    make_sample = staticmethod(samples.optuna_database)


class TestOptunaJournal(ImporterConformance):
    name = "optuna"
    make_sample = staticmethod(samples.optuna_journal)


class TestMlflowDatabase(ImporterConformance):
    name = "mlflow"
    make_sample = staticmethod(foreign.mlflow_database)


class TestMlflowFiles(ImporterConformance):
    name = "mlflow"
    make_sample = staticmethod(foreign.mlflow_files)


class TestRay(ImporterConformance):
    name = "ray"
    make_sample = staticmethod(foreign.ray_folder)


class TestTensorboard(ImporterConformance):
    name = "tensorboard"
    make_sample = staticmethod(foreign.tensorboard_folder)


class TestHydra(ImporterConformance):
    name = "hydra"
    make_sample = staticmethod(foreign.hydra_folder)


class TestWandb(ImporterConformance):
    name = "wandb"
    make_sample = staticmethod(foreign.wandb_folder)


class TestSmac(ImporterConformance):
    name = "smac"
    make_sample = staticmethod(foreign.smac_folder)
