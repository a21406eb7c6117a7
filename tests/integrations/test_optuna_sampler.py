"""What the sampler for Optuna makes of the trials of a study."""

import logging
import pickle

import numpy as np
import pytest

optuna = pytest.importorskip("optuna", reason="pip install 'advisor-automl[optuna]'")

from optuna.distributions import CategoricalDistribution, FloatDistribution  # noqa: E402
from optuna.trial import TrialState, create_trial  # noqa: E402

from advisor import KnowledgeBase, Outcome, SpaceDefinition, Tuner, UserError  # noqa: E402
from advisor.integrations.optuna import AdvisorPruner, AdvisorSampler  # noqa: E402
from advisor.integrations.optuna.history import made_plan  # noqa: E402

SPACE = SpaceDefinition.from_dict(
    {
        "name": "bowl",
        "hyperparameters": {
            "x": {"type": "float", "low": 0, "high": 1},
            "lr": {"type": "float", "low": 1e-4, "high": 1, "log": True},
            "kind": {"type": "categorical", "choices": ["a", "b"]},
        },
    }
)


@pytest.fixture(autouse=True)
def quiet():
    optuna.logging.set_verbosity(optuna.logging.ERROR)


@pytest.fixture
def kb(tmp_path):
    return KnowledgeBase(tmp_path / "kb.duckdb", seed=False)


def asked(trial):
    return {
        "x": trial.suggest_float("x", 0, 1),
        "lr": trial.suggest_float("lr", 1e-4, 1, log=True),
        "kind": trial.suggest_categorical("kind", ["a", "b"]),
    }


def bowl(params, shift=0.0):
    return (
        (params["x"] - 0.2 - shift) ** 2
        + 0.05 * (np.log10(params["lr"]) + 2) ** 2
        + 0.2 * (params["kind"] == "b")
    )


def layers(trial):
    """The textbook loop."""
    count = trial.suggest_int("n_layers", 1, 3)
    units = [trial.suggest_int(f"units_l{i}", 16, 128, step=16) for i in range(count)]
    act = trial.suggest_categorical("activation", [None, "relu"])
    return (count - 2) ** 2 + sum(abs(u - 64) for u in units) / 64 + (act is None)


def run(study, n, objective=lambda trial: bowl(asked(trial)), **options):
    study.optimize(objective, n_trials=n, **options)
    return study


def past(kb, tasks=3, trials=25):
    """Tasks like the new one, from tuners."""
    for task in range(tasks):
        tuner = Tuner.create(SPACE, kb=kb, name=f"past {task}", strategy="random", seed=task,
                             n_warm=0)  # fmt: skip
        for config in tuner.ask(trials):
            tuner.tell(config, bowl(config, 0.02 * task))


def test_it_finds_what_the_tuner_finds():
    study = run(optuna.create_study(sampler=AdvisorSampler(space=SPACE)), 20)
    tuner = Tuner.create(SPACE)
    for trial in study.trials:
        config = tuner.ask()
        tuner.tell(config, bowl(config))
        assert trial.params == pytest.approx(config)
    assert study.best_value < 0.01


def test_the_past_of_a_family_is_there_from_the_first_trial(kb):
    past(kb)
    first = [
        run(optuna.create_study(sampler=AdvisorSampler(kb, "bowl", space)), 1).best_value
        for space in (SPACE, None)  # Without a space, what the family's own space says.
    ]
    alone = run(optuna.create_study(sampler=AdvisorSampler()), 1).best_value
    assert max(first) < 0.05 < alone


def test_it_says_once_where_optuna_speaks_what_it_starts_from(kb, caplog):
    past(kb)
    speaks = logging.getLogger("optuna")
    speaks.addHandler(caplog.handler)
    try:
        for level in (optuna.logging.INFO, optuna.logging.WARNING):
            optuna.logging.set_verbosity(level)
            run(optuna.create_study(study_name=str(level), sampler=AdvisorSampler(kb, "bowl")), 4)
    finally:
        speaks.removeHandler(caplog.handler)
        optuna.logging.set_verbosity(optuna.logging.ERROR)
    said = [text for text in caplog.messages if "past tasks" in text]
    assert said == ["The study '20' starts from 3 past tasks of this space."]


