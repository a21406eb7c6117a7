import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from advisor import SpaceDefinition, tune
from advisor.data import load_dataset, prepare
from advisor.facade import Advisor
from advisor.models import ModuleFamily
from advisor.settings import Settings
from advisor.training import train
from advisor.tuning.search import resume, start
from knowledge_base import KnowledgeBase, UserError
from knowledge_base.studies import StudyDirectory

SPACE = {
    "name": "linear",
    "hyperparameters": {
        "bias": {"type": "categorical", "choices": ["yes", "no"]},
        "learning_rate": {"type": "float", "low": 1e-3, "high": 0.1, "log": True},
    },
}
NET = """
from torch import nn
def build(config, n_inputs, n_outputs):
    return nn.Linear(n_inputs, n_outputs, bias=config["bias"] == "yes")
"""


def space(name="linear", **more):
    return SpaceDefinition.from_dict(
        {"name": name, "hyperparameters": {**SPACE["hyperparameters"], **more}}
    )


def linear(config, n_inputs, n_outputs):
    return nn.Linear(n_inputs, n_outputs, bias=config["bias"] == "yes")


@pytest.fixture(scope="module")
def iris():
    return prepare(load_dataset("sklearn:iris", "target"))


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(NET)
    space().write(tmp_path / "space.yaml")
    return {"module": "net.py:build", "space": "space.yaml"}


def test_it_is_trained_with_the_shared_defaults_where_the_space_has_nothing(iris):
    seen = []

    def build(config, n_inputs, n_outputs):
        seen.append((config, n_inputs, n_outputs))
        return linear(config, n_inputs, n_outputs)

    family = ModuleFamily(build, space())
    config = {"bias": "yes", "learning_rate": 0.1}
    outcome = train(family, config, iris, metric="accuracy", seed=0, max_epochs=9)
    assert seen == [(config, 4, 3)]
    assert outcome.state == "complete"
    assert outcome.n_params == 15
    assert outcome.value > 0.8
    assert [epoch.learning_rate for epoch in outcome.curve] == [0.1] * outcome.epochs
    whole = family.complete(config, iris)
    assert (whole["learning_rate"], whole["optimizer"], whole["patience"]) == (0.1, "adamw", 8)


def test_the_space_steers_the_training(iris):
    family = ModuleFamily(linear, space(epochs={"type": "int", "low": 1, "high": 9}))
    config = {"bias": "no", "learning_rate": 0.01, "epochs": 2}
    assert train(family, config, iris, metric="accuracy", seed=0).epochs == 2


def images(tmp_path):
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    np.savez(tmp_path / "digits.npz", images=x[:200].reshape(-1, 8, 8).astype("uint8") * 15,
             labels=y[:200])  # fmt: skip
    return load_dataset(tmp_path / "digits.npz")


def texts(tmp_path):
    rows = [(f"a {'good' if i % 2 else 'bad'} film number{i}", i % 2) for i in range(60)]
    return load_dataset(pd.DataFrame(rows, columns=["review", "stars"]), "stars", text="review")


def series(tmp_path):
    month = pd.date_range("2015-01-01", periods=90, freq="MS")
    frame = pd.DataFrame({"month": month, "sales": np.sin(np.arange(90) / 2)})
    return load_dataset(frame, "sales", time="month", horizon=3)


class Words(nn.Module):
    def __init__(self, n_words, n_outputs):
        super().__init__()
        self.table = nn.Embedding(n_words, n_outputs, padding_idx=0)

    def forward(self, words):
        return self.table(words).sum(1)


OTHERS = {
    "image": (images, lambda c, i, o: nn.Sequential(nn.Conv2d(i, 4, 3), nn.Flatten(),
                                                    nn.LazyLinear(o))),
    "text": (texts, lambda c, i, o: Words(i, o)),
    "series": (series, lambda c, i, o: nn.Sequential(nn.Flatten(), nn.LazyLinear(o))),
}  # fmt: skip


@pytest.mark.parametrize("modality", OTHERS)
def test_it_takes_images_texts_and_series_as_well(modality, tmp_path):
    load, build = OTHERS[modality]
    problem = Advisor(KnowledgeBase(seed=False), ModuleFamily(build, space())).problem(
        load(tmp_path)
    )
    assert (problem.dataset.modality, problem.task.family) == (modality, "linear")
    data = prepare(problem.dataset)
    problem.family.check(data)
    config = {"bias": "yes", "learning_rate": 0.01}
    outcome = train(problem.family, config, data, metric=problem.metric.name, seed=0, max_epochs=3)
    assert (outcome.state, outcome.epochs) == ("complete", 3)
    assert outcome.curve[-1].train_loss < outcome.curve[0].train_loss


def broken(config, n_inputs, n_outputs):
    raise ValueError("units must be even")


BROKEN = [
    (broken, r"broken does not work .*: ValueError: units must be even \(test_own\.py:\d+\)"),
    (lambda c, i, o: "a network", "TypeError: .* returned a str, not a torch.nn.Module"),
    (lambda c, i, o: nn.Linear(i, 7), r"\(2, 4\) the network gives \(2, 7\) instead of \(2, 3\)"),
    (lambda c, i, o: nn.Linear(5, o), "RuntimeError: .*cannot be multiplied"),
]


