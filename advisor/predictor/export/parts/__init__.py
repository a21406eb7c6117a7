"""What exported models consist of; `advisor.predictor.export.source` puts it together.

Each file is a piece of the `model.py` of an exported folder, and needs PyTorch and Python's
standard library alone. Its imports of other pieces are left out there, since these stand above it.
"""