def test_what_is_tried_first_is_kept_with_the_study(kb):
    past(kb)
    study = run(optuna.create_study(sampler=AdvisorSampler(kb, "bowl", SPACE)), 1)
    (warm,) = [v for k, v in study._storage.get_study_system_attrs(study._study_id).items()
               if k.startswith("advisor:warm:")]  # fmt: skip
    study.sampler = AdvisorSampler(None, "bowl", SPACE)  # A process that cannot read the past.
    run(study, 2)
    assert [trial.params for trial in study.trials] == warm


def test_the_textbook_loop_is_a_conditional_space_that_grows():
    study = run(optuna.create_study(sampler=AdvisorSampler()), 30, layers)
    assert study.best_params["n_layers"] == 2
    assert study.best_value < 0.6
    texts = {str(sorted(trial.params.items())) for trial in study.trials}
    assert len(texts) == 30  # Steps are kept, so that none is rounded to another.
    # Layers that are not there are no part of a plan once it is known when they are.
    late = [t for t in study.trials[15:] if t.params["n_layers"] == 1]
    plans = [trial.system_attrs["advisor:plan"]["config"] for trial in late]
    assert all("units_l2" not in plan for plan in plans)
    assert any(trial.params["activation"] is None for trial in study.trials)


def test_a_range_that_changes_is_widened():
    study = run(optuna.create_study(sampler=AdvisorSampler()), 6)
    study.optimize(lambda trial: trial.suggest_float("x", 2, 3), n_trials=6)
    assert all(2 <= trial.params["x"] <= 3 for trial in study.trials[6:])


def test_enqueued_trials_run_as_they_are_and_teach():
    study = optuna.create_study(sampler=AdvisorSampler())
    study.enqueue_trial({"x": 0.3, "lr": 0.01, "kind": "a"})
    study.enqueue_trial({"kind": "b"})
    run(study, 3)
    assert study.trials[0].params == {"x": 0.3, "lr": 0.01, "kind": "a"}
    assert study.trials[1].params["kind"] == "b"
    assert len({trial.params["x"] for trial in study.trials}) == 3


def test_failures_count_and_ctrl_c_does_not():
    study = optuna.create_study(sampler=AdvisorSampler())

    def broken(trial):
        asked(trial)
        raise ValueError("too large\nby far")

    def interrupted(trial):
        asked(trial)
        raise KeyboardInterrupt

    run(study, 1)
    run(study, 1, broken, catch=ValueError)
    with pytest.raises(KeyboardInterrupt):
        run(study, 1, interrupted)
    run(study, 1)
    marks = [trial.system_attrs.get("advisor:failed") for trial in study.trials]
    assert marks == [None, "ValueError: too large", None, None]
    heard = study.sampler._searches[study._study_id].strategy.observations
    assert [o.value for o in heard] == [study.trials[0].value, None]
    assert study.trials[3].params == study.trials[2].params  # It may be asked for again.


def test_pruned_trials_count_with_what_they_reached():
    study = optuna.create_study(sampler=AdvisorSampler())

    def pruned(trial):
        asked(trial)
        for step in range(3):
            trial.report(1.0 - 0.1 * step, step)
        raise optuna.TrialPruned

    run(study, 1, pruned)
    run(study, 1)
    (heard,) = study.sampler._searches[study._study_id].strategy.observations
    assert (heard.value, heard.finished) == (pytest.approx(0.8), False)
    assert heard.curve == pytest.approx((1.0, 0.9, 0.8))


