import time

from click.testing import CliRunner

from advisor.cli import main
from advisor.facade import Advisor
from advisor.training.objective import Objective
from advisor.training.outcome import Outcome
from advisor.training.probe import probe
from knowledge_base.records import EpochRecord

CONFIGS = [{"x": number} for number in range(8)]


class Fake(Objective):
    """Takes some time per epoch; configuration 1 fails and 2 has no value."""

    def __init__(self, seconds=0.0):
        self.seconds = seconds

    def evaluate(self, config, report):
        if config["x"] == 1:
            raise RuntimeError("broken")
        for epoch in range(1, 6):
            time.sleep(self.seconds)
            report(EpochRecord(epoch))
        return Outcome("complete", None if config["x"] == 2 else float(config["x"]))


def test_values_are_larger_for_better_and_failures_none():
    found = probe(Fake(), CONFIGS, "minimize", 10)
    assert [config for config, _ in found] == CONFIGS
    assert [value for _, value in found] == [0.0, None, None, -3.0, -4.0, -5.0, -6.0, -7.0]


def test_time_is_kept():
    started = time.monotonic()
    found = probe(Fake(0.1), CONFIGS, "maximize", 1.0)
    assert time.monotonic() - started < 2.0
    assert 2 <= len(found) < 8


def test_probing_real_data_changes_the_answer():
    advisor = Advisor()
    problem = advisor.problem("sklearn:wine")
    plain, probed = advisor.recommend(problem), advisor.recommend(problem, probe=30.0)
    assert plain.n_probed == 0
    assert probed.n_probed == 8
    assert [r.config for r in plain.recommendations] != [r.config for r in probed.recommendations]


def test_probe_on_the_command_line():
    result = CliRunner().invoke(main, ["recommend", "sklearn:iris", "-n", "1", "--probe", "20s"])
    assert result.exit_code == 0, result.output
    assert "Tried 8 configurations shortly" in result.output
    assert "against the library default: " in result.output
    wrong = CliRunner().invoke(main, ["recommend", "sklearn:iris", "--probe", "soon"])
    assert wrong.exit_code == 2
    assert "not a duration" in wrong.output
