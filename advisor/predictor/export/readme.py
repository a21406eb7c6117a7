"""The README of an exported model."""

import json

from advisor.predictor.export.families import FamilyExport, Trained

REQUIREMENTS = "torch>=2.4\n"
"""What an exported model needs; its Python is 3.11 or newer."""

SHOWN = 30
"""Columns of the example."""

TEXT = """# An exported model

{described}, averaged, in PyTorch alone: `pip install -r requirements.txt`, Python 3.11 or newer.
In this folder, or with it in `sys.path`:

```python
import model

model.predict(rows){example}
trained = model.load()  # a torch.nn.Module
trained.predict_proba(rows)  # of a classification: (n, classes), in the order of trained.classes
trained(trained.prepare(rows))  # the averaged outputs as a tensor
```

Rows are {rows}.{shown}

| File | |
|---|---|
| model.py | the networks, and what brings rows to them |
| configuration.json | hyperparameters of each network, and its share in the average |
| preparation.json | what was learnt of the training data |
| weights.safetensors | the weights |

Advisor wrote this folder; the code is under the Apache License 2.0, as its own is.
"""


def readme_of(trained: Trained, family: FamilyExport) -> str:
    """Return how the model is used, as Markdown; what is the user's stands in JSON alone."""
    example = family.example(trained)
    shown = ""
    if isinstance(example, list) and isinstance(example[0], dict) and len(example[0]) > SHOWN:
        example = [dict(list(example[0].items())[:SHOWN])]
        shown = f" Of more than {SHOWN} columns the first are shown."
    if example is not None:
        text = json.dumps(example, indent=1, ensure_ascii=True, allow_nan=False)
        shown = f" As JSON they look like this:{shown}\n\n```json\n{text}\n```"
    outcome = {
        "classification": "  # the class of each row",
        "regression": "  # the number of each row",
        "forecasting": "  # the next points of each series",
    }[trained.reading.target.kind]
    return TEXT.format(
        described=trained.average.described(), rows=family.rows, shown=shown, example=outcome
    )
