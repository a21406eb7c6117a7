"""An importer, a search strategy and a model family that an installed package adds."""

from typing import Any, ClassVar

from advisor.encoding import sample
from advisor.models import BuiltInFamily, ModuleFamily
from advisor.strategies import SearchStrategy
from knowledge_base.importers.foreign_files import read_lines
from knowledge_base.importers.runs import Found, Run, RunsImporter
from knowledge_base.states import TrialState


class RunlogImporter(RunsImporter):
    """Runs in files of JSON lines that end in .runlog, as a tool of our own writes them."""

    name = "runlog"

    def accepts(self, source):
        return source.endswith(".runlog")

    def runs(self, source, options):
        from pathlib import Path

        found = []
        for line, run in read_lines(Path(source)):
            points = list(enumerate(run["accuracy"], 1))
            found.append(
                Run(
                    run_id=run["id"],  # what the tool calls it: read twice, it counts once
                    origin=f"{source}:{line}",
                    params=run["params"],
                    state=TrialState.COMPLETE,
                    curves={"accuracy": points},
                )
            )
        return Found(name=Path(source).stem, runs=found, metric="accuracy", direction="maximize")


class NearbySearch(SearchStrategy):
    """Random configurations, of which it takes the one that is most like the best so far."""

    name = "nearby"

    def propose(self):
        drawn = sample(self.space, 8, seed=self.step_seed())
        known = [o for o in self.observations if o.value is not None]
        if not known:
            return drawn[0]
        best = max(known, key=lambda o: self.sign * o.value).config
        return max(drawn, key=lambda config: len(config.items() & best.items()))


class Softmax(BuiltInFamily):
    """One linear layer, for tables."""

    name = "softmax"
    version = 1
    definition: ClassVar[dict[str, Any]] = {
        "name": "softmax",
        "version": 1,
        "hyperparameters": {
            "learning_rate": {"type": "float", "low": 1e-4, "high": 0.3, "log": True},
            "batch_size": {"type": "int", "low": 8, "high": 128, "log": True},
            "epochs": {"type": "int", "low": 1, "high": 50},
        },
    }

    def complete(self, config, data):
        # What training asks for beside these three, as the family for such data has it.
        return ModuleFamily.over_defaults(config, data.modality)

    def build(self, config, data):
        from torch import nn

        return nn.Linear(data.n_inputs, data.n_outputs)
