import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from advisor.metafeatures import DESCRIPTIONS, NAMES, compute

KINDS = ("classification", "regression")
UNIT_DEPENDENT = {"statistical.zero_share", "statistical.log_scale_spread"}


def replaced(dataset, **changes):
    return SimpleNamespace(**{**vars(dataset), **changes})


@pytest.mark.parametrize("kind", KINDS)
def test_names_are_complete_and_ordered(mixed, kind):
    values = compute(mixed(kind=kind))
    assert tuple(values) == NAMES
    assert all(type(value) is float for value in values.values())
    assert not any(np.isinf(value) for value in values.values())
    assert len(set(NAMES)) == len(NAMES) >= 35
    assert all(DESCRIPTIONS.values())


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_other_kinds_metafeatures_are_undefined(mixed, kind):
    other = "regression" if kind == "classification" else "classification"
    undefined = {name for name, value in compute(mixed(kind=kind)).items() if np.isnan(value)}
    assert undefined == {name for name, text in DESCRIPTIONS.items() if text.endswith(f"; {other}")}


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_values(mixed, kind):
    dataset = mixed(12_000, kind)
    first = compute(dataset, seed=3)
    assert compute(dataset, seed=3) == pytest.approx(first, rel=0, abs=0, nan_ok=True)
    other = compute(dataset, seed=4)
    assert other["landmarking.one_nn"] != first["landmarking.one_nn"]
    assert other == pytest.approx(first, abs=0.1, rel=0.1, nan_ok=True)


@pytest.mark.parametrize("kind", KINDS)
def test_order_of_columns_makes_no_difference(mixed, kind):
    dataset = mixed(kind=kind)
    turned = replaced(dataset, features=dataset.features.iloc[:, ::-1])
    assert compute(turned) == pytest.approx(compute(dataset), rel=0, abs=0, nan_ok=True)


@pytest.mark.parametrize("kind", KINDS)
def test_order_of_rows_only_changes_how_landmarkers_split(mixed, kind):
    dataset = mixed(2_000, kind)
    order = np.random.default_rng(1).permutation(2_000)
    shuffled = replaced(
        dataset, features=dataset.features.iloc[order], target=dataset.target.iloc[order]
    )
    values, expected = compute(shuffled), compute(dataset)
    for name in NAMES:
        loose = 0.1 if name.startswith("landmarking.") else 1e-9
        assert values[name] == pytest.approx(expected[name], abs=loose, nan_ok=True), name


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("factor", "shift"), [(1e6, 3.0), (-0.01, 5.0), (1e-200, 0.0)])
def test_rescaling_features_makes_next_to_no_difference(mixed, kind, factor, shift):
    dataset = mixed(kind=kind)
    features = dataset.features.copy()
    numeric = features.columns[:5]
    features[numeric] = features[numeric] * factor + shift
    values, expected = compute(replaced(dataset, features=features)), compute(dataset)
    for name in set(NAMES) - UNIT_DEPENDENT:
        # Bins of a mirrored column differ by the rows on their edges.
        close = 0.05 if factor < 0 and name.startswith(("information", "landmark")) else 1e-6
        assert values[name] == pytest.approx(expected[name], abs=close, nan_ok=True), name


def test_rescaling_the_target_makes_no_difference(mixed):
    dataset = mixed(kind="regression")
    moved = replaced(dataset, target=dataset.target * 1e5 - 7)
    assert compute(moved) == pytest.approx(compute(dataset), abs=1e-6, nan_ok=True)


def test_scale_spread_sees_units(mixed):
    dataset = mixed()
    features = dataset.features.copy()
    features["x0"] *= 1e6
    name = "statistical.log_scale_spread"
    assert compute(replaced(dataset, features=features))[name] > compute(dataset)[name] + 2


def test_names_of_classes_make_no_difference(mixed):
    dataset = mixed()
    renamed = replaced(dataset, target=dataset.target.cat.rename_categories(["a", "b", "c"]))
    assert compute(renamed) == pytest.approx(compute(dataset), rel=0, abs=0, nan_ok=True)
    plain = replaced(dataset, target=renamed.target.astype(str))
    assert compute(plain) == pytest.approx(compute(dataset), abs=0.1, nan_ok=True)


def test_import_stays_light():
    code = (
        "import sys, advisor.metafeatures; "
        "heavy = {'scipy', 'sklearn', 'torch', 'ConfigSpace', 'duckdb'} & set(sys.modules); "
        "sys.exit(f'imports {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
