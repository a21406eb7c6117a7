"""What of each family's models goes into an exported folder."""

from advisor.predictor.export.families.base import FamilyExport, Trained
from knowledge_base.registry import Registry

EXPORTS: Registry[type[FamilyExport]] = Registry(
    "family to export",
    {
        "mlp": "advisor.predictor.export.families.mlp:MLPExport",
        "cnn": "advisor.predictor.export.families.cnn:CNNExport",
        "rnn": "advisor.predictor.export.families.rnn:RNNExport",
        "forecaster": "advisor.predictor.export.families.forecaster:ForecasterExport",
    },
)
"""By the names of families; adding one is adding its file, its pieces and its line here."""

__all__ = ["EXPORTS", "FamilyExport", "Trained"]
