"""Tasks that are asked together answer as each alone does."""

import numpy as np
import pytest

from advisor.surrogates.kernels import matern52
from advisor.surrogates.stacks import STACKED, stacks_of


def alone(inputs, coefficients, known, points, lengthscales):
    return np.array([
        matern52(points * k, x, lengthscales) @ c
        for x, c, k in zip(inputs, coefficients, known, strict=True)
    ])  # fmt: skip


def in_stacks(stacks, points, lengthscales):
    found = np.full((sum(len(stack.tasks) for stack in stacks), len(points)), np.nan)
    for stack in stacks:
        found[stack.tasks] = stack.predict(points, lengthscales)
    return found


def test_tasks_with_common_points_are_compared_with_each_once():
    rng = np.random.default_rng(0)
    tried = rng.random((30, 3))
    known = np.array([[True] * 3, [True, False, True], [True] * 3, [True] * 3])
    inputs = [tried[rng.permutation(30)[:20]] * mask for mask in known]
    inputs.append(np.vstack([tried[:2], tried[:2]]))  # A task that has the same point twice.
    known = np.vstack([known, [[True] * 3]])
    coefficients = [rng.normal(size=len(points)) for points in inputs]
    stacks = stacks_of(inputs, coefficients, known)
    assert sorted(tuple(stack.tasks) for stack in stacks) == [(0, 2, 3, 4), (1,)]
    assert all(len(stack.points) <= 30 for stack in stacks)
    points, lengthscales = rng.random((7, 3)), np.array([0.5, 1.0, 2.0])
    expected = alone(inputs, coefficients, known, points, lengthscales)
    assert in_stacks(stacks, points, lengthscales) == pytest.approx(expected, abs=1e-5)


def test_a_kernel_has_no_more_points_than_a_stack_and_a_task():
    rng = np.random.default_rng(1)
    inputs = [rng.random((STACKED // 2, 2)) for _ in range(5)]
    coefficients = [rng.normal(size=len(points)) for points in inputs]
    stacks = stacks_of(inputs, coefficients, np.ones((5, 2), dtype=bool))
    assert [stack.tasks for stack in stacks] == [[0, 1], [2, 3], [4]]
    points, lengthscales = rng.random((3, 2)), np.array([0.5, 0.5])
    found = in_stacks(stacks, points, lengthscales)
    expected = alone(inputs, coefficients, np.ones((5, 2)), points, lengthscales)
    assert found == pytest.approx(expected, abs=1e-3)