def test_what_a_scheduler_stopped_is_not_complete_though_its_host_says_so(kb):
    """Ray reports all epochs but the last, whose value it tells with the state "complete"."""
    study = optuna.create_study(sampler=AdvisorSampler(kb, epochs=9))

    def after(epochs):
        def objective(trial):
            end = bowl(asked(trial))
            for epoch in range(1, epochs):
                trial.report(end + 1 / epoch, epoch)
            return end

        return objective

    for epochs in (1, 3, 9, 1):
        run(study, 1, after(epochs), callbacks=[study.sampler.contribute])
    heard = study.sampler._searches[study._study_id].strategy.observations
    assert [o.finished for o in heard] == [False, False, True]
    assert [len(o.curve) for o in heard] == [1, 3, 9]
    states = kb.trials().set_index("number")["state"]
    assert states.to_dict() == {0: "stopped", 1: "stopped", 2: "complete", 3: "stopped"}


@pytest.mark.parametrize("how", ["function", "trial"])
def test_infeasible_trials_are_failures(how, kb):
    if how == "trial" and not hasattr(optuna.Trial, "set_constraint"):
        pytest.skip("this version of Optuna has no Trial.set_constraint")
    function = (lambda trial: (trial.params["x"] - 0.5,)) if how == "function" else None
    study = optuna.create_study(sampler=AdvisorSampler(kb, constraints_func=function))

    def constrained(trial):
        params = asked(trial)
        if how == "trial":
            trial.set_constraint("small", params["x"] - 0.5)
        return -params["x"]

    run(study, 15, constrained, callbacks=[study.sampler.contribute])
    heard = study.sampler._searches[study._study_id].strategy.observations
    for trial, observed in zip(study.trials, heard, strict=False):
        assert (observed.value is None) == (trial.params["x"] > 0.5)
    inside = [t.params["x"] for t in study.trials if t.params["x"] <= 0.5]
    assert max(inside) > 0.4
    assert "infeasible" in kb.trials(state="failed")["error"].iloc[0]


def test_several_objectives_are_refused_in_one_line():
    study = optuna.create_study(directions=["minimize"] * 2, sampler=AdvisorSampler())
    with pytest.raises(UserError, match=r"one objective; the study .* has 2") as caught:
        study.optimize(lambda trial: (asked(trial)["x"], 0.0), n_trials=1)
    assert "\n" not in str(caught.value)


def test_finished_trials_are_contributed_once(kb):
    study = optuna.create_study(sampler=AdvisorSampler(kb, "bowl"), study_name="mine")
    run(study, 4, callbacks=[study.sampler.contribute])
    AdvisorSampler(kb, "bowl").contribute(study)  # Another process, later.
    kb.fold()
    trials = kb.trials()
    assert sorted(trials["value"]) == pytest.approx(sorted(t.value for t in study.trials))
    assert kb.tasks()["name"].tolist() == ["mine"]
    assert kb.tasks()["family"].tolist() == ["bowl"]
    assert kb.verify() == []
    other = optuna.create_study(sampler=AdvisorSampler(kb, "bowl"), study_name="mine")
    run(other, 2, callbacks=[other.sampler.contribute])
    assert len(kb.trials()) == 6  # A study of the same name in another storage is another.


def test_contributing_needs_somewhere_to_put_it():
    study = run(optuna.create_study(sampler=AdvisorSampler()), 1)
    with pytest.raises(UserError, match="give the sampler `kb`"):
        study.sampler.contribute(study)


def test_trials_of_other_samplers_teach_and_those_outside_are_told(caplog):
    study = optuna.create_study()
    distributions = {
        "x": FloatDistribution(0, 9),
        "lr": FloatDistribution(1e-4, 1, log=True),
        "kind": CategoricalDistribution(["a", "b"]),
    }
    for x in (0.5, 7.0):
        params = {"x": x, "lr": 0.1, "kind": "a"}
        study.add_trial(create_trial(params=params, distributions=distributions, value=x))
    study.sampler = AdvisorSampler(space=SPACE)
    run(study, 1)
    heard = study.sampler._searches[study._study_id].strategy.observations
    assert [o.config["x"] for o in heard] == [0.5]
    assert "Trials outside of the space 'bowl' say nothing to the search: [1]." in caplog.text


def test_a_sampler_and_its_study_can_be_pickled(kb):
    past(kb, 1, 12)
    study = run(optuna.create_study(sampler=AdvisorSampler(kb, "bowl")), 6)
    copy = pickle.loads(pickle.dumps(study))
    for one in (study, copy):
        trial = one.ask()
        asked(trial)
    assert copy.trials[-1].params == study.trials[-1].params


