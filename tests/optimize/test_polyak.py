"""polyak.py: the window is the second half, and its two numbers are what a plain loop gives."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nce_ref.optimize import SecondHalf


@pytest.mark.parametrize("n_steps", [1, 2, 7, 40])
def test_average_and_numbers_are_those_of_the_second_half(n_steps):
    rng = np.random.default_rng(n_steps)
    start, alphas, directions = (
        1e6 * rng.standard_normal(3),
        rng.standard_normal((n_steps, 3)),
        rng.standard_normal((n_steps, 3)),
    )
    root = rng.standard_normal((3, 3))
    metric = root @ root.T + np.eye(3)
    run = SecondHalf(start)
    for alpha, direction in zip(start + alphas, directions):
        run.add(alpha, direction)
    m = math.ceil(n_steps / 2)
    assert len(run) == n_steps
    np.testing.assert_allclose(run.average(), start + alphas[-m:].mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(run.mean_direction(), directions[-m:].mean(axis=0), rtol=1e-12)
    drift, noise = run.drift_and_noise(metric, unit=2.0)
    if m < 2:
        assert drift == noise == math.inf
        return
    inverse, mean = np.linalg.inv(metric), directions[-m:].mean(axis=0)
    spread = sum(np.outer(d - mean, d - mean) for d in directions[-m:]) / (m - 1)
    assert drift == pytest.approx(math.sqrt(mean @ inverse @ mean) / 2.0, rel=1e-10)
    assert noise == pytest.approx(math.sqrt(np.trace(inverse @ spread) / m) / 2.0, rel=1e-10)


def test_before_the_first_step_it_is_the_start():
    start = np.array([1.0, 2.0])
    run = SecondHalf(start)
    start[0] = 5.0
    np.testing.assert_array_equal(run.average(), [1.0, 2.0])
    np.testing.assert_array_equal(run.mean_direction(), [0.0, 0.0])
    assert run.drift_and_noise(np.eye(2), 1.0) == (math.inf, math.inf)
