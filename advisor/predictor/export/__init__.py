"""Models as folders that need neither this package nor pandas."""

from advisor.predictor.export.folder import FORMATS, check_exportable, export

__all__ = ["FORMATS", "check_exportable", "export"]
