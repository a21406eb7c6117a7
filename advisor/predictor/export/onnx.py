"""An exported model with its networks for ONNX runtimes, too."""

import json
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn

from advisor.predictor.export.families import FamilyExport, Trained
from advisor.predictor.export.parts.averaging import Model, Prepared
from advisor.predictor.export.writing import README, write_torch
from knowledge_base.errors import UserError

LIBRARIES = ("onnx", "onnxscript")
"""What PyTorch needs to write it."""

GRAPH, INPUTS = "model.onnx", "onnx_inputs.json"
"""Files of the folder."""

NAMES = ("inputs", "factors", "summands")
"""What each network takes, see `Prepared`; an input is called so with the network's number."""

SAMPLE = 3
"""Rows to export with; PyTorch takes 0 and 1 for sizes that never change."""

TEXT = """
## ONNX

model.onnx is the same average of the same networks; it has any number of rows, and one output.
Its inputs are what `prepare` makes of rows, each named in onnx_inputs.json with the network and
the place among what that takes:

```python
import json
from pathlib import Path

import onnxruntime

places = json.loads(Path("onnx_inputs.json").read_text())
prepared = trained.prepare(rows)
session = onnxruntime.InferenceSession("model.onnx")
feed = {name: prepared[network][place].numpy() for name, (network, place) in places.items()}
(outputs,) = session.run(None, feed)
```
"""


class Flat(nn.Module):
    """A model whose inputs are tensors one after the other, each but once."""

    def __init__(self, model: Model, sample: Sequence[Prepared]) -> None:
        """Find out which networks take the same tensors.

        Args:
            model: what is exported.
            sample: what `model.prepare` gave for some rows.
        """
        super().__init__()
        self.model = model
        self.constants = model.kind == "regression"  # the unit is the same for all rows
        self.scales = [[float(tensor[0]) for tensor in each[1:]] if self.constants else []
                       for each in sample]  # fmt: skip
        numbers: dict[int, int] = {}
        self.inputs: list[Tensor] = []
        self.names: list[str] = []
        self.places: dict[str, tuple[int, int]] = {}
        self.taken: list[list[int]] = []
        for network, each in enumerate(sample):
            used = each[:1] if self.constants else each
            for place, tensor in enumerate(used):
                if id(tensor) in numbers:
                    continue
                numbers[id(tensor)] = len(self.inputs)
                self.inputs.append(tensor)
                self.names.append(f"{NAMES[place]}_{network}")
                self.places[self.names[-1]] = (network, place)
            self.taken.append([numbers[id(tensor)] for tensor in used])

    def forward(self, *inputs: Tensor) -> Tensor:
        """Return what the model does."""
        prepared = []
        for taken, scales in zip(self.taken, self.scales, strict=True):
            tensors = [inputs[number] for number in taken]
            unit = [torch.tensor(scale, dtype=torch.float64) for scale in scales]
            prepared.append((*tensors, *unit))
        found: Tensor = self.model(prepared)
        return found


def write_onnx(trained: Trained, family: FamilyExport, folder: Path) -> None:
    """Write what `write_torch` does, and the average of the networks in the format ONNX.

    Raises:
        UserError: PyTorch lacks what it needs for that, or cannot do it.
    """
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if missing:
        raise UserError(
            f"To export a model to ONNX, PyTorch needs {' and '.join(missing)}: "
            "pip install 'advisor-automl[onnx]'."
        )
    write_torch(trained, family, folder)
    model = family.load(folder)
    sample = model.prepare(family.sample(trained, SAMPLE))
    flat = Flat(model, sample).eval()
    try:
        _write_graph(flat, folder / GRAPH)
    except torch.onnx.OnnxExporterError as error:
        said = (str(error).splitlines() or ["no reason"])[0]
        raise UserError(f"PyTorch cannot write this model as ONNX: {said}") from error
    (folder / INPUTS).write_text(json.dumps(flat.places, indent=1) + "\n", encoding="utf-8")
    with (folder / README).open("a", encoding="utf-8") as readme:
        readme.write(TEXT)


def _write_graph(flat: Flat, path: Path) -> None:
    rows = torch.export.Dim("rows", min=1)
    with _quiet(), torch.no_grad():
        torch.onnx.export(
            flat,
            tuple(flat.inputs),
            str(path),
            dynamo=True,
            verbose=False,
            external_data=False,
            input_names=flat.names,
            output_names=["outputs"],
            dynamic_shapes=(tuple({0: rows} for _ in flat.inputs),),
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what PyTorch says of packages that are not there from the user's screen."""
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)