def test_a_plan_says_who_runs_it_only_where_that_is_known():
    assert made_plan({"x": 1}, running_here=False) == {
        "config": {"x": 1}, "host": None, "process": None,
    }  # fmt: skip
    study = optuna.create_study(sampler=AdvisorSampler())
    trial = study.ask()  # It may be told from anywhere.
    asked(trial)
    assert study.trials[0].system_attrs["advisor:plan"]["process"] is None


@pytest.mark.parametrize(
    "wrong", [{"strategy": "bayes"}, {"seed": -1}, {"n_warm": 0.5}, {"epochs": 0}, {"famly": "x"}]
)
def test_what_cannot_be_meant_is_refused(wrong):
    with pytest.raises(UserError):
        AdvisorSampler(**wrong)


def curves(trial, epochs=30):
    """End and speed are what the trial asks for; bad ones are seen early."""
    params, noise = asked(trial), np.random.default_rng(trial.number)
    for epoch in range(epochs):
        reached = bowl(params) + np.exp(-0.2 * (epoch + 1)) + noise.normal(0, 0.002)
        trial.report(reached, epoch)
        if trial.should_prune():
            raise optuna.TrialPruned
    return reached


def test_the_pruner_spends_less_and_loses_nothing():
    steps, best = {}, {}
    for name, pruner in (("none", optuna.pruners.NopPruner()), ("ours", AdvisorPruner(epochs=30))):
        study = optuna.create_study(sampler=AdvisorSampler(epochs=30), pruner=pruner)
        run(study, 30, curves)
        steps[name] = sum(len(trial.intermediate_values) for trial in study.trials)
        best[name] = min(bowl(t.params) for t in study.trials if t.state == TrialState.COMPLETE)
        first = [t for t in study.trials if t.state == TrialState.PRUNED][:1]
        assert all(trial.number >= 4 for trial in first)
    assert steps["ours"] < 0.8 * steps["none"]
    assert best["ours"] < best["none"] + 0.01


def test_the_pruner_knows_from_past_curves_how_a_training_goes_on(kb):
    def told(config, shift):
        ends = bowl(config, shift)
        return [ends + float(np.exp(-0.2 * (epoch + 1))) for epoch in range(30)]

    for task in range(3):
        tuner = Tuner.create(SPACE, kb=kb, name=f"p{task}", strategy="random", seed=task, n_warm=0)
        for config in tuner.ask(16):
            values = told(config, 0.02 * task)
            done = Outcome.stopped(values)
            tuner.tell(config, Outcome("complete", values[-1], curve=done.curve, epochs=30))
    pruner = AdvisorPruner(kb, "bowl", SPACE, epochs=30)
    study = optuna.create_study(sampler=AdvisorSampler(space=SPACE, epochs=30), pruner=pruner)
    run(study, 12, curves)
    pruned = [t for t in study.trials if t.state == TrialState.PRUNED]
    assert pruned
    assert pruner._own[0][0] == "past"
    assert all(t.value is None or len(t.intermediate_values) == 30 for t in study.trials[:4])


def test_the_pruner_never_ends_the_best_nor_keeps_what_is_no_number():
    study = optuna.create_study(pruner=AdvisorPruner(epochs=10), sampler=AdvisorSampler())
    for _ in range(5):
        run(study, 1, lambda trial: curves(trial, 10))
    best, broken = study.ask(), study.ask()
    for step in range(5):
        asked(best)
        best.report(-1.0, step)
        assert not best.should_prune()
        asked(broken)
        broken.report(float("nan"), step)
    assert not broken.should_prune()  # After 5 of 10 it is not asked.
    broken.report(float("nan"), 5)
    assert broken.should_prune()


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"worth": -1}, {"worths": 1}])
def test_what_a_pruner_cannot_be_is_refused(wrong):
    with pytest.raises(UserError):
        AdvisorPruner(**wrong)