@pytest.mark.parametrize(("build", "says"), BROKEN)
def test_a_network_that_cannot_work_is_refused_before_anything_is_stored(build, says):
    kb = KnowledgeBase(seed=False)
    with pytest.raises(UserError, match=says):
        tune("sklearn:iris", "target", kb, module=build, space=space(), trials=2)
    assert kb.trials().empty
    assert kb.studies().empty


def test_a_network_that_fails_for_some_configurations_makes_failed_trials():
    def build(config, n_inputs, n_outputs):
        if config["bias"] == "no":
            raise ValueError("needs a bias")
        return linear(config, n_inputs, n_outputs)

    search = tune("sklearn:iris", "target", KnowledgeBase(seed=False), module=build,
                  space=space(), trials=6, max_epochs=1, strategy="random")  # fmt: skip
    states = {trial.config["bias"]: trial.state for trial in search.tuner.trials}
    assert states == {"yes": "complete", "no": "failed"}
    failed = next(trial for trial in search.tuner.trials if trial.state == "failed")
    assert failed.error.strip().endswith("ValueError: needs a bias")


def test_names_and_values_that_the_training_would_misread_are_refused():
    with pytest.raises(UserError, match="'mlp' is the name of a built-in family"):
        ModuleFamily(linear, space("mlp"))
    for more, says in (
        ({"wd": {"type": "float", "low": 0, "high": 1}}, "not see 'wd' .* call it 'weight_decay'"),
        ({"optimizer": {"type": "categorical", "choices": ["sgd", "lion"]}}, "be sgd or adamw"),
        ({"gradient_clipping": {"type": "constant", "value": "on"}}, "off or a positive number"),
        ({"momentum": {"type": "float", "low": -1, "high": 1}}, "a number, not below 0"),
        ({"epochs": {"type": "float", "low": 1, "high": 9}}, "a whole number, 1 or more"),
        ({"warmup_epochs": {"type": "int", "low": -1, "high": 9}}, "a whole number, 0 or more"),
    ):
        with pytest.raises(UserError, match=says):
            ModuleFamily(linear, space(**more))
    fine = {"type": "categorical", "choices": ["off", "0.5"]}
    ModuleFamily(linear, space(gradient_clipping=fine, epochs={"type": "constant", "value": 3}))


def test_a_search_on_another_data_set_starts_from_the_trials_of_the_first(files):
    kb = KnowledgeBase(seed=False)
    options = {**files, "max_epochs": 2}
    first = tune("sklearn:iris", "target", kb, trials=4, **options)
    assert StudyDirectory.open(first.path).settings["warm"] == []
    second = tune("sklearn:wine", "target", kb, trials=2, **options)
    warm = StudyDirectory.open(second.path).settings["warm"]
    assert warm
    assert all(config in [trial.config for trial in first.tuner.trials] for config in warm)
    assert (kb.tasks()["family"] == "linear").all()
    assert kb.tasks()["dataset_id"].nunique() == 2


def test_a_study_of_files_is_resumed_by_the_same_command(files):
    kb = KnowledgeBase(seed=False)
    settings = Settings(data="sklearn:iris", target="target", trials=2, max_epochs=1, **files)
    begun = start(settings, kb)
    begun.run()
    again = resume(settings, kb, trials=3)
    again.run()
    assert again.path == begun.path
    assert [trial.state for trial in again.tuner.trials] == ["complete"] * 3


def test_a_study_of_a_function_is_resumed_from_python_only():
    kb = KnowledgeBase(seed=False)
    options = {"space": space(), "trials": 2, "max_epochs": 1}
    begun = tune("sklearn:iris", "target", kb, module=linear, **options)
    name = begun.path.name
    says = rf"tune\(module=\.\.\., space=\.\.\., name='{name}', resume=True"
    with pytest.raises(UserError, match=says):
        resume(Settings(), kb, name)
    again = resume(Settings(module=ModuleFamily(linear, space())), kb, name, trials=3)
    again.run()
    assert len(again.tuner.trials) == 3


def test_gradients_by_the_learning_rate_pass_through_it():
    search = tune("sklearn:iris", "target", KnowledgeBase(seed=False), module=linear,
                  space=space(), trials=2, max_epochs=2, strategy="gradient",
                  only=["learning_rate"])  # fmt: skip
    assert len(search.tuner.trials) == 2
    for trial in search.tuner.trials:
        assert trial.state == "complete", trial.error
        assert trial.metrics["gradient_learning_rate"] != 0


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"data": "x.csv", "module": "net.py:build"}, "`module` needs `space=FILE`"),
        ({"objective": "a.py:f", "module": "n.py:b", "space": "s"}, "give one of them"),
        ({"data": "x.csv", "space": "space.yaml"}, "`objective` or `module`"),
        ({"data": "sklearn:iris", "module": "no.py:b", "space": "space.yaml"},
         r"no\.py of `module` does not exist"),
    ],
)  # fmt: skip
def test_settings_that_do_not_go_together(files, settings, says):
    with pytest.raises(UserError, match=says):
        start(Settings(**settings), KnowledgeBase(seed=False))


def test_the_same_seed_builds_the_same_network(iris):
    family = ModuleFamily(linear, space())
    made = []
    for _ in range(2):
        torch.manual_seed(1)
        made.append(family.build(family.default(), iris))
    assert torch.equal(made[0].weight, made[1].weight)
